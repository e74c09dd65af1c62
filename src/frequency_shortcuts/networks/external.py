"""External networks: from torchvision, timm or an entry point of the user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import torch
from torch import nn

from frequency_shortcuts.data.entry_points import call, first_line

from .predictions import check_logits, check_repeated


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
    if kind == "torchvision":
        return _torchvision(name, what)
    if kind == "timm":
        return _timm(name, what)
    network = call(
        what.source, what.options, n_classes=what.n_classes, channels=what.channels, size=(what.height, what.width)
    )
    if not isinstance(network, nn.Module):
        raise ValueError(f"entry point {what.source} gives a {type(network).__name__}, not a torch.nn.Module")
    return network


def _torchvision(name: str, what: ExternalNetwork) -> nn.Module:
    models = torchvision_models(name)
    if what.channels != 3:
        raise ValueError(f"torchvision:{name} takes images of 3 channels, not {what.channels}")
    return _build(what, lambda: models.get_model(name, weights=None, num_classes=what.n_classes, **what.options))


def torchvision_models(name: str) -> Any:
    """The module with the classifiers of torchvision. Raises ValueError unless it has one of this name."""
    from torchvision import models

    if name not in (known := models.list_models(module=models)):
        raise ValueError(f"torchvision has no classifier {name!r}{_guess(name, known)}")
    return models


def _timm(name: str, what: ExternalNetwork) -> nn.Module:
    timm = timm_package(name)
    settings = {"num_classes": what.n_classes, "in_chans": what.channels, **what.options}
    return _build(what, lambda: timm.create_model(name, pretrained=False, **settings))


def timm_package(name: str) -> Any:
    """The package timm. Raises ValueError if it is not installed, or has no network of this name.

    A name may end in that of a set of weights, behind a dot. Names of the hub (`hf-hub:`) are not known in advance.
    """
    try:
        import timm
    except ImportError:
        raise ValueError("a network from timm needs that package: pip install timm") from None
    if not name.startswith("hf-hub:") and name.partition(".")[0] not in (known := timm.list_models()):
        raise ValueError(f"timm has no network {name!r}{_guess(name, known)}")
    return timm


def _build(what: ExternalNetwork, make: Callable[[], nn.Module]) -> nn.Module:
    try:
        return make()
    except Exception as error:  # unknown options, mostly
        raise ValueError(
            f"{what.source} cannot be built with the options {what.options} ({first_line(error)})"
        ) from error


def _guess(name: str, known: list[str]) -> str:
    guess = get_close_matches(name, known, 3)
    return f"; did you mean {' or '.join(guess)}?" if guess else ""


def probe(network: nn.Module, n_classes: int, channels: int, height: int, width: int) -> None:
    """Show a network two images of noise, twice.

    Raises ValueError if it does not accept them, if it does not have `n_classes` outputs, or if an output is not
    finite or differs the second time. For a network on the meta device only shapes are checked.
    """
    kind = type(network).__name__
    device = next((parameter.device for parameter in network.parameters()), torch.device("cpu"))
    # Noise: a network that standardises every image separately divides by zero for a black image.
    images = torch.rand(2, channels, height, width, generator=torch.Generator().manual_seed(0)).to(device)
    training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            # Copies: a first layer that works in place must not change the images.
            logits, again = (network(images.clone()) for _ in range(2))
    except (Exception, SystemExit) as error:
        raise ValueError(f"{kind} refuses images of {channels} x {height} x {width} ({first_line(error)})") from error
    finally:
        network.train(training)
    check_logits(logits, len(images), network=kind)
    if logits.shape[1] != n_classes:
        raise ValueError(f"{kind} has {logits.shape[1]} outputs, but there are {n_classes} classes")
    if device.type == "meta":
        return
    if not logits.isfinite().all():
        tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
        broken = [name for name, tensor in tensors.items() if tensor.isnan().any()]
        why = f"its {broken[0]} holds NaN" if broken else "its images were noise from 0 to 1"
        raise ValueError(f"{kind} gives logits that are not finite numbers: {why}")
    check_repeated(logits, again, kind)
