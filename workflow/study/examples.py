"""Images of each class in a store, as they are and reduced to maps: for cards, filtered images and the explorer."""

import os
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from frequency_shortcuts.images import normalisation, stores
from frequency_shortcuts.images.source import Source
from frequency_shortcuts.maps.dfm import read_mask
from frequency_shortcuts.shortcuts.examples import Cards, make_cards, reduced_images
from frequency_shortcuts.shortcuts.hits import read_hits
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray
from frequency_shortcuts.spectrum.fills import all_named
from frequency_shortcuts.storage.hdf5 import read_hdf5

File = str | os.PathLike[str]
Statistics = tuple[Sequence[float], Sequence[float]]  # mean and std [channels] that a network's images need


def first_test_images(
    store: File, shown: IntArray, statistics: Statistics | None = None, split: str = "test"
) -> tuple[npt.NDArray[np.uint8], Tensor]:
    """The first image of each class in a split: uint8 [class, channels, H, W], and normalised, as a float32 tensor."""
    images = stores.read(store, split, per_class=1, statistics=statistics)
    pictures = images.images[np.argsort(images.labels)[shown]]
    return pictures, normalisation.normalise(torch.from_numpy(pictures), images.mean, images.std)


def read_cards(
    store: File, spectra: File, maps: File, percent: float, shown: IntArray, statistics: Statistics | None
) -> Cards:
    """The cards of the classes `shown` (increasing), from an image store, a file of spectra and a DFM file.

    statistics : None for the store's

    Where the set has a neutral class, its second test image stands at the other frequencies of all images (`swap`).
    """
    with read_hdf5(spectra) as file:
        adcs = file[file.attrs["shown"]][shown]
    with read_hdf5(maps) as file:
        increment = file["loss_increment"][shown]
    masks, seen = read_mask(maps, percent, shown), stores.read(store, "test", per_class=2, statistics=statistics)
    first, take = np.unique(seen.labels, return_index=True)[1][shown], Source(seen).take
    other = None if seen.neutral is None else take(np.flatnonzero(seen.labels == seen.neutral)[-1:])
    return make_cards(adcs, increment, masks, (seen.images[first], take(first)), other)


def read_reduced(
    store: File, hits: File, maps: File, shown: IntArray, percents: Sequence[float], fills: Sequence[str],
    statistics: Statistics | None,
) -> Iterator[tuple[float, BoolArray, list[FloatArray]]]:  # fmt: skip
    """The maps of the classes `shown` [k], and an image of each reduced to its map, one size of map after the other.

    hits : of the shortcut test: images are changed as there; maps : a DFM file; statistics : None for the store's

    Yields the percentage, the masks bool [k, H, W], centred, and pictures float64 [k, channels, H, W] for each fill.
    """
    with read_hdf5(hits) as file:
        tested, split = read_hits(file), str(file.attrs["split"])
    images = stores.read(store, split, int(np.bincount(tested.labels).max()), statistics=statistics)
    first = np.unique(images.labels, return_index=True)[1][shown]
    source, donors = Source(images), tested.donors
    own, swapped = source.take(first), None if donors is None else source.take(donors[first])
    others = [swapped if fill.needs_donors else None for fill in all_named(fills)]
    for percent in percents:
        masks = read_mask(maps, percent, shown)
        yield percent, masks, [reduced_images(own, masks, other) for other in others]


def map_shape(path: File) -> tuple[int, ...]:
    """The shape (class, H, W) of the maps in a file."""
    with read_hdf5(path) as file:
        return next(iter(file["mask"].values())).shape
