"""What a user chooses for an analysis: how maps are searched for, how they are tested, and how all of it runs."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.images.given import GivenImages, GivenLabels, GivenSource
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import make_settings
from frequency_shortcuts.networks.instructions import portable
from frequency_shortcuts.networks.predictions import Precision
from frequency_shortcuts.shortcuts.trials import OTHER_MAPS, UNIFORM_DRAWS, MapPart, Trials
from frequency_shortcuts.shortcuts.verdict import FEWEST_DRAWS
from frequency_shortcuts.spectrum.fills import FILLS
from frequency_shortcuts.spectrum.masks import positions

DEFAULT = "mixture"  # method
WITH_SWAP = "fs.Swap"  # what a network was trained with


@dataclass(frozen=True)
class Search:
    """How an analysis searches for maps.

    method : a name of `maps.methods.registry`; by default `mixture`, or `culling` for a network without gradients
    settings : of the method, where they differ from those of its name. Without any, `culling` is screened
    percent : of the frequencies in a map
    images_per_class : images of each class that find its map, at most; by default 50
    precision : of the passes: float32, tf32 or bfloat16

    Raises ValueError for unknown methods and settings, and for numbers out of range.

    >>> result = fs.analyse(network, images, labels, test=fs.Evaluation(maps=fs.Search("hfss", {"candidates": 500})))
    """

    method: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    percent: float = 5.0
    images_per_class: int | None = None
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        if not isinstance(self.settings, Mapping):
            raise ValueError(
                f"settings {self.settings!r}: expected a dict of the settings of the method"
            )
        if not isinstance(self.percent, int | float):
            raise ValueError(f"percent {self.percent!r}: expected a number above 0 and at most 100")
        method, settings = registry.resolve(self.method or DEFAULT)
        make_settings(registry.load(method), {**settings, **self.settings})
        positions(1, 1, self.percent)  # raises ValueError for a size that no map can have
        _check_whole(images_per_class=self.images_per_class)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How an analysis tests: with which images, which maps, and what else.

    maps : how maps are searched for, see `Search`; or maps to test instead, bool [class, H, W], centred, or a dict of
        them by the names of the classes. With maps=True of `analyse` alone it is `Search()`
    images, labels : other images to test with, in any form; then all images of the analysis can find maps
    images_per_class : images of each class that test, at most; by default 200, of which 50 test its map
    actions : what is done with the frequencies of a map: keep, which its verdict is about, or keep and remove
    fills : what stands at the other frequencies; by default all fills
    controls : uniform random masks; there are 20 more with the map's radii
    others : the most maps of other classes that are tried on each class
    negatives : the most images on which FPR is measured, one sample for all classes, each without its own. By default
        two for each test image of a class, at least 50 and one for each class, and at most 1,000
    neutral : the number of the class without a cue of its own, as in the labels, or among all folders with pictures
    source : where each image comes from, such as hospital or camera, for `recall_by_source`: names, one for each of the
        images that are tested or drawn from; for a folder also a function from a path to a name, or the path of a CSV
        with the columns path and source

    `shortcuts.collect` says more of actions (`parts` there), fills, controls and the neutral class.

    Raises ValueError for tests without a verdict, and for numbers out of range.

    >>> result = fs.analyse(network, images, labels, test=fs.Evaluation(maps=maps, fills=("zeros",)))
    """

    maps: Search | npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]] | None = None
    images: GivenImages | None = None
    labels: GivenLabels | None = None
    images_per_class: int | None = None
    actions: Sequence[MapPart] = ("keep", "remove")
    fills: Sequence[str] = tuple(FILLS)
    controls: int = UNIFORM_DRAWS
    others: int = OTHER_MAPS
    negatives: int | None = None
    neutral: int | None = None
    source: GivenSource | None = None

    def __post_init__(self) -> None:
        if self.images is None and self.labels is not None:
            raise ValueError(
                "labels without images: give both, or leave the labels out of Evaluation"
            )
        Trials(self.actions, self.fills)  # raises ValueError for others
        _check_whole(
            controls=self.controls,
            others=self.others,
            negatives=self.negatives,
            images_per_class=self.images_per_class,
        )
        if "keep" not in self.actions:
            raise ValueError(
                f"actions {', '.join(self.actions)}: expected keep among them, which the verdict is about"
            )
        if self.controls < FEWEST_DRAWS:
            raise ValueError(
                f"controls {self.controls}: a verdict needs at least {FEWEST_DRAWS} random masks"
            )

    @classmethod
    def as_published(cls, search_images: int | None = None, **options: Any) -> Evaluation:
        """The test of the ICCV 2023 paper: exact culling, the top 5 % of each class, zeros at the other frequencies.

        search_images : images of each class that find its map, at most; by default 50. options : others of `Evaluation`

        >>> fs.analyse(network, images, labels, test=fs.Evaluation.as_published()).table_1
        """
        search = Search("culling", {"search": "exact"}, images_per_class=search_images)
        return cls(maps=search, actions=("keep",), fills=("zeros",), **options)

    @property
    def search(self) -> Search | None:
        """How maps are searched for; None if maps are given."""
        if self.maps is None:
            return Search()
        return self.maps if isinstance(self.maps, Search) else None


@dataclass(frozen=True)
class Run:
    """How an analysis runs.

    seed : of all random draws: images, search, controls
    device : auto, cpu or cuda; by default, where the network is. MPS has no float64, in which spectra are computed
    state : file of unfinished work, with which a later call resumes the search. Delete it once the result is saved
    name : of the network, in pictures and on the page; by default the name of its class
    progress : whether the plan and bars are shown, on standard error
    numerics : `portable` gives the same numbers on every x86-64 server, if it runs on a CPU. It needs `fs.portable()`
        before PyTorch and NumPy are imported, and raises RuntimeError without

    >>> result = fs.analyse(network, images, labels, run=fs.Run(device="auto", name="my network"))
    """

    seed: int = 0
    device: str | None = None
    state: str | os.PathLike[str] | None = None
    name: str | None = None
    progress: bool = True
    swapped: bool = False  # of version 2
    numerics: Literal["portable", "fast"] = "fast"

    def __post_init__(self) -> None:
        if self.swapped:
            words = "swapped is now an argument of fs.analyse"
            warnings.warn(words, DeprecationWarning, stacklevel=3)
        _check_whole(0, seed=self.seed)
        if self.numerics not in ("portable", "fast"):
            raise ValueError(f"numerics {self.numerics!r}: expected portable or fast")
        if self.numerics == "portable":
            portable()


def _check_whole(least: int = 1, **numbers: Any) -> None:
    """Raise ValueError for what is neither None nor a whole number that is large enough; a seed is none."""
    for name, number in numbers.items():
        if not (isinstance(number, int | np.integer) and number >= least) and (
            number is not None or name == "seed"
        ):
            raise ValueError(f"{name} {number!r}: expected a whole number from {least}")
