"""Pictures in files as arrays of one size: their decoding, conversion to 8 bits and resizing."""

from __future__ import annotations

import collections
import contextlib
import logging
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from frequency_shortcuts.spectrum.arrays import IntArray
from frequency_shortcuts.storage.files import AnyPath, kind_of

from . import dicom
from .splits import LazyImages

log = logging.getLogger(__name__)

# Pillow goes by the content, and by default opens many more.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
T = TypeVar("T")
OnError = Literal["stop", "skip"]
Resize = int | tuple[int, int] | None  # see `ImageFiles`
BILINEAR = Image.Resampling.BILINEAR
DEEP = (".png", ".tif", ".tiff", *dicom.ENDINGS)  # endings of files that may have 16 bits
FULL = (0, 65535)  # black and white of 16 bits
_LOCK = threading.Lock()
ORIENTATION = 0x0112  # the tag of EXIF
TURNS = {  # the operations that undo its values
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


def black_and_white(least: float, largest: float) -> tuple[float, float]:
    """Of whole values of 16 bits: from 0, or -2**k below a negative one, in the fewest bits, from 8. Else the ends."""
    whole = isinstance(least, int) and isinstance(largest, int)
    if not whole or least < -(2**16) or largest >= 2**16:
        return least, largest
    black = -(1 << (int(-least) - 1).bit_length()) if least < 0 else 0
    bits = max(8, (int(largest) - black).bit_length())
    return black, black + 2**bits - 1


class Tones:
    """Black and white of the 16-bit pictures of a set, found in all its files once, when the first one is decoded.

    `found` is their number, the smallest and the largest value, black and white.
    """

    def __init__(self, files: Sequence[AnyPath], found: tuple[float, ...] | None = None) -> None:
        self.files, self.found = files, found

    @property
    def range(self) -> tuple[float, ...]:
        """Black and white: of whole values powers of 2, so that other pictures of a device are scaled alike."""
        with _LOCK:
            if self.found is None:
                self.found = self._find()
                if self.text:
                    log.warning("%s", self.text)
            return self.found[3:]

    @property
    def count(self) -> int:
        """How many pictures have 16 bits."""
        _ = self.range  # found once
        return int(self.found[0]) if self.found else 0

    def _find(self) -> tuple[float, ...]:
        deep = [path for path in self.files if str(path).lower().endswith(DEEP)]
        with ThreadPoolExecutor(4) as pool:
            ends = [found for found in pool.map(_ends, deep) if found]
        if not ends:
            return 0, *FULL, *FULL
        low = min(least for least, _ in ends)
        high = max(largest for _, largest in ends)
        return len(ends), low, high, *black_and_white(low, high)

    @property
    def text(self) -> str:
        """What is said of them; empty for 0 and 65,535, and before they are found."""
        if self.found is None or self.found[3:] == FULL:
            return ""
        words = "16-bit pictures: {}, values {} to {}; {} is black and {} is white"
        return words.format(*(f"{number:,.7g}" for number in self.found))


def _ends(path: AnyPath) -> tuple[float, float] | None:
    """The smallest and largest value of a 16-bit picture that are not transparent; None of what is no such picture."""
    with contextlib.suppress(Exception):
        if kind_of(path):
            return None
        with opened(path) as picture:
            if not _is_deep(picture):
                return None
            values = np.asarray(picture)
            values = values[values != picture.info.get("transparency")]
            low, high = values.min().item(), values.max().item()
            of_16_bits = picture.mode != "F" and 0 <= low <= high < 2**16
            if of_16_bits or picture.format == "DICOM":
                return low, high
    return None


def _is_deep(picture: Image.Image) -> bool:
    """Whether a picture is grey of more than 8 bits."""
    return picture.mode[0] in "IF"


def opened(path: AnyPath) -> Image.Image:
    """A picture whose head is read. Raises ValueError for a file that is none."""
    if str(path).lower().endswith(dicom.ENDINGS):
        return dicom.read_picture(path)
    try:
        return Image.open(path, formats=FORMATS)
    except UnidentifiedImageError:
        raise ValueError(f"it is none of {', '.join(FORMATS)}") from None


def one_size(files: Iterable[AnyPath]) -> tuple[int, int] | None:
    """The size (height, width) that all pictures have, upright; None if they differ or one cannot be read."""
    sizes = set()
    for path in files:
        try:
            with opened(path) as picture:
                on_its_side = _orientation(picture) > 4
                sizes.add(picture.size if on_its_side else picture.size[::-1])
        except (OSError, ValueError):
            return None
        if len(sizes) > 1:
            return None
    return sizes.pop() if sizes else None


def prefetched(
    read: Callable[[Any], T], items: Iterable[Any], ahead: int = 3, threads: int = 1
) -> Generator[T]:
    """read(item) of every item in order; threads read up to `ahead` items in advance."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: collections.deque[Future[T]] = collections.deque()
        try:
            for item in items:
                waiting.append(pool.submit(read, item))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for result in waiting:
                result.cancel()


class ImageFiles(LazyImages):
    """Image files as one array uint8 [n, channels, height, width]. Several threads decode them when they are read.

    files: their paths. size: (height, width). channels: 3 or 1. resize: pixels of the short side before the
    centre is cropped, as torchvision's Resize and CenterCrop do, or (height, width) before that, whatever the
    shape of the picture; None crops the largest part of the right shape and resizes that. Both average over the pixels
    that they leave out. on_error: whether `decoded` stops at a file that does not decode, or skips it.

    Images that are rotated by EXIF, indexed, grey, CMYK or 16-bit are converted, 16 bits by the `Tones` of all files,
    also in subsets, or those that are given. Transparent pixels are laid on white, and the first frame of an animation
    is used. Indexing raises ValueError, naming the file, if a file does not decode.
    With a dict in `kept`, images stay in it, and in those of subsets.
    """

    kept: dict[Path, npt.NDArray[Any]] | None = None

    def __init__(
        self,
        files: Sequence[AnyPath],
        size: tuple[int, int],
        channels: int = 3,
        *,
        resize: Resize = None,
        workers: int = 1,
        on_error: OnError = "stop",
        tones: Tones | None = None,
    ) -> None:
        if channels not in (1, 3):
            raise ValueError(f"channels {channels}: expected 3 or 1")
        if resize is not None and (np.subtract(resize, size) < 0).any():
            raise ValueError(f"resize {resize}: expected at least the size, {max(size)} pixels")
        self._every_file = list(files)
        self.chosen = np.arange(len(files))
        self.resize, self.on_error = resize, on_error
        self.workers = max(1, workers)
        self.image_shape, self.dtype = (channels, *size), np.dtype(np.uint8)
        self.skipped: list[str] = []
        self.tones = tones or Tones(self._every_file)

    @property
    def files(self) -> list[AnyPath]:
        """The paths of these images."""
        return [self._every_file[i] for i in self.chosen]

    def origin(self) -> tuple[object, ...]:
        """The files with their sizes and times, the settings for reading them, and a range below 16 bits."""
        facts = []
        for file in self.files:
            about = Path(file).stat()
            facts.append((str(file), about.st_size, about.st_mtime_ns))
        tones = self.tones.range
        return facts, self.shape, self.resize, *(tones if tones != FULL else ())

    def _read(self, positions: IntArray) -> npt.NDArray[Any]:
        files = [self._every_file[i] for i in positions]
        images = np.empty((len(files), *self.image_shape), self.dtype)
        for i, pixels in self._in_order(files, "stop"):
            images[i] = pixels
        return images

    def decoded(self, progress: str | None = None) -> Iterator[tuple[int, npt.NDArray[Any]]]:
        """All files in order: (position, uint8 [channels, height, width]), without those that are skipped.

        `skipped` lists the skipped ones. `progress` is the label of a bar on a terminal.
        """
        self.skipped = []
        return self._in_order(self.files, self.on_error, progress)

    def _in_order(
        self, files: Sequence[AnyPath], on_error: OnError, progress: str | None = None
    ) -> Iterator[tuple[int, npt.NDArray[Any]]]:
        paths = map(Path, files)
        disable = None if progress else True
        # Pillow decodes and resizes without Python's lock.
        ahead = prefetched(self._image_or_error, paths, 4 * self.workers, self.workers)
        with contextlib.closing(ahead) as found:
            bar = tqdm(found, progress, len(files), unit="image", disable=disable)
            for i, pixels in enumerate(bar):
                if not isinstance(pixels, Exception):
                    yield i, pixels
                elif isinstance(pixels, ImageError):
                    raise ValueError(f"{files[i]}: {pixels}") from pixels
                elif on_error == "stop":
                    raise ValueError(
                        f"{files[i]} does not decode as an image ({pixels}): mend or delete it; a study leaves it "
                        "out with on_error: skip"
                    ) from pixels
                else:
                    self.skipped.append(str(files[i]))

    def _image_or_error(self, path: Path) -> npt.NDArray[Any] | Exception:
        """The image of a file, or its error: Pillow raises nearly any error for damaged files."""
        try:
            if self.kept is not None and path in self.kept:
                return self.kept[path]
            if kind := kind_of(path):  # it may never end
                raise ValueError(f"it is {kind}, not a file")
            pixels = self._decode(path)
        except Exception as error:
            return error
        if self.kept is not None:
            self.kept[path] = pixels
        return pixels

    def _decode(self, path: Path) -> npt.NDArray[Any]:
        with opened(path) as picture:
            if not _is_deep(picture):
                return self._image(picture, FULL)
            if not str(path).lower().endswith(DEEP):
                raise ValueError("it has 16 bits, so that its name needs to end with .png or .tif")
            return self._image(picture, self.tones.range)

    def _image(self, picture: Image.Image, tones: tuple[float, ...]) -> npt.NDArray[Any]:
        channels, height, width = self.image_shape
        return as_pixels(picture, height, width, channels, self.resize, tones)


def share_tones(*sets: Any) -> None:
    """Scale the 16-bit pictures of several sets alike, by the range of them all; others than `ImageFiles` stay."""
    pictures = [images for images in sets if isinstance(images, ImageFiles)]
    tones = Tones([path for images in pictures for path in images.tones.files])
    for images in pictures:
        images.tones = tones


def as_pixels(
    picture: Image.Image,
    height: int,
    width: int,
    channels: int,
    resize: Resize = None,
    tones: tuple[float, ...] = FULL,
) -> npt.NDArray[np.uint8]:
    """A picture of any kind as uint8 [channels, height, width]; see `ImageFiles` and `upright`."""
    from torchvision.transforms.v2 import functional

    fitted = upright(picture, channels, tones)
    if resize is None:
        fitted = ImageOps.fit(fitted, (width, height), BILINEAR)
    else:
        scaled = functional.resize(fitted, np.atleast_1d(resize).tolist())
        fitted = functional.center_crop(scaled, [height, width])
    pixels = np.asarray(fitted, np.uint8)
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def upright(picture: Image.Image, channels: int, tones: tuple[float, ...] = FULL) -> Image.Image:
    """A picture of any kind in 8 bit, grey for one channel or RGB for three, turned as EXIF says, on white.

    tones : black and white of 16 bits; values outside are clipped

    Raises ValueError for pixels of more than 16 bit, and for floating-point numbers, if they are not of DICOM.
    """
    picture.load()
    turn = TURNS.get(_orientation(picture))
    if _is_deep(picture):
        picture = _in_8_bits(picture, tones)
    if turn is not None:
        picture = picture.transpose(turn)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert("L" if channels == 1 else "RGB")


def _in_8_bits(picture: Image.Image, tones: tuple[float, ...]) -> Image.Image:
    """Grey of more than 8 bits, which Pillow would clip at 255; what is transparent is white."""
    deep = np.asarray(picture)
    of_16_bits = picture.mode != "F" and deep.min() >= 0 and deep.max() <= 65535
    if not of_16_bits and picture.format != "DICOM":
        raise ValueError("pixels are floating-point numbers or of more than 16 bit")
    black, white = tones
    scaled = (deep.astype(np.float64) - black) * 255 / (white - black or 1)
    grey = scaled.clip(0, 255).astype(np.uint8)
    transparent = picture.info.get("transparency")
    if transparent is not None:
        grey[deep == transparent] = 255
    return Image.fromarray(grey)


def _orientation(picture: Image.Image) -> Any:
    """The orientation of a picture by EXIF; other tags are not read, since they may be damaged."""
    try:
        return picture.getexif().get(ORIENTATION, 1)
    except Exception:  # a damaged block of tags counts as none
        return 1
