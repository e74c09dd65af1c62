"""Which kinds of networks, and which of many classes, a figure of the study shows."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from frequency_shortcuts.exchange.answers import PARTS
from frequency_shortcuts.figures.selection import (
    ClassSelection,
    greatest,
    kinds_of,
    of_kind,
    select_classes,
)

LEGIBLE = 6  # classes whose names can be read beside a confusion matrix of a sixth of a page


def first_and_rest(table: pd.DataFrame, first: Sequence[str]) -> list[tuple[str, str]]:
    """The kinds of networks in a table, from the one of this network and augmentation on, if it is there."""
    return sorted(kinds_of(table), key=lambda kind: list(kind) != list(first))


def first_kinds(table: pd.DataFrame, first: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The rows of the first kind of network of each data set; first : its network and augmentation."""
    sets = table.groupby("dataset", sort=False)
    return pd.concat([of_kind(rows, first_and_rest(rows, first[str(name)])[0]) for name, rows in sets])


def clearest_flips(table: pd.DataFrame, classes: Sequence[str], most: int) -> ClassSelection:
    """The classes that a network follows most by any part, in a table of `answers.rates` with the runs."""
    return greatest(table[[*PARTS]], table, classes, most, "that are followed most")


def strongest_swap(table: pd.DataFrame, classes: Sequence[str], most: int) -> ClassSelection:
    """The classes with the greatest TPR - FPR from their own map, in a table of `phase_verdicts` of one data set."""
    measure = (table["tpr_both"] - table["fpr_both"].fillna(0)).to_frame()
    return greatest(measure, table, classes, most, "with the greatest TPR - FPR from their map")


def largest_adcs(values: npt.NDArray[np.int16], most: int) -> ClassSelection:
    """The classes that stand out most from the others, by the mean of |ADCS| [class, H, W]."""
    return select_classes([np.abs(plane).mean() for plane in values], most, "that stand out most (mean of |ADCS|)")


def first_and_last_learned(table: pd.DataFrame, classes: Sequence[str], score: str, most: int) -> ClassSelection:
    """The classes that are learned first and last, by their mean score in the table of `learning.dynamics`.

    The first view in the table counts, which is the images as they are.
    """
    full = table[table["view"] == table["view"].iloc[0]]
    means = full.groupby("class")[score].mean().reindex(list(classes))
    return select_classes(means, most, "learned first and last", both_ends=True)


def most_changed_by_bands(table: pd.DataFrame, classes: Sequence[str], most: int) -> ClassSelection:
    """The classes whose recognition changes most when bands are removed; of many classes at most `LEGIBLE`.

    table : that of `learning.band_stop`
    """
    own = table[table["true_class"] == table["called_class"]]
    change = own["delta_percent"].abs().groupby(own["true_class"]).mean()
    most = min(most, LEGIBLE) if len(classes) > most else most
    return select_classes(change.reindex(list(classes)), most, "whose recognition changes most")


def evenly_spaced(n_classes: int, most: int) -> ClassSelection:
    """At most `most` classes, evenly spaced in their list."""
    scores = np.zeros(n_classes)
    scores[np.linspace(0, n_classes - 1, min(most, n_classes)).astype(int)] = 1
    return select_classes(scores, most, "that are evenly spaced in their list")
