"""What the images of the benchmark of the exchange test tell of their artefacts, without a network."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from frequency_shortcuts.data_check.comparison import compare_classes
from frequency_shortcuts.images.artefacts import Artefact
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray

IMAGES = 500  # of each class


def measure_data(images: Split, artefacts: Sequence[Artefact], seed: int) -> pd.DataFrame:
    """What sets the classes of images with artefacts in different classes apart: a row a class.

    images : without artefacts, of which at most `IMAGES` of each class are drawn by the seed

    Returns the columns of `Comparison.table` but `place`, and where there is an artefact `kind`, `level`, `share`,
    `others` and, where not all images carry it, `files`.
    """
    generator = np.random.default_rng([48, seed])
    of_classes = [np.flatnonzero(images.labels == c) for c in range(len(images.classes))]
    count = min(IMAGES, *map(len, of_classes))
    drawn = np.sort(
        np.concatenate([generator.choice(own, count, replace=False) for own in of_classes])
    )
    pixels = np.asarray(images.images[:])[drawn]
    labels = images.labels[drawn]
    carry = {artefact.label: artefact.carriers(labels) for artefact in artefacts}
    for artefact in artefacts:
        pixels = artefact.add_to(pixels, carry[artefact.label])
    found = compare_classes(pixels, labels, len(images.classes), seed=seed)
    table = found.table.drop(columns="place").assign(
        kind=pd.Series(dtype=object), level=np.nan, share=np.nan, others=np.nan, files=np.nan
    )
    for artefact in artefacts:
        row = table["class"] == artefact.label
        in_class = labels == artefact.label
        for key in ("kind", "level", "share", "others"):
            table.loc[row, key] = getattr(artefact, key)
        if artefact.share < 1:
            carries = carry[artefact.label][in_class]
            table.loc[row, "files"] = _area_under_curve(found.files[in_class], carries)
    return table


def _area_under_curve(scores: FloatArray, carries: BoolArray) -> float:
    """Of pairs of an image that carries the artefact and one that does not: in how many the first has the higher score.

    0.5 without scores (NaN). It is U of Mann and Whitney, over the pairs.
    """
    if np.isnan(scores).any():
        return 0.5
    # Ranks of pandas, since scipy.stats takes each job half a second to import.
    ranks = pd.Series(scores).rank()
    n = carries.sum()
    below = ranks[carries].mean() - (n + 1) / 2
    return below / (len(carries) - n)
