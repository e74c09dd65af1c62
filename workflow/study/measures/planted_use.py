"""Whether a network uses what was planted: the planted mask is tested like a map.

Its frequencies are moved from an image into a donor image (of the neutral class, if the set has one), and so are all
others. A network *uses* the mask if it is sufficient and necessary. The random masks decide nothing: what they leave
depends on the size of the mask.
"""

from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts.shortcuts.test import measure
from frequency_shortcuts.shortcuts.trials import MAP_PARTS, Trials
from frequency_shortcuts.spectrum.arrays import BoolArray
from frequency_shortcuts.spectrum.fills import SWAP

PLANTED, OTHERWISE = 0.7, 0.3  # least TPR with the cue, greatest TPR without it
DRAWS = 5  # of random masks beside the planted one


def use(network: Any, split: Any, masks: BoolArray, seed: int = 0, **options: Any) -> pd.DataFrame:
    """Rates with the planted mask of each class, bool [class, H, W], and whether the network uses it.

    One row for each class that has one; options : as in `shortcuts.collect`
    """
    trials = Trials(MAP_PARTS, [SWAP.name], DRAWS, 1, 1, seed=seed)
    table = measure(network, split, masks, trials, **options)
    there = np.flatnonzero(masks.any(axis=(1, 2)))
    rates = table.groupby(["part", "filter", "class"])[["tpr", "fpr"]].mean()
    out = pd.DataFrame({"positions": masks.sum(axis=(1, 2))}).rename_axis("class").loc[there]
    out["images"] = table.groupby("class")["images"].first()
    out["tpr_unfiltered"] = rates.loc[("keep", "unfiltered"), "tpr"]
    which = {
        "planted": ("keep", "dfm"),
        "complement": ("remove", "dfm"),
        "random": ("keep", "random"),
    }
    for name, key in which.items():
        out[[f"tpr_{name}", f"fpr_{name}"]] = rates.loc[key]
    out["uses"] = (out["tpr_planted"] >= PLANTED) & (out["tpr_complement"] <= OTHERWISE)
    return out.reset_index()
