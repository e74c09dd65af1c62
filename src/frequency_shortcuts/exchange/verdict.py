"""The verdict of an exchange test on each class: it follows something, nothing is found, or the test cannot tell.

docs/method.md has the rule, and how it was chosen among six on networks of old seeds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from frequency_shortcuts.spectrum.arrays import BoolArray

FOLLOWS = "follows"
NOTHING_FOUND = "nothing found"
CANNOT_TELL = "cannot tell"
VERDICTS = (FOLLOWS, NOTHING_FOUND, CANNOT_TELL)

BORDER = "border"
PARTS: Mapping[str, str] = {  # and what they are, in words
    "fine": "what is fine (texture or artefact)",
    "field": "the illumination or background",
    "patch": "a place",
}
MEASURED = (BORDER, *PARTS)

LOST_RECALL = 0.02  # a class is named if the lower end of `border` is above it
CALLED = 0.25  # or that of a part is above it
BOUND = 0.1  # where nothing is found, no upper end is above it
LEAST_RECALL = 0.3  # with the border of own images
MOST_COST = 0.25  # of recall, that the border of own images may take
COMMON_LOSS = 0.02  # of the median class: above it, borders differ between all classes
LEVEL = 0.05  # of one-sided ends


def with_verdicts(table: pd.DataFrame, n_classes: int) -> pd.DataFrame:
    """The table of numbers with `verdict`, one of `VERDICTS`, `follows`, of `MEASURED`, and `reason`.

    What separates two classes can be in either, so both have the verdict of the pair.

    table : one row a class that was tested, see `answers.rates`; n_classes : of the images
    """
    common = _common_loss(table) if n_classes > 2 else 0.0
    found = {BORDER: _is_lost(table, common)}
    for part in PARTS:
        found[part] = (table[f"{part}_low"] > CALLED).to_numpy()
    named = pd.DataFrame(found, table.index)
    unclear = pd.Series([_unclear(row, common) for row in table.to_dict("records")], table.index)
    if n_classes == 2:
        named[:] = np.broadcast_to(named.any().to_numpy(), named.shape)
        unclear = unclear.ffill().bfill()
    verdicts = np.select([named.any(axis=1), unclear.isna()], [FOLLOWS, NOTHING_FOUND], CANNOT_TELL)
    rows = zip(table.to_dict("records"), named.to_numpy(), unclear, verdicts, strict=True)
    follows = []
    reasons = []
    for row, is_named, open_question, verdict in rows:
        names = [name for name, is_one in zip(MEASURED, is_named, strict=True) if is_one]
        follows.append(", ".join(names))
        if verdict == FOLLOWS:
            reasons.append(_what_is_followed(row, names))
        else:
            reasons.append(_what_is_excluded(row) if verdict == NOTHING_FOUND else open_question)
    return table.assign(verdict=verdicts, follows=follows, reason=reasons)


def _common_loss(table: pd.DataFrame) -> float:
    """The lower median of `border` over the classes, where it is so large that borders differ between all; else 0."""
    median = float(table[BORDER].quantile(interpolation="lower"))
    return median if median > COMMON_LOSS else 0.0


def _is_lost(table: pd.DataFrame, common: float) -> BoolArray:
    """Whether the lower end of `border` is above its limit, with Holm's correction over the classes.

    common : what all classes lose, which the limit is above
    """
    border = table[BORDER].to_numpy() - common
    error = table["border_error"].to_numpy()
    clearest_first = np.argsort(-(border - LOST_RECALL) / error, kind="stable")
    levels = LEVEL / (len(border) - np.arange(len(border)))
    lower_ends = border[clearest_first] - ndtri(1 - levels) * error[clearest_first]
    is_lost = np.empty(len(border), bool)
    # The first class that is not clear ends the list.
    is_lost[clearest_first] = np.logical_and.accumulate(lower_ends > LOST_RECALL)
    return is_lost & (table["border_own"] >= LEAST_RECALL).to_numpy()


def _unclear(row: Mapping[str, Any], common: float) -> str | None:
    """Why nothing can be said of a class that is not named, or None."""
    own = row["border_own"]
    if own < LEAST_RECALL:
        return f"recall {_percent(own)} with borders of its own class"
    if own < (1 - MOST_COST) * row["recall"]:
        return f"recall {_percent(row['recall'])}, {_percent(own)} with borders of its own class"
    if common:
        return f"borders differ between classes: the median loses {_percent(common)}"
    return _open_numbers(row)


def _open_numbers(row: Mapping[str, Any]) -> str | None:
    """Which upper ends are above the bound, and about how many images would decide at the same numbers."""
    words = []
    for name in MEASURED:
        high = row[f"{name}_high"]
        if high <= BOUND:
            continue
        said = f"{name} up to {_percent(high)}"
        # More test images can be had; those that get parts are limited.
        if name == BORDER and row[name] < BOUND:
            images = row["border_images"]
            half_width = high - row[name]
            needed = images * (half_width / (BOUND - row[name])) ** 2
            said += f" ({images:.0f} of about {_two_digits(max(images + 1, needed)):,.0f} images)"
        words.append(said)
    return "; ".join(words) or None


def _what_is_followed(row: Mapping[str, Any], names: list[str]) -> str:
    words = []
    if BORDER in names:
        kept = row["border_own"] - row[BORDER]
        words.append(f"recall {_percent(row['border_own'])} -> {_percent(kept)}")
    parts = [f"{name} {_percent(row[name])}" for name in names if name in PARTS]
    if parts:
        words.append(f"others: {', '.join(parts)}")
    return "; ".join(words)


def _what_is_excluded(row: Mapping[str, Any]) -> str:
    called = max(row[f"{part}_high"] for part in PARTS)
    lost = row["border_high"]
    return f"at most {_percent(lost)} of the recall lost, {_percent(called)} of others called it"


def _percent(value: float) -> str:
    """A share in percent, without a decimal."""
    return f"{100 * value:z.0f}"


def _two_digits(number: float) -> float:
    """A number rounded up to two digits."""
    digits = len(f"{number:.0f}")
    step = 10 ** max(0, digits - 2)
    return math.ceil(number / step) * step
