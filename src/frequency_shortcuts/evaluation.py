"""What a network calls the images: predictions, confusion, precision and recall."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from .spectrum import FloatArray, IntArray


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
    """Where the network's parameters are (the CPU for one without any)."""
    return next((parameter.device for parameter in network.parameters()), torch.device("cpu"))


def dtype_of(network: nn.Module) -> torch.dtype | None:
    """The dtype of the network's parameters (None for one without any)."""
    return next((parameter.dtype for parameter in network.parameters()), None)


def network_digest(network: nn.Module) -> bytes:
    """SHA-256 of what decides a network's answers: its modules with their code, its weights, PyTorch's version."""
    found = hashlib.sha256(repr((network, torch.__version__)).encode())
    for kind in dict.fromkeys(type(module) for module in network.modules()):
        with contextlib.suppress(OSError, TypeError):  # typed in, not in a file
            found.update(inspect.getsource(kind).encode())
    for name, tensor in network.state_dict().items():
        found.update(name.encode())
        found.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return found.digest()


class Asked:
    """A network that is asked, batch after batch, what it calls the images; inside `evaluating` and inference mode."""

    def __init__(self, network: nn.Module) -> None:
        self.network, self.device, self._layout = network, device_of(network), torch.channels_last

    def __call__(self, images: Tensor) -> Tensor:
        """Images [n, channels, H, W] on any device -> int64 [n] on the network's."""
        try:
            return self._ask(images)
        except RuntimeError as error:
            if "view size" not in str(error) or self._layout is torch.contiguous_format:
                raise
        self._layout = torch.contiguous_format  # a network that calls `view` on its images takes no other
        return self._ask(images)

    def _ask(self, images: Tensor) -> Tensor:
        # A copy: a network whose first layer works in place must not change the caller's images.
        return self.network(images.to(self.device, memory_format=self._layout, copy=True)).argmax(dim=1)


def predict(network: nn.Module, images: Tensor, batch_size: int = 512) -> Tensor:
    """The class each image is called: images [n, channels, H, W] on any device -> int64 [n] on the CPU."""
    called = torch.empty(len(images), dtype=torch.int64)
    with evaluating(network), torch.inference_mode():
        ask = Asked(network)
        for start in range(0, len(images), batch_size):
            some = slice(start, start + batch_size)
            called[some] = ask(images[some]).cpu()
    return called


def accuracy(network: nn.Module, images: Tensor, labels: npt.ArrayLike | Tensor) -> float:
    """Share of the images [n, channels, H, W] that are called by their label."""
    return float(np.mean(predict(network, images).numpy() == np.asarray(labels)))


def accuracy_in_batches(network: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> float:
    """As `accuracy`, from batches of images and labels, such as those of `images.Split.batches`."""
    right = [(predict(network, images) == labels.cpu()) for images, labels in batches]
    return float(torch.cat(right).double().mean())


def confusion(labels: npt.ArrayLike | Tensor, called: npt.ArrayLike | Tensor, n_classes: int) -> IntArray:
    """Counts int64 [true class, called class]."""
    labels, called = np.asarray(labels, np.int64), np.asarray(called, np.int64)
    if len(labels) and (labels.min() < 0 or labels.max() >= n_classes):
        raise ValueError(f"labels {labels.min()} to {labels.max()}: expected 0 to {n_classes - 1}")
    if len(called) and called.max() >= n_classes:
        raise ValueError(f"the network has an output for class {called.max()}, but there are {n_classes} classes")
    return np.bincount(labels * n_classes + called, minlength=n_classes**2).reshape(n_classes, n_classes)


def precision_recall_f1(counts: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Per class, from a confusion matrix [true, called]; a class that is never called has precision and F1 of 0."""
    hit = np.diag(counts).astype(float)
    precision = hit / np.maximum(counts.sum(axis=0), 1)
    recall = hit / np.maximum(counts.sum(axis=1), 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)
    return precision, recall, f1
