"""External networks: from torchvision, timm or an entry point of the user.

They may return their logits inside a tuple, a dict or an object, and have more classes than the images.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

import torch
from torch import Tensor, nn

from frequency_shortcuts.images.entry_points import call, first_line
from frequency_shortcuts.spectrum.arrays import IntArray

from .numerics import tf32
from .predictions import check_logits, check_precision, device_of, evaluating

log = logging.getLogger(__name__)

Where = Literal["tensor", "attribute", "key", "first"]
# Probability whose logarithm replaces that of smaller ones.
SMALLEST = float(torch.finfo(torch.float32).tiny)
HALF_PRECISION = 4e-3  # of the sum of probabilities
ROUNDING = 1e-3  # share of the greatest logit
BATCHED = (
    "the network gives an image other logits alone than in a batch: expected the same; in evaluation mode an answer "
    "must not depend on the other images"
)


@dataclass(frozen=True)
class ExternalNetwork:
    """The description from which an external network is built, without its weights.

    source: `torchvision:<name>`, `timm:<name>` or `<module>:<function>`; options: keyword arguments for it.
    """

    source: str
    n_classes: int
    channels: int
    height: int
    width: int
    options: dict[str, Any] = field(default_factory=dict)


def build(what: ExternalNetwork) -> nn.Module:
    """The network, with the initial weights of its source.

    torchvision and timm build `n_classes` outputs; an entry point gets the keywords `n_classes`, `channels`
    and `size` if it has them. Raises ValueError for a source, name or option that does not exist.
    """
    kind, _, name = what.source.partition(":")
    try:
        if kind == "torchvision":
            models: Any = import_module("torchvision.models")
            network = models.get_model(
                name, weights=None, num_classes=what.n_classes, **what.options
            )
        elif kind == "timm":
            settings = {"num_classes": what.n_classes, "in_chans": what.channels, **what.options}
            network = import_module("timm").create_model(name, pretrained=False, **settings)
    except Exception as error:  # unknown names and options, mostly
        raise ValueError(f"{what.source} cannot be built ({first_line(error)})") from error
    if kind not in ("torchvision", "timm"):
        size = (what.height, what.width)
        network = call(
            what.source, what.options, n_classes=what.n_classes, channels=what.channels, size=size
        )
    if not isinstance(network, nn.Module):
        raise ValueError(
            f"entry point {what.source} gives a {type(network).__name__}, not a torch.nn.Module"
        )
    return network


def probe(network: nn.Module, n_classes: int, channels: int, height: int, width: int) -> None:
    """Show a network two images of noise, twice.

    Raises ValueError if it does not accept them, if it does not have `n_classes` outputs, or if an output is not
    finite, differs the second time, or depends on the other image. For a network on the meta device only shapes are
    checked.
    """
    kind, device = type(network).__name__, device_of(network)
    # Noise: a network that standardises every image separately divides by zero for a black image.
    images = torch.rand(2, channels, height, width, generator=torch.Generator().manual_seed(0)).to(
        device
    )
    logits, again = (_shown(network, images) for _ in range(2))
    if n_classes > 1 and isinstance(logits, Tensor) and logits.numel() == len(images):
        two = "torch.cat([torch.zeros_like(z), z], 1) of a logit z [n, 1]"
        raise ValueError(f"{kind} has one output, which a study does not take: return two, {two}")
    check_logits(logits, len(images), network=kind)
    if logits.shape[1] != n_classes:
        raise ValueError(f"{kind} has {logits.shape[1]} outputs, but there are {n_classes} classes")
    if device.type == "meta":
        return
    if not logits.isfinite().all():
        raise ValueError(
            f"{kind} gives logits that are not finite numbers for images of noise from 0 to 1"
        )
    _check_repeated(logits, again, kind)
    try:
        _check_alone(_shown(network, images[:1]), logits)
    except ValueError as error:  # or it takes no single image, as a normalisation over the batch
        raise ValueError(BATCHED) from error


def check_network(network: object) -> nn.Module:
    """The network, or the own module of one that `torch.compile` made, which would be compiled for every batch size.

    Raises ValueError unless it is a network with weights.
    """
    if not isinstance(network, nn.Module):
        what = (
            f"the class {network.__name__}"
            if isinstance(network, type)
            else f"a {type(network).__name__}"
        )
        raise ValueError(
            f"the network is {what}: expected an object of torch.nn.Module that returns logits"
        )
    if device_of(network).type == "meta":
        raise ValueError("the network is on the meta device, without weights: load them first")
    if not isinstance(own := getattr(network, "_orig_mod", None), nn.Module):
        return network
    log.warning(
        "the network is compiled: its own module is analysed, which compiles nothing for new batch sizes"
    )
    return own


class Logits(nn.Module):
    """A network whose output is logits [n, outputs], and nothing else.

    where : place of the logits in what the network returns: the tensor itself, the attribute `logits` (as in Hugging
        Face's networks), the key "logits", or the first element
    outputs : int64 [class], the output of each class, in the order of the classes; None for all outputs
    probabilities : whether the network gives probabilities, as a softmax does: their logarithms become the logits
    single : whether it has one output for two classes, [n, 1] or [n]: the other logit is 0, or the other probability
        the rest
    """

    outputs: Tensor | None

    def __init__(
        self,
        network: nn.Module,
        where: Where = "tensor",
        *,
        probabilities: bool = False,
        single: bool = False,
    ) -> None:
        super().__init__()
        self.network, self.where, self.probabilities, self.single = (
            network,
            where,
            probabilities,
            single,
        )
        self.register_buffer("outputs", None, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """images [n, channels, H, W] -> logits [n, outputs]"""
        return self.logits_in(self.network(images))

    def logits_in(self, returned: Any) -> Tensor:
        """The logits [n, outputs] in what the network returned."""
        if self.where == "attribute":
            returned = returned.logits
        elif self.where == "key":
            returned = returned["logits"]
        elif self.where == "first":
            returned = returned[0]
        if self.single:
            second = returned.reshape(-1, 1)
            returned = torch.cat(
                [1 - second if self.probabilities else torch.zeros_like(second), second], 1
            )
        if self.probabilities:
            returned = returned.clamp_min(SMALLEST).log()
        return self.chosen(returned)

    def chosen(self, logits: Tensor) -> Tensor:
        """Those of the classes, of logits of all outputs [n, outputs]."""
        return logits if self.outputs is None else logits[:, self.outputs]


def logits_only(network: nn.Module, images: Tensor) -> tuple[nn.Module, int, Tensor]:
    """A network that returns only logits, the number of outputs of the given one, and the logits of images.

    images : float tensor [n, channels, H, W]; the first is shown to the network alone, twice, and then with the others

    The network itself is returned if it needs no change. If its outputs for each of the images are not negative and
    sum to 1, they are taken for probabilities; see `Logits`. A single output is that of the second of two classes: a
    probability if it is between 0 and 1 for each of the images and for noise, else a logit. Raises ValueError for a
    network that does not accept the images, returns no logits, other logits the second time or in a batch, and for one
    in half precision.
    """
    check_precision(network)
    kind, alone = type(network).__name__, _shown(network, images[:1])
    where, logits = _logits_in(alone)
    if not (single := isinstance(logits, Tensor) and logits.numel() == 1):
        check_logits(alone if logits is None else logits, 1, network=kind)
    if not logits.is_floating_point():
        raise ValueError(f"{kind} gives {logits.dtype}: expected logits in floating point")
    _check_repeated(logits, _logits_in(_shown(network, images[:1]))[1], kind)
    every = _shown(network, images)
    probabilities = _are_probabilities(logits) and _are_probabilities(_logits_in(every)[1])
    if probabilities and single:
        noise = 4 * torch.randn(images.shape, generator=torch.Generator().manual_seed(0)).to(images)
        probabilities = _are_probabilities(
            _logits_in(_shown(network, torch.cat([noise, -noise])))[1]
        )
    n_outputs = 1 if single else logits.shape[1]
    if where != "tensor" or probabilities or single:
        network = Logits(network, where, probabilities=probabilities, single=single)
        alone, every = network.logits_in(alone), network.logits_in(every)
    check_logits(every, len(images))
    _check_alone(alone, every)
    return network, n_outputs, every


def with_outputs(classifier: nn.Module, outputs: IntArray | None, n_outputs: int) -> nn.Module:
    """What `logits_only` gave, with these outputs alone, int64 [class]; None for all. Raises ValueError for others."""
    if outputs is None:
        return classifier
    logits = classifier if isinstance(classifier, Logits) else Logits(classifier)
    if not 0 <= outputs.min() <= outputs.max() < n_outputs + logits.single:
        raise ValueError(
            f"outputs {outputs.min()} to {outputs.max()} are named, but {type(logits.network).__name__} has the "
            f"outputs 0 to {n_outputs - 1}"
        )
    logits.outputs = torch.as_tensor(outputs, device=device_of(classifier))
    return logits


def _are_probabilities(outputs: Tensor) -> bool:
    """Whether each row is not negative and sums to 1, up to rounding; a single number is from 0 to 1."""
    if outputs.ndim < 2 or outputs.shape[1] == 1:
        return not bool(((outputs < 0) | (outputs > 1)).any())
    sums = outputs.sum(dim=1)
    return bool(outputs.min() >= 0) and torch.allclose(
        sums, torch.ones_like(sums), atol=HALF_PRECISION
    )


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


def _shown(network: nn.Module, images: Tensor) -> Any:
    """What a network in evaluation mode returns for images [n, channels, H, W], without TF32, which rounds as roughly
    as `ROUNDING`.

    Raises ValueError, in which the network is named, if it refuses the images.
    """
    try:
        with evaluating(network), torch.no_grad(), tf32(False, images.device):
            # A first layer that works in place must not change the images.
            return network(images.clone())
    except (Exception, SystemExit) as error:  # a network of a user may raise any error
        shape, reason = " x ".join(map(str, images.shape[1:])), first_line(error)
        if isinstance(network, torch.jit.ScriptModule):  # the last line of its error is the reason
            reason = (
                f"{str(error).splitlines()[-1]}; a traced network needs to take batches of any size"
            )
        raise ValueError(
            f"{type(network).__name__} refuses images of {shape} ({reason})"
        ) from error


def _check_repeated(logits: Tensor, again: object, network: str) -> None:
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


def _check_alone(alone: Tensor, together: Tensor) -> None:
    """Raise ValueError if the logits of the first of some images depend on the others; -inf masks an output."""
    apart = (alone - together[:1]).nan_to_num(0)  # -inf in both
    if apart.abs().max() > ROUNDING * together.nan_to_num(0, 0, 0).abs().max():
        raise ValueError(BATCHED)
