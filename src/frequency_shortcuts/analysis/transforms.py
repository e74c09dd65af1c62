"""How a network's images are prepared, read from torchvision, timm or an image processor of Hugging Face."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from frequency_shortcuts.data.folders import BILINEAR, Resize

# Steps that change the type of an image and not its content; Maybe... are timm's.
TO_TENSOR = ("ToTensor", "MaybeToTensor", "PILToTensor", "MaybePILToTensor", "ToImage")
INTEGERS = ("PILToTensor", "MaybePILToTensor", "ToImage")
CONVERSIONS = (*TO_TENSOR, "ConvertImageDtype", "ToDtype", "Identity")
INSTEAD = "give mean, std and size, or a Dataset that applies the transform"

# What distinguishes the dict of an image processor from that of timm.
OF_PROCESSORS = {"image_mean", "image_std", "do_normalize", "do_resize"}
# Steps of some image processors that are not followed, and processors whose `size` means something else.
OTHER_STEPS = ("rescale_offset", "include_top", "do_flip_channel_order", "do_pad", "size_divisor")
OTHER_PROCESSORS = ("Levit", "Perceiver")
TIMM_CROP = 0.875  # what timm takes if nothing is said
SQUASHED_FROM = 384  # pixels from which a processor with crop_pct resizes whole pictures, as those of ConvNeXT do


@dataclass(frozen=True)
class Preprocessing:
    """How pictures become the images of a network; None where nothing is said.

    mean, std : [channels], to normalise with, in units of [0, 1]
    size : (height, width) of the images, or one number for both
    resize : pixels of the short side before the centre is cropped, or (height, width) before that: the size itself
        squashes whole pictures. Without it, the largest part of the shape of `size` is cropped and resized
    interpolation : of the resizing, with antialias

    Raises ValueError for another size.

    >>> result = fs.analyse(network, "photographs", transform=fs.Preprocessing(mean, std, size=(64, 64)))
    """

    mean: npt.ArrayLike | None = None
    std: npt.ArrayLike | None = None
    size: tuple[int, int] | int | None = None
    resize: Resize = None
    interpolation: Image.Resampling = BILINEAR

    def __post_init__(self) -> None:
        sides = np.atleast_1d(1 if self.size is None else self.size).tolist()
        if len(sides) > 2 or any(not isinstance(side, int) or side < 1 for side in sides):
            raise ValueError(f"size {self.size}: expected (height, width), or one number for both, from 1")

    @property
    def shape(self) -> tuple[int, int] | None:
        """(height, width) of the images."""
        return None if self.size is None else _pair(self.size)

    @property
    def channels(self) -> int:
        """Channels of the images."""
        return 3 if self.mean is None else np.size(self.mean)


def read_transform(transform: Any, size: tuple[int, int] | int | None = None, resize: Resize = None) -> Preprocessing:
    """What a transform does to pictures.

    transform : what `weights.transforms()` of torchvision returns; a Compose (or Sequential) with Normalize, Resize and
        CenterCrop, as timm's `create_transform` builds it; the dict of timm's `resolve_data_config`; an image processor
        of Hugging Face, or its dict; or a `Preprocessing`
    size, resize : instead of those of the transform, see `Preprocessing`

    Raises ValueError for anything else, for a transform that does not normalise, and for one with a step that is not
    followed here.

    >>> read_transform(torchvision.models.ResNet50_Weights.DEFAULT.transforms()).size
    (224, 224)
    """
    if isinstance(transform, Preprocessing):
        read = transform
    elif hasattr(transform, "image_mean") or (isinstance(transform, Mapping) and OF_PROCESSORS & transform.keys()):
        read = _of_processor(transform)
    elif isinstance(transform, Mapping):
        read = _of_config(transform)
    elif hasattr(transform, "crop_size") and hasattr(transform, "mean"):
        mean, std, cropped = _numbers(transform.mean), _numbers(transform.std), _pair(transform.crop_size)
        read = Preprocessing(mean, std, cropped, transform.resize_size[0], _interpolation_of(transform))
    else:
        read = _of_steps(transform)
    if (read.mean is None or read.std is None) and read is not transform:
        raise ValueError(
            f"{type(transform).__name__} names no mean and std: give mean and std, a torchvision or timm transform "
            "with Normalize in it, the dict of timm's resolve_data_config, or an image processor of Hugging Face"
        )
    if size is None and resize is None:
        return read
    return replace(read, size=read.size if size is None else size, resize=resize)


def _of_config(config: Mapping[str, Any]) -> Preprocessing:
    """From the configuration of a timm network: mean, std, input_size, crop_pct, crop_mode and interpolation."""
    size = _pair(config["input_size"][-2:]) if "input_size" in config else None
    resize: int | tuple[int, int] | None = None
    if size:
        sides = [math.floor(side / float(config.get("crop_pct") or TIMM_CROP)) for side in size]
        mode = config.get("crop_mode") or "center"
        if mode not in ("center", "squash") or (mode == "center" and sides[0] != sides[1]):
            raise ValueError(
                f"crop_mode {mode} at {size[0]} x {size[1]} pixels cannot be followed: expected squash, or center with "
                f"two equal sides; {INSTEAD}"
            )
        resize = (sides[0], sides[1]) if mode == "squash" else sides[0]
    mean, std = (None if (values := config.get(name)) is None else _numbers(values) for name in ("mean", "std"))
    return Preprocessing(mean, std, size, resize, _resampling(config.get("interpolation") or BILINEAR))


def _of_steps(transform: Any) -> Preprocessing:
    """From the steps of a Compose, by the names of their classes: torchvision has two modules of them."""
    mean = std = size = None
    resize: int | tuple[int, int] | None = None
    interpolation, on_tensors, last = BILINEAR, False, ""
    odd: list[str] = []
    for step in _flat(transform):
        kind = type(step).__name__
        on_tensors |= kind in TO_TENSOR
        if kind == "ToDtype" and not step.scale and last in INTEGERS:
            odd.append("ToDtype of integers without scale")
        last = kind if kind in CONVERSIONS else last
        if (kind == "Normalize" and mean is not None) or (kind == "Resize" and resize is not None):
            odd.append(f"a second {kind}")
        elif kind == "Normalize":
            mean, std = _numbers(step.mean), _numbers(step.std)
        elif kind == "CenterCrop" and resize is not None:
            size = _pair(step.size)
        elif kind == "Resize" and size is None and getattr(step, "max_size", None) is None:
            if on_tensors and not getattr(step, "antialias", True):
                odd.append("Resize of tensors without antialias")
            interpolation = _interpolation_of(step)
            if on_tensors and interpolation == Image.Resampling.NEAREST:
                odd.append("nearest resizing of tensors")
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
            f"Normalize, in this order; {INSTEAD}"
        )
    return Preprocessing(mean, std, size, resize, interpolation)


def _of_processor(processor: Any) -> Preprocessing:
    """From an image processor of Hugging Face or its dict, by the names of its attributes."""

    def get(name: str, usual: Any = None) -> Any:
        value = _entry(processor, name)
        return usual if value is None else value

    kind = str(get("image_processor_type", type(processor).__name__))
    odd = [name for name in OTHER_STEPS if get(name)] + [name for name in OTHER_PROCESSORS if kind.startswith(name)]
    if odd:
        raise ValueError(f"{odd[0]} of the image processor {kind} cannot be followed: {INSTEAD}")
    # Its network sees (factor * image - mean) / std of an image from 0 to 1.
    factor = 255 * float(get("rescale_factor", 1 / 255) if get("do_rescale", True) else 1)
    statistics = (get("image_mean"), get("image_std")) if get("do_normalize", True) else ([0.0] * 3, [1.0] * 3)
    mean, std = (
        None if values is None else tuple(value / factor for value in _numbers(values)) for values in statistics
    )
    if not get("do_resize", True):
        if get("do_center_crop"):
            raise ValueError(f"do_center_crop without do_resize of the {kind} cannot be followed: {INSTEAD}")
        return Preprocessing(mean, std)
    if (resample := get("resample")) is None:
        raise ValueError(f"the image processor {kind} names no resample, the number of an interpolation: {INSTEAD}")
    return Preprocessing(mean, std, *_sides(get, kind), _resampling(resample))


def _sides(get: Any, kind: str) -> tuple[tuple[int, int] | None, int | tuple[int, int]]:
    """Size and resize of an image processor, of which `get` gives the attributes."""
    short, height, width = (_entry(get("size"), name) for name in ("shortest_edge", "height", "width"))
    share, crops = get("crop_pct"), bool(get("do_center_crop"))
    size: tuple[int, int] | None = None
    resize: int | tuple[int, int]
    if height and width and not share:
        size = resize = (int(height), int(width))
    elif short and not share:
        resize = int(short)
    elif short and not crops:
        size = (int(short), int(short))
        resize = size if short >= SQUASHED_FROM else int(short / share)
    else:
        raise ValueError(
            f"size {get('size')} of the image processor {kind} cannot be followed: expected height and width, or "
            f"shortest_edge; {INSTEAD}"
        )
    if crops:
        crop = get("crop_size")
        sides = [crop, crop] if isinstance(crop, int) else [_entry(crop, "height"), _entry(crop, "width")]
        if None in sides:
            raise ValueError(f"crop_size {crop} of the image processor {kind}: expected height and width; {INSTEAD}")
        size = _pair(sides)
    return size, resize


def _entry(source: Any, name: str) -> Any:
    """The value of a key of a dict, or of an attribute; None without it."""
    return source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)


def _interpolation_of(step: Any) -> Image.Resampling:
    return _resampling(getattr(step, "interpolation", BILINEAR))


def _resampling(interpolation: Any) -> Image.Resampling:
    """An interpolation by its number in Pillow, or by its name as torchvision and timm write it."""
    try:
        if isinstance(interpolation, int):
            return Image.Resampling(interpolation)
        name = str(getattr(interpolation, "value", interpolation)).removesuffix("-exact")  # Pillow's `nearest` is exact
        return Image.Resampling[name.upper()]
    except (KeyError, ValueError):
        known = ", ".join(choice.name.lower() for choice in Image.Resampling)
        raise ValueError(f"interpolation {interpolation}: expected one of {known}") from None


def _flat(transform: Any) -> Iterator[Any]:
    """The steps of a Compose, and of those in it."""
    steps = getattr(transform, "transforms", transform)
    if type(transform).__name__.startswith("Random"):  # RandomApply and the like apply only some of theirs
        steps = transform
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
