"""What an analysis found: maps, rates, verdicts, with their pictures, files and page."""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from frequency_shortcuts import __version__
from frequency_shortcuts.data.normalisation import normalise
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.evaluation import examples, shortcuts
from frequency_shortcuts.evaluation.verdicts import over_seeds
from frequency_shortcuts.figures import cards, selection
from frequency_shortcuts.figures.shortcuts import shortcuts as draw_shortcuts
from frequency_shortcuts.maps import adcs, scores
from frequency_shortcuts.maps.methods.method import Found
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.files import replacing, replacing_hdf5
from frequency_shortcuts.storage.tables import spreadsheet_safe

from . import clearest, page, summary
from .images import shown

MOST = 12  # classes that a drawing shows
SHORT = [
    "class", "tpr_unfiltered", "tpr_dfm", "fpr_dfm", "best_control", "closest_class", "margin", "margin_low",
    "margin_high", "verdict", "low_frequency", "images", "negatives", "smallest_effect",
]  # fmt: skip
NEEDED = {"strong": True, "weak": True, "none": False}  # verdict on a map that is removed -> whether it is needed


@dataclass(frozen=True)
class Analysis:
    """The result of `analyse`.

    found : scores of the search, None where the maps were given
    maps : bool [class, H, W], centred, the frequencies in the map of each class
    hits : the class that the network names for each test image under each mask; None where nothing was tested
    ranking, test : the images that found the maps, and those that tested them
    amplitude : mean amplitude spectrum of each class, float64 [class, channel, H, W], centred
    about : how it was made: network, digests of weights and images, settings, seed, device, seconds
    """

    found: Found | None
    maps: BoolArray
    hits: shortcuts.Hits | None
    ranking: Split
    test: Split
    amplitude: FloatArray
    about: Mapping[str, Any]

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.ranking.classes

    @functools.cached_property
    def table(self) -> pd.DataFrame:
        """All verdicts: a row for each class, part and fill; see `shortcuts.verdicts`. Classes are names here."""
        table = shortcuts.verdicts(self.tested())
        for name in ("class", "closest_class", "largest_other_class"):  # the last two are missing without other maps
            table[name] = [None if pd.isna(c) else self.classes[int(c)] for c in table[name]]
        return table

    @functools.cached_property
    def rates(self) -> pd.DataFrame | None:
        """Every rate that was measured; see `rates.rates`. Classes are numbers. None where nothing was tested."""
        return None if self.hits is None else shortcuts.rates(self.hits)

    @property
    def verdicts(self) -> pd.DataFrame:
        """One row for each class, from the test to quote (the map alone is kept): rates, margin, verdict.

        `margin` is that to the closest control, `best_control`: random masks, or the map of `closest_class`.
        `low_frequency` says whether the lowest frequencies of the same number do as well. `images` and `negatives` of
        the class and of others were tested; `smallest_effect` is the least margin that would be clear with so many.
        If maps were also removed: `tpr_removed` without the map, `tpr_random_removed` without as many random
        frequencies (mean over draws), and `needed`, whether TPR - FPR falls clearly more without the map. This is no
        part of the verdict.
        """
        rows = self.table[self.table["headline"]]
        removed = self.table[(self.table["part"] == "remove") & self.table["fill"].isin(rows["fill"])]
        removed = removed.set_index("class").reindex(rows["class"])
        about = {
            "tpr_removed": removed["tpr_dfm"].to_numpy(),
            "tpr_random_removed": removed["tpr_random"].to_numpy(),
            "needed": [NEEDED.get(verdict) for verdict in removed["verdict"]],
        }
        return rows[SHORT].assign(**about).reset_index(drop=True)

    def summary(self) -> str:
        """What was done and what came out, one sentence a line."""
        return "\n".join(summary.sentences(self))

    def __repr__(self) -> str:
        outcome = "The maps were not tested." if self.hits is None else self.summary()
        return f"Analysis of {self.about['network']}, {len(self.classes)} classes\n{outcome}"

    def clearest(self) -> Figure:
        """The class with the clearest shortcut: a test image, the map, and what map and closest control leave of it."""
        return clearest.draw(self)

    def cards(self) -> Figure:
        """One row for each class: its spectrum, scores, map, a control, and a test image reduced to both.

        Of more than twelve classes, those with the clearest shortcut.
        """
        chosen = self._selection()
        pictures, normalised = self.test_images([int(np.flatnonzero(self.test.labels == c)[0]) for c in chosen.index])
        increment = None
        if self.found is not None:
            pairs = ConjugatePairs(*self.maps.shape[1:])
            increment = pairs.scatter(self.found.score)[chosen.index]
        content = examples.make_cards(
            self.amplitude[chosen.index].mean(axis=1), adcs.accumulate(self.amplitude)[chosen.index], increment,
            self.maps[chosen.index], chosen.index, (pictures, normalised), int(self.about["seed"]),
        )  # fmt: skip
        title = "loss\nincrement" if self.about["method"] == "culling" else f"score by\n{self.about['method']}"
        return cards.class_cards(content, chosen.names(self.classes), len(self.classes), note=chosen.note, score=title)

    def figure(self) -> Figure:
        """TPR - FPR of every class from its map and from the controls, from the test to quote."""
        chosen = self._selection()
        return draw_shortcuts(over_seeds(self._table_of_network()), chosen.names(self.classes), chosen.note)

    def _table_of_network(self) -> pd.DataFrame:
        """The verdicts with the columns by which figures tell networks apart."""
        return self.table.assign(dataset="", network=self.about["network"], augmentation="none", seed=0)

    def _selection(self) -> selection.ClassSelection:
        return selection.clearest_shortcuts(self._table_of_network(), self.classes, MOST)

    def test_images(self, places: Sequence[int]) -> tuple[np.ndarray, torch.Tensor]:
        """Some test images: as pictures, uint8 [k, channels, H, W], and as the network sees them."""
        images = torch.from_numpy(np.asarray(self.test.images[np.array(places)]))
        if images.dtype == torch.uint8:
            images = normalise(images, self.test.mean, self.test.std)
        return shown(self.test, places), images.float()

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write maps.h5, rates.csv, verdicts.csv, report.html, and its pictures as SVG and PNG, to a folder.

        maps.h5 has the layout of the study: `score` and `rank` where the maps were searched for, `mask/top_{percent}`.
        Returns the folder.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.save_maps(folder / "maps.h5")
        for name, table in (("rates", self._named_rates()), ("verdicts", self.table)):
            with replacing(folder / f"{name}.csv") as temporary:
                spreadsheet_safe(table).to_csv(temporary, index=False)
        page.draw(self, folder)
        self._write_page(folder / "report.html", folder)
        return folder

    def save_maps(self, path: str | os.PathLike[str]) -> None:
        """Write the maps, with the scores where they were searched for, to an HDF5 file."""
        made_by = f"frequency-shortcuts {__version__}"
        if self.found is not None:
            pairs = ConjugatePairs(*self.maps.shape[1:])
            scores.write(
                path, self.found, pairs, [self.about["percent"]], method=str(self.about["method"]),
                classes=self.classes, split="analysis", created_by=made_by,
                **{name: self.about[name] for name in ("weights_sha256", "images_sha256", "device", "seed")},
            )  # fmt: skip
            return
        with replacing_hdf5(path) as file:
            file[f"mask/top_{self.about['percent']:.3g}"] = self.maps
            file.attrs.update(
                layout="centred", classes=list(self.classes), weights_sha256=self.about["weights_sha256"],
                images_sha256=self.about["images_sha256"], created_by=made_by,
            )  # fmt: skip

    def tested(self) -> shortcuts.Hits:
        """The hits; raises ValueError if the maps were not tested."""
        if self.hits is None:
            raise ValueError("the maps were not tested: call analyse with the parts keep, remove or both")
        return self.hits

    def _named_rates(self) -> pd.DataFrame:
        rates = shortcuts.rates(self.tested())
        return rates.assign(**{"class": [self.classes[c] for c in rates["class"]]})

    def report(self, path: str | os.PathLike[str] = "report.html") -> Path:
        """Write one HTML page with the clearest class, verdicts, cards and rates; it loads nothing from elsewhere."""
        with tempfile.TemporaryDirectory() as folder:
            page.draw(self, Path(folder))
            self._write_page(path, Path(folder))
        return Path(path)

    def _write_page(self, path: str | os.PathLike[str], drawings: Path) -> None:
        with replacing(path) as temporary:
            temporary.write_text(page.render(self, drawings), encoding="utf-8")
