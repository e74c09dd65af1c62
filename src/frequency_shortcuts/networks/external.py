"""External networks: from torchvision, timm or an entry point of the user.

They may return their logits inside a tuple, a dict or an object, and have more classes than the images.
"""

from __future__ import annotations

import contextlib
import logging
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

import torch
from torch import Tensor, nn

from frequency_shortcuts.images.entry_points import call, first_line
from frequency_shortcuts.spectrum.arrays import IntArray

from .numerics import tf32
from .predictions import check_logits, check_precision, device_of, evaluating, same_logits

log = logging.getLogger(__name__)

Where = Literal["tensor", "attribute", "key", "first"]
PLACES_OF_LOGITS: dict[Where, Callable[[Any], Any]] = {
    "tensor": lambda returned: returned,
    "attribute": operator.attrgetter("logits"),
    "key": operator.itemgetter("logits"),
    "first": operator.itemgetter(0),
}
# Probability whose logarithm replaces that of smaller ones.
LEAST_PROBABILITY = float(torch.finfo(torch.float32).tiny)
HALF_PRECISION = 4e-3  # of the sum of probabilities
ROUNDING = 1e-3  # share of the greatest logit
EXPECTED_NETWORK = "expected an object of torch.nn.Module that returns logits"
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


def build_external(what: ExternalNetwork) -> nn.Module:
    """The network, with the initial weights of its source.

    torchvision and timm build `n_classes` outputs; an entry point gets the keywords `n_classes`, `channels`
    and `size` if it has them. Raises ValueError for a source, name or option that does not exist.
    """
    kind, _, name = what.source.partition(":")
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
    try:
        if kind == "torchvision":
            make: Any = import_module("torchvision.models").get_model
            return make(name, weights=None, num_classes=what.n_classes, **what.options)
        make = import_module("timm").create_model
        settings = {"num_classes": what.n_classes, "in_chans": what.channels, **what.options}
        return make(name, pretrained=False, **settings)
    except Exception as error:  # unknown names and options, mostly
        raise ValueError(f"{what.source} cannot be built ({first_line(error)})") from error


def probe(network: nn.Module, n_classes: int, channels: int, height: int, width: int) -> None:
    """Show a network two images of noise, as `logits_only` does.

    Raises ValueError also if it does not return a tensor with `n_classes` outputs, or if an output is not finite. For a
    network on the meta device only shapes are checked.
    """
    kind, device = type(network).__name__, device_of(network)
    # Noise: a network that standardises every image separately divides by zero for a black image.
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(2, channels, height, width, generator=generator).to(device)
    if device.type == "meta":
        logits = _shown(network, images)
        check_logits(logits, len(images), network=kind)
        n_outputs = logits.shape[1]
    else:
        classifier, n_outputs, logits = logits_only(network, images)
        if classifier.where != "tensor":
            raise ValueError(f"{kind} gives more than logits: a study needs a tensor [n, classes]")
    if n_outputs == 1:
        two = "torch.cat([torch.zeros_like(z), z], 1) of a logit z [n, 1]"
        raise ValueError(f"{kind} has one output, which a study does not take: return two, {two}")
    if n_outputs != n_classes:
        raise ValueError(f"{kind} has {n_outputs} outputs, but there are {n_classes} classes")
    if device.type != "meta" and not logits.isfinite().all():
        raise ValueError(
            f"{kind} gives logits that are not finite numbers for images of noise from 0 to 1"
        )


def check_network(network: object) -> nn.Module:
    """The network, or the own module of one that `torch.compile` made, which would be compiled for every batch size.

    Raises ValueError unless it is a network with weights.
    """
    if isinstance(network, type):
        raise ValueError(f"the network is the class {network.__name__}: {EXPECTED_NETWORK}")
    if not isinstance(network, nn.Module):
        raise ValueError(f"the network is a {type(network).__name__}: {EXPECTED_NETWORK}")
    if device_of(network).type == "meta":
        raise ValueError("the network is on the meta device, without weights: load them first")
    plain = getattr(network, "_orig_mod", None)
    if not isinstance(plain, nn.Module):
        return network
    log.warning(
        "the network is compiled: its own module is analysed, which compiles nothing for new batch sizes"
    )
    return plain


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
        self.network, self.where = network, where
        self.probabilities, self.single = probabilities, single
        self.register_buffer("outputs", None, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """images [n, channels, H, W] -> logits [n, outputs]"""
        return self.as_logits(PLACES_OF_LOGITS[self.where](self.network(images)))

    def as_logits(self, values: Tensor) -> Tensor:
        """The logits [n, outputs] of what stands in the place of logits."""
        if self.single:
            second = values.reshape(-1, 1)
            first = 1 - second if self.probabilities else torch.zeros_like(second)
            values = torch.cat([first, second], 1)
        if self.probabilities:
            values = values.clamp_min(LEAST_PROBABILITY).log()
        return self.chosen(values)

    def chosen(self, logits: Tensor) -> Tensor:
        """Those of the classes, of logits of all outputs [n, outputs]."""
        return logits if self.outputs is None else logits[:, self.outputs]


def logits_only(network: nn.Module, images: Tensor) -> tuple[Logits, int, Tensor]:
    """A network that returns only logits, the number of outputs of the given one, and the logits of images.

    images : float tensor [n, channels, H, W]; the first is shown to the network alone, twice, and then with the others

    If the outputs of the network for each of the images are not negative and sum to 1, they are taken for
    probabilities; see `Logits`. A single output is that of the second of two classes: a probability if it is between 0
    and 1 for each of the images and for noise, else a logit. Raises ValueError for a network that does not accept the
    images, returns no logits, other logits the second time or in a batch, and for one in half precision.
    """
    check_precision(network)
    kind = type(network).__name__
    returned = [_shown(network, some) for some in (images[:1], images[:1], images)]
    where = _place_of_logits(returned[0])
    if where is None:
        raise ValueError(
            f"{kind} gives {_kind_and_keys(returned[0])} for one image: expected logits of shape [1, classes]"
        )
    alone, again, every = map(PLACES_OF_LOGITS[where], returned)
    if every.isnan().any():
        raise ValueError(
            f"{kind} gives outputs that are not numbers (NaN): look at its weights, and at the mean and std"
        )
    single = alone.numel() == 1
    if not single:
        check_logits(alone, 1, network=kind)
    if not alone.is_floating_point():
        raise ValueError(f"{kind} gives {alone.dtype}: expected logits in floating point")
    if not same_logits(again, alone, ROUNDING):
        raise ValueError(
            f"{kind} gives other logits when it sees the same images again: expected the same; a network in "
            "evaluation mode must not draw random numbers, as dropout in training mode does"
        )
    probabilities = _are_probabilities(alone) and _are_probabilities(every)
    if probabilities and single:
        noise = 4 * torch.randn(images.shape, generator=torch.Generator().manual_seed(0)).to(images)
        of_noise = _shown(network, torch.cat([noise, -noise]))
        probabilities = _are_probabilities(PLACES_OF_LOGITS[where](of_noise))
    classifier = Logits(network, where, probabilities=probabilities, single=single)
    logits = classifier.as_logits(every)
    check_logits(logits, len(images))
    # The greatest logit of all images is the measure of rounding.
    if not same_logits(torch.cat([classifier.as_logits(alone), logits[1:]]), logits, ROUNDING):
        raise ValueError(BATCHED)
    return classifier, 1 if single else alone.shape[1], logits


def with_outputs(classifier: Logits, outputs: IntArray | None, n_outputs: int) -> Logits:
    """What `logits_only` gave, with these outputs alone, int64 [class]; None for all. Raises ValueError for others."""
    if outputs is None:
        return classifier
    if not 0 <= outputs.min() <= outputs.max() < n_outputs + classifier.single:
        raise ValueError(
            f"outputs {outputs.min()} to {outputs.max()} are named, but {type(classifier.network).__name__} has the "
            f"outputs 0 to {n_outputs - 1}"
        )
    classifier.outputs = torch.as_tensor(outputs, device=device_of(classifier))
    return classifier


def _are_probabilities(outputs: Tensor) -> bool:
    """Whether each row is not negative and sums to 1, up to rounding; a single number is from 0 to 1."""
    if outputs.ndim < 2 or outputs.shape[1] == 1:
        return not bool(((outputs < 0) | (outputs > 1)).any())
    sums = outputs.sum(dim=1)
    return bool(outputs.min() >= 0) and torch.allclose(
        sums, torch.ones_like(sums), atol=HALF_PRECISION
    )


def _place_of_logits(returned: Any) -> Where | None:
    """The place of the logits in what a network returned; None without any."""
    for where, find in PLACES_OF_LOGITS.items():
        with contextlib.suppress(AttributeError, TypeError, LookupError):
            if isinstance(find(returned), Tensor):
                return where
    return None


def _kind_and_keys(returned: Any) -> str:
    """What a network returned that holds no logits; of a dict with its keys, of which logits is read."""
    kind = type(returned).__name__
    if isinstance(returned, Mapping):
        return f"{kind} with the keys {', '.join(map(str, returned))}, and none is logits,"
    return kind


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
        reason = first_line(error)
        if isinstance(network, torch.jit.ScriptModule):  # the last line of its error is the reason
            last = str(error).splitlines()[-1]
            reason = f"{last}; a traced network needs to take batches of any size"
        shape = " x ".join(map(str, images.shape[1:]))
        raise ValueError(
            f"{type(network).__name__} refuses images of {shape} ({reason})"
        ) from error
