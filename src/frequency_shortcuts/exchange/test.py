"""The exchange test: does a network follow something that is not the object?

Images of other classes are given a part of class c (`PARTS`). The number of the part is the share that is then called
c, minus the share before. Beside it stands a control: the part of their own class, which of a patch is subtracted. All
numbers are paired differences on the same images.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from frequency_shortcuts.images.source import Pixels, in_pixels, index_batches
from frequency_shortcuts.images.splits import Split, evenly, first_of_each_class
from frequency_shortcuts.networks.predictions import Classifier, confusion
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray

from .answers import Answers, typical
from .part import Part, Subject
from .swap import PARTS, exchanged

# A class counts if at most this share, or so many, are confused either way.
CONFUSED = 0.02
CONFUSED_IMAGES = 1
RANKED = 50  # images of a class that tell which classes are confused
TESTED = 200  # images of a class that are shown, and that tell whether it is recognised
IMAGES = 120  # of other classes that get the parts of a class
DRAWS = 4  # of other images, whose part an image of the class gets
PORTION = 32  # images that get a part at a time; draws are seeded for each portion


def collect(
    network: nn.Module | Classifier,
    ranking: Split,
    test: Split,
    *,
    images: int = IMAGES,
    seed: int = 0,
    progress: bool = False,
) -> Answers:
    """What a network calls test images before and after they got the parts of each class.

    Parameters
    ----------
    network : images [n, channels, H, W], normalised -> logits [n, classes]. It does not change
    ranking : images that give their parts, and by which places are chosen
    test : images that get parts, of the same classes and size
    images : that get the parts of a class, at most

    Raises ValueError for a class of fewer than two images, and for a network that does not return finite logits of
    these classes.
    """
    frozen = Classifier.frozen(network)
    n_classes = len(test.classes)
    test = test.subset(first_of_each_class(test.labels, TESTED))
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
            receivers.append(evenly(test.labels, others, images, [seed, c]))
        return _give_all_parts(subject, pixels, receivers, before, test.neutral, seed, progress)


def _give_all_parts(
    subject: Subject,
    pixels: Pixels,
    receivers: Sequence[IntArray],
    before: IntArray,
    neutral: int | None,
    seed: int,
    progress: bool,
) -> Answers:
    """What images are called after they got each part of each class, and after the control.

    receivers : the places of the images that get the parts of a class, for each class
    """
    shape = len(receivers), max(map(len, receivers))
    answers = Answers(pixels.labels, before, np.full(shape, -1), {}, {}, {}, neutral)
    for c in answers.tested:
        answers.images[c, : len(receivers[c])] = receivers[c]
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
                images = receivers[c]
                m = len(images)
                of_class = np.full(m, c)
                of_own_class = pixels.labels[images]
                given = _called(part, pixels, images, of_class, c, seed)
                control = _called(part, pixels, images, of_own_class, c, seed)
                answers.given[name][c, :m] = given
                answers.control[name][c, :m] = control
                bar.update()
    return answers


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
        part.subject.generator.manual_seed(_seed(seed, c, places[0]))
        yield places, part.give(pixels.take(images[places]), classes[places], c)


class Exchanged(NamedTuple):
    """An image before and after a part of it was exchanged: its number, [channels, H, W], and what the network says.

    said_before, said_after : logits [class]; without : the mean probability [class] over the draws of partners
    """

    image: int
    before: Tensor
    after: Tensor
    said_before: Tensor
    said_after: Tensor
    without: Tensor


def remove(
    answers: Answers,
    part: str,
    c: int,
    ranking: Pixels,
    pixels: Pixels,
    seed: int,
    logits: Callable[[Tensor], Tensor],
) -> Iterator[Exchanged]:
    """The images of class c with the whole part of other images in place of their own.

    They are those of `answers` that were rightly called, at most `IMAGES`. The others are ranking images, `DRAWS` for
    each, evenly of the classes whose images got parts of c. `after` is the draw in which c is the least probable.

    ranking, pixels : the images of `collect`, of the test images those that are shown
    logits : images [n, ...] -> [n, class], on the CPU
    """
    subject = _without_network(ranking, answers)
    place = int(answers.place[part][c])
    called_rightly = (answers.labels == c) & (answers.before == c)
    images = np.flatnonzero(called_rightly)[:IMAGES]
    others = np.unique(answers.labels[answers.receivers(c)])
    for places in index_batches(np.arange(len(images)), PORTION):
        before = pixels.take(images[places])
        draws = []
        for draw in range(DRAWS):
            subject.generator.manual_seed(_seed(seed, c, places[0], draw))
            drawn = torch.randint(len(others), (len(places),), generator=subject.generator)
            donors = subject.donors(others[drawn.numpy()])
            draws.append(_with_whole_part(part, before, donors, place).clamp(0, 1))
        said_before = logits(before)
        said = torch.stack([logits(after) for after in draws])
        probability = said.softmax(dim=2)[:, :, c]
        least = probability.argmin(dim=0).tolist()
        for n, draw in enumerate(least):
            yield Exchanged(
                image=int(images[places[n]]),
                before=before[n],
                after=draws[draw][n],
                said_before=said_before[n],
                said_after=said[draw, n],
                without=said[:, n].softmax(dim=1).mean(dim=0),
            )


def _with_whole_part(part: str, images: Tensor, donors: Tensor, place: int) -> Tensor:
    """Images [n, ...] with the whole part, at a place, of as many donors in place of their own."""
    n = len(images)
    both = torch.cat([images, donors])
    partner = torch.arange(2 * n, device=both.device).roll(n)
    return exchanged(both, {part: partner}, [place] if part == "patch" else ())[:n]


def _seed(*entropy: int) -> int:
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])


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
    shown = np.minimum(np.bincount(labels, minlength=n_classes), TESTED).sum()
    places = n_classes * sum(part.passes for part in PARTS.values())
    tested = n_classes if neutral is None else n_classes - 1
    given = 2 * IMAGES * len(PARTS) * tested
    return int(shown + RANKED * n_classes + places + given)


def example(
    answers: Answers, part: str, c: int, ranking: Pixels, pixels: Pixels, seed: int
) -> tuple[int, Tensor, Tensor]:
    """The `typical` image that got a part of class c: its number, and itself before and after, [1, channels, H, W].

    ranking, pixels : the images of `collect`, of the test images those that are shown; seed : of its draws
    """
    receivers = answers.receivers(c)
    place = typical(answers, part, c)
    made = PARTS[part](_without_network(ranking, answers), answers.place[part])
    classes = np.full(len(receivers), c)
    for places, images in changed(made, pixels, receivers, classes, c, seed):
        if place in places:
            after = images[[place - places[0]]].clamp(0, 1)
            break
    return int(receivers[place]), pixels.take(receivers[[place]]), after
