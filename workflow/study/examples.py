"""Images of each class in a store, as they are and reduced to maps: for cards and filtered images."""

import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from frequency_shortcuts.images import normalisation, stores
from frequency_shortcuts.images.source import Source
from frequency_shortcuts.maps.dfm import read_mask
from frequency_shortcuts.shortcuts.examples import Cards, make_cards
from frequency_shortcuts.spectrum.arrays import IntArray
from frequency_shortcuts.storage.hdf5 import read_hdf5

File = str | os.PathLike[str]
# Mean and std [channels] that a network's images need.
Statistics = tuple[Sequence[float], Sequence[float]]


def first_test_images(
    store: File, shown: IntArray, statistics: Statistics | None = None, split: str = "test"
) -> tuple[npt.NDArray[np.uint8], Tensor]:
    """The first image of each class in a split: uint8 [class, channels, H, W], and normalised, as a float32 tensor."""
    images = stores.read(store, split, per_class=1, statistics=statistics)
    pictures = images.images[np.argsort(images.labels)[shown]]
    return pictures, normalisation.normalise(torch.from_numpy(pictures), images.mean, images.std)


def read_cards(
    store: File,
    spectra: File,
    maps: File,
    percent: float,
    shown: IntArray,
    statistics: Statistics | None,
) -> Cards:
    """The cards of the classes `shown` (increasing), from an image store, a file of spectra and a DFM file.

    statistics : None for the store's

    Where the set has a neutral class, its second test image stands at the other frequencies of all images (`swap`).
    """
    with read_hdf5(spectra) as file:
        adcs = file[file.attrs["shown"]][shown]
    with read_hdf5(maps) as file:
        increment = file["loss_increment"][shown]
    masks, seen = (
        read_mask(maps, percent, shown),
        stores.read(store, "test", per_class=2, statistics=statistics),
    )
    first, take = np.unique(seen.labels, return_index=True)[1][shown], Source(seen).take
    other = None if seen.neutral is None else take(np.flatnonzero(seen.labels == seen.neutral)[-1:])
    return make_cards(adcs, increment, masks, (seen.images[first], take(first)), other)
