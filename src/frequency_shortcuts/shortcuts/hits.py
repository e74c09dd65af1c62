"""Hits: the class that a network names, for each image under each mask, and the rates that follow from them.

Rates, pairings and intervals of the shortcut tests all come from hits: two masks are compared on the same images.
`rates` makes the table of rates, `verdict.verdicts` the verdicts, `cross.cross_matrix` the cross matrix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd

from frequency_shortcuts.intervals import shares
from frequency_shortcuts.spectrum import fills
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray
from frequency_shortcuts.storage.tables import CULLING

Named = npt.NDArray[np.int16]  # the class that a network names for each image
NOT_SHOWN = -1  # in the place of a class: this image was not tested under this mask
TRIAL = ["class", "part", "filter", "draw", "mask", "positions", "overlap"]
_TEXTS = ("part", "filter")


@dataclass(frozen=True)
class Hits:
    """The classes that a network names for n images, unfiltered and under every mask of a shortcut test.

    labels, unfiltered : int [n], the class of each image, and the class named without a filter
    predicted : fill -> int16 [mask, n], the class named under each mask; `NOT_SHOWN` where no class needed this image
    donors : int [n], the donor of each image, if the fill `swap` was tested
    negatives : bool [class, n], the images on which FPR of each class is measured; see `judged`
    masks : bool [mask, H, W], the frequencies that an image keeps, centred
    trials : what each mask is for, with the columns `TRIAL`; `mask` is its index, other columns as in `rates`
    neutral : the class without a cue of its own, if there is one
    """

    labels: IntArray
    unfiltered: IntArray
    predicted: Mapping[str, Named]
    donors: IntArray | None
    negatives: BoolArray
    masks: BoolArray
    trials: pd.DataFrame
    neutral: int | None = None

    @property
    def n_classes(self) -> int:
        return len(self.negatives)

    @property
    def primary_fill(self) -> str:
        """The fill to quote: `swap` if there is a neutral class, else `zeros`; the first one if it was not tested."""
        wanted = fills.quoted(self.neutral).name
        if wanted in self.predicted:
            return wanted
        return next(iter(self.predicted))

    def tested(self, fill: str) -> list[int]:
        """The classes that have a test under a fill. With `swap`, images of the neutral class are the donors."""
        return fills.named(fill).tested(self.n_classes, self.neutral)

    def judged(self, fill: str) -> BoolArray:
        """The images on which FPR of each class is measured under a fill, bool [class, n]."""
        chosen = fills.named(fill)
        return chosen.judged(self.negatives, self.labels, self.donors)


def has_fpr(trials: pd.DataFrame) -> BoolArray:
    """Whether FPR is measured under the mask of each of some trials: not under random masks with the radii of a map."""
    return trials["filter"].ne("radial").to_numpy()


def write_hits(group: h5py.Group, hits: Hits) -> None:
    """Write hits to an open HDF5 file or to a group in it; `read_hits` reads them.

    >>> with replacing_hdf5("hits.h5") as file:
    ...     write_hits(file, hits)
    """
    arrays: dict[str, npt.NDArray[Any]] = {
        "labels": hits.labels.astype(np.int16),
        "unfiltered": hits.unfiltered.astype(np.int16),
        "negatives": hits.negatives,
        "masks": hits.masks,
    }
    for fill, named in hits.predicted.items():
        arrays[f"named/{fill}"] = named
    if hits.donors is not None:
        arrays["donors"] = hits.donors.astype(np.int32)
    for name, values in arrays.items():
        group.create_dataset(name, data=values, compression="gzip", shuffle=True)
    for name in TRIAL:
        dtype = object if name in _TEXTS else None
        group[f"trials/{name}"] = hits.trials[name].to_numpy(dtype)
    neutral = -1 if hits.neutral is None else hits.neutral
    group.attrs.update(layout="centred", neutral=neutral)


def read_hits(group: h5py.Group) -> Hits:
    """The hits in an open HDF5 file, or in a group of it, that `write_hits` wrote.

    >>> with read_hdf5("results/laptop/tests/syn_1/resnet18_w8/none/seed200/hits.h5") as file:
    ...     hits = read_hits(file)
    """
    trials = {}
    for name in TRIAL:
        column = group[f"trials/{name}"]
        trials[name] = column.asstr()[:] if name in _TEXTS else column[:]
    fills_tested = sorted(group["named"], reverse=True)  # zeros before swap
    neutral = int(group.attrs["neutral"])
    return Hits(
        labels=group["labels"][:].astype(np.int64),
        unfiltered=group["unfiltered"][:].astype(np.int64),
        predicted={fill: group[f"named/{fill}"][:] for fill in fills_tested},
        donors=group["donors"][:].astype(np.int64) if "donors" in group else None,
        negatives=group["negatives"][:],
        masks=group["masks"][:],
        trials=pd.DataFrame(trials),
        neutral=None if neutral < 0 else neutral,
    )


def read_hits_of_methods(group: h5py.Group) -> dict[str, Hits]:
    """The hits with the maps of each method on the same images, culling first, from a group that the study wrote."""
    hits_of = {CULLING: read_hits(group)}
    for name, subgroup in group.get("methods", {}).items():
        hits_of[name] = read_hits(subgroup)
    return hits_of


def rates(hits: Hits) -> pd.DataFrame:
    """TPR and FPR of every class, unfiltered, filtered by its map and by controls of the same size, from hits.

    Returns a tidy table, one row per class, part, fill, filter and draw; results/README.md says what the columns are,
    at `shortcuts.csv`.

    >>> rates(read_hits(file)).query("filter == 'dfm'")[["class", "fill", "tpr", "fpr"]]
    """
    trials = _after_unfiltered(hits.trials, hits.masks[0].size)
    trials.insert(1, "neutral", trials["class"] == hits.neutral)
    tables = []
    for fill, named in hits.predicted.items():
        tested = hits.tested(fill)
        judged = hits.judged(fill)
        for (_, c), test in trials.groupby(["part", "class"], sort=False):
            if c not in tested:
                continue
            masks = test["mask"].iloc[1:]
            called = np.concatenate([hits.unfiltered[None], named[masks]])
            own = hits.labels == c
            table = rates_of_class(test, called, c, own, judged[c], has_fpr(test))
            table.insert(3, "fill", fill)
            tables.append(table)
    return pd.concat(tables, ignore_index=True).drop(columns="mask")


def _after_unfiltered(trials: pd.DataFrame, positions: int) -> pd.DataFrame:
    """Trials, of which those of each class and part follow a row for the image as it is, which keeps all positions."""
    unfiltered = trials.drop_duplicates(["part", "class"]).assign(
        filter="unfiltered",
        draw=0,
        positions=positions,
        overlap=np.nan,
    )
    return pd.concat([unfiltered, trials])


def rates_of_class(
    about: pd.DataFrame,
    named: npt.NDArray[np.integer],
    c: int,
    own: BoolArray,
    judged: BoolArray,
    measured: npt.ArrayLike = True,
) -> pd.DataFrame:
    """The rows of a table [row], each about a mask, with the rates of class c under it behind them.

    named : int [row, n], the class named for each image
    own, judged : bool [n], the images of class c, and those on which its FPR is measured
    measured : bool [row] or one value, whether FPR was measured

    Adds `images`, `negatives`, `tpr`, `tpr_low`, `tpr_high`, `fpr`, `fpr_low`, `fpr_high`: shares with Wilson's
    intervals, missing (NaN) where there are no images.
    """
    table = about.copy()
    table["images"] = own.sum()
    table["negatives"] = np.where(measured, judged.sum(), 0)
    is_named = named == c
    _add_rate(table, "tpr", is_named[:, own], table["images"])
    _add_rate(table, "fpr", is_named[:, judged], table["negatives"])
    return table


def _add_rate(table: pd.DataFrame, rate: str, hits: BoolArray, images: pd.Series) -> None:
    """Add the columns of a rate from the hits [row, n]; images : how many of these count, all or none."""
    count = hits.sum(axis=1)
    value, low, high = shares(count, images.where(images > 0))
    table[rate] = value
    table[f"{rate}_low"] = low
    table[f"{rate}_high"] = high
