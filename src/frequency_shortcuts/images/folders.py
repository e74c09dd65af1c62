"""Folders, CSV files and lists of pictures: which files there are, their classes, and what is left out."""

from __future__ import annotations

import collections
import csv
import io
import logging
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray, as_array
from frequency_shortcuts.storage.files import AnyPath, kind_of

from . import dicom
from .pictures import OnError
from .splits import check_characters

log = logging.getLogger(__name__)

SUFFIXES: tuple[str, ...] = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
SUFFIXES += dicom.ENDINGS if dicom.installed() else ()
TABLES = (".csv", ".tsv", ".txt")
# What is left out
CIRCLE, MISSING, NAME = (
    "links that lead in a circle",
    "files that do not exist",
    "names that are not UTF-8",
)
ROWS, EMPTY, BROKEN = (
    "rows without path or label",
    "classes without pictures",
    "pictures that cannot be read",
)
TWICE, FEW = "files that are listed twice", "classes of fewer than {} pictures"
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
        root = self.given.root
        return [
            str(file.relative_to(root) if file.is_relative_to(root) else file)
            for file in self.files
        ]

    @property
    def left_out(self) -> str:
        """Where, what and how much is left out, in words; empty for nothing."""
        where = (
            (self.given.table or self.given.path)
            if isinstance(self.given.path, Path)
            else "the list"
        )
        parts = [f"{kind}: {len(names)} ({few(names)})" for kind, names in self.problems.items()]
        if counts := collections.Counter(self.others).most_common():
            parts.append(
                f"other files: {few([f'{count} {ending}' for ending, count in counts], 10)}"
            )
            parts += [] if set(dicom.ENDINGS).isdisjoint(self.others) else [dicom.INSTALL]
        return f"{where}: {'; '.join(parts)}" if parts else ""

    def large(self, good: BoolArray, fewest: int) -> BoolArray:
        """Which of the good pictures [n] are of a class with enough of them."""
        numbers, labels = np.unique(self.labels, return_inverse=True)
        return good & (np.bincount(labels[good], minlength=len(numbers)) >= fewest)[labels]

    def settled(
        self, good: BoolArray | None = None, fewest: int = 1, how: str = HOW
    ) -> tuple[Listing, IntArray]:
        """Leave out pictures that are not good and classes of fewer pictures: what is left, and its positions.

        Raises ValueError, with all that is wrong, if nothing may be left out, or nothing is left.
        """
        good = np.ones(len(self.files), bool) if good is None else good
        kept, counts = (
            np.flatnonzero(self.large(good, fewest)),
            collections.Counter(self.labels[good].tolist()),
        )
        small = np.setdiff1d(self.labels, self.labels[kept]).tolist()
        broken = (
            []
            if good.all()
            else [name for name, fine in zip(self.names, good, strict=True) if not fine]
        )
        few_of = [f"{self.classes[k] if self.classes else k}: {counts[k]}" for k in small]
        problems = {
            kind: names for kind, names in ((BROKEN, broken), (FEW.format(fewest), few_of)) if names
        }
        numbers, labels = np.unique(self.labels[kept], return_inverse=True)
        left = replace(
            self,
            files=[self.files[i] for i in kept],
            labels=labels if self.classes else self.labels[kept],
            classes=self.classes and tuple(self.classes[k] for k in numbers),
            places=self.places[kept],
            problems={**self.problems, **problems},
        )
        form = (
            "paths relative to {} or to the CSV"
            if self.given.table
            else "{}/<class>/*.jpg or *.png, or a CSV"
        )
        how = how if len(kept) else f"no picture is left: expected {form.format(self.given.root)}"
        if not len(kept) or (left.problems and self.given.on_error == "stop"):
            raise ValueError(f"{left.left_out or self.given.root}: {how}")
        return left, kept


def listing(given: Files | AnyPath, classes: Mapping[str, str] | None = None) -> Listing:
    """The pictures of a folder, sorted, or of a CSV or list, in its order; what is wrong stands in `problems`.

    classes : maps each class, in order, to its folder (name -> folder, for example a WordNet id of ImageNet). Without
        it, every folder with pictures is a class of the same name

    Raises FileNotFoundError for a path that does not exist and ValueError, naming them, for classes without a folder,
    columns that are not there, and names with control characters.
    """
    given = given if isinstance(given, Files) else Files(given)
    path, table = given.path, given.table
    if isinstance(path, Path) and given.labels is not None and table in (None, path):
        kind = type(given.labels).__name__
        raise ValueError(
            f"labels of {path} are a {kind}: expected the path of a CSV for a folder, and none for a CSV"
        )
    found = _of_folder(given, classes) if isinstance(path, Path) and not table else _of_rows(given)
    check_characters(found.classes or (), f"folder {given.root}")
    return found


def class_files(
    root: AnyPath, classes: Mapping[str, str] | None = None, on_error: OnError = "stop"
) -> tuple[list[Path], IntArray, tuple[str, ...]]:
    """The pictures of a folder, their labels and classes; see `listing`. What is left out or not read is logged.

    Raises ValueError, with all that is wrong, unless this is files that do not exist, and on_error is skip.
    """
    found = listing(Files(root, on_error=on_error), classes)
    if found.problems.keys() - {MISSING}:
        found = replace(found, given=Files(root))
    found, _ = found.settled(how="mend this")
    if found.left_out:
        log.warning("Left out of %s", found.left_out)
    return found.files, found.labels, found.classes or ()


def _of_folder(given: Files, classes: Mapping[str, str] | None) -> Listing:
    walk, root = _Walk(given.root), given.root
    inside, outside = walk.entries(root)
    folders = (
        matched([*classes], root, classes)
        if classes
        else {folder.name: folder.name for folder in inside}
    )
    if shared := [
        folder for folder, count in collections.Counter(folders.values()).items() if count > 1
    ]:
        raise ValueError(
            f"{few(shared)} in {root} is the folder of several classes: each needs its own"
        )
    files = {name: walk.pictures(root / folder, (root,)) for name, folder in folders.items()}
    if empty := [folders[name] for name, own in files.items() if not own]:
        walk.problems[EMPTY] = empty
    named = tuple(name for name in folders if files[name])
    others = walk.others + ["outside of class folders"] * len(outside)
    labels = np.repeat(np.arange(len(named)), [len(files[name]) for name in named]).astype(np.int64)
    listed = [file for name in named for file in files[name]]
    return Listing(
        given,
        listed,
        labels,
        named,
        named,
        np.arange(len(listed)),
        len(listed),
        walk.problems,
        others,
    )


def _of_rows(given: Files) -> Listing:
    columns: dict[str, list[str]] = {}
    bases, problems = [given.root], collections.defaultdict[str, list[str]](list)
    if given.table:
        hint = "; others are named by --path-column and --label-column, or fs.Files(..., label_column=...)"
        columns = read_table(given.table, [given.path_column, given.label_column], hint)
        paths, labels = columns[given.path_column], columns[given.label_column]
        bases.append(given.table.parent)
    else:
        listed_paths: Any = given.path
        paths = [str(path) for path in listed_paths]
        values = (
            given.labels
            if isinstance(given.labels, list | tuple)
            else np.atleast_1d(as_array(given.labels))
        )
        # One by one: an array of text would make NaN a name.
        own = [as_array(value).tolist() for value in values]
        labels = [
            "" if one is None or str(one) in ("nan", "<NA>", "NaT") else str(one).strip()
            for one in own
        ]
        if len(labels) != len(paths):
            raise ValueError(
                f"{len(paths)} pictures have {len(labels)} labels: expected a name or number for each"
            )
    files: dict[int, Path] = {}
    listed = set[Path]()
    for i, (path, label) in enumerate(zip(paths, labels, strict=True)):
        there = [base / path for base in bases if (base / path).exists()]
        kind = (
            ROWS
            if not (path and label)
            else NAME
            if printable(path) != path
            else ""
            if there
            else MISSING
        )
        if not kind and path.lower().endswith(dicom.ENDINGS) and not dicom.installed():
            kind = dicom.INSTALL
        if kind := kind or (TWICE if there[0].absolute() in listed else ""):
            problems[kind].append(f"row {i + 1}" if kind == ROWS else printable(path))
        else:
            files[i] = there[0]
            listed.add(there[0].absolute())
    names, numbers = np.unique(own := [labels[i] for i in files], return_inverse=True)
    classes: tuple[str, ...] | None = tuple(names.tolist())
    if all(re.fullmatch(r"\d{1,9}(\.0*)?", label) for label in own):
        classes, numbers = None, np.array([int(float(label)) for label in own], np.int64)
    places = np.array([*files], np.int64)
    return Listing(
        given,
        [*files.values()],
        numbers,
        classes,
        classes,
        places,
        len(paths),
        problems,
        (),
        columns,
    )


def read_table(path: AnyPath, columns: Sequence[str], hint: str = "") -> dict[str, list[str]]:
    """A CSV as text, a list a column. Its separator is the one of , ; tab | with which the head has the columns.

    Blank lines above the head are left out, as is the sep=; of Excel.

    columns : that it must have; hint : what an error says besides

    Raises FileNotFoundError or ValueError, in one sentence.
    """
    wanted = " and ".join(columns)
    try:
        text = re.sub(r"\A(\s*\n|(?i:sep=.)\n)+", "", Path(path).read_text(encoding="utf-8-sig"))
        firsts = {
            one: next(csv.reader(io.StringIO(text, newline=""), delimiter=one), ())
            for one in ",;\t|"
        }
        heads = {one: [name.strip() for name in first] for one, first in firsts.items()}
        separator = max(heads, key=lambda one: ({*columns} <= {*heads[one]}, len(heads[one])))
        head = heads[separator]
        rows = [
            *csv.DictReader(io.StringIO(text, newline=""), head, delimiter=separator, restval="")
        ][1:]
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path} does not exist: expected a CSV with the columns {wanted}"
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f"{path} is no CSV in UTF-8 with the columns {wanted} ({error})"
        ) from error
    if missing := [name for name in columns if name not in head]:
        raise ValueError(
            f"{path} has no column {few(missing)}: its columns are {few(head, 20) or 'none'}{hint}"
        )
    if not rows:
        raise ValueError(f"{path} lists no pictures")
    return {name: [row[name].strip() for row in rows] for name in head}


def matched(
    classes: Sequence[str], root: AnyPath, mapping: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The folder below `root` for each class, in the order of the classes: class -> folder.

    Without a mapping a class is matched by its name. Raises FileNotFoundError for a missing root, and ValueError, with
    both sides, if a class has no folder or the mapping names a class that does not exist.
    """
    root = Path(root)
    there = {folder.name for folder in _Walk(root).entries(root)[0]}
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


class _Walk:
    """What is in a folder and below it. Raises FileNotFoundError for a folder that is not there."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            what = "is a file" if root.exists() else "does not exist"
            raise FileNotFoundError(
                f"{root} {what}: expected a folder with a folder for each class, or a CSV"
            )
        self.root, self.others = root, list[str]()
        self.problems = collections.defaultdict[str, list[str]](list)

    def entries(self, folder: Path, above: Sequence[Path] = ()) -> tuple[list[Path], list[Path]]:
        """The folders and the pictures in a folder, sorted. above : the folders that it is in."""
        folders, pictures = [], []
        with os.scandir(folder) as entries:  # much faster than Path.iterdir on large folders
            there = sorted(entries, key=lambda entry: entry.name)
        for entry in there:
            name, path, problem = entry.name.lower(), Path(entry.path), None
            if name.startswith(".") or name in ("thumbs.db", "desktop.ini"):
                continue
            # Costs nothing for files.
            kind = None if entry.is_file(follow_symlinks=False) else kind_of(path)
            if printable(name) != name:
                problem = NAME
            elif kind == "a folder" and not (
                entry.is_symlink() and any(map(path.samefile, (folder, *above)))
            ):
                folders.append(path)
            elif kind == "a folder" or (kind and "circle" in kind):
                problem = CIRCLE
            elif not name.endswith(SUFFIXES):
                self.others.append(path.suffix.lower() or "without an ending")
            elif entry.is_symlink() and not path.exists():
                problem = MISSING
            else:
                pictures.append(path)
            if problem:
                self.problems[problem].append(printable(str(path.relative_to(self.root))))
        return folders, pictures

    def pictures(self, folder: Path, above: Sequence[Path] = ()) -> list[Path]:
        """The pictures in a folder, and in folders in it at any depth."""
        folders, pictures = self.entries(folder, above)
        return pictures + [file for one in folders for file in self.pictures(one, (*above, folder))]


def printable(name: str) -> str:
    """The name itself if it is UTF-8."""
    return os.fsencode(name).decode(errors="backslashreplace")


def twins(files: Sequence[Path], root: Path, other: AnyPath) -> list[Path]:
    """For each file root/class/name the file other/class/name, with any suffix.

    Raises FileNotFoundError for a missing folder and ValueError for files without a twin, naming the first few.
    """
    other = Path(other)
    there = [path.relative_to(other) for path in _Walk(other).pictures(other)]
    known = {path.with_suffix(""): path for path in there} | {path: path for path in there}
    names = [file.relative_to(root) for file in files]
    found = [known.get(name, known.get(name.with_suffix(""))) for name in names]
    if missing := [str(name) for name, twin in zip(names, found, strict=True) if twin is None]:
        raise ValueError(f"{other} has no twin of {few(missing)}")
    return [other / twin for twin in found if twin is not None]


def few(names: Sequence[str], most: int = 5) -> str:
    """Names, of which the first few are written out."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more
