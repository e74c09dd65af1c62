"""The numbers of the findings about maps, (d) to (g): one function for each, see `numbers`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts.spectrum.fills import ZEROS
from frequency_shortcuts.storage.tables import NETWORK, RUN

from .definitions import ADVANTAGE
from .evidence import BESIDE, CURES, DECIDES, PHOTOGRAPHS, PLANTED, SYNTHETIC, Rows, Tables, kind_of, number_row


def own_maps(tables: Tables) -> Rows:
    """Finding (d): own-map advantage with each fill."""
    return list(_of_fills(tables, "advantage", ADVANTAGE))


def own_minus_lowest(tables: Tables) -> Rows:
    """Finding (d2): own map minus as many of the lowest frequencies, with each fill."""
    return list(_of_fills(tables, "low_pass_margin", "own map minus lowest frequencies"))


def own_minus_best_other(tables: Tables) -> Rows:
    """Finding (d3): own map minus the map of another class that does best on other images, with each fill."""
    return list(_of_fills(tables, "best_other_margin", "own map minus best other map"))


def _of_fills(tables: Tables, column: str, quantity: str) -> Iterator[dict[str, Any]]:
    """Rows of a column of the advantages; those of the baseline on photographs decide.

    Of other networks on photographs only zeros are given, and on other sets only the fill to quote.
    """
    table = tables.advantages
    if table.empty:
        return
    table = table[table["dataset"].isin(tables.judged(PHOTOGRAPHS, SYNTHETIC, PLANTED))]
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
    table = tables.transfer
    table = table[table["dataset"].isin(tables.judged(PHOTOGRAPHS))] if len(table) else table
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
    known = {_key(row): row["architecture"] for row in tables.networks.to_dict("records")}
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
            of, quantity = _words(one["direction"]), f"{ADVANTAGE}, one direction, zeros"
            rows.append(
                number_row(BESIDE, quantity, PHOTOGRAPHS, of, value=one["advantage"], half=one["half"], **about)
            )
    return rows


def _key(run: Mapping[Any, Any]) -> str:
    return "/".join(str(run[name]) for name in NETWORK)


def _words(networks: str) -> str:
    return networks.replace("/none", "").replace("/", ", ")


def capacity(tables: Tables) -> Rows:
    """Finding (f): own-map advantage of the widest networks of an architecture minus that of the narrowest."""
    rows: Rows = []
    if "width" not in tables.networks or tables.advantages.empty:
        return rows
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
    if tables.advantages.empty:
        return rows
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
        of = f"{kind_of(row)} and {kind_of(from_other)}"
        value, quantity = row["advantage"] - row["advantage_other"], f"{ADVANTAGE}, {difference}, zeros"
        rows += [
            number_row(DECIDES, quantity, PHOTOGRAPHS, of, value=value, half=half, **about),
            number_row(BESIDE, f"{ADVANTAGE}, zeros", PHOTOGRAPHS, value=row["advantage"], half=_half(row), **about),
            number_row(
                BESIDE, f"{ADVANTAGE}, zeros", PHOTOGRAPHS, value=row["advantage_other"], half=half_other, **from_other
            ),
        ]
    return rows
