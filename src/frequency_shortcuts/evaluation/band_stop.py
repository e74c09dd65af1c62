"""The band-stop test: how the confusion matrix changes when two bands of frequencies are removed."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn

from frequency_shortcuts.data.source import index_batches
from frequency_shortcuts.data.splits import Images, accepts_split, check_classes
from frequency_shortcuts.networks.predictions import Predictor, confusion, evaluating, source_for
from frequency_shortcuts.spectrum.arrays import BoolArray, as_array
from frequency_shortcuts.spectrum.filters import half_plane, hide


@accepts_split
def band_stop(
    network: nn.Module,
    images: Images,
    labels: npt.ArrayLike | Tensor,
    bands: BoolArray,
    n_classes: int,
    *,
    mean: npt.ArrayLike | None = None,
    std: npt.ArrayLike | None = None,
    batch_size: int | None = None,
) -> pd.DataFrame:
    """Change of the confusion matrix when two of the bands are removed.

    bands: bool [band, H, W]; images, mean, std, batch_size: see `shortcuts.measure`. Returns a tidy table, one row per
    pair of bands, true class and called class: `removed` (such as B1+B2), `true_class`, `called_class`, `original` and
    `filtered` (counts) and `delta_percent` = 100 * (filtered - original) / images of the true class.
    """
    labels = as_array(labels)
    check_classes(labels, range(n_classes), n_images=images.shape[0])
    source = source_for(network, images, mean, std)
    removed = list(combinations(range(len(bands)), 2))
    halves = [half_plane(~(bands[a] | bands[b]), *images.shape[-2:]).to(source.device) for a, b in removed]
    counts = np.zeros((1 + len(removed), n_classes, n_classes), np.int64)
    with evaluating(network), torch.inference_mode(), Predictor(network, n_classes) as predict:
        for some in index_batches(np.arange(len(labels)), batch_size or source.batch_size()):
            inputs = source.take(some)
            counts[0] += confusion(labels[some], predict(inputs).cpu(), n_classes)
            own = torch.fft.rfft2(inputs)
            for count, half in zip(counts[1:], halves, strict=True):
                count += confusion(labels[some], predict(hide(own, half, size=images.shape[-2:])).cpu(), n_classes)
    original, size = counts[0], counts[0].sum(axis=1, keepdims=True)
    true, called = np.indices((n_classes, n_classes))
    tables = [
        pd.DataFrame(
            {
                "removed": f"B{a + 1}+B{b + 1}",
                "true_class": true.ravel(),
                "called_class": called.ravel(),
                "original": original.ravel(),
                "filtered": filtered.ravel(),
                "delta_percent": (100 * (filtered - original) / size).ravel(),
            }
        )
        for (a, b), filtered in zip(removed, counts[1:], strict=True)
    ]
    return pd.concat(tables, ignore_index=True)
