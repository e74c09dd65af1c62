"""Examples: an image of each class, as it is and reduced to maps, for class cards, filtered images and the explorer."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
from frequency_shortcuts.spectrum.fills import Fill, donors
from frequency_shortcuts.spectrum.filters import half_plane, hide
from frequency_shortcuts.storage.hdf5 import read_hdf5
from frequency_shortcuts.storage.tables import RUN, read_table

from .class_statistics import FEWEST, ClassStatistics, class_statistics
from .counterfactual import Changes, Flips, Settings, read_flips
from .flip_rates import AWAY, example, rates
from .trials import seed_of

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
    store: File, shown: IntArray, statistics: Statistics | None = None
) -> tuple[npt.NDArray[np.uint8], Tensor]:
    """The first test image of each class: uint8 [class, channels, H, W], and normalised, as a float32 tensor."""
    test = stores.read(store, "test", per_class=1, statistics=statistics)
    pictures = test.images[np.argsort(test.labels)[shown]]
    return pictures, normalisation.normalise(torch.from_numpy(pictures), test.mean, test.std)


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
    maps : method -> DFM file, or file of the same layout
    tests : table of `shortcuts.measure` with the maps of the study; rates : table of `compare_methods` with others
    tests_of_methods : method -> table of `shortcuts.measure` with its maps, which is shown rather than `rates`
    flips : hits of the counterfactual test
    """

    run: Mapping[str, Any]
    store: File
    maps: Mapping[str, File]
    statistics: Statistics | None = None
    tests: File | None = None
    rates: File | None = None
    tests_of_methods: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    flips: File | None = None


@dataclass(frozen=True)
class TestSettings:
    """How the maps were tested.

    percent : size of the maps; split, images_per_class : of the images; seed : of the draws; fills : that are shown
    """

    percent: float
    split: str = "test"
    images_per_class: int | None = None
    seed: int = 0
    fills: Sequence[Fill] = ("zeros", "swap")

    def images(self, store: File, statistics: Statistics | None = None) -> Split:
        """The images of a store that the test uses."""
        return stores.read(store, self.split, self.images_per_class, statistics=statistics)

    def donors(self, images: Split, run: Mapping[str, Any]) -> IntArray | None:
        """The donor of each image in the test of a run, int64 [n]; None without the fill `swap`."""
        if "swap" not in self.fills:
            return None
        seed = seed_of(self.seed, "/".join(str(run[key]) for key in RUN), "donors")
        return donors(images.labels, neutral=images.neutral, seed=seed)


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
    tests, rates, tests_of_methods : as in `Network`, read; empty where there are none
    counterfactuals : of each class, or None
    """

    run: Mapping[str, Any]
    donors: Sequence[Donor | None]
    maps: Mapping[str, Iterator[Reduced]]
    tests: pd.DataFrame
    rates: pd.DataFrame
    tests_of_methods: Mapping[str, pd.DataFrame]
    counterfactuals: Sequence[Counterfactual | None]


def read_explored(network: Network, shown: IntArray, tested: TestSettings) -> Explored:
    """What the files of a network hold of the classes `shown` [k]. Images are changed as in the tests.

    >>> explored = read_explored(Network(run, "data.h5", {"culling": "dfm.h5"}), np.arange(3), TestSettings(percent=5))
    """
    images = tested.images(network.store, network.statistics)
    source, donor = Source(images.images, images.mean, images.std), tested.donors(images, network.run)
    first = first_images(images, shown)
    own, others = source.take(first), None if donor is None else source.take(donor[first])
    fills = [others if fill == "swap" else None for fill in tested.fills]
    tests, rates = (read_table(path) if path else pd.DataFrame() for path in (network.tests, network.rates))
    return Explored(
        network.run,
        [None if donor is None else _donor(images, int(donor[place])) for place in first],
        {method: _read_reduced(path, shown, own, fills) for method, path in network.maps.items()},
        tests,
        rates,
        network.tests_of_methods,
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
    rows = rates(found).set_index("class")
    return [None if k == found.neutral else _counterfactual(found, images, changes, rows.loc[k], int(k)) for k in shown]


@functools.lru_cache(maxsize=1)
def _statistics(store: str, split: str) -> ClassStatistics | None:
    """The statistics of a split, once for all networks of a data set; None where a class has too few images."""
    ranking = stores.read(store, split)
    if np.bincount(ranking.labels, minlength=len(ranking.classes)).min() < FEWEST:
        return None
    return class_statistics(in_pixels(ranking, ranking, torch.device("cpu"))[0], len(ranking.classes))


def _counterfactual(flips: Flips, images: Split, changes: Changes, row: pd.Series, k: int) -> Counterfactual:
    chosen, kind, place = example(flips, row, k)
    image = chosen[[place]]
    _, after = changes.of_image(kind, k, chosen, place)
    called = (flips.own_called if kind in AWAY else flips.called)[kind][0, k, place]
    return Counterfactual(
        name=images.classes[flips.labels[image[0]]],
        kind=kind,
        called=(images.classes[flips.unfiltered[image[0]]], images.classes[called]),
        before=images.images[image][0],
        after=after[0].double().numpy(),
    )


def first_images(images: Split, shown: IntArray) -> IntArray:
    """The position of the first image of each of some classes."""
    return np.array([np.flatnonzero(images.labels == c)[0] for c in shown], np.int64)


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
