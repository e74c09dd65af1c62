"""What is analysed: a network, its classes, the images that rank frequencies, and those that test."""

from __future__ import annotations

import copy
import functools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.networks.adapters import Logits, logits_only
from frequency_shortcuts.networks.devices import pick_device
from frequency_shortcuts.networks.predictions import device_of, source_for
from frequency_shortcuts.spectrum.arrays import IntArray

from .classes import Classes, Counts, choose, match
from .images import LabelledImages, as_splits, read_labelled, ready
from .options import Test
from .torch_images import PROBES
from .transforms import Preprocessing, read_transform

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Subject:
    """What is analysed.

    network : on the device of the analysis
    classifier : its logits of the classes, and nothing else
    n_outputs, outputs : how many outputs the network has, and that of each class, None for all of them
    ranking, test : the images of the statistics, and those that test
    places : of those that test, among the images that were given
    search, tested : so many of them, the first ones, find maps and test them
    remark : what is said of a network that gives probabilities, else empty
    """

    network: nn.Module
    classifier: nn.Module
    n_outputs: int
    outputs: npt.NDArray[np.int64] | None
    ranking: Split
    test: Split
    places: IntArray
    search: int
    tested: int
    remark: str

    @functools.cached_property
    def map_ranking(self) -> Split:
        """The images that find the maps."""
        return self.ranking.subset(np.arange(self.search))

    @functools.cached_property
    def map_test(self) -> Split:
        """The images that test the maps."""
        return self.test.subset(np.arange(self.tested))


def read_images(
    images: Any,
    labels: Any,
    test: Test,
    transform: Any,
    mean: npt.ArrayLike | None,
    std: npt.ArrayLike | None,
    progress: bool,
) -> tuple[LabelledImages, LabelledImages | None, Preprocessing]:
    """The images, other images to test with if there are some, and the preprocessing that belongs to both."""
    preprocessing = Preprocessing() if transform is None else read_transform(transform)
    if mean is not None or std is not None:
        preprocessing = replace(preprocessing, mean=mean, std=std)
    labelled = read_labelled(images, labels, preprocessing, progress=progress)
    other = labelled.test
    if test.images is not None:
        other = read_labelled(test.images, test.labels, preprocessing, progress=progress, what="test images")
        other = other.test or other  # a store has a split for it
    if preprocessing.mean is None and preprocessing.std is None:
        preprocessing = replace(preprocessing, mean=labelled.mean, std=labelled.std)
    shape, wanted = labelled.images.shape[2:], preprocessing.shape
    if isinstance(transform, Preprocessing) and wanted is not None and shape != wanted:
        sides = [" x ".join(map(str, sizes)) for sizes in (shape, wanted)]
        raise ValueError(
            f"images are {sides[0]} and size is {sides[1]}: only pictures of a folder or Dataset are resized"
        )
    return labelled, other, preprocessing


def match_network(
    network: nn.Module,
    labelled: LabelledImages,
    other: LabelledImages | None,
    preprocessing: Preprocessing,
    *,
    classes: Sequence[str] | None,
    outputs: Sequence[int] | Mapping[str, int] | None,
    neutral: int | None,
    counts: Counts,
    fewest: int,
    seed: int,
    device: str | None,
) -> Subject:
    """Match a network with the images, and choose those that rank frequencies and those that test.

    counts, fewest : see `choose`; the other parameters are those of `analyse`
    """
    if device is not None and pick_device(device) != device_of(network):
        network = copy.deepcopy(network).to(pick_device(device))
    probes = np.arange(min(PROBES, len(labelled.labels)))
    pixels, mean, std = ready(labelled.take(probes), preprocessing)
    first = source_for(network, Split(pixels, np.zeros(len(probes), int), mean=mean, std=std)).take(probes)
    n_outputs = logits_only(network, first)[1]
    matched = match(labelled.labels, labelled.classes, n_outputs, classes, outputs)
    neutral = matched.position(labelled.neutral if neutral is None else neutral)
    ranking, test, places, search, tested = _choose_images(
        labelled, other, matched, preprocessing, neutral, counts, fewest, seed
    )
    classifier, _ = logits_only(network, first, matched.outputs)
    remark = ""
    if isinstance(classifier, Logits) and classifier.probabilities:
        remark = "the network gives probabilities, as a softmax does: their logarithms are used as logits"
        log.warning("%s", remark)
    return Subject(network, classifier, n_outputs, matched.outputs, ranking, test, places, search, tested, remark)


def _choose_images(
    labelled: LabelledImages,
    other: LabelledImages | None,
    classes: Classes,
    preprocessing: Preprocessing,
    neutral: int | None,
    counts: Counts,
    fewest: int,
    seed: int,
) -> tuple[Split, Split, IntArray, int, int]:
    """The images that rank and those that test, the places of the latter, and how many find maps and test them."""
    chosen = choose(
        classes.relabel(labelled.labels, "images"), classes.names, counts, seed, halves=other is None, fewest=fewest
    )
    if other is None:
        ranking, test = as_splits(labelled, [chosen.ranking, chosen.test], classes, preprocessing, neutral)
        return ranking, test, chosen.test, chosen.search, chosen.tested
    if other.images.shape[1:] != labelled.images.shape[1:]:
        raise ValueError(
            f"test images are {list(other.images.shape[1:])}, images are {list(labelled.images.shape[1:])}: expected "
            "the same channels and size"
        )
    if labelled.classes and other.classes and labelled.classes != other.classes:
        raise ValueError(
            f"test images are of the classes {', '.join(other.classes[:5])}, images of "
            f"{', '.join(labelled.classes[:5])}: expected the same, in the same order"
        )
    others = choose(classes.relabel(other.labels, "test images"), classes.names, counts, seed, halves=False)
    (ranking,) = as_splits(labelled, [chosen.ranking], classes, preprocessing, neutral)
    (test,) = as_splits(other, [others.test], classes, preprocessing, neutral, "test images")
    return ranking, test, others.test, chosen.search, others.tested
