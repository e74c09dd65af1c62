"""The number of each network that a finding is about, from the tables of a study: one function for each finding.

Each returns rows with the columns `evidence.COLUMNS`. Rows with the same `quantity`, `method`, `data` and `networks_of`
are of networks of one kind. A row *decides* if it is what the finding compares; the others stand beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from frequency_shortcuts.storage.tables import NETWORK, RUN

from . import advantages
from .definitions import FEWEST_CLASSES, FINDINGS, SURVIVES_FROM
from .evidence import (
    BESIDE,
    COLUMNS,
    CURES,
    DECIDES,
    GRADED,
    PHOTOGRAPHS,
    SYNTHETIC,
    Rows,
    Tables,
    number_row,
    spearman,
)

EARLINESS = "rank correlation of {} with earliness"
GAIN, RING, DISTINCTIVENESS = (EARLINESS.format(of) for of in ("gain", "a high ring", "distinctiveness"))
FLIP, NEED = "flip rate", "need"  # quantities of (h)


def graded_sets(tables: Tables) -> Rows:
    """Finding (a): rank correlation over the classes of each graded set of gain, and of the ring, with earliness."""
    rows: Rows = []
    for seed, table in tables.graded.groupby("seed", sort=False) if len(tables.graded) else ():
        table = table[table["gain"].notna()]
        for role, quantity, side in ((DECIDES, GAIN, table["gain"]), (BESIDE, RING, table["ring"] == "high")):
            rows.append(number_row(role, quantity, GRADED, seed=seed, value=spearman(side, table["earliness"])))
    return rows


def bands(tables: Tables) -> Rows:
    """Finding (b): whether C2 is recognised in the worst of the pairs of bands that leave the control band; C1, C3."""
    rows: Rows = []
    table = tables.band_stop
    table = table[table["dataset"].isin(tables.control_bands)] if len(table) else table
    baselines = {name: tables.baseline(name, table) for name in (table["dataset"].unique() if len(table) else ())}
    for run, of_run in table.groupby(RUN, sort=False) if len(table) else ():
        about = dict(zip(RUN, run, strict=True))
        dataset = str(about["dataset"])
        left = [
            name for name in of_run["removed"].unique() if f"B{tables.control_bands[dataset]}" not in name.split("+")
        ]
        is_baseline = baselines[dataset] == (about["network"], about["augmentation"])
        worst = _rates(of_run[of_run["removed"].isin(left)]).groupby("true_class")["measure"].min()
        for name in ("C2", "C1", "C3") if left else ():
            role = DECIDES if name == "C2" and is_baseline else BESIDE
            value = float(worst[name] >= SURVIVES_FROM - 1e-9)  # 0.7 - 0.2 is less than 0.5
            rows.append(number_row(role, f"{name} survives", SYNTHETIC, value=value, **about))
    return rows


def _rates(run: pd.DataFrame) -> pd.DataFrame:
    """removed, true_class and measure, TPR - FPR of the class without these bands, of one run."""
    shown = run.groupby(["removed", "true_class"])["filtered"].sum()
    hits = run[run["true_class"] == run["called_class"]].set_index(["removed", "true_class"])["filtered"]
    called = run.rename(columns={"called_class": "true_class", "true_class": "of"})
    called = called.groupby(["removed", "true_class"])["filtered"].sum()
    others = shown.groupby("removed").transform("sum") - shown
    return (hits / shown - (called - hits) / others).rename("measure").reset_index()


def learned_early(tables: Tables) -> Rows:
    """Finding (c): earliness of each class in each network, with the distinctiveness of the class."""
    rows: Rows = []
    for run, early in _earliness(tables.of_baseline(tables.dynamics, PHOTOGRAPHS)):
        about = dict(zip(RUN, run, strict=True))
        dataset = str(about["dataset"])
        seen = tables.classes[tables.classes["dataset"] == dataset].set_index("class")["distinctiveness"].dropna()
        names = [name for name in early.index if name in seen.index and name not in tables.neutral(dataset)]
        rows += [
            number_row(DECIDES, DISTINCTIVENESS, PHOTOGRAPHS, value=early[name], distinctiveness=seen[name],
                       **about, **{"class": name})
            for name in (names if len(names) >= FEWEST_CLASSES else ())
        ]  # fmt: skip
    return rows


def _earliness(dynamics: pd.DataFrame) -> Iterator[tuple[tuple[Any, ...], pd.Series]]:
    """Of each run, the mean F1 of every class over the tests after the first iteration, on unfiltered images."""
    if dynamics.empty:
        return
    tested = dynamics[(dynamics["view"] == "full") & (dynamics["iteration"] > 0)]
    for run, table in tested.groupby(RUN, sort=False):
        yield run, table.groupby("class", sort=False)["f1"].mean()


def fine_spectra(tables: Tables) -> Rows:
    """Finding (h): flip rate and need of each class in each network on photographs, NaN where it is missing.

    Networks whose training is meant to avoid shortcuts are not ordinary ones.
    """
    table = tables.flips
    if table.empty:
        return []
    table = table[table["dataset"].isin(tables.judged(PHOTOGRAPHS)) & ~table["augmentation"].isin(CURES)]
    return [
        number_row(DECIDES, quantity, PHOTOGRAPHS, value=row[column], **{key: row[key] for key in [*RUN, "class"]})
        for quantity, column in ((FLIP, "flip"), (NEED, "need"))
        for _, of_kind in table.groupby(NETWORK, sort=False)
        for row in of_kind.to_dict("records")
    ]


NUMBERS: dict[str, Callable[[Tables], Rows]] = {
    "a": graded_sets,
    "b": bands,
    "c": learned_early,
    "d": advantages.own_maps,
    "d2": advantages.own_minus_lowest,
    "d3": advantages.own_minus_best_other,
    "e1": advantages.renditions,
    "e2": advantages.other_networks,
    "f": advantages.capacity,
    "g": advantages.augmentations,
    "h": fine_spectra,
}


def numbers(tables: Tables) -> pd.DataFrame:
    """The numbers of all findings: one row a finding, quantity, method and network, with the columns `COLUMNS`.

    Those of (c) and (h) have a row for each `class`. `method` is that of the maps, where a finding is about maps; what
    would decide with another method than those of the finding stands beside. `half_width` is that of the network's own
    95 % interval over images, where there is one. `distinctiveness` is that of the class, of (c).

    >>> numbers(Tables(graded=table)).query("role == 'decides'")
    """
    methods = tables.advantages["method"].unique() if len(tables.advantages) else ()
    rows: Rows = []
    for letter, of_tables in NUMBERS.items():
        deciding = FINDINGS[letter].methods
        if not deciding:
            rows += [{**row, "finding": letter} for row in of_tables(tables)]
            continue
        for method in methods:
            found = [{**row, "finding": letter, "method": method} for row in of_tables(tables.of_method(method))]
            if method not in deciding:
                found = [{**row, "role": BESIDE} for row in found if row["role"] == DECIDES]
            rows += found
    return pd.DataFrame(rows, columns=COLUMNS).drop_duplicates(ignore_index=True)  # one network may be compared twice
