"""What is analysed: a network, its classes, the images that rank frequencies, and those that test."""

from __future__ import annotations

import copy
import functools
import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from frequency_shortcuts.data.preprocessing import PROBES, Called, Preprocessing
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.networks.adapters import Logits, logits_only
from frequency_shortcuts.networks.devices import pick_device
from frequency_shortcuts.networks.predictions import Classifier, Precision, device_of, source_for
from frequency_shortcuts.spectrum.arrays import IntArray

from .classes import Chosen, Classes, Counts, choose, match
from .images import GivenImages, LabelledImages, as_splits, read_labelled, ready
from .options import Run, Test

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
    remark : what is said of a network that gives probabilities, and of a transform that is not known; else empty
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
    def frozen(self) -> Classifier:
        """A faster copy of the classifier, in the precision of the training."""
        return Classifier.frozen(self.classifier)

    def asked(self, precision: Precision) -> Classifier:
        """A faster copy in another precision."""
        return self.frozen if precision == "float32" else Classifier.frozen(self.classifier, precision)

    @functools.cached_property
    def map_ranking(self) -> Split:
        """The images that find the maps."""
        return self.ranking.subset(np.arange(self.search))

    @functools.cached_property
    def map_test(self) -> Split:
        """The images that test the maps."""
        return self.test.subset(np.arange(self.tested))


def read_images(images: Any, labels: Any, prepared: Preprocessing | Called, test: Test) -> GivenImages:
    """The images, and those to test with: of the options, or of the same file.

    Raises ValueError if both are the same.
    """
    own = read_labelled(images, labels, prepared)
    if test.images is None:
        return GivenImages(own, own.test)
    other = read_labelled(test.images, test.labels, prepared, "test images")
    other = other.test or other  # a store has a split for it
    return GivenImages(own, other)


def match_network(
    network: nn.Module, given: GivenImages, test: Test, run: Run, counts: Counts, fewest: int
) -> Subject:  # fmt: skip
    """Match a network with the images, and choose those that rank frequencies and those that test.

    counts, fewest : see `choose`
    """
    own = given.own
    if run.device is not None and pick_device(run.device) != device_of(network):
        network = copy.deepcopy(network).to(pick_device(run.device))
    probes = np.arange(min(PROBES, len(own.labels)))
    first = source_for(network, *ready(own, probes)).take(probes)
    n_outputs = logits_only(network, first)[1]
    matched = match(own.labels, own.classes, n_outputs, test.classes, test.outputs)
    neutral = matched.position(own.neutral if test.neutral is None else test.neutral)
    chosen = choose(
        matched.relabel(own.labels, "images"), matched.names, counts, run.seed, halves=given.test is None, fewest=fewest
    )
    if given.test is None:
        ranking, tested = as_splits(own, [chosen.ranking, chosen.test], matched, neutral)
    else:
        (ranking,) = as_splits(own, [chosen.ranking], matched, neutral)
        others = _choose_others(own, given.test, matched, counts, run.seed)
        (tested,) = as_splits(given.test, [others.test], matched, neutral, "test images")
        chosen = chosen._replace(test=others.test, tested=others.tested)
    classifier, _ = logits_only(network, first, matched.outputs)
    remarks = [own.remark]
    if isinstance(classifier, Logits) and classifier.probabilities:
        remarks.append("the network gives probabilities, as a softmax does: their logarithms are used as logits")
    for remark in filter(None, remarks):
        log.warning("%s", remark)
    return Subject(
        network, classifier, n_outputs, matched.outputs, ranking, tested, chosen.test, chosen.search, chosen.tested,
        "; ".join(filter(None, remarks)),
    )  # fmt: skip


def _choose_others(own: LabelledImages, other: LabelledImages, classes: Classes, counts: Counts, seed: int) -> Chosen:
    """Choose among other images to test with. Raises ValueError if they do not match those that find the maps."""
    if other.images.shape[1:] != own.images.shape[1:]:
        raise ValueError(
            f"test images are {list(other.images.shape[1:])}, images are {list(own.images.shape[1:])}: expected the "
            "same channels and size"
        )
    if own.classes and other.classes and own.classes != other.classes:
        raise ValueError(
            f"test images are of the classes {', '.join(other.classes[:5])}, images of {', '.join(own.classes[:5])}: "
            "expected the same, in the same order"
        )
    return choose(classes.relabel(other.labels, "test images"), classes.names, counts, seed, halves=False)
