"""External networks: from torchvision, timm or an entry point of the user."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from frequency_shortcuts.data.entry_points import call, first_line

from .predictions import check_alone, check_logits, check_repeated, device_of, shown_twice


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
    if kind in ("torchvision", "timm"):
        try:
            return _torchvision(name, what) if kind == "torchvision" else _timm(name, what)
        except Exception as error:  # unknown names and options, mostly
            raise ValueError(f"{what.source} cannot be built ({first_line(error)})") from error
    network = call(
        what.source, what.options, n_classes=what.n_classes, channels=what.channels, size=(what.height, what.width)
    )
    if not isinstance(network, nn.Module):
        raise ValueError(f"entry point {what.source} gives a {type(network).__name__}, not a torch.nn.Module")
    return network


def _torchvision(name: str, what: ExternalNetwork) -> nn.Module:
    from torchvision import models

    network: nn.Module = models.get_model(name, weights=None, num_classes=what.n_classes, **what.options)
    return network


def _timm(name: str, what: ExternalNetwork) -> nn.Module:
    import timm

    settings = {"num_classes": what.n_classes, "in_chans": what.channels, **what.options}
    network: nn.Module = timm.create_model(name, pretrained=False, **settings)
    return network


def probe(network: nn.Module, n_classes: int, channels: int, height: int, width: int) -> None:
    """Show a network two images of noise, twice.

    Raises ValueError if it does not accept them, if it does not have `n_classes` outputs, or if an output is not
    finite, differs the second time, or depends on the other image. For a network on the meta device only shapes are
    checked.
    """
    kind, device = type(network).__name__, device_of(network)
    # Noise: a network that standardises every image separately divides by zero for a black image.
    images = torch.rand(2, channels, height, width, generator=torch.Generator().manual_seed(0)).to(device)
    logits, again = shown_twice(network, images)
    check_logits(logits, len(images), network=kind)
    if logits.shape[1] != n_classes:
        raise ValueError(f"{kind} has {logits.shape[1]} outputs, but there are {n_classes} classes")
    if device.type == "meta":
        return
    if not logits.isfinite().all():
        raise ValueError(f"{kind} gives logits that are not finite numbers for images of noise from 0 to 1")
    check_repeated(logits, again, kind)
    check_alone(network, images)


def check_network(network: object) -> None:
    """Raise ValueError unless this is a network with weights, which can be copied."""
    if not isinstance(network, nn.Module):
        what = f"the class {network.__name__}" if isinstance(network, type) else f"a {type(network).__name__}"
        raise ValueError(f"the network is {what}: expected an object of torch.nn.Module that returns logits")
    if device_of(network).type == "meta":
        raise ValueError("the network is on the meta device, without weights: load them first")
