"""Which facts of pictures, such as their format, the images of a class share, and the others do not."""

from __future__ import annotations

import pandas as pd

from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray

RARE = 5  # values of fewer pictures count as one
NOT_COMMON = "none of the common ones"
NAMED = 3  # values that are written out


def share_facts(facts: pd.DataFrame, labels: IntArray, n_classes: int) -> pd.DataFrame:
    """What speaks for each class in each fact: a row a fact and class, without facts that are the same everywhere.

    facts : a column a fact, a row a picture; text is a category. labels : int64 [n]

    Returns `fact`, `class` (its number), `value`, and the shares of the pictures that have it: `own`, of the class, and
    `others`. Of a category: the values that are more frequent in the class. Of a number: above or below the middle
    between the medians of the class and of the others.

    >>> share_facts(pd.DataFrame({"format": ["PNG"] * 30 + ["JPEG"] * 30}), np.repeat([0, 1], 30), 2)["value"].tolist()
    ['PNG', 'JPEG']
    """
    rows: list[tuple[object, ...]] = []
    for name, column in facts.items():
        if (column != column.iloc[0]).any():
            is_number = pd.api.types.is_numeric_dtype(column)
            values = column if is_number else column.where(column.map(column.value_counts()) >= RARE, NOT_COMMON)
            for k in range(n_classes):
                own = labels == k
                value, has = (_of_numbers if is_number else _of_categories)(values, own)
                rows.append((name, k, value, float(has[own].mean()), float(has[~own].mean())))
    return pd.DataFrame(rows, columns=["fact", "class", "value", "own", "others"])


def _of_numbers(values: pd.Series, own: BoolArray) -> tuple[str, BoolArray]:
    """The side of the middle on which a class lies, in words, and which pictures [n] are there."""
    median, of_others = values[own].median(), values[~own].median()
    middle = (median + of_others) / 2
    above = median >= of_others
    has: BoolArray = (values > middle if above else values < middle).to_numpy()
    return f"{'above' if above else 'below'} {middle:{'.3g' if abs(middle) < 1000 else ',.0f'}}", has


def _of_categories(values: pd.Series, own: BoolArray) -> tuple[str, BoolArray]:
    """The values that are more frequent in a class than in the others, in words, and which pictures [n] have them."""
    share = pd.crosstab(values, own, normalize="columns")  # of the others, and of the class
    names = share[share[True] > share[False]].sort_values(True, ascending=False, kind="stable").index.tolist()
    return _listed(names), values.isin(names).to_numpy()


def _listed(names: list[str]) -> str:
    more = len(names) - NAMED
    return " or ".join([*names[:NAMED], *([f"{more} other{'s' * (more > 1)}"] if more > 0 else [])])
