"""The border test: who gets whose border, and what is lost."""

import numpy as np
import pytest
import torch

from frequency_shortcuts.exchange.border import OWN, Borders, lost_recall
from frequency_shortcuts.exchange.border_test import (
    OTHERS,
    measure_borders,
    passes_of_borders,
)
from frequency_shortcuts.images.source import in_pixels
from frequency_shortcuts.images.splits import Split

SIZE = 40
CORNER = 1  # place of a pixel in the border
EDGE = SIZE // 16  # the outermost place that the frame does not have
MIDDLE = SIZE // 2


def coded(n_classes, each, places, seed=0):
    """Images of which some pixels are the number of the class, and the others are noise."""
    labels = np.repeat(np.arange(n_classes), each)
    pixels = np.random.default_rng(seed).integers(100, 200, (len(labels), 1, SIZE, SIZE))
    for row, column in places:
        pixels[:, 0, row, column] = labels
    return Split(pixels.astype(np.uint8), labels, mean=np.zeros(1), std=np.ones(1))


def reads(row, column):
    """A network that reads the class at a pixel."""

    def name(images):
        return (255 * images[:, 0, row, column]).round().long().numpy()

    return name


def measured(name, ranking, test, **how):
    pixels = in_pixels(ranking, test, torch.device("cpu"))
    return measure_borders(name, *pixels, len(test.classes), **how)


@pytest.mark.parametrize("n_classes", [2, 3, 10, 14])
def test_images_get_the_borders_of_their_own_class_and_of_each_of_nine_others(n_classes):
    """The network says whose border it sees."""
    split = coded(n_classes, 3, [(CORNER, CORNER)])
    seen = []

    def name(images):
        seen.append(reads(CORNER, CORNER)(images))
        return seen[-1]

    made = measured(name, split, split)
    k = min(OTHERS, n_classes - 1)
    assert made.right.shape == (3 * n_classes, OWN + k)
    assert made.right[:, :OWN].all() and not made.right[:, OWN:].any()
    for c in range(n_classes):
        assert len({*made.givers[c]} - {c}) == k
    images = seen
    of_class = {}
    for start in range(0, len(images), OWN + k):
        own, *others = [int(one[0]) for one in images[start : start + OWN + k][OWN - 1 :]]
        of_class[own] = others
        assert all(len({*one}) == 1 for one in images)
    assert of_class == {c: made.givers[c].tolist() for c in range(n_classes)}
    assert all(lost_recall(made, c).value == 1 for c in range(n_classes))


def test_what_is_not_in_the_border_stays():
    """The border is the frame of 1/16, of 2 pixels here, and the corners."""
    for row, column in ((MIDDLE, MIDDLE), (MIDDLE, EDGE), (EDGE, SIZE // 4)):
        split = coded(5, 4, [(row, column)])
        assert measured(reads(row, column), split, split).right.all()
    for row, column in ((MIDDLE, EDGE - 1), (SIZE // 6, SIZE // 6)):
        split = coded(5, 4, [(row, column)])
        assert not measured(reads(row, column), split, split).right[:, OWN:].any()


def test_an_artefact_of_one_class_is_lost_by_it_alone():
    """A pool of all other classes would take a ninth of the recall of the innocent ones."""
    split = coded(10, 30, [(MIDDLE, MIDDLE)])
    marked = split.labels == 3
    split.images[:, 0, CORNER, CORNER] = np.where(marked, 255, 0)

    def name(images):
        called = reads(MIDDLE, MIDDLE)(images)
        has_mark = images[:, 0, CORNER, CORNER].numpy() > 0.9
        return np.where(has_mark, 3, np.where(called == 3, 4, called))

    made = measured(name, split, split)
    lost = [lost_recall(made, c).value for c in range(10)]
    assert lost == [1.0 if c == 3 else 0.0 for c in range(10)]
    assert lost_recall(made, 3).own == 1
    assert made.right[~marked, OWN:].mean() == pytest.approx(8 / 9)


def made_up(lost_by_class, own=0.8, n=4000, seed=0):
    """Answers of one class that loses so much with the border of each other class."""
    generator = np.random.default_rng(seed)
    chances = [own] * OWN + [own - lost for lost in lost_by_class]
    right = generator.random((n, len(chances))) < chances
    return Borders(right, np.zeros(n, int), np.zeros((1, len(lost_by_class)), int))


@pytest.mark.parametrize(
    ("lost_by_class", "expected"),
    [([0.3], 0.3), ([0.3, 0.1], 0.1), ([0.0, 0.3, 0.5], 0.3), ([0.0, 0.0, 0.5, 0.5], 0.0)],
)
def test_it_is_the_lower_median_over_other_classes(lost_by_class, expected):
    lost = lost_recall(made_up(lost_by_class), 0)
    assert lost.value == pytest.approx(expected, abs=0.03)
    assert lost.own == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("lost_by_class", [[0.2], [0.2] * 9, [0.0] * 4 + [0.4] * 5])
def test_the_standard_error_is_that_of_repeats(lost_by_class):
    """At most 40 % too large, where classes are alike, and hardly too small."""
    repeats = [lost_recall(made_up(lost_by_class, n=200, seed=s), 0) for s in range(60)]
    spread = np.std([one.value for one in repeats])
    stated = np.mean([one.standard_error for one in repeats])
    assert 0.8 * spread < stated < 1.7 * spread


def test_a_network_that_is_always_right_has_an_error_above_zero():
    lost = lost_recall(made_up([0.0] * 9, own=1.0, n=20), 0)
    assert lost.value == 0 and lost.standard_error == pytest.approx(1 / 22)
    assert lost.least_high == pytest.approx(1 - 0.05 ** (1 / 20))  # exact, of no loss


def test_passes_are_counted():
    split = coded(5, 50, [(MIDDLE, EDGE)])
    passes = []

    def name(images):
        passes.append(len(images))
        return reads(MIDDLE, EDGE)(images)

    measured(name, split, split)
    assert sum(passes) == passes_of_borders(len(split), 5) == 250 * (OWN + 4)


def test_the_same_seed_gives_the_same():
    split = coded(4, 30, [(CORNER, CORNER)])
    split.images[::3, 0, CORNER, CORNER] = 0  # so that it matters which image gives

    def made(seed):
        return measured(reads(CORNER, CORNER), split, split, seed=seed).right

    first = made(1)
    assert np.array_equal(made(1), first) and not np.array_equal(made(2), first)
