"""Predictions of a network: the class of each image, confusion, precision and recall."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from frequency_shortcuts.data.entry_points import first_line
from frequency_shortcuts.data.source import Source, index_batches
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray, as_array

from .numerics import tf32

ROUNDING = 1e-3  # share of the greatest logit


@contextlib.contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Evaluation mode inside the block; every module's own mode is restored after it."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def device_of(network: nn.Module) -> torch.device:
    """The device of the network's parameters (the CPU for a network without parameters)."""
    return next((parameter.device for parameter in network.parameters()), torch.device("cpu"))


def dtype_of(network: nn.Module) -> torch.dtype | None:
    """The dtype of the network's parameters (None for a network without parameters)."""
    return next((parameter.dtype for parameter in network.parameters()), None)


def check_precision(network: nn.Module) -> None:
    """Raise ValueError for a network in half precision, whose rounding hides small changes of the loss."""
    for name, tensor in network.named_parameters():
        if tensor.dtype in (torch.float16, torch.bfloat16):
            kind = str(tensor.dtype).removeprefix("torch.")
            raise ValueError(
                f"the network is in half precision ({name} is {kind}), in which small changes of the loss are lost: "
                "give network.float()"
            )


def source_for(network: nn.Module, split: Split) -> Source:
    """The images on the device of the network, in its dtype if they can be filtered in it; see `Source`."""
    check_precision(network)
    own = dtype_of(network)
    return Source(split, device=device_of(network), dtype=own if own in (torch.float32, torch.float64) else None)


class Predictor:
    """Predicts the class of images, batch by batch. Use it as a context, inside `evaluating` and inference mode.

    Raises ValueError for a network that does not return logits [n, `n_classes` or more]. Raises ValueError at the end
    of the context if logits were not a number: a check after every batch would stall a GPU.
    """

    def __init__(self, network: nn.Module, n_classes: int = 1) -> None:
        self.network, self.device, self.n_classes = network, device_of(network), n_classes
        self._layout = torch.channels_last
        self._saw_nan: Tensor | None = None  # bool [] on the device

    def __enter__(self) -> Predictor:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._saw_nan is not None and self._saw_nan:
            raise ValueError("the network does not give finite logits: some are not a number")

    def __call__(self, images: Tensor) -> Tensor:
        """Images [n, channels, H, W] on any device -> int64 [n] on the network's."""
        # The first call is not in inference mode: tensors that the network creates there would exclude training.
        first = self._saw_nan is None
        with torch.inference_mode(False) if first else contextlib.nullcontext(), torch.no_grad():
            try:
                return self._predict(images)
            except RuntimeError as error:
                if "view size" not in str(error) or self._layout is torch.contiguous_format:
                    raise
            self._layout = torch.contiguous_format  # a network that calls `view` on its images needs this layout
            return self._predict(images)

    def _predict(self, images: Tensor) -> Tensor:
        # A copy: a first layer that works in place must not change the caller's images.
        with tf32(False, self.device):
            logits: Tensor = self.network(images.to(self.device, memory_format=self._layout, copy=True))
        check_logits(logits, len(images), self.n_classes)
        greatest, called = logits.max(dim=1)
        odd = greatest.isnan().any()  # if one logit is NaN, the maximum is NaN
        self._saw_nan = odd if self._saw_nan is None else self._saw_nan.logical_or(odd)
        return called


def check_logits(logits: object, n_images: int, n_classes: int = 1, network: str = "the network") -> None:
    """Raise ValueError, in which `network` is named, unless these are logits [`n_images`, `n_classes` or more]."""
    if not isinstance(logits, Tensor) or logits.ndim != 2 or len(logits) != n_images:
        kind = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        images = "one image" if n_images == 1 else f"{n_images} images"
        raise ValueError(f"{network} gives {kind} for {images}: expected logits of shape [{n_images}, classes]")
    if logits.shape[1] < n_classes:
        raise ValueError(f"{network} has {logits.shape[1]} outputs, and none for class {logits.shape[1]}")


def check_repeated(logits: Tensor, again: object, network: str = "the network") -> None:
    """Raise ValueError, in which `network` is named, if it gave other logits for the same images the second time.

    What differs by less than `ROUNDING` of the greatest logit is the rounding of sums in another order.
    """
    if isinstance(again, Tensor) and again.shape == logits.shape:
        apart = (again.detach().float() - logits.detach().float()).abs().max()
        if not apart > ROUNDING * logits.abs().max():
            return
    raise ValueError(
        f"{network} gives other logits when it sees the same images again: expected the same; a network in evaluation "
        "mode must not draw random numbers, as dropout in training mode does"
    )


def shown_twice(network: nn.Module, images: Tensor) -> tuple[Any, Any]:
    """What a network returns for the same images [n, channels, H, W] the first and the second time.

    It is in evaluation mode. Raises ValueError, in which the network is named, if it refuses the images.
    """
    try:
        with evaluating(network), torch.no_grad():
            # Copies: a first layer that works in place must not change the images.
            return network(images.clone()), network(images.clone())
    except (Exception, SystemExit) as error:  # a network of a user may raise any error
        shape = " x ".join(map(str, images.shape[1:]))
        raise ValueError(f"{type(network).__name__} refuses images of {shape} ({first_line(error)})") from error


def check_alone(network: nn.Module, images: Tensor) -> None:
    """Raise ValueError if the answer of a network for an image depends on the others in its batch.

    images : two or more [n, channels, H, W], as the network sees them, on its device
    """
    refused: Exception | None = None
    # TF32 may round a batch as roughly as the tolerance.
    with evaluating(network), torch.no_grad(), tf32(False, images.device):
        together = network(images.clone())
        check_logits(together, len(images))
        try:
            alone = network(images[:1].clone())
        except (RuntimeError, ValueError) as error:  # a normalisation over the batch takes no single image
            refused = error
    if refused or (alone - together[:1]).abs().max() > ROUNDING * together.abs().max():
        raise ValueError(
            "the network gives an image other logits alone than in a batch: expected the same; in evaluation mode an "
            "answer must not depend on the other images"
        ) from refused


def predict(network: nn.Module, images: Tensor, batch_size: int = 512) -> Tensor:
    """The class of each image by the network: images [n, channels, H, W] on any device -> int64 [n] on the CPU."""
    called = torch.empty(len(images), dtype=torch.int64)
    with evaluating(network), torch.inference_mode(), Predictor(network) as ask:
        for start in range(0, len(images), batch_size):
            batch = slice(start, start + batch_size)
            called[batch] = ask(images[batch]).cpu()
    return called


def called(network: nn.Module, images: Split | Source) -> IntArray:
    """The class of each image by the network, int64 [n]. Images are read in batches.

    >>> called(network, stores.read("results/laptop/data/synthetic.h5", "test"))
    """
    source = source_for(network, images) if isinstance(images, Split) else images
    batches = index_batches(np.arange(len(source)), source.batch_size())
    return np.concatenate([predict(network, source.take(batch)).numpy() for batch in batches])


def accuracy(network: nn.Module, split: Split) -> float:
    """Share of the images that the network assigns to their label. Images are read in batches.

    >>> accuracy(network, stores.read("results/laptop/data/synthetic.h5", "test"))
    """
    return float(np.mean(called(network, split) == split.labels))


def confusion(labels: npt.ArrayLike | Tensor, called: npt.ArrayLike | Tensor, n_classes: int) -> IntArray:
    """Counts int64 [true class, called class]."""
    labels, called = (as_array(numbers).astype(np.int64) for numbers in (labels, called))
    if len(labels) and (labels.min() < 0 or labels.max() >= n_classes):
        raise ValueError(f"labels {labels.min()} to {labels.max()}: expected 0 to {n_classes - 1}")
    if len(called) and called.max() >= n_classes:
        raise ValueError(f"the network has an output for class {called.max()}, but there are {n_classes} classes")
    return np.bincount(labels * n_classes + called, minlength=n_classes**2).reshape(n_classes, n_classes)


def precision_recall_f1(counts: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Per class, from a confusion matrix [true, called]; a class that is never predicted has precision and F1 of 0."""
    hit = np.diag(counts).astype(float)
    precision = hit / np.maximum(counts.sum(axis=0), 1)
    recall = hit / np.maximum(counts.sum(axis=1), 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)
    return precision, recall, f1
