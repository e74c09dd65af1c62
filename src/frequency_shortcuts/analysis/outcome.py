"""What an analysis found: maps, hits, rates and verdicts."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

from frequency_shortcuts.data.normalisation import normalise
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.evaluation import shortcuts
from frequency_shortcuts.maps.methods.method import Found
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray

from .images import shown

SHORT = [
    "class", "tpr_unfiltered", "tpr_dfm", "fpr_dfm", "best_control", "closest_class", "margin", "margin_low",
    "margin_high", "verdict", "low_frequency", "images", "negatives", "smallest_effect",
]  # fmt: skip
NEEDED = {"strong": True, "weak": True, "none": False}  # verdict on a map that is removed -> whether it is needed


@dataclass(frozen=True)
class Outcome:
    """What an analysis found.

    found : scores of the search, None where the maps were given
    maps : bool [class, H, W], centred, the frequencies in the map of each class
    hits : the class that the network names for each test image under each mask; None where nothing was tested
    ranking, test : the images that found the maps, and those that tested them
    amplitude : mean amplitude spectrum of each class, float64 [class, channel, H, W], centred
    about : how it was made: network, digests of weights and images, settings, seed, device, seconds
    """

    found: Found | None
    maps: BoolArray
    hits: shortcuts.Hits | None
    ranking: Split
    test: Split
    amplitude: FloatArray
    about: Mapping[str, Any]

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.ranking.classes

    @functools.cached_property
    def table(self) -> pd.DataFrame:
        """All verdicts: a row for each class, part and fill; see `shortcuts.verdicts`. Classes are names here."""
        table = shortcuts.verdicts(self.tested())
        for name in ("class", "closest_class", "largest_other_class"):  # the last two are missing without other maps
            table[name] = [None if pd.isna(c) else self.classes[int(c)] for c in table[name]]
        return table

    @functools.cached_property
    def rates(self) -> pd.DataFrame | None:
        """Every rate that was measured; see `rates.rates`. Classes are numbers. None where nothing was tested."""
        return None if self.hits is None else shortcuts.rates(self.hits)

    @property
    def verdicts(self) -> pd.DataFrame:
        """One row for each class, from the test to quote (the map alone is kept): rates, margin, verdict.

        `margin` is that to the closest control, `best_control`: random masks, or the map of `closest_class`.
        `low_frequency` says whether the lowest frequencies of the same number do as well. `images` and `negatives` of
        the class and of others were tested; `smallest_effect` is the least margin that would be clear with so many.
        If maps were also removed: `tpr_removed` without the map, `tpr_random_removed` without as many random
        frequencies (mean over draws), and `needed`, whether TPR - FPR falls clearly more without the map. This is no
        part of the verdict.
        """
        rows = self.table[self.table["headline"]]
        removed = self.table[(self.table["part"] == "remove") & self.table["fill"].isin(rows["fill"])]
        removed = removed.set_index("class").reindex(rows["class"])
        about = {
            "tpr_removed": removed["tpr_dfm"].to_numpy(),
            "tpr_random_removed": removed["tpr_random"].to_numpy(),
            "needed": [NEEDED.get(verdict) for verdict in removed["verdict"]],
        }
        return rows[SHORT].assign(**about).reset_index(drop=True)

    def tested(self) -> shortcuts.Hits:
        """The hits; raises ValueError if the maps were not tested."""
        if self.hits is None:
            raise ValueError("the maps were not tested: call analyse with the parts keep, remove or both")
        return self.hits

    def test_images(self, places: Sequence[int]) -> tuple[np.ndarray, torch.Tensor]:
        """Some test images: as pictures, uint8 [k, channels, H, W], and as the network sees them."""
        images = torch.from_numpy(np.asarray(self.test.images[np.array(places)]))
        if images.dtype == torch.uint8:
            images = normalise(images, self.test.mean, self.test.std)
        return shown(self.test, places), images.float()
