"""How a network is called, and its predictions: the class of each image, and confusion."""

from __future__ import annotations

import contextlib
import copy
import logging
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from frequency_shortcuts.images.source import Source, fitting_batch, index_batches
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.spectrum.arrays import IntArray, as_array

from .folding import fold
from .numerics import tf32

log = logging.getLogger(__name__)

Precision = Literal["float32", "tf32", "bfloat16"]
PRECISIONS = ("float32", "tf32", "bfloat16")
# On a CPU, a batch gets slower when an activation of the whole batch does not fit into the caches. Below the first of
# these batch sizes the threads have too little work; above the second, a larger batch is not faster.
CPU_ACTIVATION = 2**23  # bytes
CPU_BATCHES = (8, 128)
CPU_MEMORY = 2**30  # bytes
LARGEST_BATCH = 4096


@contextlib.contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Evaluation mode inside the block; every module's own mode is restored after it."""
    # A frozen module of TorchScript has no mode.
    modes = {module: module.training for module in network.modules() if hasattr(module, "training")}
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
    dtype = dtype_of(network)
    if dtype not in (torch.float32, torch.float64):
        dtype = None
    return Source(split, device=device_of(network), dtype=dtype)


class Classifier:
    """Asks a network for logits or classes of images [n, channels, H, W]. The network does not change.

    `Classifier(network)` asks the network itself; it has to be in evaluation mode, as in `naming`. `frozen` makes a
    faster copy.

    precision : `float32` is the precision of the training, without the reduced multiplications (TF32) that CUDA uses by
        default; `tf32` allows them; `bfloat16`, of a frozen copy, computes in 16 bits. Networks of float64 stay float64
    compiled : run torch.compile on the network; it needs a C++ compiler and pays only for long runs

    >>> with Classifier(network).naming(10) as name:
    ...     called = name(images)
    """

    def __init__(
        self, network: nn.Module, precision: Precision = "float32", *, compiled: bool = False
    ) -> None:
        if precision not in PRECISIONS:
            raise ValueError(
                f"unknown precision {precision!r}: choose from {', '.join(PRECISIONS)}"
            )
        self.network = self.original = network
        self.precision, self.compiled, self.device = precision, compiled, device_of(network)
        self.dtype = torch.float64 if dtype_of(network) == torch.float64 else torch.float32
        # Tolerance of logits, as a share of the greatest logit: two devices may round differently.
        exact = 1e-3 if self.dtype == torch.float32 else 1e-8
        self.tolerance = {"bfloat16": 0.1, "tf32": 0.01, "float32": exact}[precision]
        self._most = LARGEST_BATCH
        self._layout = torch.channels_last
        self._checked = False
        self._run: Callable[[Tensor], Tensor] = network

    @classmethod
    def frozen(
        cls,
        network: nn.Module | Classifier,
        precision: Precision = "float32",
        *,
        compiled: bool = False,
    ) -> Classifier:
        """A copy of a network, with folded batch normalisation; a frozen classifier is given back. Call `check` next.

        Raises ValueError for an unknown precision, and for a network that cannot be copied or is in half precision.
        """
        if isinstance(network, Classifier):
            return network
        classifier = cls(network, precision, compiled=compiled)
        check_precision(network)
        classifier._install(fold(network))
        return classifier

    def _install(self, network: nn.Module) -> None:
        self.network = network
        for parameter in network.parameters():  # TorchScript has no `requires_grad_` of a network
            parameter.requires_grad_(False)
        if self.precision == "bfloat16":
            network.to(torch.bfloat16)
        network.to(memory_format=self._layout)  # type: ignore[call-overload]
        # On CUDA, "reduce-overhead" replays the launches of a batch as one graph.
        mode = "reduce-overhead" if self.device.type == "cuda" else None
        self._run = torch.compile(network, mode=mode) if self.compiled else network

    def check(self, image: Tensor) -> None:
        """Compare a frozen copy and its network on an image [1, channels, H, W] and noise; undo what alters logits.

        Some networks take no channels-last images (`view` on them), and folding can fail in a network that branches on
        values. Raises ValueError for a network that does not return logits [n, classes].
        """
        if self._checked:
            return
        # One image is not enough: it can be viewed in every layout, and a black image may hide a wrong fold.
        noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(0)).to(image)
        scale = image.std(correction=0)
        images = torch.cat([image, noise * torch.where(scale > 0, scale, 1)])
        # Not in inference mode: tensors that a network creates at its first call must also work with gradients. With
        # TF32, folded and plain weights would differ by more than the tolerance.
        with torch.no_grad(), tf32(False, self.device):
            plain = copy.deepcopy(self.original).eval()
            expected = plain(images.clone())
            check_logits(expected, len(images))
            logits = self._forward(self.network, images, copied=True)
        if not same_logits(logits.double(), expected.double(), self.tolerance):
            log.info("batch normalisation stays as it is, since folding it changes the network")
            self._install(plain)
        self._checked = True

    def _forward(
        self, network: Callable[[Tensor], Tensor], images: Tensor, *, copied: bool
    ) -> Tensor:
        """What the network returns for images, or for a copy of them."""
        try:
            shown = images.to(torch.bfloat16) if self.precision == "bfloat16" else images
            if copied:
                return network(shown.clone(memory_format=self._layout))
            return network(shown.contiguous(memory_format=self._layout))
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            # What is no copy may be overwritten by now.
            if self._layout is torch.contiguous_format or not copied:
                raise
            log.info("the network takes no channels-last images: %s", error)
        self._layout = torch.contiguous_format
        if self.network is not self.original:
            self.network.to(memory_format=self._layout)  # type: ignore[call-overload]
        return self._forward(network, images, copied=copied)

    def logits(self, images: Tensor) -> Tensor:
        """Logits float64 [n, outputs] of images in `dtype` on the device, which the network may overwrite."""
        with tf32(self.precision == "tf32", self.device):
            # Converted to float64 first: in float32 the loss of a confident network is 0, and so is every increment.
            # Copied, since a compiled network overwrites its output at the next call.
            network = self.network if images.requires_grad else self._run
            return self._forward(network, images, copied=False).to(torch.float64, copy=True)

    @contextlib.contextmanager
    def naming(self, n_classes: int = 1) -> Iterator[Callable[[Tensor], Tensor]]:
        """A function: images [n, channels, H, W] on any device -> the class of each, int64 [n] on the network's.

        The network is in evaluation mode inside the block, which computes no gradients. Raises ValueError for a network
        that does not return logits [n, `n_classes` or more], and, at the end of the block, if logits were not a number:
        a check after every batch would stall a GPU.
        """
        saw_nan: list[Tensor] = []  # bool [] on the device, for each call

        def name(images: Tensor) -> Tensor:
            # The first call is not in inference mode: tensors that the network creates there would exclude training.
            inference = torch.inference_mode(bool(saw_nan))
            with inference, torch.no_grad(), tf32(self.precision == "tf32", self.device):
                logits = self._in_parts(images.to(self.device), n_classes)
            greatest, called = logits.max(dim=1)
            saw_nan.append(greatest.isnan().any())  # if one logit is NaN, the maximum is NaN
            return called

        with evaluating(self.network), torch.inference_mode():
            yield name
        if saw_nan and torch.stack(saw_nan).any():
            raise ValueError("the network does not give finite logits: some are not a number")

    def _in_parts(self, images: Tensor, n_classes: int) -> Tensor:
        """Logits [n, `n_classes` or more]. When memory is full, all batches from then on are shown in parts."""
        while True:
            try:
                answers = []
                for part in images.split(self._most):
                    logits = self._forward(self._run, part, copied=True)
                    check_logits(logits, len(part), n_classes)
                    # A compiled network overwrites its output at the next call.
                    answers.append(logits.clone())
                return torch.cat(answers)
            except torch.OutOfMemoryError:
                if min(self._most, len(images)) == 1:
                    raise
                self._most = max(1, min(self._most, len(images)) // 2)
            # Outside the handler: its traceback would keep the batch that did not fit.
            torch.cuda.empty_cache()
            log.warning("out of memory: going on with batches of %d", self._most)

    def batch_sizes(self, image: Tensor) -> tuple[int, int]:
        """Images in a forward and in a backward pass, for an image [1, channels, H, W]; see `fitting_batch`.

        On a CPU they are powers of two that suit its caches and memory. They are computed, not timed: the same network
        gets the same batches, and so the same rounding, in every run.
        """
        fits = fitting_batch(image.shape[1:], self.device, LARGEST_BATCH)
        if self.device.type != "cpu":
            return fits, math.ceil(fits / 8)  # a backward pass keeps the activations of every layer
        with torch.inference_mode(), _Watch() as watch:
            self._forward(self.network, image, copied=True)
        least, most = CPU_BATCHES
        forward = max(least, min(CPU_ACTIVATION // watch.largest, most))
        # Two activations at a time, and workspaces as large.
        forward = min(fits, forward, CPU_MEMORY // (4 * watch.largest))
        # A gradient keeps all activations, and the spectra of image and gradient are float64.
        backward = min(forward, CPU_MEMORY // (2 * watch.total + 32 * image.nbytes))
        return _power_of_two(forward), _power_of_two(backward)


def _power_of_two(number: int) -> int:
    """The largest power of two that is not above a number, at least 1."""
    return 2 ** (max(number, 1).bit_length() - 1)


class _Watch(TorchDispatchMode):
    """Bytes of the largest tensor computed inside the block, and of all; views and results in place have none."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # of torch
        self.largest, self.total = 1, 1

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        returned = function(*args, **(kwargs or {}))
        given = [storage.data_ptr() for storage in _storages(args)]
        made = _storages(returned if isinstance(returned, list | tuple) else [returned])
        sizes = [storage.nbytes() for storage in made if storage.data_ptr() not in given]
        self.largest = max([self.largest, *sizes])
        self.total += sum(sizes)
        return returned


def _storages(values: Iterable[object]) -> list[torch.UntypedStorage]:
    """The memory of each tensor among some values."""
    tensors = [value for value in values if isinstance(value, Tensor)]
    return [tensor.untyped_storage() for tensor in tensors if tensor.layout == torch.strided]


def check_logits(
    logits: object, n_images: int, n_classes: int = 1, network: str = "the network"
) -> None:
    """Raise ValueError, in which `network` is named, unless these are logits [`n_images`, `n_classes` or more]."""
    if not isinstance(logits, Tensor) or logits.ndim != 2 or len(logits) != n_images:
        kind = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        images = "one image" if n_images == 1 else f"{n_images} images"
        raise ValueError(
            f"{network} gives {kind} for {images}: expected logits of shape [{n_images}, classes]"
        )
    if logits.shape[1] < n_classes:
        raise ValueError(
            f"{network} has {logits.shape[1]} outputs, and none for class {logits.shape[1]}"
        )


def same_logits(logits: Tensor, expected: Tensor, tolerance: float) -> bool:
    """Whether logits [n, classes] are as expected, up to `tolerance` times the greatest of these.

    Another GPU rounds differently; the difference of another network is larger.
    """
    if logits.shape != expected.shape:
        return False
    greatest = float(expected.abs().nan_to_num(0, 0).max())  # logits can be of any size
    return torch.allclose(
        logits, expected, rtol=tolerance, atol=tolerance * greatest, equal_nan=True
    )


def predict(network: nn.Module, images: Tensor, batch_size: int = 512) -> Tensor:
    """The class of each image by the network: images [n, channels, H, W] on any device -> int64 [n] on the CPU."""
    with Classifier(network).naming() as name:
        return torch.cat([name(batch).cpu() for batch in images.split(batch_size)])


def called(network: nn.Module, images: Split | Source, batch_size: int | None = None) -> IntArray:
    """The class of each image by the network, int64 [n]. Images are read in batches."""
    source = source_for(network, images) if isinstance(images, Split) else images
    size = batch_size or source.batch_size()
    batches = index_batches(np.arange(len(source)), size)
    return np.concatenate([predict(network, source.take(batch), size).numpy() for batch in batches])


def accuracy(network: nn.Module, split: Split) -> float:
    """Share of the images that the network assigns to their label. Images are read in batches."""
    return float(np.mean(called(network, split) == split.labels))


def confusion(
    labels: npt.ArrayLike | Tensor, called: npt.ArrayLike | Tensor, n_classes: int
) -> IntArray:
    """Counts int64 [true class, called class]."""
    labels = as_array(labels).astype(np.int64)
    called = as_array(called).astype(np.int64)
    if len(labels) and (labels.min() < 0 or labels.max() >= n_classes):
        raise ValueError(f"labels {labels.min()} to {labels.max()}: expected 0 to {n_classes - 1}")
    if len(called) and called.max() >= n_classes:
        raise ValueError(
            f"the network has an output for class {called.max()}, but there are {n_classes} classes"
        )
    counts = np.bincount(labels * n_classes + called, minlength=n_classes**2)
    return counts.reshape(n_classes, n_classes)
