"""Pictures in files as arrays of one size: their decoding, conversion to 8 bits and resizing."""

from __future__ import annotations

import collections
import itertools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from frequency_shortcuts.storage.files import kind_of

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")  # Pillow goes by the content, and by default opens many more
OnError = Literal["stop", "skip"]
Resize = int | tuple[int, int] | None  # see `ImageFiles`
BILINEAR = Image.Resampling.BILINEAR
# The operations that undo the orientations of EXIF
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class ImageError(ValueError):
    """A picture or item from which no image of the right kind and size can be made, in words that follow its name."""


def check_finite(image: npt.NDArray[Any]) -> None:
    """Raise ImageError for an image that holds numbers that are not finite."""
    if image.dtype.kind == "f" and not np.isfinite(image).all():
        raise ImageError("it holds numbers that are not finite")


class ImageFiles:
    """Image files as one array uint8 [n, channels, height, width]. Several threads decode them when they are read.

    files: their paths. size: (height, width). channels: 3 or 1. resize: pixels of the short side before the
    centre is cropped, as torchvision's Resize and CenterCrop do, or (height, width) before that, whatever the
    shape of the picture; None crops the largest part of the right shape and resizes that. Both average over the pixels
    that they leave out. on_error: whether `decoded` stops at a file that does not decode, or skips it.

    Images that are rotated by EXIF, indexed, grey, CMYK or 16-bit are converted. Transparent pixels are laid on white,
    and the first frame of an animation is used. `converted` counts these images. Indexing raises ValueError, naming the
    file, if a file does not decode. With a dict in `kept`, images stay in it, and in those of subsets.
    """

    kept: dict[Path, npt.NDArray[Any]] | None = None

    def __init__(
        self,
        files: Sequence[str | os.PathLike[str]],
        size: tuple[int, int],
        channels: int = 3,
        *,
        resize: Resize = None,
        workers: int = 1,
        on_error: OnError = "stop",
    ) -> None:
        if channels not in (1, 3):
            raise ValueError(f"channels {channels}: expected 3 or 1")
        if resize is not None and (np.subtract(resize, size) < 0).any():
            raise ValueError(f"resize {resize}: expected at least the size, {max(size)} pixels")
        self.files, self.resize = list(files), resize
        self.workers, self.on_error = max(1, workers), on_error
        self.shape = (len(self.files), channels, *size)
        self.dtype = np.dtype(np.uint8)
        self.converted: collections.Counter[str] = collections.Counter()
        self.skipped: list[str] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.files)

    def subset(self, chosen: npt.NDArray[np.int64]) -> ImageFiles:
        """Some of the files, in that order."""
        part = copy(self)
        part.files = [self.files[i] for i in chosen]
        part.shape = (len(part.files), *self.shape[1:])
        part.converted, part.skipped = collections.Counter(), []
        return part

    def origin(self) -> tuple[object, ...]:
        """The files with their sizes and times, and the settings for reading them."""
        facts = [(str(name), (about := Path(name).stat()).st_size, about.st_mtime_ns) for name in self.files]
        return facts, self.shape, self.resize

    def __getitem__(self, index: slice | npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        chosen = np.arange(len(self))[index]
        out = np.empty((len(chosen), *self.shape[1:]), self.dtype)
        for i, (_, pixels) in enumerate(self._in_order(chosen, "stop", None)):
            out[i] = pixels
        return out

    def decoded(
        self, progress: str | None = None, then: Callable[[npt.NDArray[Any]], Any] | None = None
    ) -> Iterator[tuple[int, Any]]:
        """All files in order: (position, uint8 [channels, height, width]), without those that are skipped.

        `skipped` lists the skipped ones. `progress` is the label of a bar on a terminal. `then` is applied to the
        pixels in the thread that decodes them, and its result replaces them.
        """
        self.skipped.clear()
        self.converted.clear()
        return self._in_order(np.arange(len(self)), self.on_error, progress, then)

    def _in_order(
        self,
        chosen: npt.NDArray[np.int64],
        on_error: OnError,
        progress: str | None,
        then: Callable[[npt.NDArray[Any]], Any] | None = None,
    ) -> Iterator[tuple[int, Any]]:
        def work(path: Path) -> Any:
            pixels = None if self.kept is None else self.kept.get(path)
            if pixels is None:
                if kind := kind_of(path):  # it may never end
                    raise ValueError(f"it is {kind}, not a file")
                pixels = self._decode(path)
                if self.kept is not None:
                    self.kept[path] = pixels
            return then(pixels) if then else pixels

        with (
            ThreadPoolExecutor(self.workers) as pool,  # Pillow decodes and resizes without Python's lock
            tqdm(total=len(chosen), desc=progress, unit="image", disable=None if progress else True) as bar,
        ):
            waiting: collections.deque[tuple[int, Future[Any]]] = collections.deque()
            rest = iter(chosen.tolist())
            try:
                while True:
                    for i in itertools.islice(rest, 4 * self.workers - len(waiting)):
                        waiting.append((i, pool.submit(work, Path(self.files[i]))))
                    if not waiting:
                        return
                    i, result = waiting.popleft()
                    bar.update()
                    try:
                        pixels = result.result()
                    except ImageError as error:
                        raise ValueError(f"{self.files[i]}: {error}") from error
                    except Exception as error:  # Pillow raises nearly any error for damaged files
                        if on_error == "stop":
                            raise ValueError(
                                f"{self.files[i]} does not decode as an image ({error}): mend or delete it; a "
                                "study leaves it out with on_error: skip"
                            ) from error
                        self.skipped.append(str(self.files[i]))
                    else:
                        yield i, pixels
            finally:
                for _, result in waiting:
                    result.cancel()

    def _decode(self, path: Path) -> npt.NDArray[Any]:
        try:
            opened = Image.open(path, formats=FORMATS)
        except UnidentifiedImageError:
            raise ValueError(f"it is none of {', '.join(FORMATS)}") from None
        with opened as picture:
            peculiarities = _peculiarities(picture)
            pixels = self._image(picture)
        if peculiarities:
            with self._lock:
                self.converted.update(peculiarities)
        return pixels

    def _image(self, picture: Image.Image) -> npt.NDArray[Any]:
        _, channels, height, width = self.shape
        return as_pixels(picture, height, width, channels, self.resize)


def as_pixels(
    picture: Image.Image,
    height: int,
    width: int,
    channels: int,
    resize: Resize = None,
) -> npt.NDArray[np.uint8]:
    """A picture of any kind as uint8 [channels, height, width]; see `ImageFiles` and `upright`."""
    whole = upright(picture, channels)
    if resize is None:
        fitted = ImageOps.fit(whole, (width, height), BILINEAR)
    elif isinstance(resize, tuple):
        fitted = _middle(whole.resize(resize[::-1], BILINEAR), height, width)
    else:
        short, long = sorted(whole.size)
        scaled = int(resize * long / short)  # rounded down, as torchvision does
        size = (resize, scaled) if whole.width <= whole.height else (scaled, resize)
        fitted = _middle(whole.resize(size, BILINEAR), height, width)
    pixels = np.asarray(fitted, np.uint8)
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def upright(picture: Image.Image, channels: int) -> Image.Image:
    """A picture of any kind in 8 bit, grey for one channel or RGB for three, turned as EXIF says, on white.

    Raises ValueError for pixels of more than 16 bit, and for floating-point numbers.
    """
    picture.load()
    turn = _TURNS.get(_orientation(picture))
    turned = picture.transpose(turn) if turn is not None else picture
    if turned.mode.startswith("I"):  # 16 bit: Pillow would clip at 255
        deep = np.asarray(turned)
        if deep.min() < 0 or deep.max() > 65535:
            raise ValueError("pixels of more than 16 bit")
        tones = (deep // 257).astype(np.uint8)
        clear = picture.info.get("transparency")
        turned = Image.fromarray(tones if clear is None else np.where(deep == clear, np.uint8(255), tones))
    elif turned.mode == "F":
        raise ValueError("pixels are floating-point numbers")
    elif turned.has_transparency_data:
        turned = turned.convert("RGBA")
        turned = Image.alpha_composite(Image.new("RGBA", turned.size, "white"), turned)
    return turned.convert("L" if channels == 1 else "RGB")


def _orientation(picture: Image.Image) -> Any:
    """The orientation of a picture by EXIF; other tags are not read, since they may be damaged."""
    try:
        return picture.getexif().get(0x0112, 1)
    except Exception:  # a damaged block of tags counts as none
        return 1


def _middle(picture: Image.Image, height: int, width: int) -> Image.Image:
    left, top = round((picture.width - width) / 2), round((picture.height - height) / 2)
    return picture.crop((left, top, left + width, top + height))


def _peculiarities(picture: Image.Image) -> list[str]:
    """The properties of a picture that need a conversion, in words; grey and 8-bit colour do not count."""
    modes = {"CMYK": "CMYK", "P": "indexed colours", "1": "black and white", "YCbCr": "YCbCr", "LAB": "LAB"}
    words = [modes[picture.mode]] if picture.mode in modes else []
    words += ["16 bit"] if picture.mode.startswith("I") else []
    words += ["transparency"] if picture.has_transparency_data else []
    words += ["animation or pages"] if picture.format != "MPO" and getattr(picture, "is_animated", False) else []
    words += ["turned by EXIF"] if _orientation(picture) in _TURNS else []
    return words
