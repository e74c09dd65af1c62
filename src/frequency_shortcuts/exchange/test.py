"""The exchange test: does a network follow something that is not the object?

Images of other classes are given a part of class c (`PARTS`). The number of the part is the share that is then called
c, minus the share before. Beside it stands a control: the part of their own class, which of a patch is subtracted. All
numbers are paired differences on the same images.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from frequency_shortcuts.images.source import Pixels, in_pixels, index_batches
from frequency_shortcuts.images.splits import Split, evenly, first_of_each_class
from frequency_shortcuts.networks.predictions import Classifier, confusion
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray

from .answers import Answers, typical
from .border_test import measure_borders, passes_of_borders, torch_seed
from .part import Part, Subject
from .swap import PARTS

# A class counts if at most this share, or so many, are confused either way.
CONFUSED = 0.02
CONFUSED_IMAGES = 1
RANKED = 50  # images of a class that tell which classes are confused
IMAGES = 120  # of other classes that get the parts of a class
PORTION = 32  # images that get a part at a time; draws are seeded for each portion


def collect(
    network: nn.Module | Classifier,
    ranking: Split,
    test: Split,
    *,
    most: int = IMAGES,
    seed: int = 0,
    progress: bool = False,
) -> Answers:
    """What a network calls test images before and after they got the parts of each class.

    Parameters
    ----------
    network : images [n, channels, H, W], normalised -> logits [n, classes]. It does not change
    ranking : images that give their parts, and by which places are chosen
    test : images that get parts, of the same classes and size
    most : images that get the parts of a class, at most

    Raises ValueError for a class of fewer than two images, and for a network that does not return finite logits of
    these classes.
    """
    frozen = Classifier.frozen(network)
    n_classes = len(test.classes)
    ranking_pixels, pixels = in_pixels(ranking, test, frozen.device)
    first = pixels.seen(pixels.take(np.arange(1))).to(frozen.dtype)
    frozen.check(first)
    batch = frozen.batch_sizes(first)[0]
    with frozen.naming(n_classes) as predict:

        def name(shown: Tensor) -> IntArray:
            seen = (pixels.seen(images).to(frozen.dtype) for images in shown.split(batch))
            return torch.cat([predict(images) for images in seen]).cpu().numpy()

        def name_all(source: Pixels, chosen: IntArray) -> IntArray:
            batches = index_batches(chosen, batch)
            return np.concatenate([name(source.take(images)) for images in batches])

        few = first_of_each_class(ranking.labels, RANKED)
        counts = confusion(ranking.labels[few], name_all(ranking_pixels, few), n_classes)
        comparable = hardly_confused(counts)
        before = name_all(pixels, np.arange(len(pixels)))
        subject = Subject(ranking_pixels, name, comparable, torch.Generator().manual_seed(seed))
        receivers = []
        for c, counted in enumerate(comparable):
            others = np.flatnonzero(counted[test.labels])
            receivers.append(evenly(test.labels, others, most, [seed, c]))
        borders = measure_borders(
            name, ranking_pixels, pixels, n_classes, seed=seed, progress=progress
        )
        images = _padded(receivers)
        if test.neutral is not None:
            images[test.neutral] = -1
        answers = Answers(pixels.labels, before, images, {}, {}, {}, borders, test.neutral)
        _give_all_parts(subject, pixels, answers, seed, progress)
    return answers


def _padded(receivers: Sequence[IntArray]) -> IntArray:
    """The images that get the parts of each class as one array, int [class, m], padded with -1."""
    images = np.full((len(receivers), max(map(len, receivers))), -1)
    for row, chosen in zip(images, receivers, strict=True):
        row[: len(chosen)] = chosen
    return images


def _give_all_parts(
    subject: Subject, pixels: Pixels, answers: Answers, seed: int, progress: bool
) -> None:
    """Add to answers what images are called after they got each part of each class, and after the control."""
    shape = answers.images.shape
    with tqdm(
        total=len(PARTS) * len(answers.tested),
        desc="parts",
        leave=False,
        disable=None if progress else True,
    ) as bar:
        for name, make in PARTS.items():
            part = make(subject)
            answers.place[name] = part.place
            answers.given[name] = np.full(shape, -1, np.int16)
            answers.control[name] = np.full(shape, -1, np.int16)
            for c in answers.tested:
                images = answers.receivers(c)
                m = len(images)
                of_class = np.full(m, c)
                of_own_class = pixels.labels[images]
                given = _called(part, pixels, images, of_class, c, seed)
                control = _called(part, pixels, images, of_own_class, c, seed)
                answers.given[name][c, :m] = given
                answers.control[name][c, :m] = control
                bar.update()


def _called(
    part: Part, pixels: Pixels, images: IntArray, classes: IntArray, c: int, seed: int
) -> IntArray:
    """What the network calls images [m] with the part of classes [m], for class c: int [m]."""
    portions = changed(part, pixels, images, classes, c, seed)
    return np.concatenate([part.subject.name(given) for _, given in portions])


def changed(
    part: Part, pixels: Pixels, images: IntArray, classes: IntArray, c: int, seed: int
) -> Iterator[tuple[IntArray, Tensor]]:
    """Some images [m] with the part of classes [m], for class c, in portions: places among them, and [k, ...] each.

    The same for the same seed.
    """
    for places in index_batches(np.arange(len(images)), PORTION):
        part.subject.generator.manual_seed(torch_seed(seed, c, places[0]))
        yield places, part.give(pixels.take(images[places]), classes[places], c)


def _without_network(ranking: Pixels, answers: Answers) -> Subject:
    """For a part whose places are known, which does not ask the network."""
    n_classes = len(answers.images)
    all_comparable = np.ones((n_classes, n_classes), bool)

    def name_nothing(images: Tensor) -> IntArray:
        return np.zeros(len(images), int)

    return Subject(ranking, name_nothing, all_comparable, torch.Generator())


def hardly_confused(counts: IntArray) -> BoolArray:
    """Which classes count in the test of each, bool [class c, class], from a confusion matrix [true, called].

    Those of which at most 2 %, or one image, are called c, and the other way round; all others if none is left. A
    neutral class counts as any other.
    """
    n = counts.sum(axis=1, keepdims=True)
    rarely = counts <= np.maximum(CONFUSED * n, CONFUSED_IMAGES)
    others = ~np.eye(len(counts), dtype=bool)
    count: BoolArray = np.asarray(rarely & rarely.T & others)
    none = ~count.any(axis=1)
    count[none] = others[none]
    return count


def count_passes(labels: IntArray, n_classes: int, neutral: int | None = None) -> int:
    """Forward passes of `collect`, at most, for test images [n] with these labels."""
    shown = len(labels) + passes_of_borders(len(labels), n_classes)
    places = n_classes * sum(part.passes for part in PARTS.values())
    tested = n_classes if neutral is None else n_classes - 1
    given = 2 * IMAGES * len(PARTS) * tested
    return shown + RANKED * n_classes + places + given


def examples(
    answers: Answers, part: str, c: int, ranking: Pixels, pixels: Pixels, seed: int, most: int = 1
) -> Iterator[tuple[int, Tensor, Tensor]]:
    """The `typical` images that got a part of class c: number, and before and after, [1, channels, H, W].

    ranking, pixels : the images of `collect`; seed : of its draws; most : images
    """
    receivers = answers.receivers(c)
    shown = typical(answers, part, c, most)
    made = PARTS[part](_without_network(ranking, answers), answers.place[part])
    classes = np.full(len(receivers), c)
    for places, images in changed(made, pixels, receivers, classes, c, seed):
        for place in np.intersect1d(places, shown):
            after = images[[place - places[0]]].clamp(0, 1)
            yield int(receivers[place]), pixels.take(receivers[[place]]), after
        if places[-1] >= shown[-1]:
            return
