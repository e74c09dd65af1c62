"""A torch Dataset of the user as an array of images."""

from __future__ import annotations

import functools
import reprlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from frequency_shortcuts.spectrum.arrays import IntArray, as_array

from .entry_points import first_line
from .pictures import ImageError, Resize, as_pixels, check_finite
from .splits import LazyImages

# Of Hugging Face's items and batches.
IMAGE_KEYS = ("pixel_values", "image", "img")
LABEL_KEYS = ("labels", "label")
EXPECTED_ITEM = (
    f"(image, label, ...), or a dict with {' or '.join(IMAGE_KEYS)}, and {' or '.join(LABEL_KEYS)}"
)


def stored_image(image: Any, shape: Sequence[int], resize: Resize = None) -> npt.NDArray[np.uint8]:
    """An image of a Dataset as uint8 of the shape [channels, height, width].

    A PIL image is resized and cropped as `ImageFiles` does; a tensor or array has the shape, and is uint8 or floating
    point from 0 to 1. Raises ImageError for anything else.
    """
    channels, height, width = shape
    if isinstance(image, Image.Image):
        return as_pixels(image, height, width, channels, resize)
    pixels = as_array(image)
    if pixels.shape != tuple(shape):
        wanted = " x ".join(map(str, shape))
        raise ImageError(
            f"it is {list(pixels.shape)}, not {wanted}: give PIL images to have them resized"
        )
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype.kind != "f" or pixels.min() < 0 or pixels.max() > 1:
        raise ImageError(
            f"it is {pixels.dtype} from {pixels.min():g} to {pixels.max():g}: expected uint8, or floating point from "
            "0 to 1 (normalise in the network's settings, not in the Dataset)"
        )
    return np.rint(pixels * 255).astype(np.uint8)


def first_of(item: Mapping[str, Any], keys: Sequence[str]) -> Any:
    """What a dict holds under the first of some keys that it has; None without any."""
    return next((item[key] for key in keys if key in item), None)


class DatasetImages(LazyImages):
    """The images of a map-style Dataset [n, channels, H, W], read and converted when they are indexed.

    An item is (image, label, ...) or a dict with both.

    convert : makes an array [channels, H, W] of what the Dataset gives as an image
    name : of the Dataset in errors

    Raises ValueError, with the number of the item, for an item that is no such pair, does not convert, has numbers that
    are not finite, another size than the first, or a label that differs from the list of labels (see `labels`).
    """

    def __init__(
        self, dataset: Any, convert: Callable[[Any], npt.NDArray[Any]], *, name: str = "the Dataset"
    ) -> None:
        if not (hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")):
            kind = type(dataset).__name__
            raise ValueError(
                f"{name}: {kind} is no map-style Dataset: it needs __len__ and __getitem__"
            )
        self.dataset, self.name, self._convert = dataset, name, convert
        self._listed: IntArray | None = None  # labels of all items from an attribute of the Dataset
        self.chosen = np.arange(len(dataset))

    @functools.cached_property
    def _first(self) -> npt.NDArray[Any]:
        return self._converted_image(0)

    @functools.cached_property
    def image_shape(self) -> tuple[int, ...]:
        return self._first.shape

    @functools.cached_property
    def dtype(self) -> Any:
        return self._first.dtype

    def _read(self, positions: IntArray) -> npt.NDArray[Any]:
        images = np.empty((len(positions), *self.image_shape), self.dtype)
        for place, i in enumerate(positions.tolist()):
            image = self._converted_image(i)
            if image.shape != self.image_shape:
                raise ValueError(
                    f"{self.name}: item {i} has another size than item 0; all need one size"
                )
            images[place] = image
        return images

    def converted(self, convert: Callable[[Any], npt.NDArray[Any]]) -> DatasetImages:
        """The same items with another conversion."""
        other = DatasetImages(self.dataset, convert, name=self.name)
        other._listed, other.chosen = self._listed, self.chosen
        return other

    def image(self, i: int) -> Any:
        """The image of an item, as the Dataset gives it. Raises ValueError for a label that differs from the list."""
        image, label = self._item(i)
        if self._listed is None:
            return image
        number = self._class_number(i, label)
        if number != self._listed[i]:
            raise ValueError(
                f"{self.name}: item {i} has the label {number}, but the Dataset's own list of labels says "
                f"{self._listed[i]}: mend or drop its attribute targets or labels"
            )
        return image

    def _converted_image(self, i: int) -> npt.NDArray[Any]:
        image = self.image(i)
        with self._name_item_in_errors(i):
            converted = self._convert(image)
            check_finite(converted)
        return converted

    def _item(self, i: int) -> tuple[Any, Any]:
        """The image and the label of an item: the first two of a tuple, or those of a dict."""
        with self._name_item_in_errors(i):
            item = self.dataset[i]
        if isinstance(item, Mapping):
            image, label = first_of(item, IMAGE_KEYS), first_of(item, LABEL_KEYS)
            if image is not None and label is not None:
                return image, label
        elif isinstance(item, Sequence) and len(item) > 1:
            return item[0], item[1]
        raise ValueError(
            f"{self.name}: item {i} is a {type(item).__name__}: expected {EXPECTED_ITEM}"
        )

    @contextmanager
    def _name_item_in_errors(self, i: int) -> Iterator[None]:
        try:
            yield
        except ImageError as error:
            raise ValueError(f"{self.name}: item {i}: {error}") from error
        except (Exception, SystemExit) as error:  # the user's code may raise any error
            raise ValueError(f"{self.name}: item {i} fails ({first_line(error)})") from error

    def _class_number(self, i: int, label: Any) -> int:
        try:
            number = float(label)
        except Exception:  # each type of label has its own error
            number = np.nan
        if not number.is_integer():
            shown = " ".join(reprlib.repr(label).split())
            raise ValueError(
                f"{self.name}: item {i} has the label {shown}: expected the number of a class, from 0"
            )
        return int(number)

    def labels(self) -> IntArray:
        """Labels int64 [n], from the attribute `targets` or `labels`, or else from every item."""
        for name in ("targets", "labels"):
            listed = getattr(self.dataset, name, None)
            if listed is None or callable(listed):
                continue
            if len(listed) != len(self.dataset):
                raise ValueError(
                    f"{self.name} has {len(self.dataset)} items and {len(listed)} {name}"
                )
            numbers = [self._class_number(i, label) for i, label in enumerate(listed)]
            self._listed = np.array(numbers, np.int64)
            return self._listed[self.chosen]
        read = [self._class_number(i, self._item(i)[1]) for i in self.chosen.tolist()]
        return np.array(read, np.int64)
