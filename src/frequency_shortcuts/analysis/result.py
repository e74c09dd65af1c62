"""The result of an analysis: flips, maps and verdicts, with its summary, pictures, files and page."""

from __future__ import annotations

import functools
import html
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from frequency_shortcuts import __version__
from frequency_shortcuts.figures import cards, selection
from frequency_shortcuts.figures.shortcuts import shortcuts as draw_shortcuts
from frequency_shortcuts.images.folders import few
from frequency_shortcuts.images.source import Source
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps import adcs, dfm
from frequency_shortcuts.maps.methods.method import Found
from frequency_shortcuts.shortcuts import examples
from frequency_shortcuts.shortcuts.hits import Hits, rates
from frequency_shortcuts.shortcuts.verdict import over_seeds, verdicts
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray
from frequency_shortcuts.spectrum.fills import ZEROS
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.files import make_room, replacing, replacing_hdf5

from . import stored, summary
from .counterfactuals import Counterfactual, FlipTest
from .images import shown
from .plots import draw_flip, draw_images
from .sources import recall_by_source
from .wording import MOST, as_html, flat_values, only_numbers, save_figures

SHORT = [
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
FILES = [  # of all that a result can write
    "flips.h5",
    "maps.h5",
    "report.html",
    *(f"{name}.csv" for name in ("flips", "images", "recall_by_source", "rates", "verdicts")),
    *(
        f"{name}.{end}"
        for name in ("flip", "images", "cards", "shortcuts")
        for end in ("svg", "png")
    ),
]


def check_maps_file(path: str | os.PathLike[str]) -> None:
    """Raise ValueError if another file than one of maps is at this path, which would be lost."""
    if Path(path).exists():
        if h5py.is_hdf5(path):
            with h5py.File(path) as file:
                if "mask" in file:
                    return
        raise ValueError(
            f"{path} is there and is no file of maps: choose another name, or delete it"
        )


def _restored(content: bytes) -> Analysis:
    with h5py.File(io.BytesIO(content), "r") as file:
        return stored.read(file)


@dataclass(frozen=True, repr=False)
class Analysis:
    """The result of `analyse`.

    ranking, test : the images that rank frequencies, and those that test; the first ones are also those of the maps
    about : how it was made: network, digests of weights and images, settings, seed, device, seconds
    flip_test : the exchange test; None where only maps were made
    maps : bool [class, H, W], centred, the frequencies in the map of each class; None without maps
    found : scores of the search, None where none were searched for
    hits : the class that the network names for each test image under each mask; None where no maps were tested
    amplitude : mean amplitude spectrum of each class, float64 [class, channel, H, W], centred; None without maps
    sources : str [n], where each test image comes from; None where nothing is said
    """

    ranking: Split
    test: Split
    about: Mapping[str, Any]
    flip_test: FlipTest | None = None
    maps: BoolArray | None = None
    found: Found | None = None
    hits: Hits | None = None
    amplitude: FloatArray | None = None
    sources: npt.NDArray[np.str_] | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.ranking.classes

    @property
    def flips(self) -> pd.DataFrame:
        """One row for each class, from the exchange test; see `exchange.answers.rates`.

        `fine`, `field` and `patch` are the shares of other images that are called the class with this part of it, minus
        those before (of `patch`, with a patch of their own class), each with its two-sided 90 % interval (`_low`,
        `_high`), and `_control`, the share with the part of their own class minus that before. `recall` is that of the
        class, `false_positives` the share of other images that are called it, `images` got the parts. `verdict` is one
        of `exchange.answers.VERDICTS`, `follows` the names of the parts that the class follows, `cause` a likely one in
        words, or None, `reason` why there is no verdict, see `wording.reason`, or None.

        Of two classes, what separates them can be in either: verdict, parts and cause are those of the pair.
        """
        return self.tested_flips().table

    @property
    def images(self) -> pd.DataFrame:
        """Which images flip: the test images of each class that follows, with that part of other classes.

        One row for each part and each image that was rightly called, `exchange.test.IMAGES` of a class at most:
        `image`, its position among the test images; `path`, from the folder that all are in, or None; `class`; `part`;
        `probability` of the class, and `probability_without` its part; `called_without`, and `flips`, whether that is
        another class. By class, and then those first that lose the most. Empty where nothing is followed.
        """
        return self.tested_flips().removed[0]

    @property
    def recall_by_source(self) -> pd.DataFrame:
        """The recall of each class in the test images of each source, worst first; see `sources.recall_by_source`."""
        if self.sources is None:
            raise ValueError("no sources were given: call analyse with Test(source=...)")
        test = self.tested_flips()
        return recall_by_source(
            test.answers.labels, test.answers.before, self.sources[test.shown], self.classes
        )

    @property
    def differences(self) -> FloatArray:
        """How clearly each class differs from the others at each frequency: float64 [class, H, W], centred.

        It is 1 by chance, and does not depend on the network; see `ClassStatistics.differences`.
        """
        statistics = self.tested_flips().statistics
        return np.stack([statistics.differences(k) for k in range(len(self.classes))])

    def counterfactual(self, of: str | int, part: str | None = None) -> Counterfactual:
        """A typical image before and after it got a part of a class, which is given by its name or number.

        part : fine, field or patch; by default that which the class follows most clearly

        Raises ValueError for another class or part.

        >>> result.counterfactual("Pullover").called_after
        'Pullover'
        """
        names = self.classes
        if isinstance(of, str) and of in names:
            of = names.index(of)
        if isinstance(of, str) or not 0 <= of < len(names):
            raise ValueError(
                f"class {of}: expected a name or number of a class of the images, {few([*names])}"
            )
        return self.tested_flips().counterfactual(of, part)

    def tested_flips(self) -> FlipTest:
        """The exchange test; raises ValueError if nothing was tested."""
        if self.flip_test is None:
            raise ValueError("nothing was tested: call analyse with the parts keep, remove or both")
        return self.flip_test

    @functools.cached_property
    def table(self) -> pd.DataFrame:
        """All verdicts: a row for each class, part and fill; see `shortcuts.verdicts`. Classes are names here."""
        table = verdicts(self.tested())
        for name in (
            "class",
            "closest_class",
            "largest_other_class",
        ):  # the last two are missing without other maps
            table[name] = [None if pd.isna(c) else self.classes[int(c)] for c in table[name]]
        return table

    @functools.cached_property
    def rates(self) -> pd.DataFrame | None:
        """Every rate that was measured; see `hits.rates`. Classes are numbers. None where nothing was tested."""
        return None if self.hits is None else rates(self.hits)

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
        removed = self.table[
            (self.table["part"] == "remove") & self.table["fill"].isin(rows["fill"])
        ]
        removed = removed.set_index("class").reindex(rows["class"])
        about = {
            "tpr_removed": removed["tpr_dfm"].to_numpy(),
            "tpr_random_removed": removed["tpr_random"].to_numpy(),
            "needed": [
                {"strong": True, "weak": True, "none": False}.get(verdict)
                for verdict in removed["verdict"]
            ],
        }
        return rows[SHORT].assign(**about).reset_index(drop=True)

    @property
    def table_1(self) -> pd.DataFrame:
        """Table 1 of the paper: TPR and FPR of each class unfiltered and with its map (`dfm`), zeros elsewhere.

        Beside them stand those of the controls of the same size, means over draws: `random` masks, `radial` ones with
        the radii of the map (TPR alone), as many of the lowest frequencies (`low_pass`), maps of `other` classes.
        """
        rows = self.table[(self.table["part"] == "keep") & (self.table["fill"] == ZEROS.name)]
        names = ("unfiltered", "dfm", "random", "radial", "low_pass", "other")
        rates = [f"{rate}_{name}" for name in names for rate in ("tpr", "fpr")]
        return rows[
            ["class", *rows.columns.intersection(rates, sort=False), "verdict"]
        ].reset_index(drop=True)

    def tested(self) -> Hits:
        """The hits; raises ValueError if no maps were tested."""
        if self.hits is None:
            raise ValueError(
                "no maps were tested: call analyse without quick, and with the parts keep, remove or both"
            )
        return self.hits

    def summary(self) -> str:
        """What came out, as plain text: a table for each test, of the twelve clearest classes, and a few sentences."""
        return summary.text(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as it is saved: without the images and the network, see `load`."""
        with h5py.File(memory := io.BytesIO(), "w") as file:
            stored.write(file, self)
        return _restored, (memory.getvalue(),)

    def _repr_html_(self) -> str:
        if self.flip_test is None:
            return f"<pre>{html.escape(repr(self))}</pre>"
        return as_html(f"Analysis of {summary.title(self)}", summary.flip_table(self), self.flip())

    def __repr__(self) -> str:
        outcome = self.summary() if self.flip_test else "The maps were not tested."
        return f"Analysis of {summary.title(self)}, {len(self.classes)} classes\n{outcome}"

    def flip(self) -> Figure:
        """For each part the class that follows it most clearly: an image, the same with the part, the difference."""
        return draw_flip(self.tested_flips())

    def flipped(self) -> Figure:
        """The clearest of `images` that flip, six at most, two of a class and part: before, after, the difference.

        Raises ValueError if there are none but those of `flip`.
        """
        return draw_images(self.tested_flips())

    def cards(self) -> Figure:
        """One row for each class: its ADCS, scores and map, and a test image reduced to the map and to the lowest
        frequencies.

        Of more than twelve classes, those with the clearest shortcut.
        """
        chosen, content = self._selection(), self.shown_on_cards
        title = "loss\nincrement" if self.about["method"] == "culling" else "score of\nthe search"
        return cards.class_cards(
            content, chosen.names(self.classes), len(self.classes), note=chosen.note, score=title
        )

    @functools.cached_property
    def shown_on_cards(self) -> examples.Cards:
        """What `cards` shows."""
        chosen = self._selection()
        assert self.maps is not None and self.amplitude is not None  # they were tested
        places = np.array([np.flatnonzero(self.test.labels == c)[0] for c in chosen.index])
        pictures = shown(self.test, places), Source(self.test).take(places).float()
        increment = None
        if self.found is not None:
            pairs = ConjugatePairs(*self.maps.shape[1:])
            increment = pairs.scatter(self.found.score)[chosen.index]
        return examples.make_cards(
            adcs.accumulate(self.amplitude)[chosen.index],
            increment,
            self.maps[chosen.index],
            pictures,
        )

    def figure(self) -> Figure:
        """TPR - FPR of every class from its map and from the controls, from the test to quote."""
        chosen = self._selection()
        return draw_shortcuts(
            over_seeds(self._table_of_network()), chosen.names(self.classes), chosen.note
        )

    def _table_of_network(self) -> pd.DataFrame:
        """The verdicts with the columns by which figures tell networks apart."""
        return self.table.assign(
            dataset="", network=self.about["network"], augmentation="none", seed=0
        )

    def _selection(self) -> selection.ClassSelection:
        return selection.clearest_shortcuts(self._table_of_network(), self.classes, MOST)

    def save(self, folder: str | os.PathLike[str], overwrite: bool = False) -> Path:
        """Write flips.csv, flips.h5, report.html, and pictures as SVG and PNG, to a folder.

        With sources also recall_by_source.csv; if a class follows something, images.csv. If maps were tested,
        also maps.h5, rates.csv and verdicts.csv. maps.h5 has the layout of the study: `score` and `rank` where the maps
        were searched for, `mask/top_{percent}`. Returns the folder; `load` reads it.

        overwrite : whether another result there is removed, and other files are replaced; else these raise ValueError.
            The same network, images and settings may be saved again, also with maps after quick
        """
        tables, figures = {"flips": self.flips}, {"flip": self.flip}
        if self.sources is not None:
            tables["recall_by_source"] = self.recall_by_source
        if len(self.images):
            tables["images"] = self.images
        if self.tested_flips().removed[1]:
            figures["images"] = self.flipped
        if (measured := self.rates) is not None:
            named = measured.assign(**{"class": [self.classes[c] for c in measured["class"]]})
            tables |= {"rates": named, "verdicts": self.table}
            figures |= {"cards": self.cards, "shortcuts": self.figure}
        files = [
            "flips.h5",
            "report.html",
            *["maps.h5"] * (self.maps is not None),
            *(f"{name}.csv" for name in tables),
        ]
        files += [f"{name}.{end}" for name in figures for end in ("svg", "png")]
        about = {**self.about, "names": list(self.classes), "files": ", ".join(files)}
        older = ("files.csv", "carriers.svg", "carriers.png")  # of versions before 3.1
        folder = make_room(folder, [*FILES, *older], stored.about_of(folder), about, overwrite)
        with replacing_hdf5(folder / "flips.h5") as file:
            stored.write(file, self)
            file.attrs.update(self._origin(), files=about["files"])
        if self.maps is not None:
            self.save_maps(folder / "maps.h5")
        for name, table in tables.items():
            with replacing(folder / f"{name}.csv") as temporary:
                table.to_csv(temporary, index=False)
        page = summary.page(self, save_figures(figures, folder))
        with replacing(folder / "report.html") as temporary:
            temporary.write_text(page, encoding="utf-8")
        return folder

    def to_dict(self) -> dict[str, float]:
        """All numbers of `flips`, `verdicts` and `recall_by_source`, as far as they are there, by flat names.

        Such as `flip/cat/fine_low`, `map/cat/tpr_dfm` and `source/cat/A/recall`; yes is 1, and no is 0. For trackers:
        `mlflow.log_metrics(result.to_dict())`.
        """
        tables = {}
        if self.flip_test is not None:
            tables["flip"] = self.flips
            if self.sources is not None:
                tables["source"] = self.recall_by_source
        if self.hits is not None:
            tables["map"] = self.verdicts
        return only_numbers(flat_values(tables))

    def _origin(self) -> dict[str, Any]:
        """What a file says of its classes, and of what it was made from."""
        about = {
            name: self.about[name]
            for name in ("network", "device", "weights_sha256", "images_sha256")
        }
        about |= {
            "seed_of_draws": self.about["seed"],
            "created_by": f"frequency-shortcuts {__version__}",
        }
        return {"classes": list(self.classes), **about}

    def save_maps(self, path: str | os.PathLike[str]) -> None:
        """Write the maps, with the scores where they were searched for, to an HDF5 file."""
        if self.maps is None:
            raise ValueError("there are no maps to save: call analyse without quick")
        check_maps_file(path)
        if self.found is not None:
            pairs = ConjugatePairs(*self.maps.shape[1:])
            dfm.write(
                path,
                self.found,
                pairs,
                [self.about["percent"]],
                method=str(self.about["method"]),
                split="analysis",
                **self._origin(),
            )
            return
        with replacing_hdf5(path) as file:
            file[f"mask/top_{self.about['percent']:.3g}"] = self.maps
            file.attrs.update(layout="centred", **self._origin())
