"""How a network's images are prepared, read from a transform of torchvision or timm."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# Steps that change the type of an image and not its content; MaybeToTensor is timm's.
CONVERSIONS = ("ToTensor", "MaybeToTensor", "PILToTensor", "ToImage", "ConvertImageDtype", "ToDtype", "Identity")


@dataclass(frozen=True)
class Preprocessing:
    """How pictures become the images of a network; None where nothing is said.

    mean, std : per channel, in units of [0, 1]; size : (height, width) of the images; resize : pixels of the short side
    before the centre is cropped, or (height, width) before that
    """

    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    size: tuple[int, int] | None = None
    resize: int | tuple[int, int] | None = None


def read_transform(transform: Any) -> Preprocessing:
    """What a transform does to pictures.

    transform : what `weights.transforms()` of torchvision returns, a Compose (or Sequential) with Normalize, Resize and
        CenterCrop, as timm's `create_transform` builds it, or the dict of timm's `resolve_data_config`

    Resizing is always bilinear here. Raises ValueError for anything else, for a transform that does not normalise, and
    for one with a step that is not followed here.

    >>> read_transform(torchvision.models.ResNet50_Weights.DEFAULT.transforms()).size
    (224, 224)
    """
    if isinstance(transform, Mapping):
        found = _of_config(transform)
    elif hasattr(transform, "crop_size") and hasattr(transform, "mean"):
        resize = transform.resize_size
        found = Preprocessing(_numbers(transform.mean), _numbers(transform.std), _pair(transform.crop_size), resize[0])
    else:
        found = _of_steps(transform)
    if found.mean is None or found.std is None:
        raise ValueError(
            f"{type(transform).__name__} names no mean and std: give mean and std, a torchvision or timm transform "
            "with Normalize in it, or the dict of timm's resolve_data_config"
        )
    return found


def _of_config(config: Mapping[str, Any]) -> Preprocessing:
    """From the configuration of a timm network: mean, std, input_size, crop_pct and crop_mode."""
    size = _pair(config["input_size"][-2:]) if "input_size" in config else None
    resize: int | tuple[int, int] | None = None
    if size:
        sides = [math.floor(side / float(config.get("crop_pct") or 1)) for side in size]
        resize = (sides[0], sides[1]) if config.get("crop_mode") == "squash" else max(sides)
    mean, std = config.get("mean"), config.get("std")
    return Preprocessing(None if mean is None else _numbers(mean), None if std is None else _numbers(std), size, resize)


def _of_steps(transform: Any) -> Preprocessing:
    """From the steps of a Compose, by the names of their classes: torchvision has two modules of them."""
    mean = std = size = None
    resize: int | tuple[int, int] | None = None
    odd: list[str] = []
    for step in _flat(transform):
        kind = type(step).__name__
        if kind == "Normalize":
            mean, std = _numbers(step.mean), _numbers(step.std)
        elif kind == "CenterCrop" and resize is not None:
            size = _pair(step.size)
        elif kind == "Resize" and size is None and getattr(step, "max_size", None) is None:
            sides = np.atleast_1d(step.size).tolist()
            if len(sides) == 1:
                resize = int(sides[0])
            else:
                size = resize = _pair(sides)
        elif kind not in CONVERSIONS and getattr(step, "num_output_channels", None) != 1:  # Grayscale
            odd.append(kind)
    if odd and mean is not None:
        raise ValueError(
            f"{odd[0]} of the {type(transform).__name__} cannot be followed: expected Resize, CenterCrop and "
            "Normalize, in this order; give mean, std and size, or a Dataset that applies the transform"
        )
    return Preprocessing(mean, std, size, resize)


def _flat(transform: Any) -> Iterator[Any]:
    """The steps of a Compose, and of those in it."""
    steps = getattr(transform, "transforms", transform)
    if not isinstance(steps, Iterable) or isinstance(steps, str):
        yield steps
        return
    for step in steps:
        yield from _flat(step)


def _numbers(values: Any) -> tuple[float, ...]:
    return tuple(np.atleast_1d(np.asarray(values, float)).tolist())


def _pair(size: Any) -> tuple[int, int]:
    sides: Sequence[int] = np.atleast_1d(size).tolist()
    return (int(sides[0]), int(sides[-1]))
