"""What the counterfactual test of an analysis found, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from frequency_shortcuts.evaluation.causes import CAUSES
from frequency_shortcuts.evaluation.flip_rates import (
    BOTH,
    CANNOT_TELL,
    FOUND,
    LEAST_RECALL,
    NEEDS,
    NOT_RECOGNISED,
    NOT_SHOWN_VERDICT,
    NUMBERS,
    evidence,
)

from .counterfactuals import FlipTest, clearest_first
from .wording import count_images, list_classes

MOST = 12  # classes with a sentence of their own


def sentences(test: FlipTest) -> list[str]:
    """A sentence for each class that follows or needs its spectrum, then what was not shown, and with which images."""
    table = clearest_first(test.table)
    found = table[table["verdict"].isin(FOUND)]
    return [
        *(_found(test, row) for _, row in found.head(MOST).iterrows()),
        *_all_found(found, len(table)),
        *_others(test.table),
        f"Tested: {count_images(test.test.labels)}, with statistics of {count_images(test.ranking.labels)}.",
    ]


def sentence(test: FlipTest, row: Any) -> str:
    """The number that the row of a class rests on, in words."""
    name, number = row["class"], evidence(row)
    share = _share(row, number)
    if number == "need":
        return f"Without its own fine spectrum, {share} of {name} are no longer recognised."
    if number == "part":
        return (
            f"Give other images the finest part of an image of {name}, and {share} more of them are called {name} than "
            "with that of an image of their own class."
        )
    if number == "sham":
        return (
            f"Disturb the fine spectrum of other images in ways that are not of {name}, and {share} of them are called "
            f"{name}: the class is a sink, which takes disturbed images."
        )
    size = f"a change of {100 * test.rms(name):.2g} % of the pixel range, root mean square"
    return f"Give other images the fine spectrum of {name} ({size}), and {share} of them are called {name}."


def _found(test: FlipTest, row: pd.Series) -> str:
    words = sentence(test, row)
    if row["verdict"] == BOTH:
        words += " " + sentence(test, row.to_dict() | {"verdict": NEEDS})
    return words + (f" What sets its spectrum apart is likely {CAUSES[row['cause']]}." if row["cause"] else "")


def _share(row: Any, number: str) -> str:
    value, low, high = (100 * min(1, max(0, row[f"{number}{end}"])) for end in ("", "_low", "_high"))
    return f"{value:.0f} % [{low:.0f}, {high:.0f}]"


def _all_found(found: pd.DataFrame, n_classes: int) -> Iterator[str]:
    relied = found[[evidence(row) != "sham" for _, row in found.iterrows()]]  # a sink takes any disturbance
    if relied.empty:
        return
    more = f" (the clearest {MOST} are above)" if len(found) > MOST else ""
    yield (
        f"The network relies on the fine spectrum in {len(relied)} of {n_classes} classes{more}, texture or artefact: "
        "the picture and your knowledge of the images tell which."
    )


def _others(table: pd.DataFrame) -> Iterator[str]:
    """What was not shown, with the bound, and what the images do not decide."""
    not_shown = table["verdict"] == NOT_SHOWN_VERDICT
    if not_shown.any():
        ends = table.loc[not_shown, [f"{number}_high" for number in NUMBERS]].max().fillna(0)
        *flips, need = (math.ceil(100 * float(end) - 1e-6) for end in ends)
        yield (
            f"Not shown in {list_classes(not_shown, table)}: flip, sham and part are at most {max(flips)} %, the need "
            f"is at most {need} % (largest upper ends)."
        )
    if (unclear := table["verdict"] == CANNOT_TELL).any():
        yield (
            f"Cannot tell in {list_classes(unclear, table)}: a number may lie on either side of its threshold, only "
            "images of one other class are called so, or too few are left for the need."
        )
    if (unknown := table["verdict"] == NOT_RECOGNISED).any():
        yield (
            f"Not recognised, so without a verdict, in {list_classes(unknown, table)}: the recall is below "
            f"{LEAST_RECALL}."
        )
