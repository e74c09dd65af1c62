"""What differs between the classes of a data set, without a network: facts of files, and fine spectra."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from frequency_shortcuts.data_check.comparison import Comparison, compare_classes, share_facts
from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures.cards import Panel, rows_of_panels
from frequency_shortcuts.figures.selection import select_classes
from frequency_shortcuts.images.artefacts import CAUSES
from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.storage.files import make_room, replacing
from frequency_shortcuts.storage.tables import write_table

from . import data_summary
from .data_images import FEWEST, DataImages, read_data
from .plots import spectra_of_classes
from .wording import MIRRORED, MOST, as_html, flat_values, only_numbers, save_figures

# Classes that are shown with images, images a side, and letters in a line above one.
ROWS, EACH, LETTERS = (
    4,
    3,
    14,
)
FILES = [  # of all that a result can write
    "data.html",
    "data.json",
    "spectra.svg",
    "spectra.png",
    "images.svg",
    "images.png",
    *(f"{name}.csv" for name in ("classes", "facts", "files", "classes_by_source", "sources")),
]


@dataclass(frozen=True, eq=False)
class Sources:
    """What sets the sources of images apart, and how they go with classes.

    table : a row a source, as `Differences.table`, of those with 20 images or more; None for fewer than two of these
    cross : how many images each class has of each source: columns class, source, images
    left_out : the sources with fewer images
    """

    table: pd.DataFrame | None
    cross: pd.DataFrame
    left_out: tuple[str, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Differences:
    """The result of `differences`.

    table : a row a class: images, a likely `cause` (a key of `CAUSES`, or empty), and the share of `carriers` of it
    facts : what speaks for each class in each fact, see `comparison.share_facts`; classes are names here
    files : the images of classes with a likely cause: path, class, cause, score; clearest first
    sources : see `Sources`; None without sources
    spectra, differences : float64 [class, H, W], centred: root mean square amplitude, and how clearly it differs (1 by
        chance)
    unreadable : files that cannot be read; sizes : (height, width) of files -> how many have it
    left_out : files that were left out, in words
    about : how it was made
    examples : class and cause -> images that carry it most clearly, and some of other classes; of four classes at most
    """

    table: pd.DataFrame
    facts: pd.DataFrame
    files: pd.DataFrame
    sources: Sources | None
    spectra: FloatArray
    differences: FloatArray
    unreadable: tuple[str, ...]
    sizes: Mapping[tuple[int, int], int]
    about: Mapping[str, Any]
    examples: Mapping[str, Sequence[Panel]]
    left_out: str = ""

    def summary(self) -> str:
        """What sets classes apart, as plain text: a table of facts and likely causes, and a few sentences."""
        return data_summary.text(self)

    def __repr__(self) -> str:
        return f"Differences between {len(self.table)} classes\n{self.summary()}"

    def figure(self) -> Figure:
        """The spectra of the classes, and where each differs from the others; of many, twelve with a likely cause."""
        chosen = select_classes(
            self.table["carriers"], MOST, "whose likely cause most images carry"
        )
        names = chosen.names(self.table["class"].tolist())
        return spectra_of_classes(
            self.spectra[chosen.index], self.differences[chosen.index], names, chosen.note
        )

    def _repr_html_(self) -> str:
        return as_html(
            f"Classes of {self.about['name']}", data_summary.difference_table(self), self.figure()
        )

    def save(self, folder: str | os.PathLike[str], overwrite: bool = False) -> Path:
        """Write data.html, data.json, classes.csv, facts.csv, files.csv, and pictures as SVG and PNG, to a folder.

        With sources also sources.csv and classes_by_source.csv. Returns the folder.

        overwrite : whether another result there is removed, and other files are replaced; else these raise ValueError
        """
        tables = {"classes": self.table, "facts": self.facts, "files": self.files}
        if self.sources is not None:
            tables["classes_by_source"] = self.sources.cross
            if self.sources.table is not None:
                tables["sources"] = self.sources.table
        figures = {"spectra": self.figure}
        if self.examples:
            figures["images"] = lambda: rows_of_panels(self.examples, data_summary.EXAMPLES)
        files = ["data.json", "data.html", *(f"{name}.csv" for name in tables)]
        files += [f"{name}.{end}" for name in figures for end in ("svg", "png")]
        about = {name: str(value) for name, value in self.about.items()} | {
            "files": ", ".join(files)
        }
        folder = make_room(folder, FILES, about_of(folder), about, overwrite)
        with replacing(folder / "data.json") as temporary:
            values = self._values() | {f"about/{name}": value for name, value in about.items()}
            temporary.write_text(
                json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
            )
        for name, table in tables.items():
            write_table(table, folder / f"{name}.csv")
        page = data_summary.page(self, save_figures(figures, folder))
        with replacing(folder / "data.html") as temporary:
            temporary.write_text(page, encoding="utf-8")
        return folder

    def reason_to_fail(self, limit: float) -> str | None:
        """Which class or source has the largest share of images, in words, if this is above a limit.

        That carry its likely cause; or that have a value of a fact of files, minus that of the others.
        """
        names = data_summary.FILE_FACTS
        facts = self.facts[self.facts["fact"].isin(names)].replace({"fact": names})
        shares = [
            (f"{name}, {fact} {value}", own - others)
            for fact, name, value, own, others in facts.to_numpy()
        ]
        tables = [self.table, None if self.sources is None else self.sources.table]
        for table in (table for table in tables if table is not None):
            named = table[table["cause"] != ""]
            shares += [
                (f"{row.iloc[0]}, {CAUSES[row['cause']]}", row["carriers"])
                for _, row in named.iterrows()
            ]
        words, share = max(shares, key=lambda pair: pair[1], default=("", 0.0))
        return (
            f"{words}: a share of {share:.2f} of its images, above {limit:g}"
            if share > limit
            else None
        )

    def to_dict(self) -> dict[str, float]:
        """All numbers by names such as `class/cat/carriers`, `fact/format/cat/own` and `source/A/images`.

        For trackers: `mlflow.log_metrics(found.to_dict())`. `data.json` also has the words, such as causes.
        """
        return only_numbers(self._values())

    def _values(self) -> dict[str, Any]:
        tables = {"class": self.table, "fact": self.facts}
        if self.sources is not None and self.sources.table is not None:
            tables["source"] = self.sources.table
        about = {name: self.about[name] for name in ("images", "classes", "seed")}
        return {"unreadable": len(self.unreadable), **about, **flat_values(tables)}


def about_of(folder: str | os.PathLike[str]) -> dict[str, Any] | None:
    """How the result of `differences` in a folder was made; None without one, and nothing of an older version."""
    if not (path := Path(folder) / "data.json").exists():
        return None
    values = json.loads(path.read_text(encoding="utf-8"))
    return {
        name.removeprefix("about/"): value
        for name, value in values.items()
        if name.startswith("about/")
    }


def differences(
    images: Any,
    labels: Any = None,
    *,
    source: Any = None,
    classes: Sequence[str] | None = None,
    size: int | tuple[int, int] | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Differences:
    """What differs between the classes of a data set, that a network could use? No network is needed.

    First what is known without a spectrum: format, JPEG quality, size and colour mode of files, brightness, contrast
    and colour. Then whether the fine spectrum of a class differs as by an artefact, what the likely cause is, and which
    files carry it.

    Parameters
    ----------
    images : the path of a folder with a folder of pictures, at any depth, for each class; of a CSV with the columns
        path, label and, if there is one, source; a list of paths; or a `Files`, which says more of these. Or arrays,
        tensors, Datasets, HDF5 files and the like, as in `analyse`
    labels : of an array, tensor or list of paths, [n]; of a folder, the path of a CSV whose paths are relative to it
    source : where each image comes from, such as hospital or camera: names [n], a function from a path to a name, the
        path of a CSV with the columns path and source, or another column of the CSV of labels. Sources are compared as
        classes are
    classes : names of the classes
    size : (height, width) or one number, to which pictures are resized and cropped. By default the size of most
        pictures, or a square of the median short side, at most 512 pixels, if less than half have one size
    seed : of the images that artefacts are put into
    progress : whether bars are shown, on standard error

    Raises ValueError, in one sentence, for one class alone, for a class of fewer than 20 images, for pictures that
    cannot be read (see `Files`), and for images, labels and sources that do not belong together.

    >>> found = fs.differences("photographs")
    >>> found.files.query("cause == 'blocks'")["path"].head()
    """
    begin = time.perf_counter()
    data = read_data(images, labels, source, classes, size, progress=progress)
    found = compare_classes(
        data.images, data.labels, len(data.classes), seed=seed, progress=progress
    )
    facts = data.facts if data.sources is None else data.facts.assign(source=data.sources)
    height, width = data.images.shape[2:]
    known = facts.assign(file=data.names, label=[data.classes[k] for k in data.labels]).to_csv(
        float_format="%.6g"
    )
    path = getattr(images, "path", images)  # of `Files`
    about = {
        "images": len(data.labels),
        "classes": len(data.classes),
        "name": Path(path).resolve().name if isinstance(path, str | os.PathLike) else "",
        "image size": f"{width} x {height}",
        **({"16 bits": data.tones.text} if data.tones.text else {}),
        "seed": seed,
        "images_sha256": hashlib.sha256(known.encode(errors="backslashreplace")).hexdigest(),
        "seconds": round(time.perf_counter() - begin, 1),
    }
    scored = np.flatnonzero(np.isfinite(found.files))
    own = data.labels[scored]
    files = pd.DataFrame(
        {
            "path": data.names[scored],
            "class": [data.classes[k] for k in own],
            "cause": found.table["cause"].to_numpy()[own],
            "score": found.files[scored],
        }
    )
    return Differences(
        table=_named(found.table, data.classes),
        facts=_named(share_facts(facts, data.labels, len(data.classes)), data.classes),
        files=files.sort_values(
            ["class", "score"], ascending=[True, False], kind="stable", ignore_index=True
        ),
        sources=None
        if data.sources is None
        else _compare_sources(data, data.sources, seed, progress),
        spectra=found.spectra,
        differences=found.differences,
        unreadable=data.unreadable,
        sizes=data.sizes,
        about=about,
        examples=_examples(data, found),
        left_out=data.left_out,
    )


def _named(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    return table.assign(**{"class": [names[k] for k in table["class"]]})


def _examples(data: DataImages, found: Comparison) -> dict[str, list[Panel]]:
    """See `Differences.examples`. No image is shown twice."""
    named = found.table[found.table["cause"] != ""].nlargest(ROWS, "carriers")["cause"]
    pair = len(data.classes) == 2 and named.isin(MIRRORED).any()
    own = {
        k: np.argsort(np.where(data.labels == k, -found.files, np.inf))[:EACH] for k in named.index
    }
    used, rows = np.concatenate([[], *own.values()]), {}
    for k, cause in named.items():
        others = np.setdiff1d(np.flatnonzero(data.labels != k), used)
        others = others[:: len(others) // EACH][:EACH]
        used = np.r_[used, others]
        label = f"{data.classes[k]}:\n{CAUSES[cause].partition(',')[0]}"
        rows[f"{' or '.join(data.classes)}:\nhigh frequencies" if pair else label] = [
            Panel(
                canvas.break_line(data.names[i], LETTERS),
                np.asarray(data.images[np.array([i])])[0],
                words,
            )
            for places, words in ((own[k], "clearest"), (others, "another class"))
            for i in places
        ]
    return rows


def _compare_sources(
    data: DataImages, sources: npt.NDArray[np.str_], seed: int, progress: bool
) -> Sources:
    names, numbers = np.unique(sources, return_inverse=True)
    counts = pd.DataFrame({"class": [data.classes[k] for k in data.labels], "source": sources})
    cross = counts.value_counts(sort=False).rename("images").reset_index()
    large = np.flatnonzero(np.bincount(numbers) >= FEWEST)
    left_out = tuple(np.delete(names, large).tolist())
    if len(large) < 2:
        return Sources(None, cross, left_out)
    chosen = np.flatnonzero(np.isin(numbers, large))
    labels = np.searchsorted(large, numbers[chosen])
    found = compare_classes(data.take(chosen), labels, len(large), seed=seed, progress=progress)
    table = _named(found.table, names[large].tolist()).rename(columns={"class": "source"})
    return Sources(table, cross, left_out)
