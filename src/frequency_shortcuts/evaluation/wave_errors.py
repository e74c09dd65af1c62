"""The errors of a network under single plane waves (`sensitivity`), and their file."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.hdf5 import read_hdf5


@dataclass(frozen=True)
class Sensitivity:
    """Errors under single plane waves.

    error : float32 [class, pairs], share of the images of the class that are misclassified; NaN where not evaluated
    unperturbed_error : float64 [class], the same for images without a wave
    count : int64 [class], images of each class
    norm : L2 norm of the wave in each channel, pixels from 0 to 1
    pairs : the conjugate pairs of the spectrum
    """

    error: npt.NDArray[np.float32]
    unperturbed_error: FloatArray
    count: IntArray
    norm: float
    pairs: ConjugatePairs


def write_sensitivity(
    path: str | os.PathLike[str], errors: Sensitivity, *, classes: Sequence[str], **attributes: Any
) -> None:
    """Write an HDF5 file: `error` float32 [class, H, W], centred, `unperturbed_error` and `count` [class].

    Its attributes are `norm`, `rms` (root mean square of the wave), `layout`, `classes` and those given, such as
    `created_by`.
    """
    pairs = errors.pairs
    shape = (len(errors.count), pairs.height, pairs.width)
    with replacing_hdf5(path) as file:
        planes = file.create_dataset("error", shape, np.float32, chunks=(1, *shape[1:]), compression="gzip")
        for c, error in enumerate(errors.error):  # one by one: a thousand planes may not fit into memory
            planes[c] = pairs.scatter(error)
        file["unperturbed_error"], file["count"] = errors.unperturbed_error, errors.count
        about = {"norm": errors.norm, "rms": errors.norm / math.sqrt(pairs.height * pairs.width), "layout": "centred"}
        for name, value in {**about, "classes": list(classes), **attributes}.items():
            file.attrs[name] = value


def read_overall(path: str | os.PathLike[str]) -> tuple[FloatArray, float]:
    """The errors over all images, from a file of `write_sensitivity`: under waves [H, W], centred, and without a wave.

    The classes are read one after the other.
    """
    with read_hdf5(path) as file:
        count, planes = file["count"][:], file["error"]
        wrong = sum(n * planes[c].astype(np.float64) for c, n in enumerate(count))
        return wrong / count.sum(), float(np.average(file["unperturbed_error"][:], weights=count))
