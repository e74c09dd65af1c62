"""Phase or amplitude: what carries a shortcut, from the rates that `phase.measure` gives.

The definition was fixed before any result was seen. R is TPR - FPR of the ordinary swap test: inside the map of the
class the image has both its amplitudes and its phases. If images with their own amplitudes alone, or with their own
phases alone, reach at least half of R, then this part *suffices*.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .verdicts import STRONG

KEPT = ("both", "amplitude", "phase")  # what an image keeps; the rest is its donor's
REGIONS = ("map", "spectrum")  # where it keeps this
SUFFICES = 0.5  # share of R
ROUNDING = 1e-5  # of rates in tables


def phase_verdicts(table: pd.DataFrame, strong: float = STRONG) -> pd.DataFrame:
    """One row per class, from a table of `phase.measure`: does its shortcut sit in the amplitudes or in the phases?

    Returns the columns `class`, `positions` (of the map), `images`, `negatives`; TPR with its interval and FPR of
    images that keep both, the amplitudes or the phases inside the map (`tpr_both`, `tpr_both_low`, `tpr_both_high`,
    `fpr_both`, `tpr_amplitude`, ...) and over the whole spectrum (`tpr_both_spectrum`, `fpr_both_spectrum`, ...);
    `share_amplitude`, `share_phase` (TPR - FPR inside the map as a share of R), and

    `verdict` : `amplitude` or `phase` if only this part suffices, `either` if each of the two does, `both` if neither
        does, so that the network needs both. Missing (NaN) for a class without a strong shortcut: TPR of the swap test
        below `strong`, or R not above 0

    Where no FPR was measured, TPR - FPR is TPR.

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
    measure = {kept: out[f"tpr_{kept}"] - out[f"fpr_{kept}"].fillna(0) for kept in KEPT}
    reference = measure["both"]
    judged = (out["tpr_both"] >= strong) & (reference > ROUNDING)
    suffices = {}
    for kept in ("amplitude", "phase"):
        out[f"share_{kept}"] = (measure[kept] / reference).where(judged)
        suffices[kept] = measure[kept] >= SUFFICES * reference - ROUNDING
    amplitude, phase = suffices["amplitude"], suffices["phase"]
    words = np.select([amplitude & phase, amplitude, phase], ["either", "amplitude", "phase"], "both")
    out["verdict"] = pd.Series(words, out.index, object).where(judged)
    return out.reset_index()
