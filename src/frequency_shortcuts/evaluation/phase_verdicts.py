"""Phase or amplitude: what carries a shortcut, from the rates that `phase.measure` gives.

The definition was fixed before any result of a study was seen. R is TPR - FPR of the ordinary swap test: inside the map
of the class the image has both its amplitudes and its phases. The margin of a part, the amplitudes or the phases, is
TPR - FPR of images with only this part of their own, minus half of R. The part *suffices* if the 95 % interval of its
margin is above 0, and does not suffice if the interval is below 0. Else the data do not decide.

The interval is that of differences on the same images (`intervals.paired`): for each image, whether the network names
the class with only one part, minus half of whether it does so with both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts.intervals import Estimate, joined, paired

from .phase_hits import KEPT, REGIONS, PhaseHits, rates
from .verdicts import STRONG_TPR

SUFFICES = 0.5  # share of R


def phase_verdicts(hits: PhaseHits, strong: float = STRONG_TPR) -> pd.DataFrame:
    """One row per class, from the hits of `phase.collect`: does its shortcut sit in the amplitudes or in the phases?

    Returns the columns `class`, `positions` (of the map), `images`, `negatives`; TPR with its interval and FPR of
    images that keep both, the amplitudes or the phases inside the map (`tpr_both`, `tpr_both_low`, `tpr_both_high`,
    `fpr_both`, `tpr_amplitude`, ...) and over the whole spectrum (`tpr_both_spectrum`, `fpr_both_spectrum`, ...);
    `share_amplitude`, `share_phase` (TPR - FPR inside the map as a share of R); `margin_amplitude`, `margin_phase`
    (TPR - FPR inside the map minus half of R) with their 95 % intervals `_low`, `_high`; and

    `verdict` : `amplitude` or `phase` if this part suffices and the other does not, `either` if each of the two does,
        `both` if neither does, so that the network needs both, and `undecided` if the interval of at least one margin
        holds 0

    Shares, margins and verdict are missing (NaN) for a class without a strong shortcut: TPR of the swap test below
    `strong`, or R not above 0. Where no FPR was measured, TPR - FPR is TPR.

    >>> phase_verdicts(phase.collect(network, split, masks)).set_index("class")["verdict"]
    """
    table = rates(hits).set_index(["class", "region", "kept"])
    out = table.xs(("map", "both"), level=("region", "kept"))[["positions", "images", "negatives"]].copy()
    for region in REGIONS:
        for kept in KEPT:
            mine, end = table.xs((region, kept), level=("region", "kept")), "_spectrum" if region == "spectrum" else ""
            bounds = ("", "_low", "_high") if region == "map" else ("",)
            for bound in bounds:
                out[f"tpr_{kept}{bound}{end}"] = mine[f"tpr{bound}"]
            out[f"fpr_{kept}{end}"] = mine["fpr"]
    measure = {kept: out[f"tpr_{kept}"] - out[f"fpr_{kept}"].fillna(0) for kept in KEPT}
    judged = (out["tpr_both"] >= strong) & (measure["both"] > 0)
    suffices, fails = {}, {}
    for kept in ("amplitude", "phase"):
        margin, low, high = (np.array(ends) for ends in zip(*(_margin(hits, c, kept) for c in out.index), strict=True))
        out[f"share_{kept}"] = measure[kept].div(measure["both"]).where(judged)
        for end, value in (("", margin), ("_low", low), ("_high", high)):
            out[f"margin_{kept}{end}"] = np.where(judged, value, np.nan)
        suffices[kept], fails[kept] = low > 0, high < 0
    words = np.select(
        [
            suffices["amplitude"] & fails["phase"],
            suffices["phase"] & fails["amplitude"],
            suffices["amplitude"] & suffices["phase"],
            fails["amplitude"] & fails["phase"],
        ],
        ["amplitude", "phase", "either", "both"],
        "undecided",
    )
    out["verdict"] = pd.Series(words, out.index, object).where(judged)
    return out.reset_index()


def _margin(hits: PhaseHits, c: int, kept: str) -> Estimate:
    """TPR - FPR of class c with one part inside the map, minus half of that with both."""
    part, both = ((hits.of_class(c, "map", name)[0] == c).astype(float) for name in (kept, "both"))
    differences, own = part - SUFFICES * both, hits.labels == c
    fpr: Any = paired(differences[hits.judged[c]]) if hits.judged[c].any() else None
    return joined(paired(differences[own]), fpr)
