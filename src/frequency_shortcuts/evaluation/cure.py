"""Do trainings that should avoid shortcuts avoid them, and what does it cost?

Fixed before any result was seen:

- The networks are compared with those of the same data set, architecture and seeds that were trained without
  augmentation. The maps of each network are found anew.
- A training *cures* if the share of classes with a strong shortcut falls, with the whole 95 % interval of the
  difference below 0, and the test accuracy falls by at most `ACCURACY_LOSS`.
- A class without a verdict, which the network does not recognise, counts as one without a strong shortcut. Its loss
  shows in the test accuracy. A neutral class does not count.
- A value is the mean over seeds and classes. Its interval joins the spread of the means of seeds and that of the means
  of classes by Welch and Satterthwaite, so that neither one class nor one seed decides. Test accuracy has seeds only. A
  difference is taken class by class and seed by seed, with the seeds that both trainings have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit  # scipy.stats takes each job half a second to import

from frequency_shortcuts.intervals import TAIL

NONE = "none"  # the augmentation that the others are compared with
ACCURACY_LOSS = 0.01  # the greatest fall of the test accuracy with which a training can cure
SHARE_STRONG, MAPS, ACCURACY, OOD, CORRUPTED = (
    "strong_shortcuts", "map_tpr_fpr", "test_accuracy", "ood_accuracy", "corrupted_recall"
)  # fmt: skip
_UNITS = ["dataset", "network", "augmentation", "seed", "class", "measure", "value"]
COLUMNS = [
    "dataset", "network", "augmentation", "measure", "value", "low", "high", "difference", "difference_low",
    "difference_high", "seeds", "classes", "cures",
]  # fmt: skip


def cure_table(
    networks: pd.DataFrame,
    verdicts: pd.DataFrame,
    ood: pd.DataFrame | None = None,
    corruptions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per data set, network, augmentation and measure.

    networks, verdicts, ood, corruptions : the tables `networks`, `shortcuts`, `ood` and `corruptions` of a study

    Measures: `strong_shortcuts`, the share of classes with a strong shortcut; `map_tpr_fpr`, the mean TPR - FPR of the
    maps, both by the headline rows; `test_accuracy`, on all test images; `ood_accuracy` and `ood_accuracy_{rendition}`,
    the mean recall in all renditions and in each; `corrupted_recall`, the mean recall over all corruptions and
    strengths.

    Columns: `value` with its interval `low`, `high`; `difference` to the network without augmentation, with
    `difference_low` and `difference_high`; `seeds`, `classes`, the numbers behind the value; `cures`, whether the
    augmentation cures (the same for all measures, missing without augmentation). An interval is missing where there is
    one seed and one class. Raises ValueError for a network that was not trained without augmentation.
    """
    units = pd.concat(list(_units(networks, verdicts, ood, corruptions)), ignore_index=True)[_UNITS]
    rows = []
    for (dataset, network), of_network in units.groupby(["dataset", "network"], sort=False):
        by_augmentation = dict(list(of_network.groupby("augmentation", sort=False)))
        if NONE not in by_augmentation:
            raise ValueError(f"{network} on {dataset} was not trained with augmentation {NONE}: there is no comparison")
        for augmentation, of_augmentation in by_augmentation.items():
            of_measures = [
                _row(name, of_augmentation, by_augmentation[NONE]) for name in dict.fromkeys(of_augmentation["measure"])
            ]
            about = {"dataset": dataset, "network": network, "augmentation": augmentation}
            changes = {str(row["measure"]): row for row in of_measures}
            verdict = np.nan if augmentation == NONE else cures(changes[SHARE_STRONG], changes[ACCURACY])
            rows += [{**about, **row, "cures": verdict} for row in of_measures]
    return pd.DataFrame(rows, columns=COLUMNS)


def cures(strong: Mapping[str, Any], accuracy: Mapping[str, Any]) -> bool:
    """Whether a training cures, from its rows of `SHARE_STRONG` and `ACCURACY`; a missing interval does not show it."""
    return bool(strong["difference_high"] < 0 and accuracy["difference"] >= -ACCURACY_LOSS)


def _units(
    networks: pd.DataFrame, verdicts: pd.DataFrame, ood: pd.DataFrame | None, corruptions: pd.DataFrame | None
) -> Iterator[pd.DataFrame]:
    """Tables with the columns `_UNITS`: the value of each measure of each run and class (of all classes: "")."""
    headline = verdicts[verdicts["headline"] & ~verdicts["neutral"].astype(bool)]
    yield headline.assign(measure=SHARE_STRONG, value=(headline["verdict"] == "strong").astype(float))
    yield headline.assign(measure=MAPS, value=headline["tpr_dfm"] - headline["fpr_dfm"])
    yield networks.assign(**{"class": "", "measure": ACCURACY, "value": networks["test_accuracy"]})
    if ood is not None:
        plain = ood[ood["filter"] == "unfiltered"]
        plain = plain[plain["fill"] == plain["fill"].iloc[0]]  # unfiltered images are the same under every fill
        yield _means(plain).assign(measure=OOD)
        for rendition, rows in plain.groupby("rendition", sort=False):
            yield _means(rows).assign(measure=f"{OOD}_{rendition}")
    if corruptions is not None and (corruptions["corruption"] != "none").any():
        yield _means(corruptions[corruptions["corruption"] != "none"]).assign(measure=CORRUPTED)


def _means(table: pd.DataFrame) -> pd.DataFrame:
    """Mean recall of each run and class."""
    means = table.groupby([*_UNITS[:5]], sort=False)["tpr"].mean()
    return means.rename("value").reset_index()


def _row(measure: str, units: pd.DataFrame, base: pd.DataFrame) -> dict[str, Any]:
    """The value of a measure and its difference to the base, with intervals."""
    ours, others = (_grid(table[table["measure"] == measure]) for table in (units, base))
    common = [seed for seed in ours.index if seed in others.index]
    value, low, high = mean_interval(ours.to_numpy())
    floor = -1.0 if measure == MAPS else 0.0
    low, high = (float(end) for end in np.clip((low, high), floor, 1.0))
    row = {"measure": measure, "value": value, "low": low, "high": high}
    change = (np.nan,) * 3
    if common and units["augmentation"].iloc[0] != NONE:
        change = mean_interval((ours.loc[common] - others.loc[common]).to_numpy())
    names = ("difference", "difference_low", "difference_high")
    return {**row, **dict(zip(names, change, strict=True)), "seeds": len(ours), "classes": ours.shape[1]}


def _grid(table: pd.DataFrame) -> pd.DataFrame:
    """Values [seed, class]."""
    return table.pivot_table("value", "seed", "class")


def mean_interval(values: Sequence[Sequence[float]] | np.ndarray) -> tuple[float, float, float]:
    """The mean of values [seed, class] and the ends of its 95 % interval; NaN for the ends of a single value.

    The variances of the means of seeds and of those of classes add up, with the degrees of freedom of Welch and
    Satterthwaite. (`intervals.over_networks` needs five seeds; the trainings have three.)

    >>> mean_interval([[0.0, 1.0], [0.0, 1.0]])[0]
    0.5
    """
    grid = np.asarray(values, float)
    means = [mean for mean in (grid.mean(axis=1), grid.mean(axis=0)) if len(mean) > 1]
    parts = np.array([np.var(mean, ddof=1) / len(mean) for mean in means])
    value, variance, half = float(grid.mean()), parts.sum(), 0.0 if means else np.nan
    if variance > 0:
        freedom = variance**2 / sum(parts**2 / [len(mean) - 1 for mean in means])
        half = float(stdtrit(freedom, 1 - TAIL) * np.sqrt(variance))
    return value, value - half, value + half
