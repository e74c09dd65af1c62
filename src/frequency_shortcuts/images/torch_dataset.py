"""A torch Dataset of the user as an array of images."""

from __future__ import annotations

import functools
import reprlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from frequency_shortcuts.spectrum.arrays import IntArray, as_array

from .entry_points import first_line
from .pictures import ImageError, Resize, as_pixels, check_finite

# Of Hugging Face's items and batches.
IMAGE_KEYS, LABEL_KEYS = (
    ("pixel_values", "image", "img"),
    ("labels", "label"),
)
PAIR = f"(image, label, ...), or a dict with {' or '.join(IMAGE_KEYS)}, and {' or '.join(LABEL_KEYS)}"  # in errors


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
    if not (np.issubdtype(pixels.dtype, np.floating) and pixels.min() >= 0 and pixels.max() <= 1):
        raise ImageError(
            f"it is {pixels.dtype} from {pixels.min():g} to {pixels.max():g}: expected uint8, or floating point from "
            "0 to 1 (normalise in the network's settings, not in the Dataset)"
        )
    return np.rint(pixels * 255).astype(np.uint8)


def image_and_label(item: Any) -> tuple[Any, Any] | None:
    """The image and label of an item or batch: the first two of a tuple, or those of a dict; None without both."""
    if isinstance(item, Mapping):
        image, label = (
            next((item[key] for key in keys if key in item), None)
            for keys in (IMAGE_KEYS, LABEL_KEYS)
        )
        return None if image is None or label is None else (image, label)
    return (item[0], item[1]) if isinstance(item, Sequence) and len(item) > 1 else None


class DatasetImages:
    """The images of a map-style Dataset [n, channels, H, W], read and converted when they are indexed.

    An item is (image, label) or a dict with both; see `image_and_label`.

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
        self._known: IntArray | None = None  # labels of all items from an attribute of the Dataset
        self.chosen = np.arange(len(dataset))

    @functools.cached_property
    def _first(self) -> npt.NDArray[Any]:
        return self._image(0)

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.chosen), *self._first.shape

    @property
    def dtype(self) -> Any:
        return self._first.dtype

    def __len__(self) -> int:
        return len(self.chosen)

    def subset(self, chosen: IntArray) -> DatasetImages:
        part = copy(self)
        part.chosen = self.chosen[chosen]
        return part

    def __getitem__(self, index: slice | IntArray) -> npt.NDArray[Any]:
        positions = self.chosen[index]
        out = np.empty((len(positions), *self._first.shape), self.dtype)
        for place, i in enumerate(positions.tolist()):
            image = self._image(i)
            if image.shape != self._first.shape:
                raise ValueError(
                    f"{self.name}: item {i} has another size than item 0; all need one size"
                )
            out[place] = image
        return out

    def converted(self, convert: Callable[[Any], npt.NDArray[Any]]) -> DatasetImages:
        """The same items with another conversion."""
        other = DatasetImages(self.dataset, convert, name=self.name)
        other._known, other.chosen = self._known, self.chosen
        return other

    def image(self, i: int) -> Any:
        """The image of an item, as the Dataset gives it. Raises ValueError for a label that differs from the list."""
        image, label = self._item(i)
        if self._known is not None and (own := self._whole(i, label)) != self._known[i]:
            raise ValueError(
                f"{self.name}: item {i} has the label {own}, but the Dataset's own list of labels says "
                f"{self._known[i]}: mend or drop its attribute targets or labels"
            )
        return image

    def _image(self, i: int) -> npt.NDArray[Any]:
        image = self.image(i)
        with self._item_in_errors(i):
            converted = self._convert(image)
            check_finite(converted)
        return converted

    def _item(self, i: int) -> tuple[Any, Any]:
        with self._item_in_errors(i):
            item = self.dataset[i]
        if (pair := image_and_label(item)) is None:
            raise ValueError(f"{self.name}: item {i} is a {type(item).__name__}: expected {PAIR}")
        return pair

    @contextmanager
    def _item_in_errors(self, i: int) -> Iterator[None]:
        try:
            yield
        except ImageError as error:
            raise ValueError(f"{self.name}: item {i}: {error}") from error
        except (Exception, SystemExit) as error:  # the user's code may raise any error
            raise ValueError(f"{self.name}: item {i} fails ({first_line(error)})") from error

    def _whole(self, i: int, label: Any) -> int:
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
            labels = getattr(self.dataset, name, None)
            if labels is not None and not callable(labels):
                if len(labels) != len(self.dataset):
                    raise ValueError(
                        f"{self.name} has {len(self.dataset)} items and {len(labels)} {name}"
                    )
                numbers = enumerate(labels.tolist() if hasattr(labels, "tolist") else labels)
                self._known = np.array([self._whole(i, label) for i, label in numbers], np.int64)
                return self._known[self.chosen]
        return np.array([self._whole(i, self._item(i)[1]) for i in self.chosen.tolist()], np.int64)
