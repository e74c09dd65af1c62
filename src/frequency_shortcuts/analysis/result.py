"""The result of an analysis, with its pictures, files and page."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from frequency_shortcuts import __version__
from frequency_shortcuts.evaluation import examples, shortcuts
from frequency_shortcuts.evaluation.counterfactual import write_flips
from frequency_shortcuts.evaluation.verdicts import over_seeds
from frequency_shortcuts.figures import canvas, cards, selection
from frequency_shortcuts.figures.shortcuts import shortcuts as draw_shortcuts
from frequency_shortcuts.maps import adcs, dfm
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.files import check_folder, replacing, replacing_hdf5

from . import clearest, flip, metrics, page, summary
from .outcome import Outcome
from .wording import as_lines

MOST = 12  # classes that a drawing shows


def check_maps_file(path: str | os.PathLike[str]) -> None:
    """Raise ValueError if another file than one of maps is at this path, which would be lost."""
    if Path(path).exists():
        if h5py.is_hdf5(path):
            with h5py.File(path) as file:
                if "mask" in file:
                    return
        raise ValueError(f"{path} is there and is no file of maps: choose another name, or delete it")


@dataclass(frozen=True, repr=False)
class Analysis(Outcome):
    """The result of `analyse`: what was found, see `Outcome`, and its summary, pictures, files and page."""

    def summary(self) -> str:
        """What was done and what came out, a sentence in each line; long ones go on in lines that begin with spaces."""
        return as_lines(summary.sentences(self))

    def __repr__(self) -> str:
        outcome = self.summary() if self.flip_test else "The maps were not tested."
        return f"Analysis of {self.about['network']}, {len(self.classes)} classes\n{outcome}"

    def flip(self) -> Figure:
        """The class that clearest follows its fine spectrum: an image, the same with this spectrum, the difference."""
        return flip.draw(self.tested_flips())

    def clearest(self) -> Figure:
        """The class with the clearest shortcut: a test image, the map, and what map and closest control leave of it."""
        return clearest.draw(self)

    def cards(self) -> Figure:
        """One row for each class: its ADCS, scores and map, and a test image reduced to the map and to a control.

        Of more than twelve classes, those with the clearest shortcut.
        """
        chosen = self._selection()
        assert self.maps is not None and self.amplitude is not None  # they were tested
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
        """Write flips.csv, cross_flips.csv, flips.h5, report.html, and pictures as SVG and PNG, to a folder.

        With sources also recall_by_source.csv; if files carry a likely cause, files.csv. If maps were tested, also
        maps.h5, rates.csv and verdicts.csv. maps.h5 has the layout of the study: `score` and `rank` where the maps were
        searched for, `mask/top_{percent}`. Returns the folder.
        """
        folder = check_folder(folder)
        tables, figures = {"flips": self.flips, "cross_flips": self.cross_flips}, {"flip": self.flip}
        if self.sources is not None:
            tables["recall_by_source"] = self.recall_by_source
        if len(self.files):
            tables["files"] = self.files
        folder.mkdir(parents=True, exist_ok=True)
        with replacing_hdf5(folder / "flips.h5") as file:
            write_flips(file, self.tested_flips().hits)
            file.attrs.update(self._origin(), seed=self.about["seed"], device=self.about["device"])
        if self.maps is not None:
            self.save_maps(folder / "maps.h5")
            rates = shortcuts.rates(self.tested())
            named = rates.assign(**{"class": [self.classes[c] for c in rates["class"]]})
            tables |= {"rates": named, "verdicts": self.table}
            figures |= {"clearest": self.clearest, "cards": self.cards, "shortcuts": self.figure}
        for name, table in tables.items():
            with replacing(folder / f"{name}.csv") as temporary:
                table.to_csv(temporary, index=False)
        for name, draw in figures.items():
            figure = draw()
            canvas.save(figure, folder / name)
            plt.close(figure)
        with replacing(folder / "report.html") as temporary:
            temporary.write_text(page.render(self, folder), encoding="utf-8")
        return folder

    def to_dict(self) -> dict[str, float]:
        """All numbers of `flips`, `verdicts` and `recall_by_source`, as far as they are there, by flat names.

        Such as `flip/cat/flip_low`, `map/cat/tpr_dfm` and `source/cat/A/recall`; yes is 1, and no is 0. For trackers:
        `mlflow.log_metrics(result.to_dict())`.
        """
        tables = {}
        if self.flip_test is not None:
            tables["flip"] = self.flips
            if self.sources is not None:
                tables["source"] = self.recall_by_source
        if self.hits is not None:
            tables["map"] = self.verdicts
        return metrics.numbers(metrics.values(tables))

    def _origin(self) -> dict[str, Any]:
        """What a file says of its classes, and of what it was made from."""
        digests = {name: self.about[name] for name in ("weights_sha256", "images_sha256")}
        return {"classes": list(self.classes), "created_by": f"frequency-shortcuts {__version__}", **digests}

    def save_maps(self, path: str | os.PathLike[str]) -> None:
        """Write the maps, with the scores where they were searched for, to an HDF5 file."""
        if self.maps is None:
            raise ValueError("there are no maps to save: call analyse without quick")
        check_maps_file(path)
        if self.found is not None:
            pairs = ConjugatePairs(*self.maps.shape[1:])
            dfm.write(
                path, self.found, pairs, [self.about["percent"]], method=str(self.about["method"]), split="analysis",
                **self._origin(), **{name: self.about[name] for name in ("device", "seed")},
            )  # fmt: skip
            return
        with replacing_hdf5(path) as file:
            file[f"mask/top_{self.about['percent']:.3g}"] = self.maps
            file.attrs.update(layout="centred", **self._origin())
