"""Which kinds of networks, and which of many classes, a figure shows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from frequency_shortcuts.spectrum.arrays import IntArray


def kinds_of(table: pd.DataFrame) -> list[tuple[str, str]]:
    """The kinds of networks in a table, (network, augmentation), in its order."""
    kinds = table[["network", "augmentation"]].drop_duplicates()
    return list(kinds.itertuples(index=False, name=None))


def of_kind(table: pd.DataFrame, kind: tuple[str, str]) -> pd.DataFrame:
    """The rows of one kind of network."""
    network, augmentation = kind
    is_network = table["network"] == network
    is_augmentation = table["augmentation"] == augmentation
    return table[is_network & is_augmentation]


@dataclass(frozen=True)
class ClassSelection:
    """Which of many classes a figure shows.

    index : int64 [k], their places among all classes, increasing
    note : what the figure says of them, such as "12 of 1,000 classes: those that ..."; empty where they are all
    """

    index: IntArray
    note: str

    def names(self, classes: Sequence[str]) -> list[str]:
        return [classes[i] for i in self.index]


def select_classes(
    scores: npt.ArrayLike,
    most: int,
    reason: str,
    *,
    both_ends: bool = False,
) -> ClassSelection:
    """The `most` classes with the highest scores [class], or all classes where there are no more.

    both_ends : half of them are those with the lowest scores
    reason : why they are shown, to follow "those"

    Of equal scores the first class is taken; a class without a score (NaN) comes last at either end.
    """
    scores = np.asarray(scores, float)
    if len(scores) <= most:
        return ClassSelection(np.arange(len(scores)), "")
    is_missing = np.isnan(scores)
    from_highest = np.lexsort((-scores, is_missing))
    chosen = from_highest[:most]
    if both_ends:
        half = most // 2
        highest = from_highest[: most - half]
        from_lowest = np.lexsort((scores, is_missing))
        is_left = ~np.isin(from_lowest, highest)
        chosen = np.concatenate([highest, from_lowest[is_left][:half]])
    note = f"{most:,} of {len(scores):,} classes: those {reason}"
    return ClassSelection(np.sort(chosen), note)


def greatest(
    measures: pd.DataFrame,
    table: pd.DataFrame,
    classes: Sequence[str],
    most: int,
    why: str,
) -> ClassSelection:
    """The classes with the greatest of some measures, means over seeds, of the network in which the class has most."""
    keys = [table[key] for key in ("network", "augmentation", "class")]
    means = measures.groupby(keys).mean()
    greatest_of_class = means.max(axis=1).groupby("class").max()
    return select_classes(greatest_of_class.reindex(list(classes)), most, why)


def clearest_shortcuts(verdicts: pd.DataFrame, classes: Sequence[str], most: int) -> ClassSelection:
    """The classes whose own map beats as many of the lowest frequencies most, mean over networks: of all pictures.

    verdicts : of networks of one kind, of which the headline rows count. Where the lowest frequencies were not tested,
        TPR - FPR from the map counts
    """
    headline = verdicts[verdicts["headline"]]
    score = "low_pass_margin"
    why = "whose own map beats as many of the lowest frequencies most"
    if headline[score].isna().all():
        score = "measure"
        why = "with the greatest TPR - FPR from their own map"
    means = headline.groupby("class")[score].mean()
    scores = means.reindex(list(classes))
    return select_classes(scores, most, why)
