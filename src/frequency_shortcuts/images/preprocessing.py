"""From the pictures of a user to the images of his network: resized by `Preprocessing`, or by a transform of his."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from torch import Tensor

from frequency_shortcuts.spectrum.arrays import FloatArray, as_array

from .entry_points import first_line
from .normalisation import check_statistics, per_channel
from .pictures import FULL, ImageError, ImageFiles, Resize, as_pixels, check_finite, upright
from .torch_dataset import IMAGE_KEYS, first_of

PROBES = 8  # images that stand for all of them
ImageArray = npt.NDArray[Any]  # [channels, H, W]


@dataclass(frozen=True)
class Preprocessing:
    """How pictures become the images of a network; None where nothing is said.

    mean, std : [channels], to normalise with, in units of [0, 1]; or one number for all, with which pictures are grey
    size : (height, width) of the images, or one number for both; by default that of the first picture of a Dataset.
        Pictures of a folder need it, or a transform
    resize : pixels of the short side before the centre is cropped, or (height, width) before that: the size itself
        squashes whole pictures. Without it, the largest part of the shape of `size` is cropped and resized
    transform : is called on each picture instead, when its image is needed: a function of a PIL image, such as
        `weights.transforms()` of torchvision, what timm's `create_transform` returns, a Compose, or an image processor
        of Hugging Face. It returns an image [channels, H, W] or [1, channels, H, W] or, as an array, [H, W, channels],
        alone or in a dict. Without a mean and std it normalises itself

    Raises ValueError for another size, for `resize` without a size, and for a transform that cannot be called.

    >>> result = fs.analyse(network, "photographs", transform=fs.Preprocessing(mean, std, size=(64, 64)))
    """

    mean: npt.ArrayLike | None = None
    std: npt.ArrayLike | None = None
    size: tuple[int, int] | int | None = None
    resize: Resize = None
    transform: Callable[[Image.Image], Any] | None = None

    def __post_init__(self) -> None:
        if self.resize is not None and self.size is None:
            raise ValueError(
                f"resize {self.resize} without a size: expected both, since pictures are cropped after it"
            )
        sides = np.array(1 if self.size is None else self.size)
        if sides.dtype.kind != "i" or sides.size > 2 or sides.min() < 1:
            raise ValueError(
                f"size {self.size}: expected (height, width), or one number for both, from 1"
            )
        if self.transform is not None and not callable(self.transform):
            raise ValueError(
                f"transform is a {type(self.transform).__name__}: expected a function of a PIL image, such as "
                "weights.transforms() or timm.data.create_transform(**config), or fs.Preprocessing(mean, std, size)"
            )

    @property
    def shape(self) -> tuple[int, int] | None:
        """(height, width) of the images."""
        if self.size is None:
            return None
        height, width = np.broadcast_to(self.size, 2).tolist()
        return height, width

    @property
    def statistics(self) -> tuple[Any, Any]:
        """The mean and std of the images, or else those that the transform ends with; None where none are known."""
        if self.mean is None and self.transform:
            return normalisation_of(self.transform)
        return self.mean, self.std

    @property
    def channels(self) -> int:
        """Channels of the images, or of the pictures that the transform gets."""
        mean, _ = self.statistics
        return 3 if mean is None else np.size(mean)

    def __call__(self, picture: Image.Image, tones: tuple[float, ...] = FULL) -> ImageArray:
        """The image [channels, H, W] of a picture of any kind: uint8, or float as the network sees it.

        Raises ImageError if the transform fails or returns no image, or if it ends with a mean and std beside these.
        """
        if self.transform is None:
            height, width = self.shape or (picture.height, picture.width)
            return as_pixels(picture, height, width, self.channels, self.resize, tones)
        try:
            returned = self.transform(upright(picture, self.channels, tones))
        except (Exception, SystemExit) as error:  # the user's code may raise any error
            raise ImageError(f"the transform fails ({first_line(error)})") from error
        image = _image_in(returned)
        if self.mean is None or image.dtype == np.uint8:
            return image
        if normalisation_of(self.transform)[0] is not None:
            raise ImageError(
                "mean and std are given twice, as the transform ends with its own: leave one of them out"
            )
        return normalised(image, self.mean, self.std, "its values")


class TransformedFiles(ImageFiles):
    """Image files as the images that a transform makes of them, uint8 or float; see `ImageFiles`.

    Raises ValueError, naming the file, if the transform fails, or gives images of several sizes or numbers that are not
    finite.
    """

    _first: ImageArray | None = None

    def __init__(self, files: Sequence[Path], prepared: Preprocessing, *, workers: int = 1) -> None:
        super().__init__(files, (1, 1), prepared.channels, workers=workers)
        self._prepared = prepared
        self._first = self._first_image()
        self.image_shape, self.dtype = self._first.shape, self._first.dtype

    def _first_image(self) -> ImageArray:
        """The image of the first file that can be read. Raises the error of the first file if none can."""
        for file in self.files:
            for _, image in self._in_order([file], "skip"):
                return image
        return self[:1]

    def origin(self) -> tuple[object, ...]:
        """The files with their sizes and times, and the first of the images: a function has no identity."""
        return *super().origin(), hashlib.sha256(self[:PROBES].tobytes()).hexdigest()

    def _image(self, picture: Image.Image, tones: tuple[float, ...]) -> ImageArray:
        image = self._prepared(picture, tones)
        check_finite(image)
        if self._first is not None and image.shape != self._first.shape:
            raise ImageError(
                f"the transform gives {list(image.shape)}, and {list(self._first.shape)} of another picture: expected "
                "one size, as after a crop"
            )
        return image


def _image_in(returned: Any) -> ImageArray:
    """The image [channels, H, W] in what a transform returned. Raises ImageError if there is none."""
    if isinstance(returned, Mapping):
        returned = first_of(returned, IMAGE_KEYS)
    image = np.asarray(returned) if isinstance(returned, Image.Image | list) else as_array(returned)
    if image.ndim == 4 and len(image) == 1:
        image = image[0]
    if image.ndim == 2:
        image = image[None]
    if image.ndim != 3 or (image.dtype != np.uint8 and image.dtype.kind != "f"):
        raise ImageError(
            f"the transform returns {image.dtype} {list(image.shape)}: expected an image [channels, H, W], uint8 or "
            "floating point"
        )
    channels_last = image.shape[2] in (1, 3) and image.shape[0] not in (1, 3)
    if channels_last and not isinstance(returned, Tensor):
        image = image.transpose(2, 0, 1)
    return image.astype(np.float32) if image.dtype == np.float16 else image


def normalisation_of(transform: Any) -> tuple[Any, Any]:
    """The mean and std [channels] that a transform ends with, in units of [0, 1]; None, None where none are known.

    It ends with them if it is a Compose whose last step is Normalize, a transform of torchvision's weights, an image
    processor of Hugging Face that neither shifts pixels nor swaps channels, or a `Preprocessing`.
    """
    steps = getattr(transform, "transforms", transform)
    if isinstance(steps, Iterable) and not isinstance(steps, Mapping | str):
        steps = list(steps)
        return normalisation_of(steps[-1]) if steps else (None, None)
    if hasattr(transform, "image_mean"):
        return _normalisation_of_processor(transform)
    mean, std = getattr(transform, "mean", None), getattr(transform, "std", None)
    if mean is None or std is None:
        return None, None
    return np.atleast_1d(np.asarray(mean, float)), np.atleast_1d(np.asarray(std, float))


def _normalisation_of_processor(processor: Any) -> tuple[Any, Any]:
    """The mean and std [channels] of an image processor of Hugging Face."""
    shifts = getattr(processor, "rescale_offset", False)
    swaps = getattr(processor, "do_flip_channel_order", False)
    normalises = getattr(processor, "do_normalize", True) and processor.image_mean is not None
    if shifts or swaps or not normalises:
        return None, None
    factor = 255.0  # they belong to pixels from 0 to 255, times a factor
    if getattr(processor, "do_rescale", True):
        factor *= getattr(processor, "rescale_factor", 1 / 255)
    mean = np.atleast_1d(np.asarray(processor.image_mean, float))
    std = np.atleast_1d(np.asarray(processor.image_std, float))
    return mean / factor, std / factor


def normalised(images: ImageArray, mean: Any, std: Any, what: str = "images") -> ImageArray:
    """Float images or one, [..., channels, H, W], from 0 to 1 -> (images - mean) / std, in their dtype.

    Raises ImageError for images outside [0, 1], pixels or images that are normalised already, and ValueError for a mean
    or std that makes no sense.
    """
    mean, std = (per_channel(value, images.shape[-3]) for value in (mean, std))
    check_statistics(mean, std, images.shape[-3])
    low, high = images.min(), images.max()
    if low < 0:
        raise ImageError(
            f"{what} go from {low:.3g} to {high:.3g}, so they are normalised already: leave mean and std out, or give "
            "images from 0 to 1 or uint8"
        )
    if high > 1:
        raise ImageError(
            f"{what} are {images.dtype} from {low:.3g} to {high:.3g}, but mean and std belong to images from 0 to 1: "
            "divide the images by 255 if they are pixels, or give uint8"
        )
    shift = np.asarray(mean, float).astype(images.dtype)
    scale = np.asarray(std, float).astype(images.dtype)
    pixels: FloatArray = images - shift[:, None, None]
    pixels /= scale[:, None, None]
    return pixels
