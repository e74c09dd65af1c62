"""Whether a network uses the planted frequencies. This is tested before maps are scored against them.

A network may recognise a class by other frequencies than the planted ones. A map without the planted ones is then
right. So the planted mask is tested like a map: its frequencies are moved from an image into a donor image (of the
neutral class, if the set has one), and so are all others. A network *uses* the mask if it is sufficient and necessary.

Photographs with a wave are tested by the same photographs without it. Clipping spreads the wave over so many
frequencies that its complement may hold enough of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.intervals import shares
from frequency_shortcuts.spectrum.arrays import BoolArray
from frequency_shortcuts.spectrum.fills import SWAP

if TYPE_CHECKING:
    from torch import nn

PLANTED, OTHERWISE = 0.7, 0.3  # least TPR with the cue, greatest TPR without it
DRAWS = 5
WITHOUT_WAVE = "without the wave"  # in the column `test` of tests of waves: the photographs as they were


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


def wave_use(with_wave: npt.ArrayLike, without_wave: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Whether the network uses the wave of a class, from the TPR of its images with the wave and without it.

    The first must be at least `PLANTED`, the second at most `OTHERWISE`. Both may be arrays of one shape, that of the
    answer.

    >>> bool(wave_use(0.95, 0.1))
    True
    """
    return (np.asarray(with_wave) >= PLANTED) & (np.asarray(without_wave) <= OTHERWISE)


def only_where_used(table: pd.DataFrame) -> pd.DataFrame:
    """A table of scores without those of classes whose planted mask the network does not use.

    table : of `truth.score` or `method_scores.score_methods`, with the column `uses`, missing for a class that has no
        planted mask

    If the network does not use the planted frequencies, a map without them is right, but its scores would be low.
    """
    scores = [name for name in table if name.startswith(("precision", "recall", "average_precision"))]
    return table.assign(**{name: table[name].where(table["uses"].eq(True)) for name in scores})


def wave_rates(
    network: nn.Module,
    waved: Split,
    plain: Split,
    wave: BoolArray,
    harmonics: BoolArray,
    *,
    controls: int = 10,
    seed: int = 0,
    run: str = "",
) -> pd.DataFrame:
    """TPR of the class with a wave: on its photographs without the wave, and with masks of the wave.

    waved, plain : the same photographs with and without the wave
    wave, harmonics : bool [class, H, W], the frequencies of the wave in its class, and those that clipping adds
    controls, seed, run : see `compare_methods`

    Returns one row for each test, part, fill, draw and number of positions: `test` (`WITHOUT_WAVE`, `wave`, `wave and
    harmonics`, and what `compare_methods` adds), `part`, `fill`, `draw`, `positions`, `images`, `negatives`, TPR and
    FPR with their intervals, and `class`.

    >>> rates = wave_rates(network, waved, plain, wave, harmonics).groupby("test")["tpr"].first()
    >>> wave_use(rates["unfiltered"], rates[WITHOUT_WAVE])
    """
    import torch

    from frequency_shortcuts.data.source import Source
    from frequency_shortcuts.networks.predictions import predict

    from .comparison import compare_methods

    label = int(np.flatnonzero(wave.any(axis=(1, 2)))[0])
    source = Source(plain, dtype=torch.float32)
    called = predict(network, source.take(np.flatnonzero(plain.labels == label))).numpy()
    tpr, low, high = shares(int(np.sum(called == label)), len(called))
    without = {"test": WITHOUT_WAVE, "images": len(called), "tpr": tpr, "tpr_low": low, "tpr_high": high}
    tables = [pd.DataFrame([without])]
    for name, masks in {"wave": wave, "wave and harmonics": wave | harmonics}.items():
        maps = {name: {100 * masks[label].mean(): masks}}
        rates = compare_methods(network, waved, maps, controls=controls, seed=seed, run=run)
        tables.append(rates[rates["class"] == label].assign(test=rates["method"]))
    columns = ["test", "part", "fill", "draw", "positions", "images", "negatives"]
    columns += [f"{rate}{end}" for rate in ("tpr", "fpr") for end in ("", "_low", "_high")]
    table = pd.concat(tables)[columns].drop_duplicates(["test", "part", "fill", "draw", "positions"])
    return table.assign(**{"class": label})
