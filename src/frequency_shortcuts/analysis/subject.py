"""What is analysed: a network, its classes, the images that rank frequencies, and those that test."""

import copy
import functools
import time
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from tqdm import tqdm

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
from frequency_shortcuts.spectrum.arrays import IntArray

from .chosen_images import ChosenImages
from .classes import GivenClasses, Matched, match_outputs, of_kept_folders
from .options import Run

SHOWN = 64  # images with which a network is checked
MOST_RIGHT_MIRRORED = (
    0.25  # accuracy of two classes, at most, if their outputs are the other way round
)


@dataclass(frozen=True)
class AnalysedNetwork:
    """What is analysed.

    network, name : on the device of the analysis, and by default the name of its class, also if TorchScript wraps it
    classifier : its logits of the classes, and nothing else
    n_outputs, outputs : how many outputs the network has, and that of each class, None for all of them
    ranking, test : the images of the statistics, and those that test
    images : the same as they were chosen, with the names of the classes in the images
    logits : of the images with which the network was checked, [n, outputs]
    """

    network: nn.Module
    name: str
    classifier: Logits
    n_outputs: int
    outputs: npt.NDArray[np.int64] | None
    ranking: Split
    test: Split
    images: ChosenImages
    logits: Tensor

    @functools.cached_property
    def frozen(self) -> Classifier:
        """A faster copy of the classifier, in the precision of the training."""
        return Classifier.frozen(self.classifier)

    def search_classifier(self, precision: Precision) -> Classifier:
        """A faster copy in another precision."""
        if precision == "float32":
            return self.frozen
        return Classifier.frozen(self.classifier, precision)

    @functools.cached_property
    def map_ranking(self) -> Split:
        """The images that find the maps."""
        return self.ranking.subset(np.arange(self.images.search))

    @functools.cached_property
    def map_test(self) -> Split:
        """The images that test the maps."""
        return self.test.subset(np.arange(self.images.tested))

    def remarks(self) -> list[str]:
        """What is said of probabilities, a single output, a transform that is not known, and images of both parts."""
        said = [remark for remark in (self.images.labelled.remark, self.images.shared) if remark]
        if not isinstance(self.classifier, Logits):
            return said
        is_probability = self.classifier.probabilities
        if self.classifier.single:
            high = self.test.classes[1 if self.outputs is None else 0]
            what, values = ("probability", "all") if is_probability else ("logit", "not all")
            said.append(
                f"the network's output is the {what} of {high}: {values} of its values are between 0 and 1"
            )
        elif is_probability:
            said.append(
                "the network gives probabilities, as a softmax does: their logarithms are used as logits"
            )
        if is_probability:
            probabilities = self.classifier.chosen(self.logits).exp()
            lost = int((probabilities < 2 * LEAST_PROBABILITY).any(1).sum())
            if lost:
                said.append(
                    f"probabilities round to 0 or 1 for {lost} of {len(self.logits)} images: give logits"
                )
        return said

    def measure(self, progress: bool) -> tuple[float, float, int]:
        """Show the images that test the maps, unfiltered, batch by batch, and time one batch.

        Returns the mean over the classes of the share of their images that the network assigns to them, the seconds of
        a forward pass of one image, and the images in a batch. Raises ValueError if the network is not better than
        chance: its outputs then probably belong to other classes.
        """
        test = self.map_test
        n_classes = len(test.classes)
        source = source_for(self.classifier, test)
        batch = source.batch_size()
        batches = list(index_batches(np.arange(len(source)), batch))
        bar = tqdm(
            batches,
            "unfiltered images",
            unit="batch",
            leave=False,
            disable=None if progress else True,
        )
        with Classifier(self.classifier).naming(n_classes) as predict:
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
                f"classes), which is not above chance: {self._what_to_check(accuracy)}"
            )
        return accuracy, seconds, batch

    def _what_to_check(self, accuracy: float) -> str:
        """What may be wrong with a network that is not above chance."""
        if len(self.test.classes) > 2 or accuracy > MOST_RIGHT_MIRRORED:
            return "check which output each class is (`outputs`), the mean and the std"
        first, second = self.test.classes
        if self.n_outputs == 1:
            outputs = {first if self.outputs is None else second: 0}
        else:
            of_first, of_second = (0, 1) if self.outputs is None else self.outputs.tolist()
            outputs = {first: of_second, second: of_first}
        return f"its outputs are the other way round: give outputs={outputs}"


def match_network(
    network: nn.Module, images: ChosenImages, given: GivenClasses, run: Run
) -> AnalysedNetwork:
    """Check a network on images, and match its outputs with their classes."""
    network = _on_device(network, run.device)
    positions = _some_of_all(images.ranking.labels)
    shown = source_for(network, images.ranking).take(positions)
    classifier, n_outputs, logits = logits_only(network, shown)
    names, outputs = _match_classes(images, n_outputs, given)
    return AnalysedNetwork(
        network,
        run.name or str(getattr(network, "original_name", type(network).__name__)),
        with_outputs(classifier, outputs, n_outputs),
        n_outputs,
        outputs,
        replace(images.ranking, classes=names),
        replace(images.test, classes=names),
        images,
        logits,
    )


def _on_device(network: nn.Module, name: str | None) -> nn.Module:
    """The network, or a copy of it on another device."""
    device = pick_device(name or str(device_of(network)))
    if name is None or device == device_of(network):
        return network
    with torch.no_grad():  # see `fold`
        return copy.deepcopy(network).to(device)


def _some_of_all(labels: IntArray) -> IntArray:
    """The positions of some images of all classes: what a network says of these tells what its outputs are."""
    places = np.linspace(0, len(labels) - 1, min(SHOWN, len(labels))).astype(int)
    return np.sort(np.argsort(labels, kind="stable")[places])


def _match_classes(images: ChosenImages, n_outputs: int, given: GivenClasses) -> Matched:
    classes = given.names
    outputs = given.outputs
    found = images.labelled.listing
    kept = images.labelled.classes
    if found is not None and kept and found.every != kept:
        classes, outputs = of_kept_folders(found.every or (), kept, n_outputs, classes, outputs)
    return match_outputs(kept, images.numbers, n_outputs, classes, outputs)
