"""Folders, CSV files and lists of pictures: which files there are, their classes, and what is left out."""

from __future__ import annotations

import collections
import csv
import io
import itertools
import logging
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray, as_array
from frequency_shortcuts.storage.files import AnyPath

from . import dicom
from .pictures import OnError

log = logging.getLogger(__name__)

SUFFIXES: tuple[str, ...] = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
SUFFIXES += dicom.ENDINGS if dicom.installed() else ()
TABLES = (".csv", ".tsv", ".txt")
# What is left out
CIRCLE = "links that lead in a circle"
NO_FILE = "files that do not exist"
NOT_UTF8 = "names that are not UTF-8"
ROWS = "rows without path or label"
EMPTY = "classes without pictures"
BROKEN = "pictures that cannot be read"
TWICE = "files that are listed twice"
FEW = "classes of fewer than {} pictures"
NO_LABEL = ("nan", "<NA>", "NaT")
HOW = 'mend this, or leave it out with --skip-broken, in Python fs.Files(..., on_error="skip")'


@dataclass(frozen=True, eq=False)
class Files:
    """Pictures in files, with their classes.

    path : a folder with a folder of pictures, at any depth, for each class; a CSV, separated by comma, semicolon, tab
        or |; or a list of paths
    labels : of a folder, the path of a CSV, whose paths are relative to the folder, or else to the CSV; of a list, the
        name or number of the class of each picture, None or NaN without one, as are labels in a CSV. If all are whole,
        such as 3 or 3.0, they are numbers
    path_column, label_column : of the CSV
    on_error : whether pictures that do not exist, cannot be read or stand in a row above, links that lead in a circle,
        and classes without enough pictures stop with an error that names all of them, or are left out: stop or skip

    Raises ValueError for another `on_error`.

    >>> files = fs.Files("scans", "scans.csv", path_column="filename", label_column="finding", on_error="skip")
    >>> result = fs.analyse(network, files, transform=transform)
    """

    path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
    labels: Any = None
    _: KW_ONLY
    path_column: str = "path"
    label_column: str = "label"
    on_error: OnError = "stop"

    def __post_init__(self) -> None:
        if isinstance(self.path, str | os.PathLike):
            object.__setattr__(self, "path", Path(self.path))
        if self.on_error not in ("stop", "skip"):
            raise ValueError(f"on_error {self.on_error!r}: expected stop or skip")

    @property
    def table(self) -> Path | None:
        """The CSV, if there is one."""
        if not isinstance(self.path, Path):
            return None
        named = self.path if self.path.suffix.lower() in TABLES else self.labels
        return Path(named) if isinstance(named, str | os.PathLike) else None

    @property
    def root(self) -> Path:
        """The folder to which names are relative."""
        path = self.path if isinstance(self.path, Path) else Path()
        return path.parent if path == self.table else path

    @property
    def source(self) -> AnyPath:
        """What lists the pictures, in errors."""
        return self.table or (self.path if isinstance(self.path, Path) else "the list")


@dataclass(frozen=True, eq=False)
class Listing:
    """Picture files and their classes.

    files : paths [n]; labels : int64 [n]; classes : names, or None where there are only numbers
    every : the classes before any was left out
    places, total : of the files, int64 [n], among so many that were given
    problems : what is left out, kind -> names; others : endings of files that are no pictures; columns : of a CSV,
        of all its rows
    """

    given: Files
    files: list[Path]
    labels: IntArray
    classes: tuple[str, ...] | None
    every: tuple[str, ...] | None
    places: IntArray
    total: int
    problems: Mapping[str, list[str]]
    others: Sequence[str] = ()
    columns: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The files relative to the folder, where they are in it."""
        return [self._name(file) for file in self.files]

    def _name(self, file: Path) -> str:
        root = self.given.root
        return str(file.relative_to(root) if file.is_relative_to(root) else file)

    @property
    def left_out(self) -> str:
        """Where, what and how much is left out, in words; empty for nothing."""
        words = [f"{kind}: {len(names)} ({few(names)})" for kind, names in self.problems.items()]
        if self.others:
            counts = collections.Counter(self.others).most_common()
            words.append(
                f"other files: {few([f'{count} {ending}' for ending, count in counts], 10)}"
            )
        if not set(dicom.ENDINGS).isdisjoint(self.others):
            words.append(dicom.INSTALL)
        return f"{self.given.source}: {'; '.join(words)}" if words else ""

    def large(self, good: BoolArray, fewest: int) -> BoolArray:
        """Which of the good pictures [n] are of a class with enough of them."""
        numbers, labels = np.unique(self.labels, return_inverse=True)
        counts = np.bincount(labels[good], minlength=len(numbers))
        return good & (counts[labels] >= fewest)

    def settled(
        self, good: BoolArray | None = None, fewest: int = 1, how: str = HOW
    ) -> tuple[Listing, IntArray]:
        """Leave out pictures that are not good and classes of fewer pictures: what is left, and its positions.

        Raises ValueError, with all that is wrong, if nothing may be left out, or nothing is left.
        """
        if good is None:
            good = np.ones(len(self.files), bool)
        kept = np.flatnonzero(self.large(good, fewest))
        problems = {
            **self.problems,
            BROKEN: [self._name(self.files[i]) for i in np.flatnonzero(~good)],
            FEW.format(fewest): self._small_classes(good, kept),
        }
        numbers, labels = np.unique(self.labels[kept], return_inverse=True)
        left = replace(
            self,
            files=[self.files[i] for i in kept],
            labels=labels if self.classes else self.labels[kept],
            classes=self.classes and tuple(self.classes[k] for k in numbers),
            places=self.places[kept],
            problems={kind: names for kind, names in problems.items() if names},
        )
        if not len(kept):
            how = f"no picture is left: expected {self.given.root}/<class>/*.jpg or *.png, or a CSV"
        if not len(kept) or (left.problems and self.given.on_error == "stop"):
            raise ValueError(f"{left.left_out or self.given.root}: {how}")
        return left, kept

    def _small_classes(self, good: BoolArray, kept: IntArray) -> list[str]:
        """The classes of which no picture is kept, with the number of their good pictures."""
        words = []
        for number in np.setdiff1d(self.labels, self.labels[kept]).tolist():
            name = self.classes[number] if self.classes else number
            words.append(f"{name}: {np.count_nonzero(self.labels[good] == number)}")
        return words


def listing(given: Files | AnyPath, classes: Mapping[str, str] | None = None) -> Listing:
    """The pictures of a folder, sorted, or of a CSV or list, in its order; what is wrong stands in `problems`.

    classes : maps each class, in order, to its folder (name -> folder, for example a WordNet id of ImageNet). Without
        it, every folder with pictures is a class of the same name

    Raises FileNotFoundError for a path that does not exist and ValueError, naming them, for classes without a folder
    and columns that are not there.
    """
    given = given if isinstance(given, Files) else Files(given)
    if not isinstance(given.path, Path):
        return _list_rows(given)
    if given.labels is not None and given.table in (None, given.path):
        kind = type(given.labels).__name__
        raise ValueError(
            f"labels of {given.path} are a {kind}: expected the path of a CSV for a folder, and none for a CSV"
        )
    return _list_rows(given) if given.table else _list_folder(given, classes)


def class_files(
    root: AnyPath, classes: Mapping[str, str] | None = None
) -> tuple[list[Path], IntArray, tuple[str, ...]]:
    """The pictures of a folder, their labels and classes; see `listing`. Other files in it are logged.

    Raises ValueError, with all that is wrong.
    """
    found, _ = listing(root, classes).settled(how="mend this")
    if found.left_out:
        log.warning("Left out of %s", found.left_out)
    return found.files, found.labels, found.classes or ()


def _list_folder(given: Files, classes: Mapping[str, str] | None) -> Listing:
    walk = _Walk(given.root)
    folders = {name: name for name in walk.class_folders()}
    if classes:
        folders = matched([*classes], given.root, classes)
    names: list[str] = []
    files: list[Path] = []
    counts: list[int] = []
    for name, folder in folders.items():
        pictures = walk.pictures(given.root / folder)
        if not pictures:
            walk.problems[EMPTY].append(folder)
            continue
        names.append(name)
        files += pictures
        counts.append(len(pictures))
    return Listing(
        given,
        files,
        labels=np.repeat(np.arange(len(names)), counts),
        classes=tuple(names),
        every=tuple(names),
        places=np.arange(len(files)),
        total=len(files),
        problems=walk.problems,
        others=walk.others,
    )


def _list_rows(given: Files) -> Listing:
    """The pictures of a CSV or list, in its order."""
    folders = [given.root]
    columns: dict[str, list[str]] = {}
    if given.table:
        columns = read_columns(given.table, [given.path_column, given.label_column])
        paths, labels = columns[given.path_column], columns[given.label_column]
        folders.append(given.table.parent)
    else:
        paths, labels = _paths_and_labels(given)
    files: dict[int, Path] = {}
    listed = set[Path]()
    problems = collections.defaultdict[str, list[str]](list)
    for row, (path, label) in enumerate(zip(paths, labels, strict=True)):
        there = [folder / path for folder in folders if (folder / path).exists()]
        problem = _problem_of_row(path, label, there)
        if problem is None and there[0].absolute() in listed:
            problem = TWICE
        if problem is None:
            files[row] = there[0]
            listed.add(there[0].absolute())
        else:
            problems[problem].append(f"row {row + 1}" if problem == ROWS else printable(path))
    numbers, classes = _numbered([labels[row] for row in files])
    return Listing(
        given,
        [*files.values()],
        numbers,
        classes,
        every=classes,
        places=np.array([*files], np.int64),
        total=len(paths),
        problems=problems,
        columns=columns,
    )


def _paths_and_labels(given: Files) -> tuple[list[str], list[str]]:
    """The paths and labels of a list, as text; a label is empty where there is none."""
    listed: Any = given.path
    values = given.labels
    if not isinstance(values, list | tuple):
        values = np.atleast_1d(as_array(values))
    # One by one: an array of text would make NaN a name.
    plain = [as_array(value).tolist() for value in values]
    labels = ["" if label is None else str(label).strip() for label in plain]
    labels = ["" if label in NO_LABEL else label for label in labels]
    if len(labels) != len(listed):
        raise ValueError(
            f"{len(listed)} pictures have {len(labels)} labels: expected a name or number for each"
        )
    return [str(path) for path in listed], labels


def _problem_of_row(path: str, label: str, there: Sequence[Path]) -> str | None:
    """Why a row is left out. there : the files that its path can name"""
    if not (path and label):
        return ROWS
    if printable(path) != path:
        return NOT_UTF8
    if not there:
        return NO_FILE
    if path.lower().endswith(dicom.ENDINGS) and not dicom.installed():
        return dicom.INSTALL
    return None


def _numbered(labels: Sequence[str]) -> tuple[IntArray, tuple[str, ...] | None]:
    """The number of each label, and the names in sorted order; whole numbers stay, without names."""
    if all(re.fullmatch(r"\d{1,9}(\.0*)?", label) for label in labels):
        return np.array([int(float(label)) for label in labels], np.int64), None
    names, numbers = np.unique(labels, return_inverse=True)
    return numbers, tuple(names.tolist())


def read_columns(path: AnyPath, names: Sequence[str]) -> dict[str, list[str]]:
    """The columns of a CSV, as text. Its separator is the one of , ; tab | with which the head has these names.

    names : of columns that it must have

    Raises FileNotFoundError or ValueError, in one sentence.
    """
    wanted = " and ".join(names)
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        tables = [_csv_rows(text, separator) for separator in ",;\t|"]
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path} does not exist: expected a CSV with the columns {wanted}"
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f"{path} is no CSV in UTF-8 with the columns {wanted} ({error})"
        ) from error
    rows = max(tables, key=lambda table: (set(names) <= set(table[0]), len(table[0])))
    missing = [name for name in names if name not in rows[0]]
    if missing:
        there = few(rows[0], 20) or "none"
        raise ValueError(f"{path} has no column {few(missing)}: its columns are {there}")
    if len(rows) == 1:
        raise ValueError(f"{path} lists no pictures")
    columns = itertools.zip_longest(*rows, fillvalue="")  # a row may lack its last cells
    return {name: values for name, *values in columns}


def _csv_rows(text: str, separator: str) -> list[list[str]]:
    """The rows of a CSV, at least one, without blank ones."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    return [[cell.strip() for cell in row] for row in rows if row] or [[]]


def matched(
    classes: Sequence[str], root: AnyPath, mapping: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The folder below `root` for each class, in the order of the classes: class -> folder.

    Without a mapping a class is matched by its name. Raises FileNotFoundError for a missing root, and ValueError, with
    both sides, if a class has no folder of its own or the mapping names a class that does not exist.
    """
    there = _Walk(Path(root)).class_folders()
    chosen = dict(mapping) if mapping else {name: name for name in classes}
    without = [name for name in classes if chosen.get(name) not in there]
    unknown = [name for name in chosen if name not in classes]
    if without or unknown:
        unused = [folder for folder in there if folder not in chosen.values()]
        raise ValueError(
            f"{root} does not match the classes; classes without a folder: {few(without, 20) or 'none'}; "
            f"no such class: {few(unknown, 20) or 'none'}; folders without a class: {few(unused, 20) or 'none'}"
        )
    counts = collections.Counter(chosen.values())
    shared = [folder for folder, count in counts.items() if count > 1]
    if shared:
        raise ValueError(
            f"{few(shared)} in {root} is the folder of several classes: each needs its own"
        )
    return {name: chosen[name] for name in classes}


class _Walk:
    """What is in a folder and below it. Raises FileNotFoundError for a folder that is not there.

    others : the endings of files that are no pictures; problems : what is left out, kind -> names
    """

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            what = "is a file" if root.exists() else "does not exist"
            raise FileNotFoundError(
                f"{root} {what}: expected a folder with a folder for each class, or a CSV"
            )
        self.root = root
        self.others: list[str] = []
        self.problems = collections.defaultdict[str, list[str]](list)

    def class_folders(self) -> list[str]:
        """The names of the folders in it, sorted."""
        _, folders, files = next(os.walk(self.root, onerror=_raise))
        outside = [name for name in sorted(files) if self._is_picture(self.root / name)]
        self.others += ["outside of class folders"] * len(outside)
        return self._followed(self.root, folders)

    def pictures(self, folder: Path) -> list[Path]:
        """The pictures in a folder, and in folders in it at any depth."""
        found = []
        for place, folders, files in os.walk(folder, onerror=_raise, followlinks=True):
            folders[:] = self._followed(Path(place), folders)  # os.walk goes on into these
            paths = [Path(place, name) for name in sorted(files)]
            found += [path for path in paths if self._is_picture(path)]
        return found

    def _followed(self, place: Path, names: Sequence[str]) -> list[str]:
        """Those of the folders in a folder that are followed, sorted."""
        followed = []
        for name in sorted(names):
            folder = place / name
            if name.startswith("."):
                continue
            if printable(name) != name:
                self._leave_out(NOT_UTF8, folder)
            elif folder.is_symlink() and any(map(folder.samefile, folder.parents)):
                self._leave_out(CIRCLE, folder)
            else:
                followed.append(name)
        return followed

    def _is_picture(self, path: Path) -> bool:
        """Whether a file is a picture by its name; what else it is is noted."""
        name = path.name.lower()
        if name.startswith(".") or name in ("thumbs.db", "desktop.ini"):
            return False
        if printable(name) != name:
            self._leave_out(NOT_UTF8, path)
            return False
        if not name.endswith(SUFFIXES):
            self.others.append(path.suffix.lower() or "without an ending")
            return False
        if not path.exists():  # a link to nothing, or to itself
            self._leave_out(NO_FILE, path)
            return False
        return True

    def _leave_out(self, kind: str, path: Path) -> None:
        self.problems[kind].append(printable(str(path.relative_to(self.root))))


def _raise(error: OSError) -> None:
    raise error


def printable(name: str) -> str:
    """The name itself if it is UTF-8."""
    return os.fsencode(name).decode(errors="backslashreplace")


def twins(files: Sequence[Path], root: Path, other: AnyPath) -> list[Path]:
    """For each file root/class/name the file other/class/name, with any suffix.

    Raises FileNotFoundError for a missing folder and ValueError for files without a twin, naming the first few.
    """
    other = Path(other)
    there = _Walk(other).pictures(other)
    known = {path.with_suffix(""): path for path in there} | {path: path for path in there}
    wanted = [other / file.relative_to(root) for file in files]
    found = [known.get(path) or known.get(path.with_suffix("")) for path in wanted]
    missing = [
        str(path.relative_to(other)) for path, twin in zip(wanted, found, strict=True) if not twin
    ]
    if missing:
        raise ValueError(f"{other} has no twin of {few(missing)}")
    return [twin for twin in found if twin]


def few(names: Sequence[str], most: int = 5) -> str:
    """Names, of which the first few are written out."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more
