"""Folders of image files: their listing."""

from __future__ import annotations

import collections
import itertools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.storage.files import kind_of

from . import dicom
from .splits import check_characters

SUFFIXES: tuple[str, ...] = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
SUFFIXES += dicom.ENDINGS if dicom.installed() else ()


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


def few(names: Sequence[str], most: int = 5) -> str:
    """Names, of which the first few are written out."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more
