"""What class cards and filtered images show: one image of each class, as it is and reduced to a mask."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from frequency_shortcuts.data import normalisation, stores
from frequency_shortcuts.maps.dfm import read_mask
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray
from frequency_shortcuts.spectrum.controls import control_mask
from frequency_shortcuts.spectrum.filters import keep, remove
from frequency_shortcuts.storage.checksums import read_hdf5

from .cards import Cards


def read_cards(
    store: str | os.PathLike[str],
    spectra: str | os.PathLike[str],
    maps: str | os.PathLike[str],
    percent: float,
    shown: IntArray,
    statistics: tuple[Sequence[float], Sequence[float]] | None = None,
    seed: int = 0,
) -> Cards:
    """The cards of the classes `shown` (increasing), from an image store, a file of spectra and a DFM file.

    statistics : mean and std [channels] that the network's images are normalised with, by default the store's
    seed : of the control that is shown, a random mask with the map's radial distribution
    """
    with read_hdf5(spectra) as file:
        amplitude, adcs = file["mean_amplitude"][shown].mean(axis=1), file[file.attrs["shown"]][shown]
    with read_hdf5(maps) as file:
        increment = file["loss_increment"][shown]
    masks = read_mask(maps, percent, shown)
    pictures, normalised = first_test_images(store, shown, statistics)
    return make_cards(amplitude, adcs, increment, masks, shown, (pictures, normalised), seed)


def make_cards(
    amplitude: FloatArray,
    adcs: npt.NDArray[np.int16],
    increment: npt.NDArray[np.floating] | None,
    masks: BoolArray,
    shown: IntArray,
    images: tuple[npt.NDArray[np.uint8], Tensor],
    seed: int = 0,
) -> Cards:
    """The cards of the classes `shown`, from planes [class, H, W] (see `Cards`) and one image of each of them.

    images : as `first_test_images` gives them; seed : of the control that is shown
    """
    pictures, normalised = images
    control = np.stack(
        [control_mask(mask, "radial", seed=[seed, int(c), 0]) for c, mask in zip(shown, masks, strict=True)]
    )
    to_map, to_control = (reduced_images(normalised, kept) for kept in (masks, control))
    return Cards(amplitude, adcs, increment, masks, control, pictures, to_map, to_control)


def first_test_images(
    store: str | os.PathLike[str], shown: IntArray, statistics: tuple[Sequence[float], Sequence[float]] | None = None
) -> tuple[npt.NDArray[np.uint8], Tensor]:
    """The first test image of each class: uint8 [class, channels, H, W], and normalised, as a float32 tensor."""
    test = stores.read(store, "test", per_class=1, statistics=statistics)
    pictures = test.images[np.argsort(test.labels)[shown]]
    return pictures, normalisation.normalise(torch.from_numpy(pictures), test.mean, test.std)


def reduced_images(images: Tensor, masks: BoolArray, donors: Tensor | None = None) -> FloatArray:
    """Each image reduced to the frequencies of its mask, as a picture.

    images : float tensor [n, channels, H, W], masks : bool [n, H, W], centred -> float64 [n, channels, H, W], 0 to 1
    donors : images [n, channels, H, W] that the other frequencies are taken from (the fill `swap`); without, nothing
        stands there (`zeros`)

    See `stretched` for the contrast.
    """
    parts = [keep(image, mask) for image, mask in zip(images, masks, strict=True)]
    if donors is not None:
        parts = [part + remove(donor, mask) for part, donor, mask in zip(parts, donors, masks, strict=True)]
    return stretched(torch.stack(parts))


def stretched(images: Tensor) -> FloatArray:
    """Filtered images [n, channels, H, W] as pictures: float64 of the same shape, 0 to 1.

    Few frequencies hold little contrast, and without DC no brightness, so that each picture is stretched from its 1st
    to its 99th percentile.
    """
    values = images.double().cpu().numpy()
    low, high = np.quantile(values, [0.01, 0.99], axis=(1, 2, 3), keepdims=True)
    stretched: npt.NDArray[np.float64] = np.clip((values - low) / np.maximum(high - low, np.finfo(float).tiny), 0, 1)
    return stretched
