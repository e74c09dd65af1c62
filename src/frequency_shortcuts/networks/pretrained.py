"""Networks by name, with their weights, transform and the names of their classes."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from torch import nn

from frequency_shortcuts.images.entry_points import first_line
from frequency_shortcuts.images.preprocessing import Preprocessing

from . import external
from .architectures import load, load_weights
from .weights import normalisation

IMAGENET = 1000  # outputs of the networks whose classes timm names


@dataclass(frozen=True)
class PretrainedNetwork:
    """A network in evaluation mode.

    transform : of its weights, a function of a PIL image or a `Preprocessing`; None if nothing is known
    categories : for each way to name classes, the name of each output, such as "zebra" or the WordNet id "n02391049"
    """

    network: nn.Module
    transform: Any = None
    categories: tuple[tuple[str, ...], ...] = ()


def open_network(
    name: str,
    *,
    weights: str | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    n_classes: int = IMAGENET,
    channels: int = 3,
    size: tuple[int, int] = (224, 224),
) -> PretrainedNetwork:
    """Build or load the network that a name describes.

    name : `torchvision:resnet50`; `timm:resnet50.a1_in1k` or `timm:hf-hub:<repository>`; `<module>:<function>`, which
        returns a torch.nn.Module; or the path of a weights file that the study wrote
    weights : published weights, which are downloaded if need be: `DEFAULT` or the name of a set of torchvision, for
        timm `pretrained`
    checkpoint : a file with weights: safetensors or a state_dict of torch.save
    n_classes : outputs of a network without published weights; channels, size : of its images

    Raises ValueError, in one sentence, for names and weights that do not exist, and for a failed download.
    """
    if weights is not None and checkpoint is not None:
        raise ValueError("weights and checkpoint exclude each other: give one of them")
    if name.endswith(".safetensors"):
        if weights is not None or checkpoint is not None:
            raise ValueError(
                f"{name} holds the weights of its network: leave weights and checkpoint out"
            )
        statistics = normalisation(name)
        transform = None if statistics is None else Preprocessing(*statistics)
        return PretrainedNetwork(load(name), transform)
    kind, colon, short = name.partition(":")
    if not colon:
        raise ValueError(
            f"network {name!r}: expected torchvision:NAME, timm:NAME, MODULE:FUNCTION, or a .safetensors of the study"
        )
    if weights is None:
        described = external.ExternalNetwork(name, n_classes, channels, *size)
        opened = PretrainedNetwork(external.build_external(described))
    elif kind == "torchvision":
        opened = _torchvision(short, weights)
    elif kind == "timm":
        opened = _timm(short, weights)
    else:
        raise ValueError(
            f"weights {weights}: only networks of torchvision and timm have published ones"
        )
    if checkpoint is not None:
        load_weights(opened.network, checkpoint)
    opened.network.eval()
    return opened


def _torchvision(name: str, weights: str) -> PretrainedNetwork:
    from torchvision import models

    sets = models.get_model_weights(name)  # its error for an unknown name is a sentence
    if weights not in sets.__members__:
        known = ", ".join(sets.__members__)
        raise ValueError(f"{name} has no weights {weights!r}: choose from {known}")
    chosen = sets[weights]
    try:
        network = models.get_model(name, weights=chosen)
    except OSError as error:
        raise ValueError(
            f"the weights of {name} cannot be downloaded ({first_line(error)}): get the file elsewhere and give it as "
            "the checkpoint"
        ) from error
    return PretrainedNetwork(network, chosen.transforms(), (tuple(chosen.meta["categories"]),))


def _timm(name: str, weights: str) -> PretrainedNetwork:
    if weights != "pretrained":
        raise ValueError(
            f"weights {weights!r}: expected `pretrained`; timm names sets of weights in the name of a network"
        )
    try:
        timm: Any = import_module("timm")
        network = timm.create_model(name, pretrained=True)
    except Exception as error:  # timm and the hub raise many kinds
        raise ValueError(
            f"timm cannot load {name} with its weights ({first_line(error)})"
        ) from error
    transform = timm.data.create_transform(**timm.data.resolve_data_config(model=network))
    if network.num_classes != IMAGENET:
        return PretrainedNetwork(network, transform)
    about = timm.data.ImageNetInfo()
    ids = tuple(about.index_to_label_name(i) for i in range(IMAGENET))
    words = tuple(about.index_to_description(i) for i in range(IMAGENET))
    return PretrainedNetwork(network, transform, (ids, words))


def outputs_of(
    classes: tuple[str, ...], categories: tuple[tuple[str, ...], ...], n_outputs: int | None = None
) -> list[int] | None:
    """The output for each class, from the names of the outputs; None unless every class has exactly one.

    Case, and `_` or `-` instead of a space, do not count. WordNet ids, such as n02391049, are looked up among the 1,000
    classes of ImageNet if the network has as many outputs. Raises ValueError for other ids, and without timm, which has
    the list.
    """
    wanted = [_plain(name) for name in classes]
    for names in categories:
        plain = [_plain(name) for name in names]
        counts = [plain.count(name) for name in wanted]
        if len(set(wanted)) == len(wanted) and set(counts) == {1}:
            return [plain.index(name) for name in wanted]
    if n_outputs != IMAGENET or not all(re.fullmatch(r"n\d{8}", name) for name in classes):
        return None
    try:
        from timm.data.imagenet_info import ImageNetInfo
    except ImportError:
        raise ValueError(
            f"the classes are WordNet ids ({classes[0]} is the first), of which timm has the list for ImageNet: "
            "install it (pip install timm), or say with `outputs` which output each class is"
        ) from None
    about: Any = ImageNetInfo()  # its methods have no types
    places = {name: i for i, name in enumerate(about.label_names())}
    unknown = [name for name in classes if name not in places]
    if unknown:
        raise ValueError(
            f"{unknown[0]} is not among the {IMAGENET} classes of ImageNet: leave it out, or say with `outputs` which "
            "output each class is"
        )
    return [places[name] for name in classes]


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("_", " ").replace("-", " ").split())
