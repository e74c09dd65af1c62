"""What is analysed: a network, its classes, the images that rank frequencies, and those that test."""

import copy
import functools
import hashlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from tqdm import tqdm

from frequency_shortcuts.exchange.class_statistics import FEWEST
from frequency_shortcuts.images.folders import few
from frequency_shortcuts.images.preprocessing import PROBES
from frequency_shortcuts.images.source import index_batches
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.networks.external import (
    LEAST_PROBABILITY,
    Logits,
    logits_only,
    with_outputs,
)
from frequency_shortcuts.networks.numerics import pick_device
from frequency_shortcuts.networks.predictions import Classifier, Precision, device_of, source_for
from frequency_shortcuts.spectrum.arrays import IntArray, as_array

from .chosen_images import as_splits, spread
from .classes import Chosen, Classes, Counts, choose, match
from .images import LabelledImages
from .options import Run, Test

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Subject:
    """What is analysed.

    network, name : on the device of the analysis, and by default the name of its class, also if TorchScript wraps it
    classifier : its logits of the classes, and nothing else
    n_outputs, outputs : how many outputs the network has, and that of each class, None for all of them
    ranking, test : the images of the statistics, and those that test
    chosen : which of the images that were given they are, and how many of them find maps and test them
    remark : what is said of probabilities, a single output, and a transform that is not known; else empty
    """

    network: nn.Module
    name: str
    classifier: nn.Module
    n_outputs: int
    outputs: npt.NDArray[np.int64] | None
    ranking: Split
    test: Split
    chosen: Chosen
    remark: str

    @functools.cached_property
    def frozen(self) -> Classifier:
        """A faster copy of the classifier, in the precision of the training."""
        return Classifier.frozen(self.classifier)

    def search_classifier(self, precision: Precision) -> Classifier:
        """A faster copy in another precision."""
        return (
            self.frozen if precision == "float32" else Classifier.frozen(self.classifier, precision)
        )

    @functools.cached_property
    def map_ranking(self) -> Split:
        """The images that find the maps."""
        return self.ranking.subset(np.arange(self.chosen.search))

    @functools.cached_property
    def map_test(self) -> Split:
        """The images that test the maps."""
        return self.test.subset(np.arange(self.chosen.tested))

    def measure(self, progress: bool) -> tuple[float, float, int]:
        """Show the images that test the maps, unfiltered, batch by batch, and time one batch.

        Returns the mean over the classes of the share of their images that the network assigns to them, the seconds of
        a forward pass of one image, and the images in a batch. Raises ValueError if the network is not better than
        chance: its outputs then probably belong to other classes.
        """
        test = self.map_test
        source, n_classes = source_for(self.classifier, test), len(test.classes)
        batches = list(index_batches(np.arange(len(source)), batch := source.batch_size()))
        with Classifier(self.classifier).naming(n_classes) as predict:
            bar = tqdm(
                batches,
                "unfiltered images",
                unit="batch",
                leave=False,
                disable=None if progress else True,
            )
            named = [predict(source.take(positions)).cpu().numpy() for positions in bar]
            images = source.take(batches[0])
            begin = time.perf_counter()
            predict(images).cpu()  # waits for the device
            seconds = (time.perf_counter() - begin) / len(images)
        right = np.concatenate(named) == test.labels
        accuracy = float(np.mean([right[test.labels == c].mean() for c in range(n_classes)]))
        if accuracy <= 1 / n_classes + 1e-9:
            raise ValueError(
                f"without a filter, the network recognises {accuracy:.1%} of the test images (mean over {n_classes} "
                "classes), which is not above chance: check which output each class is (`outputs`), the mean and the "
                "std"
            )
        return accuracy, seconds, batch


def _left(test: Test, own: LabelledImages, n_outputs: int) -> tuple[Any, Any, IntArray | None]:
    """Names, outputs and numbers of the classes that are left, if some of the folders or of a CSV are left out."""
    every, classes, outputs = own.listing and own.listing.every, test.classes, test.outputs
    if not every or every == own.classes:
        return classes, outputs, None
    left = np.array([every.index(name) for name in own.classes or ()])
    if classes is not None and len(classes) == len(every):
        classes = [classes[k] for k in left]
    outputs = range(n_outputs) if outputs is None and len(every) == n_outputs else outputs
    if isinstance(outputs, Mapping):
        outputs = {name: outputs[name] for name in own.classes or () if name in outputs}
    elif outputs is not None and len(outputs) == len(every):
        outputs = as_array(outputs)[left].tolist()
    return classes, outputs, left


def match_network(
    network: nn.Module, own: LabelledImages, test: Test, run: Run, counts: Counts
) -> Subject:
    """Match a network with the images, and choose those that rank frequencies and those that test.

    counts : see `choose`
    """
    remarks = [own.remark]
    device = pick_device(run.device or str(device_of(network)))
    if run.device is not None and device != device_of(network):
        with torch.no_grad():  # see `fold`
            network = copy.deepcopy(network).to(device)

    def look(chosen: IntArray) -> tuple[Logits, int, Tensor]:
        """Check the network on some images, and say what it returns."""
        some = Split(own.ready(chosen), np.zeros(len(chosen), int), mean=own.mean, std=own.std)
        return logits_only(network, source_for(network, some).take(np.arange(len(chosen))))

    classifier, n_outputs, logits = look(np.arange(min(PROBES, len(own.labels))))
    if n_outputs == 1:  # its values for images of both classes say what it is
        classifier, _, logits = look(np.sort(spread(own.labels)))
    classes, outputs, left = _left(test, own, n_outputs)
    matched = match(own.labels, own.classes, n_outputs, classes, outputs)
    neutral, numbers = (
        own.neutral if test.neutral is None else test.neutral,
        matched.numbers if left is None else left,
    )
    if neutral is not None:
        if neutral not in numbers:
            known = few([*map(str, numbers)])
            raise ValueError(
                f"neutral class {neutral}: expected the number of a class of the images, {known}"
            )
        neutral = int(np.searchsorted(numbers, neutral))
    chosen = choose(
        matched.relabel(own.labels, "images"),
        matched.names,
        counts,
        run.seed,
        halves=own.test is None,
        fewest=FEWEST,
    )
    if own.test is None:
        ranking, tested = as_splits(own, [chosen.ranking, chosen.test], matched, neutral)
    else:
        (ranking,) = as_splits(own, [chosen.ranking], matched, neutral)
        others = _choose_others(own, own.test, matched, counts, run.seed)
        (tested,) = as_splits(own.test, [others.test], matched, neutral, "test images")
        chosen = chosen._replace(test=others.test, tested=others.tested)
        remarks.append(_shared(ranking, tested))
    classifier = with_outputs(classifier, matched.outputs, n_outputs)
    if classifier.single:
        high = matched.names[int(matched.outputs is None)]
        what, values = ("probability", "all") if classifier.probabilities else ("logit", "not all")
        remarks.append(
            f"the network's output is the {what} of {high}: {values} of its values are between 0 and 1"
        )
    elif classifier.probabilities:
        remarks.append(
            "the network gives probabilities, as a softmax does: their logarithms are used as logits"
        )
    if classifier.probabilities:
        lost = int((classifier.chosen(logits).exp() < 2 * LEAST_PROBABILITY).any(1).sum())
        remarks += [
            f"probabilities round to 0 or 1 for {lost} of {len(logits)} images: give logits"
        ] * (lost > 0)
    for remark in filter(None, remarks):
        log.warning("%s", remark)
    name = run.name or str(getattr(network, "original_name", type(network).__name__))
    return Subject(
        network,
        name,
        classifier,
        n_outputs,
        matched.outputs,
        ranking,
        tested,
        chosen,
        "; ".join(filter(None, remarks)),
    )


def _shared(ranking: Split, test: Split) -> str:
    """What is said of test images that also rank frequencies. Raises ValueError if all do."""
    ranked, tested = (
        [
            hashlib.sha256(np.asarray(split.images[np.array([i])]).tobytes()).hexdigest()
            for i in range(len(split))
        ]
        for split in (ranking, test)
    )
    shared = int(np.isin(tested, ranked).sum())
    if shared == len(test):
        raise ValueError(
            "the test images are among those that rank frequencies and find maps: give others, or leave them out of "
            "Test, so that half of the images test"
        )
    return (
        f"{shared:,} of {len(test):,} test images are among those that rank frequencies"
        if shared
        else ""
    )


def _choose_others(
    own: LabelledImages, other: LabelledImages, classes: Classes, counts: Counts, seed: int
) -> Chosen:
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
    return choose(
        classes.relabel(other.labels, "test images"), classes.names, counts, seed, halves=False
    )
