"""The tables of a study, joined from the tests of all its runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from frequency_shortcuts.data.stores import neutral_class
from frequency_shortcuts.evaluation.phase_verdicts import phase_verdicts
from frequency_shortcuts.evaluation.verdicts import verdicts
from frequency_shortcuts.networks.weights import read_metadata
from frequency_shortcuts.storage.checksums import read_hdf5
from frequency_shortcuts.storage.tables import RUN

from .spread import standard_error


@dataclass(frozen=True)
class Classes:
    """The classes of a data set: their names, the neutral one if there is one, and those with a planted mask."""

    names: tuple[str, ...]
    neutral: str | None = None
    planted: tuple[str, ...] = ()

    def tested(self, fill: str) -> tuple[str, ...]:
        """The classes that have rows under a fill. With `swap`, images of the neutral class are the donors."""
        return tuple(name for name in self.names if fill != "swap" or name != self.neutral)


def classes_of(store: str | os.PathLike[str]) -> Classes:
    """The classes of a store of images."""
    neutral = neutral_class(store)
    with read_hdf5(store) as file:
        names = tuple(str(name) for name in file.attrs["classes"])
        masks = file["planted/truth"][:].any(axis=(1, 2)) if "planted" in file else [False] * len(names)
    planted = tuple(name for name, there in zip(names, masks, strict=True) if there)
    return Classes(names, None if neutral is None else names[neutral], planted)


def network_table(history: pd.DataFrame | None, weights: Iterable[str | os.PathLike[str]]) -> pd.DataFrame:
    """One row per network: size, accuracy on test images and, if it was trained, best epoch with losses."""
    columns = (*RUN, "parameters", "test_accuracy")
    tested = pd.DataFrame([{name: read_metadata(path)[name] for name in columns} for path in weights])
    if history is None:
        return tested
    best = history.loc[history.groupby(RUN, sort=False)["validation_loss"].idxmin()]
    return best.rename(columns={"epoch": "best_epoch"}).merge(tested, on=RUN, how="right")


def verdict_table(tests: pd.DataFrame, strong: float) -> pd.DataFrame:
    """The verdicts of every run in a table of shortcut tests, one row per run, class, part and fill."""
    return _judged_by_run(tests, lambda part: verdicts(part, strong))


def phase_table(tests: pd.DataFrame, strong: float) -> pd.DataFrame:
    """Phase or amplitude, of every run in a table of `phase.measure`, one row per run and class."""
    return _judged_by_run(tests, lambda part: phase_verdicts(part, strong))


def _judged_by_run(tests: pd.DataFrame, judge: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    """The verdicts of every run, one below the other; the columns of the run come first."""
    runs = tests.groupby(RUN, sort=False)
    table = pd.concat([judge(part).assign(**dict(zip(RUN, run, strict=True))) for run, part in runs])
    return table[[*RUN, *table.columns.difference(RUN, sort=False)]]


def with_external_maps(ours: pd.DataFrame, external: pd.DataFrame, strong: float) -> pd.DataFrame:
    """Our maps and external ones for the same runs: one row per run, class, part, fill and kind of maps.

    Both are tables of shortcut tests; `maps` is the name of the external ones.
    """
    ours = ours.merge(external[RUN].drop_duplicates(), on=RUN).assign(maps="ours")
    tests = pd.concat([ours, external])
    judged = pd.concat(
        [verdict_table(part, strong).assign(maps=maps) for maps, part in tests.groupby("maps", sort=False)]
    )
    keys = [*RUN, "class", "part", "fill", "maps"]
    table = tests.loc[tests["filter"] == "dfm", [*keys, "positions"]].merge(judged, on=keys)
    return table.iloc[table.groupby(keys[:-1], sort=False).ngroup().argsort(kind="stable")]


def mean_over_draws(table: pd.DataFrame, keys: Sequence[str], rates: Sequence[str]) -> pd.DataFrame:
    """The mean over the draws of each control, with their number and the standard error of its measure over draws.

    keys : columns that identify a test; rates : `tpr`, and `fpr` if it was measured
    """
    counts = [name for name in ("images", "negatives") if name in table]
    measure = table["tpr"] - (table["fpr"].fillna(0) if "fpr" in rates else 0)
    groups = table.assign(measure=measure).groupby([*keys, "class", "part", "fill", "filter"], sort=False)
    means = groups[["overlap", *counts, *rates]].mean()
    means["draws"] = groups["measure"].count()
    means["error"] = standard_error(groups["measure"].std(), means["draws"])
    return means.reset_index()


def with_strong_shortcuts(table: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """A table of tests with the column `strong_shortcut`: whether the class has one in that run, by the headline row.

    It is false for a class without a verdict, and for the neutral class, which has no headline row.
    """
    headline = verdicts[verdicts["headline"]]
    judged = headline[[*RUN, "class"]].assign(strong_shortcut=headline["verdict"] == "strong")
    joined = table.merge(judged, on=[*RUN, "class"], how="left", validate="many_to_one")
    return joined.assign(strong_shortcut=joined["strong_shortcut"] == True)  # noqa: E712 (missing is no)
