"""Whether a network uses the planted frequencies. This is tested before maps are scored against them.

A network may recognise a class by other frequencies than the planted ones. A map without the planted ones is then
right. So the planted mask is tested like a map: its frequencies are moved from an image into a donor image (of the
neutral class, if the set has one), and so are all others. A network *uses* the mask if it is sufficient and necessary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.spectrum.arrays import BoolArray
from frequency_shortcuts.spectrum.fills import SWAP

if TYPE_CHECKING:
    from torch import nn

PLANTED, OTHERWISE = 0.7, 0.3  # least TPR with the cue, greatest TPR without it
DRAWS = 5


def planted_use(
    network: nn.Module, split: Split, truth: BoolArray, *, seed: int = 0, run: str = "", progress: bool = False
) -> pd.DataFrame:
    """Whether the network uses the planted mask: one row for each class that has one.

    Parameters
    ----------
    seed, run : see `Trials` and `shortcuts.collect`
    truth : bool [class, H, W], the planted mask of each class; empty for a class without a cue of its own

    Returns the columns `class`, `positions` (of the mask), `images`, `tpr_unfiltered`, TPR and FPR with the planted
    frequencies in the donors (`tpr_planted`, `fpr_planted`), with all other frequencies (`tpr_complement`,
    `fpr_complement`) and with five random masks of its size (`tpr_random`, `fpr_random`, means), and `uses`: whether
    the first TPR is at least `PLANTED`, and the second at most `OTHERWISE`. The random masks decide nothing: what they
    leave depends on the size of the mask.

    >>> planted_use(network, split, truth).set_index("class")["uses"]

    Raises ValueError if no class has a mask.
    """
    from . import shortcuts  # here: tables read the name and the limits of this module without PyTorch
    from .trials import PARTS, Trials

    there = np.flatnonzero(truth.any(axis=(1, 2)))
    if not len(there):
        raise ValueError("no class has a planted mask")
    trials = Trials(PARTS, [SWAP.name], controls=DRAWS, radial=1, others=1, seed=seed)
    table = shortcuts.measure(network, split, truth, trials, run=run, progress=progress)
    means = table.groupby(["class", "part", "filter"])[["tpr", "fpr"]].mean()
    own = table[(table["filter"] == "dfm") & (table["part"] == "keep")].set_index("class")
    rows = []
    for c in there:
        row = {"class": int(c), "positions": int(truth[c].sum()), "images": int(own.loc[c, "images"])}
        row["tpr_unfiltered"] = means.loc[(c, "keep", "unfiltered"), "tpr"]
        which = {"planted": ("keep", "dfm"), "complement": ("remove", "dfm"), "random": ("keep", "random")}
        for name, (part, kind) in which.items():
            row |= {f"{rate}_{name}": means.loc[(c, part, kind), rate] for rate in ("tpr", "fpr")}
        row["uses"] = bool(row["tpr_planted"] >= PLANTED and row["tpr_complement"] <= OTHERWISE)
        rows.append(row)
    return pd.DataFrame(rows)


def only_where_used(table: pd.DataFrame) -> pd.DataFrame:
    """A table of scores without those of classes whose planted mask the network does not use.

    table : of `truth.score` or `truth.score_methods`, with the column `uses`, missing for a class that has no planted
        mask

    If the network does not use the planted frequencies, a map without them is right, but its scores would be low.
    """
    scores = [name for name in table if name.startswith(("precision", "recall", "average_precision"))]
    return table.assign(**{name: table[name].where(table["uses"].eq(True)) for name in scores})
