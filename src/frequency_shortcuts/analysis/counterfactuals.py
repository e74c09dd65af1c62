"""The counterfactual test of an analysis: its table, and one image before and after it got the spectrum of a class."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn

from frequency_shortcuts.data.folders import ImageFiles
from frequency_shortcuts.data.pixels import in_pixels
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.evaluation.class_statistics import ClassStatistics, class_statistics
from frequency_shortcuts.evaluation.counterfactual import Changes, Flips, Settings, collect
from frequency_shortcuts.evaluation.data_check import Cause, carries, name_causes
from frequency_shortcuts.evaluation.flip_rates import (
    BOTH,
    FOLLOWS,
    FOUND,
    NEEDS,
    Thresholds,
    cross_flips,
    evidence,
    example,
    rates,
)
from frequency_shortcuts.networks.predictions import Classifier, device_of, dtype_of, evaluating
from frequency_shortcuts.spectrum.arrays import FloatArray

COLUMNS = [
    "class", *(f"{number}{end}" for number in ("flip", "sham", "part", "need") for end in ("", "_low", "_high")),
    "coarse", "recall", "images", "verdict", "cause", "by",
]  # fmt: skip
SETTINGS, THRESHOLDS = Settings(), Thresholds()
LARGE = 0.99  # share of the pixels whose difference is shown in full; the others are clipped

Picture = npt.NDArray[np.uint8]


class Counterfactual(NamedTuple):
    """An image before and after it got the fine spectrum of a class, and what the network says to both.

    before, after : uint8 [channels, H, W]; difference : the same, after minus before times `factor`, clipped, grey for
        none
    label : the class of the image; called_before, called_after : the classes that the network calls
    logits_before, logits_after : float64 [class]
    kind : what was changed: `flip`, `part`, or a control, `sham` or `own_part`; or, for an image of the class, `away`:
        its own fine spectrum became that of all others, or `away_sham`
    """

    before: Picture
    after: Picture
    difference: Picture
    factor: float
    label: str
    called_before: str
    called_after: str
    logits_before: FloatArray
    logits_after: FloatArray
    kind: str


@dataclass(frozen=True, eq=False)
class FlipTest:
    """The counterfactual test of an analysis.

    network : its logits of the classes, and nothing else
    ranking, test : the images of the statistics, and those that are changed
    statistics, hits : see `counterfactual.collect`; seed : of its draws
    """

    network: nn.Module
    ranking: Split
    test: Split
    statistics: ClassStatistics
    hits: Flips
    seed: int

    @property
    def classes(self) -> tuple[str, ...]:
        return self.test.classes

    @functools.cached_property
    def table(self) -> pd.DataFrame:
        """Rates and verdict of each class, see `flip_rates.rates`; classes are names here."""
        table = rates(self.hits, THRESHOLDS)
        named = [self.causes[k].name if k in self.causes else None for k in table["class"]]
        return table.assign(**{"class": self._names(table["class"]), "cause": pd.Series(named, dtype=object)})[COLUMNS]

    @functools.cached_property
    def causes(self) -> dict[int, Cause]:
        """The likely causes of classes that follow or need their spectrum: number of the class -> cause, if it has one.

        They are those of the ranking images alone, see `data_check.name_causes`.
        """
        table = rates(self.hits, THRESHOLDS)
        found = table.loc[table["verdict"].isin(FOUND), "class"].tolist()
        if not found:
            return {}
        pixels, _ = in_pixels(self.ranking, self.test, torch.device("cpu"))
        causes = name_causes(pixels, self.statistics, seed=self.seed)
        return {k: causes[k] for k in found if k in causes}

    @functools.cached_property
    def cross(self) -> pd.DataFrame:
        """The cross matrix of flips, see `flip_rates.cross_flips`; classes are names here."""
        table = cross_flips(self.hits)
        return table.assign(**{name: self._names(table[name]) for name in ("class", "spectrum_of")})

    def _names(self, numbers: pd.Series) -> list[str]:
        return [self.classes[c] for c in numbers]

    def counterfactual(self, k: int) -> Counterfactual:
        """A typical image before and after it got the spectrum of class k: one that is flipped if the class follows.

        If the class only needs its spectrum, an image of its own that loses it. Raises ValueError for a class that was
        not tested.
        """
        if k not in self.hits.tested:
            raise ValueError(f"class {self.classes[k]} was not tested: it is the neutral class")
        images, kind, place = example(self.hits, self.table.iloc[self.hits.tested.index(k)], k)
        pixels = in_pixels(self.ranking, self.test, device_of(self.network))[1]
        before, after = Changes(self.statistics, SETTINGS, pixels, self.seed).of_image(kind, k, images, place)
        dtype = torch.float64 if dtype_of(self.network) == torch.float64 else torch.float32
        with evaluating(self.network), torch.no_grad():
            logits = [self.network(pixels.seen(one.clone()).to(dtype))[0].double().cpu() for one in (before, after)]
        large = float(np.quantile((after - before).abs().cpu().numpy(), LARGE))
        factor = max(1.0, 0.5 / max(large, 1e-3))
        called_before, called_after = (self.classes[int(one.argmax())] for one in logits)
        return Counterfactual(
            before=_picture(before),
            after=_picture(after),
            difference=_picture(0.5 + factor * (after - before)),
            factor=factor,
            label=self.classes[self.test.labels[images[place]]],
            called_before=called_before,
            called_after=called_after,
            logits_before=logits[0].numpy(),
            logits_after=logits[1].numpy(),
            kind=kind,
        )


def measure_flips(network: Classifier, ranking: Split, test: Split, *, seed: int, progress: bool) -> FlipTest:
    """Run the counterfactual test; see `counterfactual.collect`."""
    pixels, _ = in_pixels(ranking, test, network.device)
    statistics = class_statistics(pixels, len(ranking.classes), ranking.classes)
    hits = collect(network, ranking, test, settings=SETTINGS, statistics=statistics, seed=seed, progress=progress)
    return FlipTest(network.original, ranking, test, statistics, hits, seed)


def carriers(test: FlipTest) -> pd.DataFrame:
    """The files of each class with a likely cause, those that carry it most clearly first.

    Returns `class`, `cause`, `path` (folder and file), `score`; no rows for images that are not in files.
    """
    splits = test.ranking, test.test
    if not test.causes or not any(isinstance(split.images, ImageFiles) for split in splits):
        return pd.DataFrame(columns=["class", "cause", "path", "score"])
    tables = []
    for split, own in zip(splits, in_pixels(*splits, torch.device("cpu")), strict=True):
        if not isinstance(split.images, ImageFiles):
            continue
        for k, scores in carries(own, test.causes).items():
            (at,) = np.nonzero(split.labels == k)
            paths = ["/".join(Path(split.images.files[i]).parts[-2:]) for i in at]
            rows = {"class": test.classes[k], "cause": test.causes[k].name, "path": paths, "score": scores[at]}
            tables.append(pd.DataFrame(rows))
    return pd.concat(tables).sort_values(
        ["class", "score"], ascending=[True, False], kind="stable", ignore_index=True
    )  # fmt: skip


def clearest_first(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `FlipTest.table`: what follows before what is needed before the rest, and then by the lower end."""
    kind = table["verdict"].map({FOLLOWS: 0, BOTH: 0, NEEDS: 1}).fillna(2)
    low = [row[f"{evidence(row)}_low"] for _, row in table.iterrows()]
    ordered = table.assign(_kind=kind, _low=low).sort_values(["_kind", "_low"], ascending=[True, False], kind="stable")
    return ordered[COLUMNS]


def _picture(pixels: Tensor) -> Picture:
    picture: Picture = (255 * pixels[0].cpu().clamp(0, 1)).round().to(torch.uint8).numpy()
    return picture
