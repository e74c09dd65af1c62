"""What differs between the classes of a data set, without a network: facts of files, fine spectra, and marks."""

from __future__ import annotations

import hashlib
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
from frequency_shortcuts.images.given import GivenImages, GivenLabels, GivenSource
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.storage.files import write_text

from . import data_summary
from .cells import MOST, as_lines, as_table, flat_numbers
from .data_images import LEAST, DataImages, read_data
from .plots import spectra_of_classes
from .reasons import MIRRORED
from .result_folder import fill_page, save_result

# Classes that are shown with images, images a side, and letters in a line above one.
ROWS, EACH, LETTERS = (
    4,
    3,
    14,
)
PAGE_OF_DATA = "data.html"


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

    table : a row a class: images, a likely `cause` (a key of `CAUSES`, or empty), the share of `carriers` of it, and
        the `place` of a tag, logo or frame that its images have, in words, or empty
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
    about: dict[str, Any]
    examples: Mapping[str, Sequence[Panel]]
    left_out: str = ""

    def summary(self) -> str:
        """What sets classes apart, as plain text: a table of facts and likely causes, and a few sentences."""
        cells = self._cells()
        tables = [as_table(data_summary.TITLE_OF_DATA, cells)] if len(cells) else []
        return "\n\n".join([*tables, as_lines(self._sentences(cells))])

    def __repr__(self) -> str:
        return f"Differences between {len(self.table)} classes\n{self.summary()}"

    def figure(self) -> Figure:
        """The spectra of the classes, and where each differs from the others; of many, twelve with a likely cause."""
        chosen = select_classes(
            self.table["carriers"], MOST, "whose likely cause most images carry"
        )
        names = chosen.names(self.table["class"].tolist())
        spectra, differences = self.spectra[chosen.index], self.differences[chosen.index]
        return spectra_of_classes(spectra, differences, names, chosen.note)

    def save(self, folder: str | os.PathLike[str], overwrite: bool = False) -> Path:
        """Write data.html, about.json, classes.csv, facts.csv, files.csv, and pictures as SVG and PNG, to a folder.

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
        folder, pictures = save_result(
            folder, self.about, tables, figures, [PAGE_OF_DATA], overwrite=overwrite
        )
        write_text(folder / PAGE_OF_DATA, self._page(pictures))
        return folder

    def reason_to_fail(self, limit: float) -> str | None:
        """Which class or source has the largest share of images, in words, if this is above a limit.

        That carry its likely cause; or that have a value of a fact of files, minus that of the others.
        """
        tables = [self.table]
        if self.sources is not None and self.sources.table is not None:
            tables.append(self.sources.table)
        return data_summary.reason_to_fail(limit, self.facts, tables)

    def to_dict(self) -> dict[str, float]:
        """All numbers by names such as `class/cat/carriers`, `fact/format/cat/own` and `source/A/images`.

        For trackers: `mlflow.log_metrics(found.to_dict())`.
        """
        tables = {"class": self.table, "fact": self.facts}
        if self.sources is not None and self.sources.table is not None:
            tables["source"] = self.sources.table
        counts = {name: float(self.about[name]) for name in ("images", "classes", "seed")}
        return {"unreadable": float(len(self.unreadable)), **counts, **flat_numbers(tables)}

    def _cells(self) -> pd.DataFrame:
        of_sources = None if self.sources is None else self.sources.table
        return data_summary.difference_cells(self.facts, self.table, self.files, of_sources)

    def _sentences(self, cells: pd.DataFrame) -> list[str]:
        return data_summary.sentences_on_data(
            cells, self.facts, self.table, self.about, len(self.sizes), self.left_out
        )

    def _page(self, pictures: Mapping[str, str]) -> str:
        """The page as text; pictures : name -> PNG in base64."""
        cells, sources = self._cells(), self.sources
        return fill_page(
            "data_page.html.jinja",
            self.about,
            title=f"Classes of {self.about['name'] or 'the images'}",
            summary=self._sentences(cells),
            differences=cells,
            pictures=pictures,
            examples=data_summary.EXAMPLES,
            cross=None if sources is None else data_summary.cross_cells(sources.cross),
        )


def differences(
    images: GivenImages,
    labels: GivenLabels | None = None,
    *,
    source: GivenSource | None = None,
    classes: Sequence[str] | None = None,
    size: int | tuple[int, int] | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Differences:
    """What differs between the classes of a data set, that a network could use? No network is needed.

    First what is known without a spectrum: format, JPEG quality, size and colour mode of files, brightness, contrast
    and colour. Then whether the fine spectrum of a class differs as by an artefact, what the likely cause is, and which
    files carry it; and whether all images of a class have a tag, logo or frame at a fixed place in the border.

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
    n_classes = len(data.classes)
    found = compare_classes(data.images, data.labels, n_classes, seed=seed, progress=progress)
    facts = data.facts
    sources = None
    if data.sources is not None:
        facts = facts.assign(source=data.sources)
        sources = _compare_sources(data, data.sources, seed, progress)
    about = _about_data(data, facts, images, seed)
    return Differences(
        table=_named(found.table, data.classes),
        facts=_named(share_facts(facts, data.labels, n_classes), data.classes),
        files=_scored_files(data, found),
        sources=sources,
        spectra=found.spectra,
        differences=found.differences,
        unreadable=data.unreadable,
        sizes=data.sizes,
        about=about | {"seconds": round(time.perf_counter() - begin, 1)},
        examples=_examples(data, found),
        left_out=data.left_out,
    )


def _about_data(data: DataImages, facts: pd.DataFrame, images: Any, seed: int) -> dict[str, Any]:
    """How the check was made, for the page and the files."""
    height, width = data.images.shape[2:]
    labels = [data.classes[k] for k in data.labels]
    known = facts.assign(file=data.names, label=labels).to_csv(float_format="%.6g")
    digest = hashlib.sha256(known.encode(errors="backslashreplace")).hexdigest()
    path = getattr(images, "path", images)  # of `Files`
    about = {
        "images": len(data.labels),
        "classes": len(data.classes),
        "name": Path(path).resolve().name if isinstance(path, str | os.PathLike) else "",
        "image size": f"{width} x {height}",
        "seed": seed,
        "images_sha256": digest,
    }
    if data.tones.text:
        about["16 bits"] = data.tones.text
    return about


def _scored_files(data: DataImages, found: Comparison) -> pd.DataFrame:
    """See `Differences.files`."""
    scored = np.flatnonzero(np.isfinite(found.files))
    labels = data.labels[scored]
    table = pd.DataFrame(
        {
            "path": data.names[scored],
            "class": [data.classes[k] for k in labels],
            "cause": found.table["cause"].to_numpy()[labels],
            "score": found.files[scored],
        }
    )
    return table.sort_values(
        ["class", "score"], ascending=[True, False], kind="stable", ignore_index=True
    )


def _named(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    return table.assign(**{"class": [names[k] for k in table["class"]]})


def _examples(data: DataImages, found: Comparison) -> dict[str, list[Panel]]:
    """See `Differences.examples`. No image is shown twice."""
    causes = found.table[found.table["cause"] != ""].nlargest(ROWS, "carriers")["cause"]
    is_pair = len(data.classes) == 2 and causes.isin(MIRRORED).any()
    carriers = {k: _clearest_carriers(data, found, k) for k in causes.index}
    used = np.concatenate([[], *carriers.values()])
    rows = {}
    for k, cause in causes.items():
        others = np.setdiff1d(np.flatnonzero(data.labels != k), used)
        others = others[:: len(others) // EACH][:EACH]
        used = np.concatenate([used, others])
        label = f"{data.classes[k]}:\n{CAUSES[cause].partition(',')[0]}"
        if is_pair:
            label = f"{' or '.join(data.classes)}:\nhigh frequencies"
        panels = [_panel(data, i, "clearest") for i in carriers[k]]
        rows[label] = panels + [_panel(data, i, "another class") for i in others]
    return rows


def _clearest_carriers(data: DataImages, found: Comparison, k: int) -> IntArray:
    """The images of class k that carry its cause most clearly."""
    scores = np.where(data.labels == k, -found.files, np.inf)
    return np.argsort(scores)[:EACH]


def _panel(data: DataImages, i: int, below: str) -> Panel:
    picture = np.asarray(data.images[np.array([i])])[0]
    return Panel(canvas.break_line(data.names[i], LETTERS), picture, below)


def _compare_sources(
    data: DataImages, sources: npt.NDArray[np.str_], seed: int, progress: bool
) -> Sources:
    names, numbers = np.unique(sources, return_inverse=True)
    counts = pd.DataFrame({"class": [data.classes[k] for k in data.labels], "source": sources})
    cross = counts.value_counts(sort=False).rename("images").reset_index()
    large = np.flatnonzero(np.bincount(numbers) >= LEAST)
    left_out = tuple(np.delete(names, large).tolist())
    if len(large) < 2:
        return Sources(None, cross, left_out)
    chosen = np.flatnonzero(np.isin(numbers, large))
    labels = np.searchsorted(large, numbers[chosen])
    found = compare_classes(data.take(chosen), labels, len(large), seed=seed, progress=progress)
    table = _named(found.table, names[large].tolist()).rename(columns={"class": "source"})
    return Sources(table, cross, left_out)
