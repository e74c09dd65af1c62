"""The scores of each method that finds maps, against slow references and on networks of which the truth is known.

Networks and images are float64, so that a reference agrees within 1e-9 unless a test states another tolerance.
"""

import itertools
import math

import numpy as np
import pytest
import torch
from method_problems import LABELS, PAIRS, SIZE, batch, run, same_for_all, slow_means
from torch import nn
from torch.nn import functional

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.engine import Limits
from frequency_shortcuts.maps.methods.method import find
from frequency_shortcuts.maps.methods.workspace import Workspace
from frequency_shortcuts.spectrum.cells import cells
from frequency_shortcuts.spectrum.fills import donors
from frequency_shortcuts.spectrum.pairs import ConjugatePairs


@pytest.fixture
def network(small_network):
    return small_network(2, 3, dtype=torch.float64)


# The means of the classes under masks


@pytest.mark.parametrize(
    ("fill", "by_class", "size", "at_once"),
    [("zeros", False, (7, 6), 1), ("swap", True, (7, 6), 7), ("swap", False, (5, 5), 512)],
)
@pytest.mark.usefixtures("small_blocks")
def test_class_means_equal_filters_and_fills_by_hand(network, fill, by_class, at_once, size):
    images, pairs = batch(size), ConjugatePairs(*size)
    generator = np.random.default_rng(1)
    masks = generator.random((11, 3, len(pairs)) if by_class else (11, len(pairs))) < 0.5
    other = images[torch.from_numpy(donors(LABELS, seed=4))] if fill == "swap" else None
    expected = slow_means(network, images, LABELS, masks if by_class else same_for_all(masks), other)
    with Workspace(network, Split(images, LABELS), seed=4, limits=Limits(batch=at_once)) as space:
        found = space.class_means(masks, fill, "test")
        assert space.passes == 11 * len(LABELS)
        some = space.class_means(masks, fill, "test", classes=[0, 2])
        assert space.passes == 11 * (len(LABELS) + (LABELS != 1).sum())
    for ours, theirs, part in zip(
        (found.loss, found.probability, found.correct), expected, (some.loss, some.probability, some.correct),
        strict=True,
    ):  # fmt: skip
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10)
        assert np.isnan(part[:, 1]).all()
        np.testing.assert_allclose(part[:, [0, 2]], theirs[:, [0, 2]], rtol=0, atol=1e-10)


# Culling in patches


@pytest.mark.parametrize(("fill", "patch"), [("zeros", 2), ("swap", 2), ("zeros", 20)])
def test_patch_increments_equal_a_loop_over_the_cells(network, fill, patch):
    images, cell = batch(), cells(PAIRS, patch, patch)
    found = run("culling", network, images, patch=patch, fill=fill).score
    other = images[torch.from_numpy(donors(LABELS))] if fill == "swap" else None
    before = slow_means(network, images, LABELS, np.ones((1, 3, len(cell)), bool), other)[0][0]
    for number in range(cell.max() + 1):
        after = slow_means(network, images, LABELS, same_for_all([cell != number]), other)[0][0]
        for p in np.flatnonzero(cell == number):
            np.testing.assert_allclose(found[:, p], after - before, rtol=0, atol=1e-10)


# Shapley values


@pytest.mark.parametrize("fill", ["zeros", "swap"])
def test_the_shapley_value_of_a_pair_is_that_of_its_ring(network, fill):
    images, count = batch(), 3
    ring = np.array([min(int(count * r / PAIRS.radius.max()), count - 1) for r in PAIRS.radius])
    other = images[torch.from_numpy(donors(LABELS))] if fill == "swap" else None
    found = run("shapley", network, images, rings=count, fill=fill).score

    def value(inside):
        return slow_means(network, images, LABELS, same_for_all([np.isin(ring, list(inside))]), other)[1][0]

    slow = np.zeros((3, count))
    for order in itertools.permutations(range(count)):
        for place, player in enumerate(order):
            slow[:, player] += (value(order[: place + 1]) - value(order[:place])) / math.factorial(count)
    np.testing.assert_allclose(found, slow[:, ring], rtol=0, atol=1e-10)


# Random masks


@pytest.mark.parametrize(("fill", "masks", "share"), [("zeros", 8, 0.5), ("swap", 2, 0.1), ("swap", None, 0.3)])
def test_rise_is_the_mean_probability_over_the_masks_that_keep_a_pair(network, fill, masks, share):
    images, seed = batch(), 6
    drawn = np.random.default_rng([seed, 1]).random((masks or len(PAIRS), len(PAIRS))) < share
    other = images[torch.from_numpy(donors(LABELS, seed=seed))] if fill == "swap" else None
    probability = slow_means(network, images, LABELS, same_for_all(drawn), other)[1]
    found = run("rise", network, images, masks=masks, share=share, fill=fill, seed=seed).score
    for c, p in np.ndindex(found.shape):
        holding = [probability[k, c] for k in range(len(drawn)) if drawn[k, p]]
        expected = np.mean(holding) if holding else probability[:, c].mean()
        assert found[c, p] == pytest.approx(expected, abs=1e-10)


# Gradients


def test_the_gradient_product_equals_autograd_by_hand(network):
    images = batch()
    found = run("gradient", network, images).score
    network.eval()
    for c in range(3):
        planes = []
        for image in images[c == LABELS]:
            seen = image[None].clone().requires_grad_()
            functional.cross_entropy(network(seen), torch.tensor([c])).backward()
            spectrum, slope = (
                np.abs(np.fft.fftshift(np.fft.fft2(x), axes=(-2, -1))) for x in (image.numpy(), seen.grad[0].numpy())
            )
            planes.append((spectrum * slope).sum(axis=0))
        expected = PAIRS.gather(np.mean(planes, axis=0)) * PAIRS.size / math.prod(SIZE)
        np.testing.assert_allclose(found[c], expected, rtol=1e-9, atol=1e-13)


def test_ffc_follows_the_predicted_label_and_correlates_the_spectra(network):
    """Predicted labels differ from the images' own in some; a pair without amplitude scores 0."""
    images = batch()
    images[0] = 0
    found = run("ffc", network, images, steps=3, rate=0.5).score
    network.eval()
    planes, odd = [], 0
    for image, label in zip(images, LABELS, strict=True):
        predicted = network(image[None]).argmax(dim=1)
        odd += int(predicted) != label
        moved = image[None].clone()
        for _ in range(3):
            moved = moved.detach().requires_grad_()
            functional.cross_entropy(network(moved), predicted).backward()
            moved = moved - 0.5 * moved.grad
        before, after = (np.fft.fftshift(np.fft.fft2(x.detach().numpy()), axes=(-2, -1)) for x in (image, moved[0]))
        size = np.abs(before)
        along = np.divide((after.conj() * before).real, size, out=np.zeros_like(size), where=size > 0)
        planes.append((2 * along - size).mean(axis=0))
    assert odd
    expected = [PAIRS.gather(np.stack(planes)[c == LABELS].mean(axis=0)) for c in range(3)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


# Rankings that do not look at the network


def amplitudes(images):
    """The mean amplitude of each class at each pair, [class, pairs]."""
    spectra = np.abs(np.fft.fftshift(np.fft.fft2(images.numpy()), axes=(-2, -1)))
    return PAIRS.gather(np.stack([spectra[c == LABELS].mean(axis=(0, 1)) for c in range(3)]))


def test_energy_is_the_size_of_the_log_ratio_of_amplitudes(network):
    images = batch()
    found, mean = run("energy", network, images).score, amplitudes(images)
    np.testing.assert_allclose(found, np.abs(np.log(mean / mean.mean(axis=0))), rtol=0, atol=1e-9)


def test_adcs_counts_the_signs_of_the_differences(network):
    images = batch()
    found, mean = run("adcs", network, images).score, amplitudes(images)
    for c, p in np.ndindex(found.shape):
        assert found[c, p] == abs(sum(np.sign(mean[c, p] - mean[other, p]) for other in range(3)))


def test_low_pass_takes_the_lowest_frequencies_first(network):
    np.testing.assert_allclose(run("low_pass", network).score, [-np.hypot(*PAIRS.frequencies.T)] * 3)


# Known truth: a linear network that reads a few pairs

TRUTH = np.array([[3, 8, 12], [5, 15, 17]])  # the pairs that classes 0 and 1 need, all of them; class 2 is neutral


def needing(gain=4.0, least=2.5):
    """A network, images and labels: logit c is gain * (sum of parts at the pairs of class c - least), that of 2 is 0.

    An image of class c has a part of 1 at each of the three pairs of c, and a little noise. So the network calls it c
    only if it has all three; with a `least` of 0.5, if it has any of them.
    """
    labels = np.tile([0, 1, 2], 6)
    planes = np.fft.ifftshift(PAIRS.scatter(np.eye(len(PAIRS))[TRUTH]), axes=(-2, -1))
    waves = np.fft.ifft2(planes).real
    waves /= np.sqrt((waves**2).sum(axis=(-2, -1), keepdims=True))
    sums = np.concatenate([waves.sum(axis=1), np.zeros((1, *SIZE))])
    images = 0.03 * np.random.default_rng(0).standard_normal((len(labels), 1, *SIZE)) + sums[labels][:, None]
    network = nn.Sequential(nn.Flatten(), nn.Linear(math.prod(SIZE), 3)).double()
    with torch.no_grad():
        network[1].weight.copy_(gain * torch.from_numpy(sums.reshape(3, -1)))
        network[1].bias.copy_(gain * torch.tensor([-least, -least, 0]))
    return network, torch.from_numpy(images), labels


def find_needed(name, gain=4.0, least=2.5, **options):
    network, images, labels = needing(gain, least)
    return find(registry.load(name), network, Split(images, labels, neutral=2), **options).score


def best(score, count=3):
    """The best pairs of classes 0 and 1."""
    return [set(np.argsort(-row)[:count].tolist()) for row in score[:2]]


LEARNED = {"steps": 40, "images_per_class": 4}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("culling", {}),
        ("gradient", {}),
        ("mixture", {}),
        ("greedy", {"ranking": "random", "fill": "swap"}),
        ("learned", {"goal": "keep", "fill": "swap", **LEARNED}),
        ("learned", {"goal": "destroy", "fill": "zeros", **LEARNED}),
        # The probability is 1 up to rounding even with half of each pair.
        ("learned", {"gain": 100.0, "least": 0.5, "goal": "destroy", "fill": "swap", **LEARNED}),
    ],
)
def test_the_known_truth_is_found(name, options):
    assert best(find_needed(name, **options)) == [set(pairs.tolist()) for pairs in TRUTH]


def test_hfss_finds_most_of_the_known_truth():
    """Two of three pairs are among the best six. At random there would be less than one."""
    score = find_needed("hfss", percent=100 * 12 / 42, candidates=200)
    assert all(len(ours & set(theirs)) >= 2 for ours, theirs in zip(best(score, 6), TRUTH.tolist(), strict=True))
