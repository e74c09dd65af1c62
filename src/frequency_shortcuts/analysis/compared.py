"""What was found to differ between the classes of a data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from frequency_shortcuts.spectrum.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class Sources:
    """What tells the sources of images, and how they go with classes.

    table : a row a source, as `Compared.table`, of those with 20 images or more; None for fewer than two of these
    cross : how many images each class has of each source: columns class, source, images
    left_out : the sources with fewer images
    """

    table: pd.DataFrame | None
    cross: pd.DataFrame
    left_out: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Compared:
    """What was found to differ between the classes of a data set.

    table : a row a class: images, the area under the curve `auc` of its fine spectrum against the others with its
        95 % interval, the `null` of permuted labels, the largest difference `z`, a likely `cause` (a key of
        `causes.CAUSES`, or empty), and the share of `carriers` of the cause
    facts : how well each fact alone tells each class, see `fact_scores.score_facts`; classes are names here
    files : the images of classes with a likely cause: path, class, cause, score; clearest first
    sources : see `Sources`; None without sources
    spectra, differences : float64 [class, H, W], centred: root mean square amplitude, and how clearly it differs (1 by
        chance)
    unreadable : files that cannot be read; sizes : (height, width) of files -> how many have it
    about : how it was made
    """

    table: pd.DataFrame
    facts: pd.DataFrame
    files: pd.DataFrame
    sources: Sources | None
    spectra: FloatArray
    differences: FloatArray
    unreadable: tuple[str, ...]
    sizes: Mapping[tuple[int, int], int]
    about: Mapping[str, Any]
