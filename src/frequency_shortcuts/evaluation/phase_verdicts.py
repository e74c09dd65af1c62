"""Phase or amplitude: what carries a shortcut, from the rates that `phase.measure` gives.

The definition was fixed before any result of a study was seen. R is TPR - FPR of the ordinary swap test: inside the map
of the class the image has both its amplitudes and its phases. The margin of a part, the amplitudes or the phases, is
TPR - FPR of images with only this part of their own, minus half of R. The part *suffices* if the 95 % interval of its
margin is above 0, and does not suffice if the interval is below 0. Else the data do not decide.

The interval combines Wilson's intervals of the four rates (method of variance estimates recovery: G. Y. Zou and A.
Donner, Statistics in Medicine 27, 2008). For two rates this is `intervals.newcombe`. The four rates count as
independent, although the same images are tested with both and with one part. Usually an image that is recognised with
one part is also recognised with both; then the interval is rather too wide.

We simulated 308 sets of rates, each with 50 or 100 images of the class and 150 to 450 others. If the two tests of an
image are independent, the interval holds the true margin in 95 % of the draws on average over the rates, and in 94 % at
the worst rates. With correlations of 0.3 to 0.9 these are 97 to 98 % and 94 to 95 %, with a correlation of -0.3 they
are 93 to 94 % and 91 %. A part that keeps exactly half of R is decided in 5 % of the draws without correlation, and in
2 to 3 % with a positive one. A part that keeps a quarter or three quarters of R is decided in two of three draws with
50 images, and in seven of eight with 100.

Images count as independent, as in all intervals of the swap test. If each donor serves three of the images that FPR is
measured on, and the donor alone decides the answer, the interval holds the true margin in 91 to 97 % of the draws on
average, and in 79 to 88 % at the worst rates.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from frequency_shortcuts.intervals import newcombe

from .verdicts import STRONG

KEPT = ("both", "amplitude", "phase")  # what an image keeps; the rest is its donor's
REGIONS = ("map", "spectrum")  # where it keeps this
SUFFICES = 0.5  # share of R


def phase_verdicts(table: pd.DataFrame, strong: float = STRONG) -> pd.DataFrame:
    """One row per class, from a table of `phase.measure`: does its shortcut sit in the amplitudes or in the phases?

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

    >>> phase_verdicts(phase.measure(network, split, masks)).set_index("class")["verdict"]
    """
    rates = table.set_index(["class", "region", "kept"])
    of_map = rates.xs("map", level="region")
    out = of_map.xs("both", level="kept")[["positions", "images", "negatives"]].copy()
    for region in REGIONS:
        for kept in KEPT:
            mine, end = rates.xs((region, kept), level=("region", "kept")), "_spectrum" if region == "spectrum" else ""
            bounds = ("", "_low", "_high") if region == "map" else ("",)
            for bound in bounds:
                out[f"tpr_{kept}{bound}{end}"] = mine[f"tpr{bound}"]
            out[f"fpr_{kept}{end}"] = mine["fpr"]
    measure = {kept: newcombe(out[f"tpr_{kept}"], out["images"], out[f"fpr_{kept}"], out["negatives"]) for kept in KEPT}
    reference, below, above = measure["both"]
    judged = (out["tpr_both"] >= strong) & (reference > 0)
    suffices, fails = {}, {}
    for kept in ("amplitude", "phase"):
        own, less, more = measure[kept]
        margin = own - SUFFICES * reference
        low, high = margin - np.hypot(less, SUFFICES * above), margin + np.hypot(more, SUFFICES * below)
        out[f"share_{kept}"] = pd.Series(own, out.index).div(reference).where(judged)
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
