"""The methods that search step by step (greedy, learned, hierarchical), against slow references.

Networks and images are float64, so that a reference agrees within 1e-9 unless a test states another tolerance."""

import numpy as np
import pytest
import torch
from method_problems import LABELS, PAIRS, SIZE, batch, run, same_for_all, slow_means
from test_method_searches import network  # noqa: F401 (fixtures)

from frequency_shortcuts.maps.methods import learned, workspace
from frequency_shortcuts.maps.methods.engine import Limits
from frequency_shortcuts.spectrum.fills import donors


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(workspace, "BLOCK", 30)
    monkeypatch.setattr(learned, "STORED_STEPS", 2)


def slow_greedy(order, recognised):
    """The pairs of a class in the order of their removal, and those that are kept."""
    removed, kept, at, block = [], list(order), 0, 1
    while at < len(order):
        some = list(order[at : at + block])
        if recognised([pair for pair in kept if pair not in some]):
            removed += some
            kept = [pair for pair in kept if pair not in some]
            at, block = at + len(some), 2 * block
        elif len(some) == 1:
            at, block = at + 1, 1
        else:
            block = len(some) // 2
    return removed, kept


@pytest.mark.parametrize("fill", ["zeros", "swap"])
@pytest.mark.parametrize("floor", [0.5, 1.0])
def test_greedy_equals_a_slow_search(network, fill, floor):
    images = batch()
    labels = confusable(network, images)
    found = run("greedy", network, images, labels, ranking="gradient", fill=fill, floor=floor).score
    ranking = run("gradient", network, images, labels).score
    other = images[torch.from_numpy(donors(labels))] if fill == "swap" else None
    for c in range(3):

        def recall(pairs, c=c):
            mask = np.isin(np.arange(len(PAIRS)), pairs)
            return slow_means(network, images, labels, same_for_all([mask]), other)[2, 0, c]

        least = floor * recall(np.arange(len(PAIRS)))
        order = np.argsort(ranking[c], kind="stable")
        removed, kept = slow_greedy(order, lambda pairs: recall(pairs) >= least)  # noqa: B023
        assert np.argsort(found[c]).tolist() == removed + kept
        assert (found[c, removed] < len(PAIRS)).all() and (found[c, kept] >= len(PAIRS)).all()


def confusable(network, images):
    """Labels that the network gives to most of the images, so that a removal matters; each class has one at least."""
    labels = network.eval()(images).argmax(dim=1).numpy().copy()
    labels[:3] = [0, 1, 2]
    return labels


@pytest.mark.parametrize("goal", ["keep", "destroy"])
@pytest.mark.parametrize("fill", ["zeros", "swap"])
@pytest.mark.parametrize("at_once", [1, 512])
@pytest.mark.usefixtures("small_blocks")
def test_learned_masks_equal_the_optimiser_of_pytorch_on_full_spectra(network, goal, fill, at_once):
    """Adam on the same draws, class by class and image by image."""
    images, steps, count, seed = batch(), 3, 3, 2
    found = run(
        "learned", network, images, goal=goal, fill=fill, steps=steps, images_per_class=count, rate=0.3, sparsity=1.5,
        seed=seed, neutral=1, limits=Limits(batch=at_once),
    ).score  # fmt: skip
    network.eval()
    numbers = torch.zeros(3, len(PAIRS), dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([numbers], lr=0.3)
    for step in range(steps):
        generator = np.random.default_rng([seed, 3, step])
        chosen = [draw_slowly(np.flatnonzero(c == LABELS), count, generator) for c in range(3)]
        pools = [np.flatnonzero(LABELS != 1 if c == 1 else LABELS == 1) for c in range(3)]
        others = [draw_slowly(pools[c], count, generator) if fill == "swap" else [None] * count for c in range(3)]
        loss = 0
        for c in range(3):
            own = torch.zeros(*SIZE, dtype=torch.float64)
            for p, (first, second) in enumerate(PAIRS.positions):
                for place in {tuple(first), tuple(second)}:
                    own = own.index_put(tuple(map(torch.tensor, place)), torch.sigmoid(numbers[c, p]))
            loss = loss + 1.5 * own.mean()
            kept = own if goal == "keep" else 1 - own
            for i, j in zip(chosen[c], others[c], strict=True):
                spectrum = torch.fft.fftshift(torch.fft.fft2(images[i]), dim=(-2, -1)) * kept
                if j is not None:
                    spectrum = spectrum + torch.fft.fftshift(torch.fft.fft2(images[j]), dim=(-2, -1)) * (1 - kept)
                mixed = torch.fft.ifft2(torch.fft.ifftshift(spectrum, dim=(-2, -1))).real
                probability = network(mixed[None]).softmax(dim=1)[0, c]
                loss = loss - torch.log(probability if goal == "keep" else 1 - probability) / count
        adam.zero_grad()
        loss.backward()
        adam.step()
    np.testing.assert_allclose(found, numbers.detach(), rtol=0, atol=1e-6)


def draw_slowly(pool, count, generator):
    """Permutations of the pool, one after the other, until there are enough."""
    found = []
    while len(found) < count:
        found += generator.permutation(pool).tolist()
    return found[:count]
