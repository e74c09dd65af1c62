"""The number of each network that a finding is about, from the tables of a study: one function for each finding.

Each returns rows with the columns `evidence.COLUMNS`. Rows with the same `quantity`, `method`, `data` and `networks_of`
are of networks of one kind. A row *decides* if it is what the finding compares; the others stand beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts.intervals import spearman
from frequency_shortcuts.spectrum.fills import SWAP, ZEROS
from frequency_shortcuts.storage.tables import NETWORK, RUN

from .definitions import ADVANTAGE, FEWEST_CLASSES, FINDINGS, SURVIVES_FROM
from .evidence import (
    BESIDE,
    COLUMNS,
    CURES,
    DECIDES,
    GRADED,
    PHOTOGRAPHS,
    PLANTED,
    SYNTHETIC,
    Rows,
    Tables,
    kind_of,
    number_row,
)

EARLINESS = "rank correlation of {} with earliness"
GAIN, RING, DISTINCTIVENESS = (EARLINESS.format(side) for side in ("gain", "a high ring", "distinctiveness"))
FLIP, NEED = "flip rate", "need"  # quantities of (h)


def graded_sets(tables: Tables) -> Rows:
    """Finding (a): rank correlation over the classes of each graded set of gain, and of the ring, with earliness."""
    rows: Rows = []
    for seed, table in tables.graded.groupby("seed", sort=False):
        table = table[table["gain"].notna()]
        for role, quantity, side in ((DECIDES, GAIN, table["gain"]), (BESIDE, RING, table["ring"] == "high")):
            rows.append(number_row(role, quantity, GRADED, seed=seed, value=spearman(side, table["earliness"])))
    return rows


def bands(tables: Tables) -> Rows:
    """Finding (b): whether C2 is recognised in the worst of the pairs of bands that leave the control band; C1, C3."""
    rows: Rows = []
    swapped = tables.band_stop[tables.band_stop["fill"] == SWAP.name]
    table = swapped[swapped["dataset"].isin(tables.control_bands)]
    baselines = {name: tables.baseline(name, table) for name in table["dataset"].unique()}
    for run, of_run in table.groupby(RUN, sort=False):
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
    tested = dynamics[(dynamics["view"] == "full") & (dynamics["iteration"] > 0)]
    for run, table in tested.groupby(RUN, sort=False):
        yield run, table.groupby("class", sort=False)["f1"].mean()


def fine_spectra(tables: Tables) -> Rows:
    """Finding (h): flip rate and need of each class in each network on photographs, NaN where it is missing.

    Networks whose training is meant to avoid shortcuts are not ordinary ones.
    """
    table = tables.flips[tables.flips["dataset"].isin(tables.judged(PHOTOGRAPHS))]
    table = table[~table["augmentation"].isin(CURES)]
    return [
        number_row(DECIDES, quantity, PHOTOGRAPHS, value=row[column], **{key: row[key] for key in [*RUN, "class"]})
        for quantity, column in ((FLIP, "flip"), (NEED, "need"))
        for _, of_kind in table.groupby(NETWORK, sort=False)
        for row in of_kind.to_dict("records")
    ]


def _of_fills(column: str, quantity: str, tables: Tables) -> Iterator[dict[str, Any]]:
    """Findings (d), (d2), (d3): a column of the advantages with each fill; the baseline on photographs decides.

    Of other networks on photographs only zeros are given, and on other sets only the fill to quote.
    """
    table = tables.advantages[tables.advantages["dataset"].isin(tables.judged(PHOTOGRAPHS, SYNTHETIC, PLANTED))]
    baselines = {dataset: tables.baseline(dataset, table) for dataset in table["dataset"].unique()}
    for row in table.to_dict("records"):
        kind, about = tables.kinds[row["dataset"]], {key: row[key] for key in RUN}
        is_photographs = kind == PHOTOGRAPHS
        decides = is_photographs and baselines[row["dataset"]] == (row["network"], row["augmentation"])
        if decides or (row["fill"] == ZEROS.name if is_photographs else row["headline"]):
            role, of_fill = DECIDES if decides else BESIDE, f"{quantity}, {row['fill']}"
            yield number_row(role, of_fill, kind, value=row[column], half=_half(row, column), **about)


def _half(row: Mapping[Any, Any], column: str = "advantage", end: str = "") -> float:
    return float(row[f"{column}_high{end}"] - row[f"{column}_low{end}"]) / 2


def renditions(tables: Tables) -> Rows:
    """Finding (e1): own-map advantage of the baseline on photographs in each rendition."""
    rows = tables.of_baseline(tables.ood, PHOTOGRAPHS).to_dict("records")
    return [
        number_row(DECIDES, f"{ADVANTAGE}, {row['rendition']}, zeros", PHOTOGRAPHS, value=row["advantage"],
                   half=_half(row), **{key: row[key] for key in RUN})
        for row in rows
        if row["fill"] == ZEROS.name
    ]  # fmt: skip


def other_networks(tables: Tables) -> Rows:
    """Finding (e2): own-map advantage with the maps of another architecture, mean of the directions between them.

    Networks of one architecture, which differ in width or augmentation, stand beside.
    """
    table = tables.transfer[tables.transfer["dataset"].isin(tables.judged(PHOTOGRAPHS))]
    if table.empty:
        return []
    ends = {end: table[end].str.rsplit("/seed", n=1, expand=True) for end in ("maps_of", "tested_on")}
    table = table.assign(
        seed=ends["maps_of"][1].astype(int),
        half=(table["advantage_high"] - table["advantage_low"]) / 2,
        direction=ends["maps_of"][0] + " on " + ends["tested_on"][0],
        pair=[" and ".join(sorted(pair)) for pair in zip(ends["maps_of"][0], ends["tested_on"][0], strict=True)],
    )
    rows: Rows = []
    directions = table.groupby(["dataset", "pair", "fill"])["direction"].nunique()
    names = tables.networks[NETWORK].astype(str).agg("/".join, axis=1)
    known = dict(zip(names, tables.networks["architecture"], strict=True))
    for (dataset, pair, fill, seed), part in table.groupby(["dataset", "pair", "fill", "seed"], sort=False):
        about = {"dataset": dataset, "seed": seed}
        architectures = {known.get(f"{dataset}/{end}", end) for end in pair.split(" and ")}
        role = DECIDES if fill == ZEROS.name and len(architectures) > 1 else BESIDE
        all_there = len(part) == directions[dataset, pair, fill]
        value = part["advantage"].mean(skipna=False) if all_there else np.nan
        half = part["half"].mean()  # the directions show the same images
        rows.append(
            number_row(role, f"{ADVANTAGE}, {fill}", PHOTOGRAPHS, _words(pair), value=value, half=half, **about)
        )
        for one in part.to_dict("records") if fill == ZEROS.name and directions[dataset, pair, fill] > 1 else ():
            networks_of, quantity = _words(one["direction"]), f"{ADVANTAGE}, one direction, zeros"
            rows.append(
                number_row(
                    BESIDE, quantity, PHOTOGRAPHS, networks_of, value=one["advantage"], half=one["half"], **about
                )
            )
    return rows


def _words(networks: str) -> str:
    return networks.replace("/none", "").replace("/", ", ")


def capacity(tables: Tables) -> Rows:
    """Finding (f): own-map advantage of the widest networks of an architecture minus that of the narrowest."""
    rows: Rows = []
    zeros = _zeros(tables).merge(tables.networks[[*RUN, "architecture", "width"]], on=RUN)
    for (dataset, augmentation, _), part in zeros.groupby(["dataset", "augmentation", "architecture"], sort=False):
        widths = sorted(part["width"].unique())
        if len(widths) < 2 or augmentation != tables.baseline(str(dataset), zeros)[1]:
            continue
        widest, narrowest = (part[part["width"] == width] for width in (widths[-1], widths[0]))
        rows += _compared(widest, narrowest, "widest minus narrowest")
    return rows


def augmentations(tables: Tables) -> Rows:
    """Finding (g): own-map advantage of networks with an augmentation minus that of networks without.

    Trainings that are meant to avoid shortcuts, and their controls, are no augmentations of the paper.
    """
    rows: Rows = []
    zeros = _zeros(tables)
    for (dataset, network), part in zeros.groupby(["dataset", "network"], sort=False):
        without = part[part["augmentation"] == "none"]
        if without.empty or tables.baseline(str(dataset), zeros) != (network, "none"):
            continue
        for augmentation, of_one in part.groupby("augmentation", sort=False):
            if augmentation not in ("none", *CURES):
                rows += _compared(of_one, without, f"with {augmentation} minus without")
    return rows


def _zeros(tables: Tables) -> pd.DataFrame:
    """Own-map advantages on photographs with zeros."""
    table = tables.advantages
    return table[table["dataset"].isin(tables.judged(PHOTOGRAPHS)) & (table["fill"] == ZEROS.name)]


def _compared(table: pd.DataFrame, other: pd.DataFrame, difference: str) -> Rows:
    """The differences of own-map advantages by seed, which decide, and the advantages that they start from."""
    rows: Rows = []
    for row in table.merge(other, on="seed", suffixes=("", "_other")).to_dict("records"):
        about = {key: row[key] for key in RUN}
        from_other = about | {key: row[f"{key}_other"] for key in NETWORK}
        # Both networks are tested on the same images, so the half widths are not independent: their sum is the most.
        half, half_other = _half(row) + _half(row, end="_other"), _half(row, end="_other")
        both = f"{kind_of(row)} and {kind_of(from_other)}"
        value, quantity = row["advantage"] - row["advantage_other"], f"{ADVANTAGE}, {difference}, zeros"
        rows += [
            number_row(DECIDES, quantity, PHOTOGRAPHS, both, value=value, half=half, **about),
            number_row(BESIDE, f"{ADVANTAGE}, zeros", PHOTOGRAPHS, value=row["advantage"], half=_half(row), **about),
            number_row(
                BESIDE, f"{ADVANTAGE}, zeros", PHOTOGRAPHS, value=row["advantage_other"], half=half_other, **from_other
            ),
        ]
    return rows


NUMBERS: dict[str, Callable[[Tables], Iterable[dict[str, Any]]]] = {
    "a": graded_sets,
    "b": bands,
    "c": learned_early,
    "d": partial(_of_fills, "advantage", ADVANTAGE),
    "d2": partial(_of_fills, "low_pass_margin", "own map minus lowest frequencies"),
    "d3": partial(_of_fills, "best_other_margin", "own map minus best other map"),
    "e1": renditions,
    "e2": other_networks,
    "f": capacity,
    "g": augmentations,
    "h": fine_spectra,
}


def numbers(tables: Tables) -> pd.DataFrame:
    """The numbers of all findings: one row a finding, quantity, method and network, with the columns `COLUMNS`.

    Those of (c) and (h) have a row for each `class`. `method` is that of the maps, where a finding is about maps; what
    would decide with another method than those of the finding stands beside. `half_width` is that of the network's own
    95 % interval over images, where there is one. `distinctiveness` is that of the class, of (c).

    >>> numbers(Tables(graded=table)).query("role == 'decides'")
    """
    methods = tables.advantages["method"].unique()
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
