"""The benchmark of the data check: is an artefact named by the images alone, and are its files found?

`leaks.judge_data` judges the joined tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from frequency_shortcuts.data.artefacts import Artefact
from frequency_shortcuts.data.splits import Split

from .areas import area
from .fine_differences import tell


def measure(images: Split, sets: Mapping[str, Sequence[Artefact]], seed: int) -> pd.DataFrame:
    """What tells the classes of images with some artefacts: a row for each set and class.

    images : without artefacts; sets : name -> artefacts in different classes

    Returns the columns of `Told.table`, `set`, `rank` by the evidence, and where there is an artefact `kind`,
    `strength`, `share` and, where not all images carry it, `files`.
    """
    tables = []
    for name, artefacts in sets.items():
        pixels, carry = np.asarray(images.images[:]), {a.label: a.carriers(images.labels) for a in artefacts}
        for artefact in artefacts:
            pixels = artefact.add_to(pixels, carry[artefact.label])
        told = tell(pixels, images.labels, len(images.classes), seed=seed)
        table = told.table.assign(set=name, files=np.nan)
        evidence = table["auc"] + (table["cause"] != "")
        table["rank"] = evidence.rank(ascending=False, method="first").astype(int)
        for artefact in artefacts:
            row, own = table["class"] == artefact.label, images.labels == artefact.label
            table.loc[row, ["kind", "strength", "share"]] = artefact.kind, artefact.strength, artefact.share
            if artefact.share < 1:
                scores = told.files[own]
                known = not np.isnan(scores).any()
                table.loc[row, "files"] = area(scores, carry[artefact.label][own])[0] if known else 0.5
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def some_of_each_class(images: Split, count: int, seed: int) -> Split:
    """So many images of each class, drawn by the seed."""
    generator = np.random.default_rng([48, seed])
    of = [np.flatnonzero(images.labels == k) for k in range(len(images.classes))]
    chosen = np.sort(np.concatenate([generator.choice(positions, count, replace=False) for positions in of]))
    return replace(images.subset(chosen), images=np.asarray(images.images[:])[chosen])
