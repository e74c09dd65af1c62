"""Folders of image files: their listing, and their images as arrays of one size."""

from __future__ import annotations

import collections
import itertools
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from frequency_shortcuts.storage.files import kind_of

from .splits import check_characters

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
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


def listing(
    root: str | os.PathLike[str], classes: Mapping[str, str] | None = None
) -> tuple[list[Path], npt.NDArray[np.int64], tuple[str, ...]]:
    """The image files root/folder/*, sorted: files [n], labels int64 [n] and the names of the classes.

    `classes` maps each class, in order, to its folder (name -> folder, for example a WordNet id of ImageNet). Without
    it, every folder is a class of the same name. Raises FileNotFoundError for a missing root and ValueError, naming
    them, for classes without a folder, folders without images, images that are no files, and names with control
    characters.
    """
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f"no folder {root}: expected class folders with image files ({', '.join(SUFFIXES)})")
    there = _subfolders(root)
    folders = dict(classes) if classes else {name: name for name in there}
    missing = [
        f"{folder} ({name})" if folder != name else name for name, folder in folders.items() if folder not in there
    ]
    shared = [folder for folder, count in collections.Counter(folders.values()).items() if count > 1]
    if shared:
        raise ValueError(f"{few(shared)} in {root} is the folder of several classes: each needs its own")
    if missing:
        raise ValueError(f"folder {root} has no {few(missing)}; it holds {few(there) if there else 'no folders'}")
    if not folders:
        raise ValueError(f"folder {root} holds no images: expected {root}/<class>/*.jpg or *.png")
    check_characters(list(folders), f"folder {root}")
    files_of_classes = [pictures(root / folder) for folder in folders.values()]
    empty = [str(root / folder) for folder, files in zip(folders.values(), files_of_classes, strict=True) if not files]
    if empty:
        raise ValueError(f"no image files in {few(empty)}: expected {', '.join(SUFFIXES)}")
    labels = np.repeat(np.arange(len(folders)), [len(files) for files in files_of_classes])
    return list(itertools.chain(*files_of_classes)), labels, tuple(folders)


def matched(
    classes: Sequence[str], root: str | os.PathLike[str], mapping: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The folder below `root` for each class, in the order of the classes: class -> folder.

    Without a mapping a class is matched by its name. Raises FileNotFoundError for a missing root, and ValueError, with
    both sides, if a class has no folder or the mapping names a class that does not exist.
    """
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f"no folder {root}: expected a folder for each class in it")
    there = set(_subfolders(root))
    chosen = dict(mapping) if mapping else {name: name for name in classes}
    without = [name for name in classes if chosen.get(name) not in there]
    unknown = [name for name in chosen if name not in classes]
    if without or unknown:
        unused = sorted(there.difference(chosen.values()))
        sides = [f"classes without a folder: {few(without, 20)}"] if without else []
        sides += [f"no such class: {few(unknown, 20)}"] if unknown else []
        sides += [f"folders without a class: {few(unused, 20) or 'none'}"]
        raise ValueError(f"{root} does not match the classes; {'; '.join(sides)}")
    return {name: chosen[name] for name in classes}


def _subfolders(root: Path) -> list[str]:
    """The names of the folders in a folder, sorted. Raises ValueError for a link that leads in a circle."""
    there = sorted(entry for entry in root.iterdir() if not entry.name.startswith("."))
    for entry in there:
        if entry.is_symlink() and not entry.exists() and (kind := kind_of(entry)):
            raise ValueError(f"{entry} is {kind}: expected a folder of images")
    return [entry.name for entry in there if entry.is_dir()]


def pictures(folder: Path) -> list[Path]:
    """The image files in one folder, sorted. Raises ValueError for a FIFO, a folder or the like with such a name."""
    names = []
    with os.scandir(folder) as entries:  # much faster than Path.iterdir on large folders
        for entry in entries:
            if not entry.name.lower().endswith(SUFFIXES) or entry.name.startswith("."):
                continue
            # Costs nothing for files; a link without a target is left to the decoder.
            if not entry.is_file(follow_symlinks=False) and (kind := kind_of(entry.path)):
                raise ValueError(f"{entry.path} is {kind}: expected an image file")
            check_utf8(entry.path)
            names.append(entry.name)
    return [folder / name for name in sorted(names)]


def check_utf8(path: str) -> None:
    """Raise ValueError for a name that is not UTF-8, which tables and pages cannot hold."""
    try:
        path.encode()
    except UnicodeEncodeError:
        raise ValueError(f"the name of {path!r} is not UTF-8: rename it") from None


def twins(files: Sequence[Path], root: Path, other: str | os.PathLike[str]) -> list[Path]:
    """For each file root/class/name the file other/class/name, with any suffix.

    Raises FileNotFoundError for a missing folder and ValueError for files without a twin, naming the first few.
    """
    other = Path(other)
    if not other.is_dir():
        raise FileNotFoundError(f"no folder {other}: expected the same class folders and file names as in {root}")
    known: dict[str, dict[str, Path]] = {}
    twin_files: list[Path] = []
    missing: list[Path] = []
    for file in files:
        folder = file.parent.name
        if folder not in known:
            there = pictures(other / folder) if (other / folder).is_dir() else []
            known[folder] = {path.stem: path for path in there} | {path.name: path for path in there}
        twin = known[folder].get(file.name, known[folder].get(file.stem))
        (missing if twin is None else twin_files).append(file if twin is None else twin)
    if missing:
        raise ValueError(f"{other} has no twin of {few([str(path.relative_to(root)) for path in missing])}")
    return twin_files


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


def few(names: Sequence[str], most: int = 5) -> str:
    """Names, of which the first few are written out."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more
