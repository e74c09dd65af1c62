"""Networks that return their logits inside a tuple, a dict or an object, or that have more classes than the images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from frequency_shortcuts.spectrum.arrays import IntArray

from .predictions import check_precision, check_repeated, device_of, evaluating, shown_twice

Where = Literal["tensor", "attribute", "key", "first"]
SMALLEST = float(torch.finfo(torch.float32).tiny)  # probability whose logarithm replaces that of smaller ones
HALF_PRECISION = 4e-3  # of the sum of probabilities


class Logits(nn.Module):
    """A network whose output is logits [n, outputs], and nothing else.

    where : place of the logits in what the network returns: the tensor itself, the attribute `logits` (as in Hugging
        Face's networks), the key "logits", or the first element
    outputs : int64 [class], the output of each class, in the order of the classes; None for all outputs
    probabilities : whether the network gives probabilities, as a softmax does: their logarithms become the logits
    """

    outputs: Tensor | None

    def __init__(
        self, network: nn.Module, where: Where, outputs: IntArray | None = None, *, probabilities: bool = False
    ) -> None:
        super().__init__()
        self.network, self.where, self.probabilities = network, where, probabilities
        chosen = None if outputs is None else torch.as_tensor(outputs, device=device_of(network))
        self.register_buffer("outputs", chosen, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """images [n, channels, H, W] -> logits [n, outputs]"""
        returned = self.network(images)
        if self.where == "attribute":
            returned = returned.logits
        elif self.where == "key":
            returned = returned["logits"]
        elif self.where == "first":
            returned = returned[0]
        if self.probabilities:
            returned = returned.clamp_min(SMALLEST).log()
        logits: Tensor = returned if self.outputs is None else returned[:, self.outputs]
        return logits


def logits_only(network: nn.Module, images: Tensor, outputs: IntArray | None = None) -> tuple[nn.Module, int]:
    """A network that returns only logits, and the number of outputs of the given one.

    images : float tensor [n, channels, H, W]; the first is shown to the network twice to see what it returns
    outputs : see `Logits`

    The network itself is returned if it needs no change. If its outputs for each of the images are not negative and
    sum to 1, they are taken for probabilities; see `Logits`. Raises ValueError for a network that does not accept the
    image, returns no logits or other logits the second time, and for one in half precision.

    >>> classifier, n_outputs = logits_only(network, images[:8])
    """
    check_precision(network)
    returned, again = shown_twice(network, images[:1])
    where, logits = _logits_in(returned)
    if not isinstance(logits, Tensor) or logits.ndim != 2 or len(logits) != 1:
        kind = tuple(logits.shape) if isinstance(logits, Tensor) else type(returned).__name__
        raise ValueError(
            f"{type(network).__name__} gives {kind} for one image: expected logits of shape [1, classes], alone, first "
            "in a tuple or list, or as `logits` of an object or dict"
        )
    if not logits.is_floating_point():
        raise ValueError(f"{type(network).__name__} gives {logits.dtype}: expected logits in floating point")
    if outputs is not None and not 0 <= outputs.min() <= outputs.max() < logits.shape[1]:
        raise ValueError(
            f"outputs {outputs.min()} to {outputs.max()} are named, but {type(network).__name__} has the outputs 0 to "
            f"{logits.shape[1] - 1}"
        )
    check_repeated(logits, _logits_in(again)[1], type(network).__name__)
    probabilities = _are_probabilities(logits)
    if probabilities:
        with evaluating(network), torch.no_grad():
            probabilities = _are_probabilities(Logits(network, where)(images.clone()))
    changes = where != "tensor" or outputs is not None or probabilities
    classifier = Logits(network, where, outputs, probabilities=probabilities) if changes else network
    return classifier, logits.shape[1]


def _are_probabilities(outputs: Tensor) -> bool:
    """Whether each row is not negative and sums to 1, up to the rounding of half precision."""
    sums = outputs.sum(dim=1)
    return bool(outputs.min() >= 0) and torch.allclose(sums, torch.ones_like(sums), atol=HALF_PRECISION)


def _logits_in(returned: Any) -> tuple[Where, Any]:
    """The place of the logits in what a network returned, and what is there."""
    if isinstance(returned, Tensor):
        return "tensor", returned
    if isinstance(getattr(returned, "logits", None), Tensor):
        return "attribute", returned.logits
    if isinstance(returned, Mapping) and "logits" in returned:
        return "key", returned["logits"]
    if isinstance(returned, Sequence) and len(returned):
        return "first", returned[0]
    return "tensor", None
