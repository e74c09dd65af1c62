"""What the images of the benchmark of the exchange test tell of their artefacts, without a network."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from frequency_shortcuts.data_check.comparison import compare_classes
from frequency_shortcuts.images.artefacts import Artefact
from frequency_shortcuts.images.splits import Split

IMAGES = 500  # of each class


def measure_data(images: Split, artefacts: Sequence[Artefact], seed: int) -> pd.DataFrame:
    """What sets the classes of images with artefacts in different classes apart: a row a class.

    images : without artefacts, of which at most `IMAGES` of each class are drawn by the seed

    Returns the columns of `Comparison.table`, and where there is an artefact `kind`, `level`, `share`, `others` and,
    where not all images carry it, `files`.
    """
    generator = np.random.default_rng([48, seed])
    of_classes = [np.flatnonzero(images.labels == c) for c in range(len(images.classes))]
    count = min(IMAGES, *map(len, of_classes))
    drawn = np.sort(
        np.concatenate([generator.choice(own, count, replace=False) for own in of_classes])
    )
    pixels, labels = np.asarray(images.images[:])[drawn], images.labels[drawn]
    carry = {artefact.label: artefact.carriers(labels) for artefact in artefacts}
    for artefact in artefacts:
        pixels = artefact.add_to(pixels, carry[artefact.label])
    found = compare_classes(pixels, labels, len(images.classes), seed=seed)
    table = found.table.assign(
        kind=pd.Series(dtype=object), level=np.nan, share=np.nan, others=np.nan, files=np.nan
    )
    for artefact in artefacts:
        row, own = table["class"] == artefact.label, labels == artefact.label
        for key in ("kind", "level", "share", "others"):
            table.loc[row, key] = getattr(artefact, key)
        if artefact.share < 1:
            scores, carries = found.files[own], carry[artefact.label][own]
            # The area under the curve: of each image that carries it, the share of the others that are below.
            above = (
                pd.Series(scores).rank().to_numpy()[carries]
                - pd.Series(scores[carries]).rank().to_numpy()
            )
            table.loc[row, "files"] = (
                0.5 if np.isnan(scores).any() else (above / (~carries).sum()).mean()
            )
    return table
