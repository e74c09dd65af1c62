"""Folders, CSV files and lists of pictures: which files there are, their classes, and what is left out."""

from __future__ import annotations

import collections
import csv
import io
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray, as_array
from frequency_shortcuts.storage.files import kind_of

from . import dicom
from .pictures import OnError
from .splits import check_characters

log = logging.getLogger(__name__)

SUFFIXES: tuple[str, ...] = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
SUFFIXES += dicom.ENDINGS if dicom.installed() else ()
TABLES = (".csv", ".tsv", ".txt")
SEPARATORS = ",;\t|"
CLUTTER = ("thumbs.db", "desktop.ini")  # is not counted
OUTSIDE = "pictures outside of class folders"
# What is left out, in the order of a message
CIRCLE, MISSING, SPECIAL = "links that lead in a circle", "files that do not exist", "devices and the like"
NAME, ROWS = "names that are not UTF-8", "rows without path or label"
BROKEN, EMPTY, FEW = "pictures that cannot be read", "classes without pictures", "classes of fewer than {} pictures"
KINDS = (CIRCLE, MISSING, SPECIAL, NAME, ROWS, dicom.INSTALL, BROKEN, EMPTY)
HOW = 'mend this, or leave it out with --skip-broken, in Python fs.Files(..., on_error="skip")'
Problems = dict[str, list[str]]  # what is left out: kind -> names


@dataclass(frozen=True, eq=False)
class Files:
    """Pictures in files, with their classes.

    path : a folder with a folder of pictures, at any depth, for each class; a CSV, separated by comma, semicolon, tab
        or |; or a list of paths
    labels : of a folder, the path of a CSV, whose paths are relative to the folder, or else to the CSV; of a list, the
        name or number of the class of each picture, as are labels in a CSV
    path_column, label_column : of the CSV
    on_error : whether pictures that do not exist or cannot be read, links that lead in a circle, and classes without
        enough pictures stop with an error that names all of them, or are left out: stop or skip

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
    def single(self) -> Path | None:
        """The path, if it is no list."""
        return self.path if isinstance(self.path, Path) else None

    @property
    def table(self) -> Path | None:
        """The CSV, if there is one."""
        if self.single is None or self.single.suffix.lower() in TABLES:
            return self.single
        return Path(self.labels) if isinstance(self.labels, str | os.PathLike) else None

    @property
    def root(self) -> Path:
        """The folder to which names are relative."""
        return Path() if self.single is None else self.single.parent if self.table is self.single else self.single


@dataclass(frozen=True, eq=False)
class Listing:
    """Picture files and their classes.

    files : paths [n]; labels : int64 [n]; classes : names, or None where there are only numbers
    every : the classes before any was left out
    places, total : of the files, int64 [n], among so many that were given
    columns : of a CSV, [n] each; unread : how many other files there are, by their ending; problems : see `Problems`
    """

    given: Files
    files: list[Path]
    labels: IntArray
    classes: tuple[str, ...] | None
    every: tuple[str, ...] | None
    places: IntArray
    total: int
    columns: Mapping[str, list[str]] = field(default_factory=dict)
    unread: Mapping[str, int] = field(default_factory=dict)
    problems: Problems = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The files relative to the folder, where they are in it."""
        return [_relative(file, self.given.root) for file in self.files]

    @property
    def notes(self) -> list[str]:
        """What was left out and not read, in words."""
        where = _called(self.given)
        notes = [f"Left out of {where}: {_counted(self.problems)}."] if self.problems else []
        return notes + ([f"Not read in {where}: {self._endings()}."] if self.unread else [])

    def _endings(self) -> str:
        text = few([f"{count} {ending}" for ending, count in collections.Counter(self.unread).most_common()], 10)
        return text if self.unread.keys().isdisjoint(dicom.ENDINGS) else f"{text}; {dicom.INSTALL}"

    def large(self, good: BoolArray, fewest: int) -> BoolArray:
        """Which of the good pictures [n] are of a class with enough of them."""
        counts = np.bincount(self.labels[good], minlength=self.labels.max(initial=0) + 1)
        return good & (counts >= fewest)[self.labels]

    def settled(self, good: BoolArray | None = None, fewest: int = 1, how: str = HOW) -> tuple[Listing, IntArray]:
        """Leave out pictures that are not good and classes of fewer pictures: what is left, and its positions.

        Raises ValueError, with all that is wrong, if nothing may be left out, or nothing is left.
        """
        good = np.ones(len(self.files), bool) if good is None else good
        large, problems, names = self.large(good, fewest), dict(self.problems), self.names
        if not good.all():
            problems[BROKEN] = [names[i] for i in np.flatnonzero(~good)]
        small = np.setdiff1d(self.labels, self.labels[large])
        if len(small):
            counts = [int((good & (self.labels == k)).sum()) for k in small]
            called = [self.classes[k] if self.classes else str(k) for k in small]
            problems[FEW.format(fewest)] = [f"{name}: {n}" for name, n in zip(called, counts, strict=True)]
        kept = np.flatnonzero(large)
        if not len(kept) or (problems and self.given.on_error == "stop"):
            unread = f"; not read: {self._endings()}" if self.unread else ""
            how = how if len(kept) else "no pictures are left"
            raise ValueError(f"{_called(self.given)}: {_counted(problems)}{unread}: {how}")
        numbers, labels = np.unique(self.labels[kept], return_inverse=True)
        left = replace(
            self, files=[self.files[i] for i in kept], labels=self.labels[kept], places=self.places[kept],
            columns={name: [column[i] for i in kept] for name, column in self.columns.items()}, problems=problems,
        )  # fmt: skip
        if self.classes:
            left = replace(left, labels=labels, classes=tuple(self.classes[k] for k in numbers))
        return left, kept


def listing(given: Files | str | os.PathLike[str], classes: Mapping[str, str] | None = None) -> Listing:
    """The pictures of a folder, sorted, or of a CSV or list, in its order; what is wrong stands in `problems`.

    classes : maps each class, in order, to its folder (name -> folder, for example a WordNet id of ImageNet). Without
        it, every folder with pictures is a class of the same name

    Raises FileNotFoundError for a path that does not exist and ValueError, naming them, for classes without a folder or
    pictures in the mapping, columns that are not there, and names with control characters.
    """
    given = given if isinstance(given, Files) else Files(given)
    path, labels = given.single, given.labels
    if path and given.root is path and not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        raise FileNotFoundError(f"{path} {what}: expected a folder with a folder of pictures for each class, or a CSV")
    if path and labels is not None and (given.table is None or given.root is not path):
        raise ValueError(
            f"{path} has labels of its own: leave the labels out" if given.table else
            f"labels of {path} are a {type(labels).__name__}: expected a CSV with the columns path and label"
        )  # fmt: skip
    found = _of_folder(given, classes) if path and not given.table else _of_rows(given)
    check_characters(found.classes or (), f"folder {given.root}")
    return replace(found, problems={kind: found.problems[kind] for kind in KINDS if found.problems.get(kind)})


def class_files(
    root: str | os.PathLike[str], classes: Mapping[str, str] | None = None, on_error: OnError = "stop"
) -> tuple[list[Path], IntArray, tuple[str, ...]]:
    """The pictures of a folder, their labels and classes; see `listing`. What is left out or not read is logged.

    Raises ValueError, with all that is wrong, unless this is files that do not exist, and on_error is skip.
    """
    found = listing(Files(root, on_error=on_error), classes)
    if found.problems.keys() - {MISSING}:
        found = replace(found, given=Files(root))
    found, _ = found.settled(how="mend this")
    for note in found.notes:
        log.warning("%s", note)
    return found.files, found.labels, found.classes or ()


def _of_folder(given: Files, classes: Mapping[str, str] | None) -> Listing:
    root, walk = given.root, _Walk(given.root)
    inside, outside = walk.entries(root)
    there = [folder.name for folder in inside]
    folders = dict(classes) if classes else {name: name for name in there}
    missing = [
        f"{folder} ({name})" if folder != name else name for name, folder in folders.items() if folder not in there
    ]
    shared = [folder for folder, count in collections.Counter(folders.values()).items() if count > 1]
    if shared:
        raise ValueError(f"{few(shared)} in {root} is the folder of several classes: each needs its own")
    if missing:
        raise ValueError(f"folder {root} has no {few(missing)}; it holds {few(there) if there else 'no folders'}")
    if not folders and not walk.problems:
        loose = f"{len(outside)} {OUTSIDE}" if outside else "no images"
        raise ValueError(f"folder {root} holds {loose}: expected {root}/<class>/*.jpg or *.png, or a CSV with labels")
    files = {name: walk.pictures(root / folder) for name, folder in folders.items()}
    walk.problems[EMPTY] = empty = [folders[name] for name, own in files.items() if not own]
    if classes and empty:
        raise ValueError(f"{root}: no image files in {few(empty)}: expected {', '.join(SUFFIXES)}")
    walk.unread += collections.Counter({OUTSIDE: len(outside)})
    named = tuple(name for name in folders if files[name])
    labels = np.repeat(np.arange(len(named)), [len(files[name]) for name in named]).astype(np.int64)
    listed = [file for name in named for file in files[name]]
    n = len(listed)
    return Listing(given, listed, labels, named, named, np.arange(n), n, unread=walk.unread, problems=walk.problems)


def _of_rows(given: Files) -> Listing:
    """The pictures that a CSV or a list names."""
    columns: dict[str, list[str]] = {}
    bases, table = [given.root], given.table
    if table:
        hint = "; others are named by --path-column and --label-column, or fs.Files(..., label_column=...)"
        columns = read_table(table, [given.path_column, given.label_column], hint)
        paths: list[Any] = columns[given.path_column]
        values: list[Any] = columns[given.label_column]
        values = [int(value) for value in values] if all(value.isdigit() for value in values) else values
        bases.append(table.parent)
    else:
        paths, values = list(given.path), [] if given.labels is None else as_array(given.labels).tolist()  # type: ignore[arg-type]
        if len(values) != len(paths):
            raise ValueError(
                f"there are {len(values)} labels for {len(paths)} pictures: expected the name or number of each class"
            )
    problems: Problems = collections.defaultdict(list)
    files: dict[int, Path] = {}
    for i, (path, value) in enumerate(zip(paths, values, strict=True)):
        if not str(path) or str(value).strip() == "":
            problems[ROWS].append(f"row {i + 1}")
            continue
        file = next((base / path for base in bases if (base / path).exists()), bases[0] / path)
        kind = NAME if not _is_utf8(str(path)) else "" if file.exists() else MISSING
        if not kind and file.suffix.lower() in dicom.ENDINGS and not dicom.installed():
            kind = dicom.INSTALL
        if kind:
            problems[kind].append(_printable(str(path)))
        else:
            files[i] = file
    places = np.array([*files], np.int64)
    own = [values[i] for i in places]
    named = None
    if not all(isinstance(value, int) and value >= 0 for value in own):
        named = tuple(sorted({str(value) for value in own}))
        own = [named.index(str(value)) for value in own]
    columns = {name: [column[i] for i in places] for name, column in columns.items()}
    labels = np.array(own, np.int64)
    return Listing(given, [*files.values()], labels, named, named, places, len(paths), columns, problems=problems)


def read_table(path: str | os.PathLike[str], columns: Sequence[str], hint: str = "") -> dict[str, list[str]]:
    """A CSV as text, a list a column. Its separator is the one of , ; tab | that the head has most of.

    columns : that it must have; hint : what an error says besides

    Raises FileNotFoundError or ValueError, in one sentence.

    >>> read_table("pictures.csv", ["path", "label"])["label"]
    """
    wanted = " and ".join(columns)
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        separator = max(SEPARATORS, key=text.partition("\n")[0].count)
        head, *rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row] or [[]]
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} does not exist: expected a CSV with the columns {wanted}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is no CSV in UTF-8 with the columns {wanted} ({error})") from error
    head = [name.strip() for name in head]
    if missing := [name for name in columns if name not in head]:
        raise ValueError(f"{path} has no column {few(missing)}: its columns are {few(head, 20) or 'none'}{hint}")
    if not rows:
        raise ValueError(f"{path} lists no pictures")
    padded = [[*row, *[""] * (len(head) - len(row))] for row in rows]
    return {name: [row[k].strip() for row in padded] for k, name in enumerate(head)}


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
    """What is in a folder and below it: pictures, other files by their endings, and problems."""

    def __init__(self, root: Path) -> None:
        self.root, self.unread = root, collections.Counter[str]()
        self.problems: Problems = collections.defaultdict(list)

    def entries(self, folder: Path, above: Sequence[Path] = ()) -> tuple[list[Path], list[Path]]:
        """The folders and the pictures in a folder, sorted. above : the folders that it is in."""
        folders, pictures = [], []
        with os.scandir(folder) as entries:  # much faster than Path.iterdir on large folders
            there = sorted(entries, key=lambda entry: entry.name)
        for entry in there:
            name, path, problem = entry.name.lower(), Path(entry.path), None
            if name.startswith(".") or name in CLUTTER:
                continue
            kind = None if entry.is_file(follow_symlinks=False) else kind_of(path)  # costs nothing for files
            circle = entry.is_symlink() and any(path.samefile(one) for one in (folder, *above) if kind == "a folder")
            if not _is_utf8(name):
                problem = NAME
            elif circle or (kind and "circle" in kind):
                problem = CIRCLE
            elif kind == "a folder":
                folders.append(path)
            elif kind:
                problem = SPECIAL
            elif not name.endswith(SUFFIXES):
                self.unread[path.suffix.lower() or "without an ending"] += 1
            elif entry.is_symlink() and not path.exists():
                problem = MISSING
            else:
                pictures.append(path)
            if problem:
                self.problems[problem].append(_printable(_relative(path, self.root)))
        return folders, pictures

    def pictures(self, folder: Path, above: Sequence[Path] = ()) -> list[Path]:
        """The pictures in a folder, and in folders in it at any depth."""
        folders, pictures = self.entries(folder, above)
        return pictures + [file for one in folders for file in self.pictures(one, (*above, folder))]


def _relative(file: Path, root: Path) -> str:
    return str(file.relative_to(root) if file.is_relative_to(root) else file)


def _called(given: Files) -> str:
    return "the list" if given.single is None else str(given.table or given.single)


def _counted(problems: Problems) -> str:
    return "; ".join(f"{kind}: {len(names)} ({few(names)})" for kind, names in problems.items())


def _is_utf8(name: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _printable(name: str) -> str:
    return os.fsencode(name).decode(errors="backslashreplace")


def check_utf8(path: str) -> None:
    """Raise ValueError for a name that is not UTF-8, which tables and pages cannot hold."""
    if not _is_utf8(path):
        raise ValueError(f"the name of {path!r} is not UTF-8: rename it")


def twins(files: Sequence[Path], root: Path, other: str | os.PathLike[str]) -> list[Path]:
    """For each file root/class/name the file other/class/name, with any suffix.

    Raises FileNotFoundError for a missing folder and ValueError for files without a twin, naming the first few.
    """
    other = Path(other)
    if not other.is_dir():
        raise FileNotFoundError(f"no folder {other}: expected the same class folders and file names as in {root}")
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
