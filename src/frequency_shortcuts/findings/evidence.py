"""The tables that the findings stand on, and the rows that are made of them: the number of each network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts.storage.tables import NETWORK, RUN

from .definitions import FEWEST_CLASSES

COLUMNS = [
    "finding", "quantity", "method", "role", "kind", "data", "networks_of", "dataset", "network", "augmentation",
    "seed", "class", "value", "half_width", "distinctiveness",
]  # fmt: skip
DECIDES, BESIDE = "decides", "beside"
PHOTOGRAPHS, SYNTHETIC, PLANTED, GRADED = "photographs", "synthetic", "planted", "graded"
CURES = ("swap_fine",)  # meant to avoid shortcuts
Rows = list[dict[str, Any]]


def _empty() -> pd.DataFrame:
    """A table that a study lacks: no rows, and the columns by which rows are chosen."""
    return pd.DataFrame(columns=[*RUN, "method", "fill", "view", "iteration"])


@dataclass(frozen=True)
class Tables:
    """The tables of a study, as its workflow writes them, and what its configuration says of its sets.

    kinds : photographs, synthetic or planted, by data set, in the order of the plan
    classes : dataset, class, neutral, distinctiveness
    networks : RUN, architecture, width
    advantages : RUN, method, fill, headline, advantage, low_pass_margin, best_other_margin, each with _low, _high
    ood, transfer : the same with `rendition`, and with dataset, maps_of, tested_on in place of RUN
    dynamics : RUN, iteration, view, class, f1
    band_stop : RUN, removed, true_class, called_class, original, filtered
    control_bands : 1 to 4, by data set
    graded : seed, class, gain (NaN for the plain class), ring (low, high), earliness
    flips : RUN, class, flip, need

    RUN stands for the columns dataset, network, augmentation, seed. A table that a study lacks is empty.
    """

    kinds: Mapping[str, str] = field(default_factory=dict)
    classes: pd.DataFrame = field(default_factory=_empty)
    networks: pd.DataFrame = field(default_factory=_empty)
    advantages: pd.DataFrame = field(default_factory=_empty)
    ood: pd.DataFrame = field(default_factory=_empty)
    transfer: pd.DataFrame = field(default_factory=_empty)
    dynamics: pd.DataFrame = field(default_factory=_empty)
    band_stop: pd.DataFrame = field(default_factory=_empty)
    control_bands: Mapping[str, int] = field(default_factory=dict)
    graded: pd.DataFrame = field(default_factory=_empty)
    flips: pd.DataFrame = field(default_factory=_empty)

    def of_method(self, method: str) -> Tables:
        """The same with what was measured of the maps of one method alone."""
        tables = {name: getattr(self, name) for name in ("advantages", "ood", "transfer")}
        return replace(self, **{name: table[table["method"] == method] for name, table in tables.items()})

    def baseline(self, dataset: str, tested: pd.DataFrame) -> tuple[str, str]:
        """Network and augmentation that decide on a data set: the first network of the plan that was tested.

        It is without augmentation if that was tested. tested : a table of a test, with RUN
        """
        kinds = tested.loc[tested["dataset"] == dataset, NETWORK].drop_duplicates()
        planned = self.networks[NETWORK].drop_duplicates().merge(kinds, on=NETWORK)
        first = planned[planned["network"] == planned["network"].iloc[0]]
        names = first["augmentation"].unique()
        return str(first["network"].iloc[0]), "none" if "none" in names else str(names[0])

    def of_baseline(self, tested: pd.DataFrame, *kinds: str) -> pd.DataFrame:
        """The rows of a table of a test that are of the baseline of a data set of these kinds, in their order."""
        parts = [tested.iloc[:0]]
        for dataset in self.judged(*kinds):
            of_set = tested[tested["dataset"] == dataset]
            if len(of_set):
                network, augmentation = self.baseline(dataset, tested)
                parts.append(of_set[(of_set["network"] == network) & (of_set["augmentation"] == augmentation)])
        return pd.concat(parts)

    def neutral(self, dataset: str) -> set[str]:
        """The classes of a data set that have no cue of their own."""
        rows = self.classes[(self.classes["dataset"] == dataset) & self.classes["neutral"].astype(bool)]
        return set(rows["class"])

    def judged(self, *kinds: str) -> list[str]:
        """The data sets of these kinds, without those of two classes and no neutral one: TPR - FPR says too little."""
        counts = self.classes.groupby("dataset").size()
        return [
            name
            for name, kind in self.kinds.items()
            if kind in kinds and (counts[name] >= FEWEST_CLASSES or self.neutral(name))
        ]


def kind_of(run: Mapping[Any, Any]) -> str:
    """The kind of a network in words."""
    return str(run["network"]) + (f", {run['augmentation']}" if run["augmentation"] != "none" else "")


def number_row(
    role: str, quantity: str, kind: str, networks_of: str = "", *, value: float, half: float = np.nan, **run: Any
) -> dict[str, Any]:
    """A row of the numbers, with `COLUMNS`; `networks_of` is by default the network of the run.

    >>> number_row("decides", "C2 survives", "synthetic", value=1.0, dataset="syn_1", network="r", augmentation="none")
    """
    of = networks_of or (kind_of(run) if "network" in run else "one network a set")
    # Syn_1 to Syn_4, and the graded sets, are one experiment each.
    data = kind if kind in (SYNTHETIC, GRADED) else run["dataset"]
    empty = dict.fromkeys(COLUMNS, "") | {"distinctiveness": np.nan}
    about = {"quantity": quantity, "role": role, "kind": kind, "data": data, "networks_of": of}
    return {**empty, **run, **about, "value": value, "half_width": half}
