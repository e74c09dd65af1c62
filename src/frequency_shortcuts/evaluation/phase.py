"""Phase or amplitude: images with the amplitudes of one image and the phases of another.

The coefficient of an image at a frequency is an amplitude times exp(i phase). Each image has one donor, as in the fill
`swap` (`spectrum.fills.donors`). It keeps `both`, or only its amplitudes, or only its phases; the donor gives the rest.
This is done in two regions:

- `map`: inside the map of a class; all coefficients outside it are the donor's. With `both` this is the ordinary
  shortcut test with the fill `swap`.
- `spectrum`: at all frequencies. With `both` this is the unfiltered image.

Each colour channel keeps, or gets, the coefficients of the same channel. A frequency that is its own partner (DC,
Nyquist corners) has a real coefficient. Its sign counts as its phase, 0 or pi, and goes with the phases. A coefficient
of exactly 0 has the phase 0. `phase_verdicts` says what the rates mean.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn
from tqdm import tqdm

from frequency_shortcuts.data.source import Source, index_batches
from frequency_shortcuts.data.splits import Images, accepts_split, check_classes
from frequency_shortcuts.intervals import shares
from frequency_shortcuts.networks.predictions import Predictor, confusion, evaluating, source_for
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray, as_array
from frequency_shortcuts.spectrum.fills import donors

from .counting import background_of, count_predictions
from .phase_verdicts import KEPT, REGIONS, phase_verdicts
from .trials import MaskSet, negatives_of, seed_of

__all__ = ["KEPT", "REGIONS", "Hybrids", "hybrid", "measure", "phase_verdicts"]

log = logging.getLogger(__name__)


def hybrid(amplitudes: Tensor, phases: Tensor) -> Tensor:
    """Coefficients with the amplitudes of one spectrum and the phases of another, complex [...].

    amplitudes, phases : complex [...], of equal shapes or shapes that broadcast. Where `phases` is 0 its phase is 0

    >>> hybrid(torch.tensor([3 + 4j]), torch.tensor([-2 + 0j]))
    tensor([-5.+0.j])
    """
    return amplitudes.abs() * torch.where(phases == 0, 1, torch.sgn(phases))


class Hybrids(Source):
    """Images with the amplitudes of some images of a source and the phases of others, read in batches as a `Source`.

    amplitudes, phases : int64 [n], for each hybrid the positions of the two images in the source, which has n
    """

    def __init__(self, source: Source, amplitudes: IntArray, phases: IntArray) -> None:
        super().__init__(source.images, source.mean, source.std, device=source.device, dtype=source.dtype)
        self._source, self._amplitudes, self._phases = source, amplitudes, phases

    def take(self, chosen: IntArray) -> Tensor:
        """The chosen hybrids [k], in that order, on the device: [k, channels, H, W]."""
        images = (self._source.take(of[chosen]) for of in (self._amplitudes, self._phases))
        hybrids: Tensor = torch.fft.irfft2(hybrid(*map(torch.fft.rfft2, images)), s=self.images.shape[-2:])
        return hybrids


@accepts_split
def measure(
    network: nn.Module,
    images: Images,
    labels: npt.ArrayLike | Tensor,
    masks: BoolArray,
    *,
    mean: npt.ArrayLike | None = None,
    std: npt.ArrayLike | None = None,
    neutral: int | None = None,
    negatives: int | None = None,
    seed: int = 0,
    run: str = "",
    batch_size: int | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """TPR and FPR of every class when images keep their amplitudes, their phases or both, and donors give the rest.

    Parameters
    ----------
    images, labels, mean, std : as in `shortcuts.measure`; a `Split` supplies them, and the neutral class
    masks : bool [class, H, W], the map of every class
    neutral, negatives, seed, run : as in `shortcuts.measure`. With the same values each image has the same donor as
        there, and `map` with `both` has the rates of its filter `dfm` with the fill `swap`

    TPR is the share of the images of the class that the network assigns to it. FPR is measured on images if neither
    they nor their donors are of the class; with two classes and no neutral one it is missing. The network sees 3 n
    images for `spectrum`, and for `map`, three times for each class, those of its images and of its negatives.

    Returns a tidy table, one row per class, region and kept part: `class`, `region` (map, spectrum), `kept` (both,
    amplitude, phase), `positions` (of the region), `images`, `negatives`, `tpr`, `tpr_low`, `tpr_high`, `fpr`,
    `fpr_low`, `fpr_high`; the bounds are Wilson's intervals over images. The neutral class has no rows.

    >>> table = measure(network, split, masks)
    >>> phase_verdicts(table)[["class", "verdict"]]

    Raises ValueError if a class has no image, an image no donor, or the sizes do not match.
    """
    labels = as_array(labels)
    check_classes(labels, range(len(masks)), n_images=images.shape[0])
    if neutral is not None and not 0 <= neutral < len(masks):
        raise ValueError(f"neutral class {neutral}: expected 0 to {len(masks) - 1}, or None where there is none")
    classes = [c for c in range(len(masks)) if c != neutral]
    donor = donors(labels, neutral=neutral, seed=seed_of(seed, run, "donors"))
    judged = _judged(labels, donor, classes, len(masks), negatives, seed)
    source = source_for(network, images, mean, std)
    with evaluating(network), torch.inference_mode(), Predictor(network, len(masks)) as predict:
        hits = _hits(predict, source, donor, masks, labels, judged, classes, batch_size, progress)
    log.info("%d maps on %d images, with both, amplitudes or phases", len(classes), len(labels))
    rows: list[dict[str, Any]] = []
    for c, region, kept in product(classes, REGIONS, KEPT):
        positions = int(masks[c].sum()) if region == "map" else masks[c].size
        sizes = int((labels == c).sum()), int(judged[c].sum())
        about = {"class": c, "region": region, "kept": kept, "positions": positions}
        rows.append(about | _rates(hits[region, kept][:, c], sizes))
    return pd.DataFrame(rows)


def _judged(
    labels: IntArray, donor: IntArray, classes: Sequence[int], n_classes: int, negatives: int | None, seed: int
) -> BoolArray:
    """The images on which FPR of each class is measured, bool [class, n]: neither they nor their donors are of it."""
    if negatives is not None and negatives < 1:
        raise ValueError(f"negatives {negatives}: expected at least 1, or None for all")
    judged = np.zeros((n_classes, len(labels)), bool)
    for c in classes:
        judged[c, negatives_of(labels, c, negatives, seed)] = True
    counted: BoolArray = judged & (labels[donor] != np.arange(n_classes)[:, None])
    return counted


def _hits(
    predict: Predictor,
    source: Source,
    donor: IntArray,
    masks: BoolArray,
    labels: IntArray,
    judged: BoolArray,
    classes: Sequence[int],
    batch_size: int | None,
    progress: bool,
) -> dict[tuple[str, str], IntArray]:
    """(region, kept) -> number of images that are assigned to each class, int64 [2, class].

    First among the images of the class, then among those in judged bool [class, n].
    """
    everything, batch = np.arange(len(labels)), batch_size or source.batch_size()
    shown = MaskSet(source.images.shape[-2:], len(masks))
    places = [shown.add(masks[c], c) for c in classes]
    background = background_of("swap", source, donor, [], batch)
    amplitude, phase = Hybrids(source, everything, donor), Hybrids(source, donor, everything)
    found: dict[tuple[str, str], IntArray] = {}
    with tqdm(
        total=len(KEPT) * len(labels), desc="phases and amplitudes", unit="image", leave=False,
        bar_format="{l_bar}{bar}| {n:.0f}/{total} [{elapsed}<{remaining}]", disable=None if progress else True,
    ) as bar:  # fmt: skip
        for kept, of in zip(KEPT, (source, amplitude, phase), strict=True):
            called = np.concatenate([predict(of.take(some)).cpu().numpy() for some in index_batches(everything, batch)])
            confusion(labels, called, len(masks))  # fails early if the network has other classes than the masks
            mine, own = (values == np.arange(len(masks))[:, None] for values in (called, labels))
            found["spectrum", kept] = np.stack([(mine & some).sum(axis=1) for some in (own, judged)])
            counts = count_predictions(predict, of, background, shown, labels, judged, batch, bar)
            found["map", kept] = np.zeros((2, len(masks)), np.int64)
            found["map", kept][:, classes] = counts[:, places, classes]
    return found


def _rates(hits: IntArray, sizes: Sequence[int]) -> dict[str, float | int]:
    """The columns of a row from `images` on; hits and sizes: for the images of the class, and for the negatives."""
    row: dict[str, float | int] = dict(zip(("images", "negatives"), sizes, strict=True))
    for rate, count, of in zip(("tpr", "fpr"), hits, sizes, strict=True):
        found = shares(int(count), of).tolist() if of else (np.nan,) * 3
        row |= dict(zip((rate, f"{rate}_low", f"{rate}_high"), found, strict=True))
    return row
