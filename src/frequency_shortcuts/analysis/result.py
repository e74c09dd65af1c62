"""The result of an analysis: tables, arrays and pictures, with its summary, figures, files and page."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from frequency_shortcuts import __version__
from frequency_shortcuts.exchange.answers import Answers, read_answers, write_answers
from frequency_shortcuts.exchange.patch import OUTER
from frequency_shortcuts.exchange.verdict import BORDER, FOLLOWS, PARTS, VERDICTS
from frequency_shortcuts.figures import cards as draw
from frequency_shortcuts.figures import selection
from frequency_shortcuts.figures.shortcuts import shortcuts as draw_shortcuts
from frequency_shortcuts.images.folders import few
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.maps.methods.method import Found
from frequency_shortcuts.shortcuts.verdict import MOST_FPR, STRONG_TPR, over_seeds
from frequency_shortcuts.spectrum.arrays import BoolArray
from frequency_shortcuts.spectrum.fills import ZEROS
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.files import replacing_hdf5, write_text
from frequency_shortcuts.storage.hdf5 import read_hdf5

from . import summary
from .cells import MOST, as_lines, as_table, flat_numbers
from .exchanges import ExchangedImage, clearest_first
from .map_result import MapResult, of_network, read_maps, shown_classes, write_maps
from .plots import NOTE, draw_parts, exchange_panels
from .result_folder import about_of, fill_page, save_result
from .stored_fields import (
    read_frame,
    read_json,
    read_pictures,
    write_frame,
    write_json,
    write_pictures,
)

FILE, PAGE, MAPS = "exchanges.h5", "report.html", "maps.h5"
ALL_CLASSES = "all"
TITLE_OF_EXCHANGES = "What each class follows: shares in %"
SHORT_EXCHANGES = ["class", "verdict", "follows", "reason"]
SHORT_VERDICTS = [
    "class",
    "tpr_unfiltered",
    "tpr_dfm",
    "fpr_dfm",
    "best_control",
    "closest_class",
    "margin",
    "margin_low",
    "margin_high",
    "verdict",
    "than_lowest",
    "images",
    "negatives",
    "smallest_effect",
]
# What a file of maps says of its origin, besides its classes.
ORIGIN = ("network", "device", "weights_sha256", "images_sha256")
# Names of version 2, which go with version 4: old -> new.
OLDER_NAMES = {"flips": "exchanges", "flip": "plot_exchanges", "counterfactual": "exchange"}
NEEDED = {"strong": True, "weak": True, "none": False}  # verdict of maps that are removed


@dataclass(frozen=True, eq=False, repr=False)
class Analysis:
    """The result of `analyse`: tables, arrays and pictures.

    classes : their names
    about : how it was made: network, digests of weights and images, settings, seed, device, seconds
    answers : what the network called the images before and after they got parts
    exchanges : one row for each class. `border` is the recall that is lost when images of the class get the border of
        those of other classes, `border_own` the recall with the border of its own; `fine`, `field` and `patch` are the
        shares of other images that are called the class with this part of it, minus those before (of `patch`, with a
        patch of their own class), and `_control`, the share with the part of their own class minus that before. Each
        has its two-sided 90 % interval (`_low`, `_high`). `recall` is that of the class, `false_positives` the share
        of other images that are called it; `border_images` got a border, `images` the parts. `verdict` is one of
        `exchange.verdict.VERDICTS`, `reason` says why in numbers, `follows` names border, fine, field, patch,
        `place` says where a patch is, and `cause` is a likely one in words, or None. Of two classes, what separates
        them can be in either: verdict, `follows` and cause are those of the pair
    advice : what restored the recall of networks that followed these parts on images of this kind; see `advice.advice`
    pictures : a typical image with each part of the twelve clearest classes; see `exchange`
    recall_by_source : the recall of each class in the test images of each source, worst first; None without sources
    map_result : None without maps
    """

    classes: tuple[str, ...]
    about: dict[str, Any]
    answers: Answers
    exchanges: pd.DataFrame
    advice: pd.DataFrame
    pictures: Sequence[ExchangedImage]
    recall_by_source: pd.DataFrame | None = None
    map_result: MapResult | None = None

    @property
    def parts(self) -> dict[str, tuple[int, ...]]:
        """The parts that classes follow, with the places of patches, as `fs.Swap` and `fs.refit` take them.

        Where a class follows its border and no place, patch is there with the corners and the frame; where no part
        says what it is, all parts are. Empty if nothing is followed.

        >>> swap = fs.Swap(parts=result.parts)
        """
        follows = dict(
            zip(self.exchanges["class"], self.exchanges["follows"].str.split(", "), strict=True)
        )
        names: set[str] = set()
        places: set[int] = set()
        for c in self.answers.tested:
            followed = {*follows.get(self.classes[c], ())}
            if followed == {BORDER}:
                followed = {*PARTS}
            elif "patch" in followed:
                places.add(int(self.answers.place["patch"][c]))
            elif BORDER in followed:
                followed.add("patch")
            names |= followed
        has_default = any(BORDER in of and "patch" not in of for of in follows.values())
        if places and has_default:
            places |= {*OUTER}
        found = {name: () for name in PARTS if name in names}
        return found | ({"patch": tuple(sorted(places))} if "patch" in found else {})

    @property
    def maps(self) -> BoolArray:
        """The frequencies in the map of each class, bool [class, H, W], centred."""
        return self._with_maps().maps

    @property
    def found(self) -> Found | None:
        """The scores of the search for maps; None for maps of the user."""
        return self._with_maps().found

    @property
    def rates(self) -> pd.DataFrame:
        """Every rate that was measured with maps and controls; see `hits.rates`."""
        return self._with_maps().rates

    @property
    def table(self) -> pd.DataFrame:
        """All verdicts of maps: a row for each class, part and fill; see `shortcuts.verdicts`."""
        return self._with_maps().verdicts

    @property
    def verdicts(self) -> pd.DataFrame:
        """One row for each class, from the test to quote (the map alone is kept): rates, margin, verdict.

        `margin` is that to the closest control, `best_control`: random masks, or the map of `closest_class`.
        `than_lowest` says whether the map is worse than as many of the lowest frequencies, as well, better, or whether
        this is undecided. `images` and `negatives` of the class and of others were tested; `smallest_effect` is the
        least margin that would be clear with so many.
        If maps were also removed: `tpr_removed` without the map, `tpr_random_removed` without as many random
        frequencies (mean over draws), and `needed`, whether TPR - FPR falls clearly more without the map. This is no
        part of the verdict.
        """
        rows = self.table[self.table["headline"]]
        is_removed = (self.table["part"] == "remove") & self.table["fill"].isin(rows["fill"])
        removed = self.table[is_removed].set_index("class").reindex(rows["class"])
        without_map = {
            "tpr_removed": removed["tpr_dfm"].to_numpy(),
            "tpr_random_removed": removed["tpr_random"].to_numpy(),
            "needed": [NEEDED.get(verdict) for verdict in removed["verdict"]],
        }
        return rows[SHORT_VERDICTS].assign(**without_map).reset_index(drop=True)

    @property
    def table_1(self) -> pd.DataFrame:
        """Table 1 of the paper: TPR and FPR of each class unfiltered and with its map (`dfm`), zeros elsewhere.

        Beside them stand those of the controls of the same size, means over draws: `random` masks, `radial` ones with
        the radii of the map (TPR alone), as many of the lowest frequencies (`low_pass`), maps of `other` classes.
        """
        rows = self.table[(self.table["part"] == "keep") & (self.table["fill"] == ZEROS.name)]
        names = ("unfiltered", "dfm", "random", "radial", "low_pass", "other")
        rates = [f"{rate}_{name}" for name in names for rate in ("tpr", "fpr")]
        measured = rows.columns.intersection(rates, sort=False)
        return rows[["class", *measured, "verdict"]].reset_index(drop=True)

    def exchange(self, class_name: str, part: str | None = None) -> ExchangedImage:
        """A typical image before and after it got a part of a class: one that is then called it, if there is one.

        part : fine, field or patch; by default that which the class follows most clearly

        Raises ValueError for another class or part; of many classes, the clearest have pictures.

        >>> result.exchange("Pullover").called_after
        'Pullover'
        """
        of_class = {
            one.part: one for one in reversed(self.pictures) if one.class_name == class_name
        }
        if not of_class:
            known = few([*dict.fromkeys(one.class_name for one in self.pictures)], MOST)
            raise ValueError(f"class {class_name} has no pictures: these have some: {known}")
        if part is None:
            row = self.exchanges.set_index("class").loc[class_name]
            part = max(of_class, key=lambda name: row[f"{name}_low"])
        if part not in of_class:
            raise ValueError(f"unknown part {part!r}: choose from {', '.join(PARTS)}")
        return of_class[part]

    if not TYPE_CHECKING:  # for which these names do not exist

        def __getattr__(self, name: str) -> Any:
            if name not in OLDER_NAMES:
                raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
            words = f"result.{name} is now result.{OLDER_NAMES[name]}"
            warnings.warn(words, DeprecationWarning, stacklevel=2)
            return getattr(self, OLDER_NAMES[name])

    def __repr__(self) -> str:
        lines = [f"Analysis of {self._title()}: {len(self.classes)} classes"]
        for verdict in VERDICTS:
            names = self.exchanges.loc[self.exchanges["verdict"] == verdict, "class"].tolist()
            if names:
                lines.append(f"{verdict}: {few(names)}")
        return "\n".join(lines)

    def summary(self) -> str:
        """What came out, as plain text: a table for each test, of the twelve clearest classes, and a few sentences."""
        cells = self._exchange_cells()
        exchanges = cells[cells.columns.intersection(SHORT_EXCHANGES, sort=False)]
        blocks = [as_table(TITLE_OF_EXCHANGES, exchanges), as_lines(self._sentences())]
        if len(self.advice):
            title = summary.advice_title(self.advice)
            blocks.append(as_table(title, summary.advice_cells(self.advice)))
        if self.recall_by_source is not None:
            cells = summary.source_cells(self.recall_by_source)
            blocks.append(as_table("Recall by source: shares in %, 95 % intervals", cells))
        if self.map_result is not None:
            blocks.append(as_table(self._map_title(), summary.map_cells(self.verdicts)))
        return "\n\n".join(blocks)

    def report(self) -> str:
        """The page that `save` writes, as HTML.

        >>> IPython.display.HTML(result.report())
        """
        with tempfile.TemporaryDirectory() as folder:
            return (self.save(folder) / PAGE).read_text(encoding="utf-8")

    def to_dict(self) -> dict[str, float]:
        """All numbers of `exchanges`, `verdicts` and `recall_by_source`, as far as they are there, by flat names.

        Such as `exchange/cat/fine_low`, `map/cat/tpr_dfm` and `source/cat/A/recall`; yes is 1, and no is 0. For
        trackers: `mlflow.log_metrics(result.to_dict())`.
        """
        tables = {"exchange": self.exchanges}
        if self.recall_by_source is not None:
            tables["source"] = self.recall_by_source
        if self.map_result is not None:
            tables["map"] = self.verdicts
        return flat_numbers(tables)

    def plot_exchanges(self) -> Figure:
        """For each part the class that follows it most clearly: an image, the same with the part, the difference.

        Three images show a patch that is followed, with a line around it.
        """
        clearest = {one.part: one.class_name for one in reversed(self.pictures)}
        shown = [one for one in self.pictures if one.class_name == clearest[one.part]]
        return draw_parts(shown, self.exchanges)

    def cards(self) -> Figure:
        """One row for each class: its ADCS, scores and map, and a test image reduced to the map and to the lowest
        frequencies.

        Of more than twelve classes, those with the clearest shortcut.
        """
        chosen = self._clearest_shortcuts()
        score = "loss\nincrement" if self.about["method"] == "culling" else "score of\nthe search"
        return draw.class_cards(
            self._with_maps().cards,
            chosen.names(self.classes),
            len(self.classes),
            note=chosen.note,
            score=score,
        )

    def figure(self) -> Figure:
        """TPR - FPR of every class from its map and from the controls, from the test to quote."""
        chosen = self._clearest_shortcuts()
        table = of_network(self.table, self.about["network"])
        return draw_shortcuts(over_seeds(table), chosen.names(self.classes), chosen.note)

    def save(self, folder: str | os.PathLike[str], overwrite: bool = False) -> Path:
        """Write exchanges.csv, exchanges.h5, about.json, report.html, and pictures as SVG and PNG, to a folder.

        With sources also recall_by_source.csv; if a class follows something, advice.csv. If maps were
        tested, also maps.h5, rates.csv and verdicts.csv. maps.h5 has the layout of the study: `score` and `rank` where
        the maps were searched for, `mask/top_{percent}`. Returns the folder; `load` reads it.

        overwrite : whether another result there is removed, and other files are replaced; else these raise ValueError.
            The same network, images and settings may be saved again, also with maps
        """
        tables = {"exchanges": self.exchanges}
        figures = {"exchanges": self.plot_exchanges}
        others = [FILE, PAGE]
        if len(self.advice):
            tables["advice"] = self.advice
        if self.recall_by_source is not None:
            tables["recall_by_source"] = self.recall_by_source
        if self.map_result is not None:
            tables |= {"rates": self.rates, "verdicts": self.table}
            figures |= {"cards": self.cards, "shortcuts": self.figure}
            others.append(MAPS)
        folder, pictures = save_result(
            folder, self.about, tables, figures, others, overwrite=overwrite
        )
        _write(folder / FILE, self)
        if self.map_result is not None:
            self._save_maps(folder / MAPS, self.map_result)
        write_text(folder / PAGE, self._page(pictures))
        return folder

    def _save_maps(self, path: Path, maps: MapResult) -> None:
        origin = self._origin()
        if maps.found is not None:
            dfm.write(
                path,
                maps.found,
                ConjugatePairs(*maps.maps.shape[1:]),
                [self.about["percent"]],
                method=str(self.about["method"]),
                split="analysis",
                **origin,
            )
            return
        with replacing_hdf5(path) as file:
            file[f"mask/top_{self.about['percent']:.3g}"] = maps.maps
            file.attrs.update(layout="centred", **origin)

    def _origin(self) -> dict[str, Any]:
        """What a file says of its classes, and of what it was made from."""
        return {
            "classes": list(self.classes),
            **{name: self.about[name] for name in ORIGIN},
            "seed_of_draws": self.about["seed"],
            "created_by": f"frequency-shortcuts {__version__}",
        }

    def _page(self, pictures: Mapping[str, str]) -> str:
        """The page as text; pictures : name -> PNG in base64."""
        sources = self.recall_by_source
        with_maps = self.map_result is not None
        return fill_page(
            "page.html.jinja",
            self.about,
            title=self._title(),
            note=NOTE,
            summary=self._sentences(),
            exchanges=self._exchange_cells(),
            followed=FOLLOWS,
            advice=summary.advice_cells(self.advice),
            advice_title=summary.advice_title(self.advice) if len(self.advice) else "",
            sources=None if sources is None else summary.source_cells(sources).head(20),
            map_title=self._map_title() if with_maps else "",
            maps=summary.map_cells(self.verdicts) if with_maps else None,
            strong_tpr=STRONG_TPR,
            most_fpr=MOST_FPR,
            pictures=pictures,
        )

    def _title(self) -> str:
        """The name of the network, or of its class, and of the folder or file of the images."""
        return " on ".join(filter(None, (self.about["network"], self.about["images"])))

    def _exchange_cells(self) -> pd.DataFrame:
        """What is followed comes first. Two classes are one row."""
        table = clearest_first(self.exchanges)
        if len(self.classes) == 2:
            table = summary.as_pair(table, self.classes)
        return summary.exchange_cells(table)

    def _sentences(self) -> list[str]:
        return summary.sentences_on_exchanges(self.exchanges, self.parts, self.about)

    def _map_title(self) -> str:
        fill = self.table.loc[self.table["headline"], "fill"].iloc[0]
        return summary.map_title(fill, self.about["percent"])

    def _clearest_shortcuts(self) -> selection.ClassSelection:
        return shown_classes(self.table, self.classes, self.about["network"])

    def _with_maps(self) -> MapResult:
        if self.map_result is None:
            raise ValueError("no maps were tested: call analyse with maps=True")
        return self.map_result


def plot_exchange(
    result: Analysis,
    class_name: str | None = None,
    *,
    part: str | None = None,
    ax: Sequence[Axes] | None = None,
) -> list[Axes]:
    """Draw an image before and after it got a part of a class, and the difference.

    result : of `analyse`
    class_name : by default the class that clearest follows a part of it
    part : fine, field or patch; by default that which the class follows most clearly
    ax : three axes of matplotlib; by default those of a new figure

    Returns the three axes. Raises ValueError for another class, part or number of axes.

    >>> figure, axes = plt.subplots(2, 3)
    >>> fs.plot_exchange(result, "Pullover", ax=axes[0])
    """
    name = class_name or clearest_first(result.exchanges)["class"].iloc[0]
    panels = exchange_panels(result.exchange(name, part), name)
    if ax is None:
        return draw.rows_of_panels({f"class {name}": panels}).axes
    axes = [*np.ravel(np.asarray(ax, dtype=object))]
    if len(axes) != len(panels):
        raise ValueError(
            f"{len(axes)} axes: expected three, for the image before and after, and the difference"
        )
    for axis, panel in zip(axes, panels, strict=True):
        draw.draw_panel(axis, panel)
    return axes


def compare(before: Analysis, after: Analysis) -> pd.DataFrame:
    """What two networks follow, and their recall, such as before and after `fs.refit`.

    before, after : results of the same test images

    Returns a row a class, and one of all classes: class; before and after, the verdict and what is followed; the recall
    before and after, of all classes its mean.
    Raises ValueError for results of other classes or images.

    >>> mended = fs.refit(network, images, labels, parts=before.parts)
    >>> print(fs.compare(before, fs.analyse(mended, images, labels)))
    """
    results = {"before": before, "after": after}
    images = {result.about["images_sha256"] for result in results.values()}
    if before.classes != after.classes or len(images) > 1:
        raise ValueError(
            "the results are of other classes or images: expected two networks on the same images"
        )
    table = pd.DataFrame({"class": [*before.exchanges["class"], ALL_CLASSES]})
    for when, result in results.items():
        said = result.exchanges["verdict"] + " " + result.exchanges["follows"]
        table[when] = [*said.str.strip(), ""]
    for when, result in results.items():
        recall = result.exchanges["recall"]
        table[f"recall {when}"] = [*recall, recall.mean()]
    return table


def _write(path: Path, result: Analysis) -> None:
    """Write a result to an HDF5 file; `load` reads it."""
    with replacing_hdf5(path) as file:
        file.attrs.update(result._origin())
        write_answers(file, result.answers)
        write_json(file, "about", dict(result.about))
        for name in ("exchanges", "advice"):
            write_frame(file, f"tables/{name}", getattr(result, name))
        write_pictures(file.create_group("pictures"), result.pictures)
        if result.recall_by_source is not None:
            write_frame(file, "tables/recall_by_source", result.recall_by_source)
        if result.map_result is not None:
            write_maps(file.create_group("map_result"), result.map_result)


def load(folder: str | os.PathLike[str]) -> Analysis:
    """The result of an analysis that `Analysis.save` wrote to a folder.

    Raises FileNotFoundError or ValueError, in one sentence, for a folder without a result or with an older one.

    >>> fs.load("results/torchvision_resnet50").exchanges
    """
    path = Path(folder) / FILE
    if not path.exists():
        holds = "holds a result of the data check" if about_of(folder) else "holds no result"
        raise FileNotFoundError(
            f"{folder} {holds}: expected {FILE}, which the result of an analysis saves"
        )
    with read_hdf5(path) as file:
        if "tables" not in file:
            raise ValueError(
                f"{path} is of an older version, or of a study: analyse again, and save the result"
            )
        sources = "tables/recall_by_source"
        return Analysis(
            tuple(file.attrs["classes"]),
            read_json(file, "about"),
            read_answers(file),
            read_frame(file, "tables/exchanges"),
            read_frame(file, "tables/advice"),
            read_pictures(file["pictures"]),
            read_frame(file, sources) if sources in file else None,
            read_maps(file["map_result"]) if "map_result" in file else None,
        )
