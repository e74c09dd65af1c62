"""Why a class has no verdict, in numbers, and the cause of two classes as one."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from frequency_shortcuts.exchange.answers import BOUND, CANNOT_TELL, NOT_RECOGNISED, PARTS
from frequency_shortcuts.images.artefacts import CAUSES, LOST, RAISED

from .cells import percent

EITHER_OF_TWO = (
    "Of two classes, either may be the one that was processed: "
    "if one is blurred, the other looks sharpened."
)
# Causes: of two classes, what one has lost is raised in the other.
MIRRORED = {LOST: RAISED, RAISED: LOST}


def reason(row: Mapping[Any, Any]) -> str | None:
    """Why a class has no verdict, from its row of `Analysis.flips`: recall and FPR, or what is open.

    Of open parts: how many images they have, and about how many would decide at the same numbers, since the width of an
    interval goes with one over their root. A number between bound and threshold is decided by none.
    """
    is_open = {part: row[f"{part}_high"] >= BOUND for part in PARTS}
    opened = {part: kind.threshold for part, kind in PARTS.items() if is_open[part]}
    # One of two classes can reach a threshold without being recognised: then the pair has no verdict.
    reached = any(row[f"{part}_low"] >= threshold for part, threshold in opened.items())
    if row["verdict"] == NOT_RECOGNISED or (row["verdict"] == CANNOT_TELL and reached):
        return f"recall {percent(row['recall'])}, FPR {percent(row['false_positives'])}"
    if row["verdict"] != CANNOT_TELL:
        return None
    words = []
    shares = {}
    for part, threshold in opened.items():
        gap = max(row[part] - threshold, BOUND - row[part])
        if gap > 0:
            half_width = (row[f"{part}_high"] - row[f"{part}_low"]) / 2
            shares[part] = half_width / gap
        else:
            words.append(f"{part} between {percent(BOUND)} and {percent(threshold)}")
    if shares:
        needed = math.ceil(row["images"] * max(shares.values()) ** 2)
        least = _two_digits(max(row["images"] + 1, needed))
        words.append(f"{', '.join(shares)}: {row['images']:.0f} of {least:,.0f} images")
    return "; ".join(words) or None


def _two_digits(number: float) -> float:
    """A number rounded up to two digits."""
    digits = len(f"{number:.0f}")
    step = 10 ** max(0, digits - 2)
    return math.ceil(number / step) * step


def cause_of_pair(causes: Mapping[int, str], classes: Sequence[str]) -> str:
    """The causes of both of two classes as one, in words: what sets one apart can be in the other."""
    both = dict(causes)
    for k, name in causes.items():
        if name in MIRRORED:
            both.setdefault(1 - k, MIRRORED[name])
    return ", or ".join(f"{classes[k]}: {CAUSES[name]}" for k, name in both.items())
