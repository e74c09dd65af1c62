"""A study as its notebooks read it, and the kinds of networks that a figure shows."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures.selection import kinds_of, of_kind
from frequency_shortcuts.intervals import half_width_of_difference, wilson
from frequency_shortcuts.storage.hdf5 import read_classes, read_hdf5
from frequency_shortcuts.storage.tables import CULLING, RUN, read_table
from study.job import ROOT

SAVES = "STUDY_SAVES"  # the variable that is set if the workflow runs a notebook: by hand, it saves nothing
Run = Mapping[str, Any]


class Study:
    """The files of a study.

    results : their folder, such as results/laptop, in the checkout or elsewhere
    """

    def __init__(self, results: str | os.PathLike[str]) -> None:
        self.results = ROOT / results

    @property
    def saves(self) -> bool:
        """Whether the workflow runs the notebook."""
        return bool(os.environ.get(SAVES))

    def table(self, name: str, dataset: str = "") -> pd.DataFrame:
        """A table of the study; its rows of one data set, if that is named."""
        table = read_table(self.results / "tables" / f"{name}.csv")
        return table[table["dataset"] == dataset] if dataset else table

    def images(self, dataset: str) -> str:
        """The store of the images of a data set."""
        return str(self.results / "data" / f"{dataset}.h5")

    def rendition(self, dataset: str, rendition: str) -> str:
        """The store of a rendition of the test images of a data set."""
        return str(self.results / "data" / "ood" / dataset / f"{rendition}.h5")

    def spectra(self, dataset: str) -> str:
        """The file of the mean spectra and ADCS of a data set."""
        return str(self.results / "adcs" / f"{dataset}.h5")

    def weights(self, run: Run) -> str:
        """The file of the weights of a run."""
        return str(self._folder("networks", run) / "weights.safetensors")

    def maps(self, run: Run, method: str = CULLING) -> str:
        """The file of the maps of a run, by default those of culling."""
        folder = self._folder("dfm" if method == CULLING else f"maps/{method}", run)
        return f"{folder}.h5"

    def _folder(self, name: str, run: Run) -> Path:
        return (
            self.results
            / name
            / run["dataset"]
            / run["network"]
            / run["augmentation"]
            / f"seed{run['seed']}"
        )

    def classes(self, dataset: str) -> list[str]:
        """The names of the classes of a data set."""
        return list(read_classes(self.images(dataset)))

    def edges(self, dataset: str, band_edges: Sequence[float]) -> list[float]:
        """The edges of the bands of Syn_1 to Syn_4; other data sets have none."""
        with read_hdf5(self.images(dataset)) as file:
            has_bands = "planted" in file and file["planted"].attrs["mechanism"] == "syn"
        return list(band_edges) if has_bands else []

    def runs(self, dataset: str) -> list[dict[str, Any]]:
        """The runs on a data set whose maps are tested, in the order of the plan."""
        runs: list[dict[str, Any]] = (
            self.table("shortcuts", dataset)[RUN].drop_duplicates().to_dict("records")
        )
        return runs

    def first_runs(self, dataset: str) -> list[dict[str, Any]]:
        """Of each kind of networks, the run with the smallest seed."""
        first: dict[tuple[str, str], dict[str, Any]] = {}
        for run in self.runs(dataset):
            kind = run["network"], run["augmentation"]
            if kind not in first or run["seed"] < first[kind]["seed"]:
                first[kind] = run
        return list(first.values())

    def first_run(self, dataset: str, kind: Sequence[str]) -> dict[str, Any]:
        """The run with the smallest seed of one kind of networks: its network and augmentation."""
        (run,) = (
            run
            for run in self.first_runs(dataset)
            if [run["network"], run["augmentation"]] == list(kind)
        )
        return run

    def show(self, figure: Figure, name: str) -> None:
        """Show a figure; if the workflow runs the notebook, also save it as SVG and PNG."""
        if self.saves:
            canvas.save(figure, self.results / "figures" / name)
        plt.show()


def kinds_from_first(table: pd.DataFrame, first: Sequence[str]) -> list[tuple[str, str]]:
    """The kinds of networks in a table, from the one of this network and augmentation on, if it is there."""
    return sorted(kinds_of(table), key=lambda kind: list(kind) != list(first))


def first_kinds(table: pd.DataFrame, first: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The rows of the first kind of network of each data set; first : its network and augmentation."""
    sets = table.groupby("dataset", sort=False)
    return pd.concat(
        [of_kind(rows, kinds_from_first(rows, first[str(name)])[0]) for name, rows in sets]
    )


def first_kind_note(kinds: Sequence[tuple[str, str]], note: str) -> str:
    """The note of a figure that shows the first of these kinds of networks, before that on its classes."""
    kind = " ".join(kinds[0]).removesuffix(" none")
    first = f"{kind}, the first of {len(kinds)} kinds of networks" if len(kinds) > 1 else ""
    return "; ".join(filter(None, (first, note)))


def half_width(of_tpr: npt.ArrayLike, fpr: pd.Series, negatives: pd.Series) -> Any:
    """Half the width of the interval of TPR - FPR [...], from that of TPR; a set of two classes has no FPR."""
    low, high = wilson(fpr, negatives.where(fpr.notna()))
    return half_width_of_difference(of_tpr, high - low)
