"""The main results, as the numbers and the RST of the report's cover."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined

from frequency_shortcuts.storage.checksums import read_hdf5
from frequency_shortcuts.storage.tables import NETWORK, RUN

from .definitions import EVERYWHERE

Rows = list[dict[str, Any]]
VERDICTS = ("strong", "weak", "none")


def count_verdicts(headline: pd.DataFrame) -> dict[str, int]:
    """Number of tests with each verdict (`n_strong`, ...), without a verdict (`n_without`), and `n_low_frequency`.

    The last is the number of strong shortcuts of which the lowest frequencies of the same number do as well.
    """
    count = headline["verdict"].value_counts()
    low = (headline["verdict"] == "strong") & (headline["low_frequency"] == True)  # noqa: E712 (it may be missing)
    return {
        **{f"n_{verdict}": int(count.get(verdict, 0)) for verdict in VERDICTS},
        "n_without": int(headline["verdict"].isna().sum()),
        "n_low_frequency": int(low.sum()),
    }


def network_rows(networks: pd.DataFrame, headline: pd.DataFrame, most: int) -> Rows:
    """One row per network: mean test accuracy, fill, verdicts, and the classes whose shortcut is strong in most seeds.

    headline : the verdicts to quote; runs that have none, whose maps were not found, are left out
    most : greatest number of strong classes to name, those with the greatest margin over their closest control; the
        others are counted
    """
    rows: Rows = []
    networks = networks.merge(headline[RUN].drop_duplicates(), on=RUN)
    for key, part in networks.groupby(NETWORK, sort=False):
        mine = headline[(headline[NETWORK] == list(key)).all(axis=1)]
        classes = mine.assign(strong=mine["verdict"] == "strong").groupby("class", sort=False)
        means = classes[["strong", "tpr_dfm", "fpr_dfm", "margin"]].mean()
        strong = means[means["strong"] > 0.5]
        named = strong if len(strong) <= most else strong.nlargest(most, "margin")
        rows.append(
            {
                **count_verdicts(mine),
                **dict(zip(NETWORK, key, strict=True)),
                "fill": mine["fill"].iloc[0],
                "seeds": len(part),
                "test_accuracy": part["test_accuracy"].mean(),
                "strong": named.reset_index().to_dict("records"),
                "more": len(strong) - len(named),
            }
        )
    return rows


def finding_rows(table: pd.DataFrame) -> Rows:
    """One row per finding, for all data sets; `by` lists the single data sets with each verdict."""
    rows: Rows = []
    for _, part in table.groupby("finding", sort=False):
        single = part[part["dataset"] != EVERYWHERE].groupby("verdict", sort=False)["dataset"].agg(list)
        rows += [{**row, "by": single.to_dict()} for row in part[part["dataset"] == EVERYWHERE].to_dict("records")]
    return rows


def planted_rows(stores: Iterable[str | os.PathLike[str]], spectra: Iterable[str | os.PathLike[str]]) -> Rows:
    """For every set with a control band, the share of the band in which C3 has the least energy of all classes."""
    rows: Rows = []
    for store, spectrum in zip(stores, spectra, strict=True):
        with read_hdf5(store) as file:
            if "planted/control_band" not in file:
                continue
            band = file["planted/control_band"][:]
        with read_hdf5(spectrum) as file:
            adcs = file["adcs"][:]
        rows.append({"dataset": Path(store).stem, "share": (adcs[3] == 1 - len(adcs))[band].mean()})
    return rows


def _means_by(table: pd.DataFrame, keys: Sequence[str], value: str = "tpr") -> Rows:
    """Mean of a value for each filter, one row per combination of keys."""
    means = table.pivot_table(value, keys, "filter", "mean", sort=False).reset_index()
    rows: Rows = means.to_dict("records")
    return rows


def ood_rows(ood: pd.DataFrame, headline: pd.DataFrame) -> Rows:
    """Mean TPR by data set, fill and rendition, over the classes (of a network and seed) with a strong shortcut."""
    strong = headline.loc[headline["verdict"] == "strong", [*RUN, "class"]]
    rows = ood.merge(strong, on=[*RUN, "class"])
    return _means_by(rows, ["dataset", "fill", "rendition"]) if len(rows) else []


def transfer_rows(transfer: pd.DataFrame) -> Rows:
    """Mean TPR - FPR over the classes by pair of networks and fill."""
    rows = transfer.assign(measure=transfer["tpr"] - transfer["fpr"])
    return _means_by(rows, ["dataset", "maps_of", "tested_on", "fill"], "measure")


def literal(name: str) -> str:
    """A name as RST that shows it unchanged, on one line."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(name.split()))


def fill_template(template: str, **values: Any) -> str:
    """The RST of a template, in which the filter `rst` is `literal`."""
    environment = Environment(undefined=StrictUndefined, trim_blocks=True)
    environment.filters["rst"] = literal
    return environment.from_string(template).render(values)


def step_rows(runtimes: pd.DataFrame) -> Rows:
    """Minutes of all jobs of each step, and of all steps; of `resumed` jobs, a number, only the last attempt counts."""
    jobs = runtimes.assign(minutes=runtimes["wall_s"] / 60, resumed=runtimes["resumed"].eq(True).astype(int))
    steps = jobs.groupby("step", sort=False)[["minutes", "resumed"]].sum()
    every = {"step": "all", **steps.sum()}
    return [{**row, "resumed": int(row["resumed"])} for row in (*steps.reset_index().to_dict("records"), every)]
