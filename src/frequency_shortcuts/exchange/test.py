"""The exchange test: does a network follow something that is not the object?

Images of other classes are given a part of class c (`PARTS`). The number of the part is the share that is then called
c, minus the share before. Beside it stands a control: the part of their own class, which of a patch is subtracted. All
numbers are paired differences on the same images.
"""

from collections.abc import Callable, Iterator
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
from .swap import PARTS

# A class counts if at most this share, or so many, are confused either way.
CONFUSED, CONFUSED_IMAGES = (
    0.02,
    1,
)
# Images of a class that tell which classes are confused, and whether it is recognised.
RANKED, TESTED = (
    50,
    200,
)
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
    frozen, n_classes = Classifier.frozen(network), len(test.classes)
    test = test.subset(first_of_each_class(test.labels, TESTED))
    ranking_pixels, pixels = in_pixels(ranking, test, frozen.device)
    first = pixels.seen(pixels.take(np.arange(1))).to(frozen.dtype)
    frozen.check(first)
    batch = frozen.batch_sizes(first)[0]
    with frozen.naming(n_classes) as predict:

        def name(shown: Tensor) -> IntArray:
            parts = [predict(pixels.seen(part).to(frozen.dtype)) for part in shown.split(batch)]
            return torch.cat(parts).cpu().numpy()

        def name_all(source: Pixels, chosen: IntArray) -> IntArray:
            return np.concatenate(
                [name(source.take(part)) for part in index_batches(chosen, batch)]
            )

        few = first_of_each_class(ranking.labels, RANKED)
        comparable = hardly_confused(
            confusion(ranking.labels[few], name_all(ranking_pixels, few), n_classes)
        )
        before = name_all(pixels, np.arange(len(pixels)))
        subject = Subject(ranking_pixels, name, comparable, torch.Generator().manual_seed(seed))
        others = [np.flatnonzero(comparable[c][test.labels]) for c in range(n_classes)]
        columns = [
            evenly(test.labels, positions, images, [seed, c]) for c, positions in enumerate(others)
        ]
        chosen = np.full((n_classes, max(map(len, columns))), -1)
        given, control = (
            {part: np.full(chosen.shape, -1, np.int16) for part in PARTS} for _ in range(2)
        )
        place: dict[str, IntArray] = {}
        tested = [c for c in range(n_classes) if c != test.neutral]
        with tqdm(
            total=len(PARTS) * len(tested),
            desc="parts",
            leave=False,
            disable=None if progress else True,
        ) as bar:
            for part, made_of in PARTS.items():
                made = made_of(subject)
                place[part] = made.place
                for c in tested:
                    own, m = columns[c], len(columns[c])
                    chosen[c, :m] = own
                    for after, classes in ((given, np.full(m, c)), (control, test.labels[own])):
                        called = [
                            name(x)
                            for _, x in changed(made, subject, pixels, own, classes, c, seed)
                        ]
                        after[part][c, :m] = np.concatenate(called)
                    bar.update()
    return Answers(test.labels, before, chosen, given, control, place, test.neutral)


def changed(
    part: Part,
    subject: Subject,
    pixels: Pixels,
    images: IntArray,
    classes: IntArray,
    c: int,
    seed: int,
) -> Iterator[tuple[IntArray, Tensor]]:
    """Some images [m] with the part of classes [m], for class c, in portions: places among them, and [k, ...] each.

    The same for the same seed.
    """
    for places in index_batches(np.arange(len(images)), PORTION):
        subject.generator.manual_seed(_seed(seed, c, places[0]))
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
    subject, place = _without_network(ranking, answers), int(answers.place[part][c])
    own = np.flatnonzero((answers.labels == c) & (answers.before == c))[:IMAGES]
    others = np.unique(answers.labels[answers.images[c][answers.images[c] >= 0]])
    for places in index_batches(np.arange(len(own)), PORTION):
        images, after = pixels.take(own[places]), []
        partner = torch.arange(2 * len(places)).roll(len(places))
        for draw in range(DRAWS):
            subject.generator.manual_seed(_seed(seed, c, places[0], draw))
            classes = torch.randint(
                len(others), (len(places),), generator=subject.generator
            ).numpy()
            both = torch.cat([images, subject.donors(others[classes])])
            after.append(
                PARTS[part].swap(both, partner.to(both.device), place)[: len(places)].clamp(0, 1)
            )
        before, said = logits(images), torch.stack([logits(one) for one in after])
        least = said.softmax(dim=2)[:, :, c].argmin(dim=0).tolist()
        for n, (i, draw) in enumerate(zip(places, least, strict=True)):
            without = said[:, n].softmax(dim=1).mean(dim=0)
            yield Exchanged(
                int(own[i]), images[n], after[draw][n], before[n], said[draw, n], without
            )


def _seed(*entropy: int) -> int:
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])


def _without_network(ranking: Pixels, answers: Answers) -> Subject:
    """For a part whose places are known, which does not ask the network."""
    unknown = np.ones((len(answers.images),) * 2, bool)
    return Subject(ranking, lambda images: np.zeros(len(images), int), unknown, torch.Generator())


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
    given = 2 * IMAGES * len(PARTS) * (n_classes - (neutral is not None))
    return int(shown + RANKED * n_classes + places + given)


def example(
    answers: Answers, part: str, c: int, ranking: Pixels, pixels: Pixels, seed: int
) -> tuple[int, Tensor, Tensor]:
    """The `typical` image that got a part of class c: its number, and itself before and after, [1, channels, H, W].

    ranking, pixels : the images of `collect`, of the test images those that are shown; seed : of its draws
    """
    chosen, place = answers.images[c][answers.images[c] >= 0], typical(answers, part, c)
    subject = _without_network(ranking, answers)
    made = PARTS[part](subject, answers.place[part])
    portions = changed(made, subject, pixels, chosen, np.full(len(chosen), c), c, seed)
    after = next(images[place - places[0]] for places, images in portions if place in places)
    return int(chosen[place]), pixels.take(chosen[[place]]), after[None].clamp(0, 1)
