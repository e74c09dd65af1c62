"""The tables of a study, joined from the tests of all its runs, and tables 1 to 3 of the paper (Wang et al. 2023)."""

import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts.networks.weights import read_metadata
from frequency_shortcuts.shortcuts.cross import LOWEST
from frequency_shortcuts.spectrum.fills import ZEROS
from frequency_shortcuts.storage.tables import NETWORK, RUN

LOWEST_NAME = "(lowest)"  # in the place of the class of a map: as many of the lowest frequencies
OF_CLASSES = ("class", "map", "closest_class", "largest_other_class")  # columns that hold classes
# Columns of a table of rates that say nothing as a mean over draws.
NOT_AVERAGED = ("neutral", "draw", "positions")
FILTERS = ("unfiltered", "dfm", "random", "radial", "low_pass", "other")
WEAK_MAPS = (
    "The network of seed {seed} ({network}, augmentation {augmentation}, {dataset}) has a mean TPR of {tpr:.2f} from "
    "its maps, less than half of the median over networks, {median:.2f}: it widens the standard deviations."
)


def network_table(
    history: pd.DataFrame | None, weights: Iterable[str | os.PathLike[str]]
) -> pd.DataFrame:
    """One row per network: size, accuracy on test images and, if it was trained, best epoch with losses.

    `architecture` and `width` are missing of external networks.
    """
    about = pd.DataFrame(map(read_metadata, weights))
    tested = about[[*RUN, "parameters", "test_accuracy"]].assign(
        architecture=[form.get("name") for form in about["architecture"]],
        width=[form.get("width") for form in about["architecture"]],
    )
    if history is None:
        return tested
    best = history.loc[history.groupby(RUN, sort=False)["validation_loss"].idxmin()]
    return best.rename(columns={"epoch": "best_epoch"}).merge(tested, on=RUN, how="right")


def of_run(table: pd.DataFrame, run: Mapping[str, Any], classes: Sequence[str]) -> pd.DataFrame:
    """A table that was measured from the hits of a run, with the columns of the run, and others in `run`, first.

    The numbers of classes, in the columns `OF_CLASSES`, become their names, and `LOWEST` becomes `LOWEST_NAME`.
    """
    names = {LOWEST: LOWEST_NAME, **dict(enumerate(classes))}
    named = table.replace({name: names for name in OF_CLASSES if name in table})
    return with_columns(named, run)


def with_columns(table: pd.DataFrame, values: Mapping[str, Any]) -> pd.DataFrame:
    """The table with these columns, each of one value, before its own."""
    return pd.concat([pd.DataFrame(dict(values), table.index), table], axis=1)


def mean_over_draws(table: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """The mean over the draws of each control.

    keys : columns that identify a test. All others are averaged but those of `NOT_AVERAGED` and ends of intervals, so
        that a new column of the shortcut test, which must be a number, is in the result
    """
    ends = [name for name in table if name.endswith(("_low", "_high"))]
    averaged = table.drop(columns=[*NOT_AVERAGED, *ends], errors="ignore")
    keys = [*keys, "class", "part", "fill", "filter"]
    return averaged.groupby(keys, sort=False).mean().reset_index()


def as_published(tests: pd.DataFrame) -> pd.DataFrame:
    """The rows of the published kind of test: the frequencies of the map are kept, and the others are zero.

    tests: any table with the columns `part` and `fill`. The result is empty if `zeros` was not tested.
    """
    return tests[(tests["part"] == "keep") & (tests["fill"] == ZEROS.name)]


def rates_over_seeds(over_seeds: pd.DataFrame, chosen: Iterable[Sequence[str]]) -> pd.DataFrame:
    """Tables 1 and 2: TPR and FPR of every class, unfiltered and from its map, for the chosen networks in this order.

    over_seeds: a table of `verdict.over_seeds`; its rows `as_published` are used. chosen: (data set, network,
    augmentation), each as named there.
    """
    rates = map("_".join, product(("tpr", "fpr"), ("unfiltered", "dfm"), ("mean", "sd")))
    columns = [*NETWORK, "class", "seeds", "strong_seeds", *rates]
    return pd.DataFrame(chosen, columns=NETWORK).merge(as_published(over_seeds))[columns]


def networks_with_weak_maps(table: pd.DataFrame, verdicts: pd.DataFrame) -> list[str]:
    """A sentence on each network that widens the spread of table 1 or 2, since its maps fail.

    The TPR from its maps, mean over classes, is below half of the median over the networks of its kind.

    table: of `rates_over_seeds`; verdicts: a table of `verdict.verdicts` of the same runs
    """
    tested = as_published(verdicts).merge(table[NETWORK].drop_duplicates())
    rates = (
        tested.groupby([*NETWORK, "seed"], sort=False)["tpr_dfm"].mean().rename("tpr").reset_index()
    )
    rates["median"] = rates.groupby(NETWORK)["tpr"].transform("median")
    weak = rates[rates["tpr"] < rates["median"] / 2].to_dict("records")
    return [WEAK_MAPS.format(**row) for row in weak]


def by_rendition(ood: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """Table 3: TPR and FPR of every class out of distribution, in each rendition, one row per class and filter.

    ood: the table of that name, with draws averaged. verdicts: a table of `verdict.verdicts` of the same runs, for the
    test images. The rows `as_published` of both are used. Images are `original`, and then each rendition.
    """
    ood, verdicts = as_published(ood), as_published(verdicts)
    kinds = [kind for kind in FILTERS if f"tpr_{kind}" in verdicts]
    of_kinds = [
        verdicts.assign(
            rendition="original",
            filter=kind,
            tpr=verdicts[f"tpr_{kind}"],
            fpr=verdicts.get(f"fpr_{kind}", np.nan),
        )
        for kind in kinds
    ]
    # Class by class, each with all kinds.
    original = pd.concat(of_kinds).sort_index(kind="stable")
    runs = ood[[*NETWORK, "seed"]].drop_duplicates()
    long = pd.concat([original.merge(runs), ood])
    keys = [*NETWORK, "class", "filter"]
    seeds = long.groupby(keys, sort=False)["seed"].nunique()
    columns = {"seeds": seeds}
    for rendition, of_rendition in long.groupby("rendition", sort=False):
        groups = of_rendition.groupby(keys)
        for rate in ("tpr", "fpr"):
            columns[f"{rate}_{rendition}_mean"] = groups[rate].mean()
            columns[f"{rate}_{rendition}_sd"] = groups[rate].std()
    return pd.DataFrame(columns).loc[seeds.index].reset_index()
