"""Examples: an image of each class, as it is and reduced to maps, for class cards, filtered images and the explorer."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from frequency_shortcuts.data import normalisation, stores
from frequency_shortcuts.data.pixels import in_pixels
from frequency_shortcuts.data.source import Source
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.maps.dfm import read_mask
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray
from frequency_shortcuts.spectrum.controls import control_mask
from frequency_shortcuts.spectrum.fills import all_named
from frequency_shortcuts.spectrum.filters import half_plane, hide
from frequency_shortcuts.storage.hdf5 import read_hdf5
from frequency_shortcuts.storage.tables import CULLING, read_table

from . import flip_rates
from .class_statistics import FEWEST, ClassStatistics, class_statistics
from .counterfactual import Changes, Flips, Settings, read_flips
from .hits import rates, read_hits_of_methods

File = str | os.PathLike[str]
Statistics = tuple[Sequence[float], Sequence[float]]  # mean and std [channels] that a network's images need


def kept_in(images: Tensor, masks: BoolArray, others: Tensor | None = None) -> Tensor:
    """Each image with the frequencies of its mask, and else those of its donor, or nothing.

    images, others : float tensors [n, channels, H, W]; masks : bool [n, H, W], centred -> the shape of the images
    """
    size = images.shape[-2:]
    kept = torch.stack([half_plane(mask, *size) for mask in masks])[:, None]
    return hide(torch.fft.rfft2(images), kept, None if others is None else torch.fft.rfft2(others), size=size)


def stretched(images: Tensor) -> FloatArray:
    """Filtered images [n, channels, H, W] as pictures: float64 of the same shape, 0 to 1.

    Few frequencies hold little contrast, and without DC no brightness, so that each picture is stretched from its 1st
    to its 99th percentile.
    """
    values = images.double().cpu().numpy()
    low, high = np.quantile(values, [0.01, 0.99], axis=(1, 2, 3), keepdims=True)
    stretched: npt.NDArray[np.float64] = np.clip((values - low) / np.maximum(high - low, np.finfo(float).tiny), 0, 1)
    return stretched


def reduced_images(images: Tensor, masks: BoolArray, others: Tensor | None = None) -> FloatArray:
    """The images of `kept_in` as pictures, float64 [n, channels, H, W], 0 to 1; see `stretched` for the contrast."""
    return stretched(kept_in(images, masks, others))


def first_test_images(
    store: File, shown: IntArray, statistics: Statistics | None = None, split: str = "test"
) -> tuple[npt.NDArray[np.uint8], Tensor]:
    """The first image of each class in a split: uint8 [class, channels, H, W], and normalised, as a float32 tensor."""
    images = stores.read(store, split, per_class=1, statistics=statistics)
    pictures = images.images[np.argsort(images.labels)[shown]]
    return pictures, normalisation.normalise(torch.from_numpy(pictures), images.mean, images.std)


# Class cards


@dataclass(frozen=True)
class Cards:
    """What the cards of some classes show; planes [class, H, W] are centred, pictures [class, channels, H, W].

    adcs : integers from 1 - |C| to |C| - 1
    increment : loss increments, or the scores of another method; None where the maps alone are known
    masks, control : the class's map, and a control of its size
    unfiltered : uint8
    filtered, controlled : numbers from 0 to 1, reduced to the map and to the control
    """

    adcs: npt.NDArray[np.int16]
    increment: npt.NDArray[np.floating] | None
    masks: BoolArray
    control: BoolArray
    unfiltered: npt.NDArray[np.uint8]
    filtered: FloatArray
    controlled: FloatArray


def read_cards(
    store: File,
    spectra: File,
    maps: File,
    percent: float,
    shown: IntArray,
    statistics: Statistics | None = None,
    seed: int = 0,
) -> Cards:
    """The cards of the classes `shown` (increasing), from an image store, a file of spectra and a DFM file.

    statistics : by default the store's; seed : of the control, a random mask with the map's radial distribution
    """
    with read_hdf5(spectra) as file:
        adcs = file[file.attrs["shown"]][shown]
    with read_hdf5(maps) as file:
        increment = file["loss_increment"][shown]
    masks = read_mask(maps, percent, shown)
    return make_cards(adcs, increment, masks, shown, first_test_images(store, shown, statistics), seed)


def make_cards(
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
    return Cards(adcs, increment, masks, control, pictures, to_map, to_control)


# The explorer


@dataclass(frozen=True)
class Network:
    """The files of one network.

    run : dataset, network, augmentation and seed
    store : of its images; statistics : by default the store's
    hits : of the shortcut test, which say how the images were tested
    maps : method -> DFM file, or file of the same layout; those that the study tests come first
    rates : table of `compare_methods`, with the maps of other methods; flips : hits of the counterfactual test
    """

    run: Mapping[str, Any]
    store: File
    hits: File
    maps: Mapping[str, File]
    statistics: Statistics | None = None
    rates: File | None = None
    flips: File | None = None


@dataclass(frozen=True)
class Donor:
    """The donor of an image: its class, its number among the images of this class, and its pixels."""

    name: str
    number: int
    image: npt.NDArray[Any]


@dataclass(frozen=True)
class Counterfactual:
    """An image before and after a change by the spectrum of a class, as pictures [channels, H, W].

    name : of its class; kind : of the change, see `flip_rates.example`; called : the classes that the network calls
        before and after; before : uint8; after : from 0 to 1
    """

    name: str
    kind: str
    called: tuple[str, str]
    before: npt.NDArray[np.uint8]
    after: FloatArray


@dataclass(frozen=True)
class Reduced:
    """Maps of k classes, and an image of each class reduced to its map.

    masks : bool [k, H, W], centred; pictures : float64 [fill, k, channels, H, W], 0 to 1
    """

    percent: float
    masks: BoolArray
    pictures: Sequence[FloatArray]


@dataclass(frozen=True)
class Explored:
    """What the explorer shows of one network for k classes: arrays, and the tables of its tests.

    donors : of the image of each class, or None; maps : method -> its maps, read one size after the other
    tests : method -> rates of the shortcut test with its maps; rates : as in `Network`, read, empty if there are none
    counterfactuals : of each class, or None
    """

    run: Mapping[str, Any]
    donors: Sequence[Donor | None]
    maps: Mapping[str, Iterator[Reduced]]
    tests: Mapping[str, pd.DataFrame]
    rates: pd.DataFrame
    counterfactuals: Sequence[Counterfactual | None]


def read_explored(network: Network, shown: IntArray, fills: Sequence[str]) -> Explored:
    """What the files of a network hold of the classes `shown` [k]. Images are changed as in the tests.

    fills : that are shown

    >>> network = Network(run, "data.h5", "hits.h5", {"culling": "dfm.h5"})
    >>> explored = read_explored(network, np.arange(3), ["zeros", "swap"])
    """
    with read_hdf5(network.hits) as file:
        of_method, split = read_hits_of_methods(file), str(file.attrs["split"])
    hits = of_method.pop(CULLING)
    images = stores.read(network.store, split, int(np.bincount(hits.labels).max()), statistics=network.statistics)
    first = np.array([np.flatnonzero(images.labels == c)[0] for c in shown], np.int64)
    donor = None if hits.donors is None else hits.donors[first]
    source, names = Source(images), dict(enumerate(images.classes))
    own, swapped = source.take(first), None if donor is None else source.take(donor)
    under = [swapped if fill.needs_donors else None for fill in all_named(fills)]
    tested = {next(iter(network.maps)): hits, **of_method}
    return Explored(
        network.run,
        [None] * len(shown) if donor is None else [_donor(images, int(place)) for place in donor],
        {method: _read_reduced(path, shown, own, under) for method, path in network.maps.items()},
        {method: rates(found).replace({"class": names}) for method, found in tested.items()},
        read_table(network.rates) if network.rates else pd.DataFrame(),
        read_counterfactuals(network.flips, network.store, shown) if network.flips else [None] * len(shown),
    )


def read_counterfactuals(flips: File, store: File, shown: IntArray) -> list[Counterfactual | None]:
    """An example for each of some classes from the hits of the counterfactual test, and the store of its images."""
    with read_hdf5(flips) as file:
        found, about = read_flips(file), dict(file.attrs)
    if (statistics := _statistics(os.fspath(store), about["ranking"])) is None:
        return [None] * len(shown)
    images = stores.read(store, about["split"], about["images_per_class"])
    changes = Changes(statistics, Settings(), in_pixels(images, images, torch.device("cpu"))[1], int(about["seed"]))
    rows = flip_rates.rates(found).set_index("class")
    return [None if k == found.neutral else _counterfactual(found, images, changes, rows.loc[k], int(k)) for k in shown]


@functools.lru_cache(maxsize=1)
def _statistics(store: str, split: str) -> ClassStatistics | None:
    """The statistics of a split, once for all networks of a data set; None where a class has too few images."""
    ranking = stores.read(store, split)
    if np.bincount(ranking.labels, minlength=len(ranking.classes)).min() < FEWEST:
        return None
    return class_statistics(in_pixels(ranking, ranking, torch.device("cpu"))[0], len(ranking.classes))


def _counterfactual(flips: Flips, images: Split, changes: Changes, row: pd.Series, k: int) -> Counterfactual:
    chosen, kind, place = flip_rates.example(flips, row, k)
    image = chosen[[place]]
    _, after = changes.of_image(kind, k, chosen, place)
    called = (flips.own_called if kind in flip_rates.AWAY else flips.called)[kind][0, k, place]
    return Counterfactual(
        name=images.classes[flips.labels[image[0]]],
        kind=kind,
        called=(images.classes[flips.unfiltered[image[0]]], images.classes[called]),
        before=images.images[image][0],
        after=after[0].double().numpy(),
    )


def map_sizes(path: File) -> tuple[list[float], tuple[int, ...]]:
    """The percentages of the maps in a file, in ascending order, and the shape (class, H, W) of those of one size."""
    with read_hdf5(path) as file:
        percents = sorted(float(name.removeprefix("top_")) for name in file["mask"])
        return percents, next(iter(file["mask"].values())).shape


def _donor(images: Split, place: int) -> Donor:
    label = images.labels[place]
    number = int((images.labels[: place + 1] == label).sum())
    return Donor(images.classes[label], number, images.images[place : place + 1][0])


def _read_reduced(path: File, shown: IntArray, own: Tensor, fills: Sequence[Tensor | None]) -> Iterator[Reduced]:
    """One size after the other: all pictures of many methods at once may not fit into memory."""
    for percent in map_sizes(path)[0]:
        masks = read_mask(path, percent, shown)
        yield Reduced(percent, masks, [*map(partial(reduced_images, own, masks), fills)])
