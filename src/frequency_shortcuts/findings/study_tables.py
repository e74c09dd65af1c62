"""The tables of a study, joined from the tests of all its runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from frequency_shortcuts.networks.weights import read_metadata
from frequency_shortcuts.storage.tables import RUN

OF_CLASSES = ("class", "map", "closest_class", "largest_other_class")  # columns that hold classes
NOT_AVERAGED = ("neutral", "draw", "positions")  # columns of a table of rates that say nothing as a mean over draws


def network_table(history: pd.DataFrame | None, weights: Iterable[str | os.PathLike[str]]) -> pd.DataFrame:
    """One row per network: size, accuracy on test images and, if it was trained, best epoch with losses.

    `architecture` and `width` are missing of external networks.
    """
    columns = (*RUN, "parameters", "test_accuracy")
    tested = pd.DataFrame(
        [{name: about[name] for name in columns} | _built(about) for about in map(read_metadata, weights)]
    )
    if history is None:
        return tested
    best = history.loc[history.groupby(RUN, sort=False)["validation_loss"].idxmin()]
    return best.rename(columns={"epoch": "best_epoch"}).merge(tested, on=RUN, how="right")


def _built(about: Mapping[str, Any]) -> dict[str, Any]:
    """Architecture and width of a network, from the metadata of its weights."""
    built = about["architecture"]
    return {"architecture": built.get("name"), "width": built.get("width")}


def of_run(table: pd.DataFrame, run: Mapping[str, Any], classes: Sequence[str]) -> pd.DataFrame:
    """A table that was measured from the hits of a run, with the columns of the run, and others in `run`, first.

    The numbers of classes, in the columns `OF_CLASSES`, become their names.
    """
    names = dict(enumerate(classes))
    named = table.replace({name: names for name in OF_CLASSES if name in table})
    return with_columns(named, run)


def with_columns(table: pd.DataFrame, values: Mapping[str, Any]) -> pd.DataFrame:
    """The table with these columns, each of one value, before its own."""
    return pd.concat([pd.DataFrame(dict(values), table.index), table], axis=1)


def mean_over_draws(table: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """The mean over the draws of each control, with their number and the standard error of its measure over draws.

    keys : columns that identify a test. All others are averaged but those of `NOT_AVERAGED` and ends of intervals, so
        that a new column of the shortcut test, which must be a number, is in the result
    """
    keys = [*keys, "class", "part", "fill", "filter"]
    averaged = [name for name in table if name not in (*keys, *NOT_AVERAGED) and not name.endswith(("_low", "_high"))]
    measure = table["tpr"] - (table["fpr"].fillna(0) if "fpr" in table else 0)
    groups = table.assign(measure=measure).groupby(keys, sort=False)
    means = groups[averaged].mean()
    means["draws"] = groups["measure"].count()
    means["error"] = (groups["measure"].std() / means["draws"] ** 0.5).where(means["draws"] > 1, 0.0)
    return means.reset_index()
