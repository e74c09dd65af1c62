"""What an analysis found: flips, maps, hits, rates and verdicts."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from frequency_shortcuts.data.folders import few
from frequency_shortcuts.data.normalisation import normalise
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.evaluation import shortcuts
from frequency_shortcuts.maps.methods.method import Found
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray

from .advice import advise, carriers
from .counterfactuals import Counterfactual, FlipTest
from .images import shown
from .sources import recall_by_source

SHORT = [
    "class", "tpr_unfiltered", "tpr_dfm", "fpr_dfm", "best_control", "closest_class", "margin", "margin_low",
    "margin_high", "verdict", "than_lowest", "images", "negatives", "smallest_effect",
]  # fmt: skip
NEEDED = {"strong": True, "weak": True, "none": False}  # verdict on a map that is removed -> whether it is needed


@dataclass(frozen=True)
class Outcome:
    """What an analysis found.

    ranking, test : the images that rank frequencies, and those that test; the first ones are also those of the maps
    about : how it was made: network, digests of weights and images, settings, seed, device, seconds
    flip_test : the counterfactual test; None where only maps were made
    maps : bool [class, H, W], centred, the frequencies in the map of each class; None without maps
    found : scores of the search, None where none were searched for
    hits : the class that the network names for each test image under each mask; None where no maps were tested
    amplitude : mean amplitude spectrum of each class, float64 [class, channel, H, W], centred; None without maps
    sources : str [n], where each test image comes from; None where nothing is said
    """

    ranking: Split
    test: Split
    about: Mapping[str, Any]
    flip_test: FlipTest | None = None
    maps: BoolArray | None = None
    found: Found | None = None
    hits: shortcuts.Hits | None = None
    amplitude: FloatArray | None = None
    sources: npt.NDArray[np.str_] | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.ranking.classes

    @property
    def flips(self) -> pd.DataFrame:
        """One row for each class, from the counterfactual test; see `flip_rates.rates`.

        `flip` is the share of other images that are called the class after they got its fine spectrum, minus before;
        `sham` that after changes that are not of the class; `part` that with the finest part of an image of the class,
        minus that of an image of their own class; `need` what the recall loses without the finest spectrum of its
        class; each with its two-sided 90 % interval (`_low`, `_high`). `coarse` are flips by all other frequencies.
        `recall` is that of the class, `images` were counted for `flip`. `verdict` is one of `flip_rates.VERDICTS`,
        `cause` a likely one or None, `pairs` the size of the smallest set if it was looked for.
        """
        return self.tested_flips().table.drop(columns="by")

    @property
    def cross_flips(self) -> pd.DataFrame:
        """The share that is called each class after it got the fine spectrum of each; see `flip_rates.cross_flips`."""
        return self.tested_flips().cross

    @functools.cached_property
    def files(self) -> pd.DataFrame:
        """The files of each class with a likely cause, clearest first; see `advice.carriers`."""
        return carriers(self.tested_flips())

    @property
    def advice(self) -> list[str]:
        """What to do about the classes that follow or need their fine spectrum, a sentence for each cause."""
        return advise(self.tested_flips(), self.files)

    @property
    def recall_by_source(self) -> pd.DataFrame:
        """The recall of each class in the test images of each source, worst first; see `sources.recall_by_source`."""
        if self.sources is None:
            raise ValueError("no sources were given: call analyse with Test(source=...)")
        hits = self.tested_flips().hits
        return recall_by_source(hits.labels, hits.unfiltered, self.sources, self.classes)

    @property
    def differences(self) -> FloatArray:
        """How clearly each class differs from the others at each frequency: float64 [class, H, W], centred.

        It is 1 by chance, and does not depend on the network; see `ClassStatistics.differences`.
        """
        return self.tested_flips().hits.differences

    def counterfactual(self, of: str | int) -> Counterfactual:
        """A typical image before and after it got the fine spectrum of a class, given by its name or number.

        Raises ValueError for another class.

        >>> result.counterfactual("Pullover").called_after
        'Pullover'
        """
        names = self.classes
        if isinstance(of, str) and of in names:
            of = names.index(of)
        if isinstance(of, str) or not 0 <= of < len(names):
            raise ValueError(f"class {of}: expected a name or number of a class of the images, {few([*names])}")
        return self.tested_flips().counterfactual(of)

    def tested_flips(self) -> FlipTest:
        """The counterfactual test; raises ValueError if nothing was tested."""
        if self.flip_test is None:
            raise ValueError("nothing was tested: call analyse with the parts keep, remove or both")
        return self.flip_test

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
        `than_lowest` says whether the map is worse than as many of the lowest frequencies, as well, better, or whether
        this is undecided. `images` and `negatives` of the class and of others were tested; `smallest_effect` is the
        least margin that would be clear with so many.
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
        """The hits; raises ValueError if no maps were tested."""
        if self.hits is None:
            raise ValueError("no maps were tested: call analyse without quick, and with the parts keep, remove or both")
        return self.hits

    def test_images(self, places: Sequence[int]) -> tuple[np.ndarray, torch.Tensor]:
        """Some test images: as pictures, uint8 [k, channels, H, W], and as the network sees them."""
        images = torch.from_numpy(np.asarray(self.test.images[np.array(places)]))
        if images.dtype == torch.uint8:
            images = normalise(images, self.test.mean, self.test.std)
        return shown(self.test, places), images.float()
