"""The result of an analysis, with its pictures, files and page."""

from __future__ import annotations

import os
import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from frequency_shortcuts import __version__
from frequency_shortcuts.evaluation import examples, shortcuts
from frequency_shortcuts.evaluation.verdicts import over_seeds
from frequency_shortcuts.figures import canvas, cards, selection
from frequency_shortcuts.figures.shortcuts import shortcuts as draw_shortcuts
from frequency_shortcuts.maps import adcs, scores
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.files import replacing, replacing_hdf5

from . import clearest, page, summary
from .outcome import Outcome

MOST = 12  # classes that a drawing shows
LINE = 100  # characters of the summary


@dataclass(frozen=True, repr=False)
class Analysis(Outcome):
    """The result of `analyse`: what was found, see `Outcome`, and its summary, pictures, files and page."""

    def summary(self) -> str:
        """What was done and what came out, a sentence in each line; long ones go on in lines that begin with spaces."""
        lines = (textwrap.fill(sentence, LINE, subsequent_indent="  ") for sentence in summary.sentences(self))
        return "\n".join(lines)

    def __repr__(self) -> str:
        outcome = "The maps were not tested." if self.hits is None else self.summary()
        return f"Analysis of {self.about['network']}, {len(self.classes)} classes\n{outcome}"

    def clearest(self) -> Figure:
        """The class with the clearest shortcut: a test image, the map, and what map and closest control leave of it."""
        return clearest.draw(self)

    def cards(self) -> Figure:
        """One row for each class: its ADCS, scores and map, and a test image reduced to the map and to a control.

        Of more than twelve classes, those with the clearest shortcut.
        """
        chosen = self._selection()
        pictures, normalised = self.test_images([int(np.flatnonzero(self.test.labels == c)[0]) for c in chosen.index])
        increment = None
        if self.found is not None:
            pairs = ConjugatePairs(*self.maps.shape[1:])
            increment = pairs.scatter(self.found.score)[chosen.index]
        content = examples.make_cards(
            adcs.accumulate(self.amplitude)[chosen.index], increment, self.maps[chosen.index], chosen.index,
            (pictures, normalised), int(self.about["seed"]),
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

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write maps.h5, rates.csv, verdicts.csv, report.html, and its pictures as SVG and PNG, to a folder.

        maps.h5 has the layout of the study: `score` and `rank` where the maps were searched for, `mask/top_{percent}`.
        Returns the folder.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.save_maps(folder / "maps.h5")
        rates = shortcuts.rates(self.tested())
        named = rates.assign(**{"class": [self.classes[c] for c in rates["class"]]})
        for name, table in (("rates", named), ("verdicts", self.table)):
            with replacing(folder / f"{name}.csv") as temporary:
                table.to_csv(temporary, index=False)
        for name, figure in (("clearest", self.clearest()), ("cards", self.cards()), ("shortcuts", self.figure())):
            canvas.save(figure, folder / name)
            plt.close(figure)
        with replacing(folder / "report.html") as temporary:
            temporary.write_text(page.render(self, folder), encoding="utf-8")
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
