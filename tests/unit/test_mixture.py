"""The mixture method against closed forms and slow references.

Networks and images are float64, so that a reference agrees within 1e-9 unless a test states another tolerance.
"""

import itertools

import numpy as np
import pytest
import torch
from method_problems import LABELS, PAIRS, SIZE, batch, run
from torch import nn

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.maps.methods import mixture, registry
from frequency_shortcuts.maps.methods.engine import Limits
from frequency_shortcuts.maps.methods.method import Size, find
from frequency_shortcuts.maps.methods.workspace import Workspace
from frequency_shortcuts.spectrum.pairs import ConjugatePairs


def standing_out(values):
    """The score of every pair from the derivatives [mixtures, pairs], pair by pair."""
    mean, error = values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(len(values))
    spread = 1.4826 * np.median(np.abs(mean - np.median(mean)))
    scale = [np.sqrt(e**2 + (2 * np.median(error)) ** 2 + spread**2) for e in error]
    return (mean - np.median(mean)) / scale


def test_of_a_linear_network_the_derivative_is_the_difference_to_the_donor():
    """Two classes, logits w.x: whatever the mask, the derivative at a pair is w.(image - donor) at that pair."""
    images, labels = batch(), LABELS % 2
    network = nn.Sequential(nn.Flatten(), nn.Linear(2 * SIZE[0] * SIZE[1], 2)).double()
    weight = torch.from_numpy(np.random.default_rng(1).standard_normal((2, *images.shape[1:])))
    with torch.no_grad():
        network[1].weight.copy_(weight.flatten(1))
    settings = mixture.Settings(samples=4, mixtures="beta-swap", cell=1)
    with Workspace(network, Split(images, labels)) as workspace:
        drawn = [mixture._draw(workspace, settings, i, len(PAIRS))[1] for i in range(len(labels))]
    changes = [[], []]
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    response = []
    for p in range(len(PAIRS)):
        kept = spectrum * torch.from_numpy(PAIRS.scatter(np.arange(len(PAIRS)) == p))
        part = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1))).real
        response.append((part[:, None] * weight).sum(dim=(2, 3, 4)).numpy())
    response = np.stack(response, axis=-1)  # [image, output, pair]
    for i, c in enumerate(labels):
        changes[c] += [(response[i, c] - response[i, 1 - c]) - (response[d, c] - response[d, 1 - c]) for d in drawn[i]]
    expected = np.stack([standing_out(np.stack(change)) for change in changes])
    found = find(registry.load("mixture"), network, Split(images, labels), samples=4, mixtures="beta-swap", cell=1)
    np.testing.assert_allclose(found.score, expected, rtol=0, atol=1e-9)


def slow_scores(network, images, labels, settings, seed=0, neutral=None):
    """Mixture by mixture: the gradient with respect to the mask by autograd on full centred spectra, [class, pairs]."""
    pairs = ConjugatePairs(*images.shape[-2:])
    network.eval()
    with Workspace(network, Split(images, labels, neutral=neutral), seed=seed) as workspace:
        drawn = [mixture._draw(workspace, settings, i, len(pairs)) for i in range(len(labels))]
    cell, kinds = mixture._cells(pairs, 1), len(settings.kinds(neutral is not None))
    found = [[[] for _ in range(kinds)] for _ in range(3)]
    for i, (masks, donors) in enumerate(drawn):
        for sample, (mask, donor) in enumerate(zip(masks, donors, strict=True)):
            entries = torch.from_numpy(mask[cell]).requires_grad_()
            plane = torch.zeros(*images.shape[-2:], dtype=torch.float64)
            for p, places in enumerate(pairs.positions):
                for place in {tuple(places[0]), tuple(places[1])}:
                    plane = plane.index_put(tuple(map(torch.tensor, place)), entries[p])
            own, other = (torch.fft.fftshift(torch.fft.fft2(images[j]), dim=(-2, -1)) for j in (i, max(donor, 0)))
            mixed = own * plane + (other * (1 - plane) if donor >= 0 else 0)
            seen = torch.fft.ifft2(torch.fft.ifftshift(mixed, dim=(-2, -1))).real
            chance = network(seen[None]).softmax(dim=1)[0, labels[i]]
            (torch.log(chance) - torch.log(1 - chance)).backward()
            found[labels[i]][sample // 2 % kinds].append(entries.grad.numpy())
    joined = np.max if settings.join == "max" else np.mean
    return np.stack([joined([standing_out(np.stack(kind)) for kind in of_class], axis=0) for of_class in found])


@pytest.mark.parametrize(
    ("mixtures", "at_once", "neutral", "join"),
    [("binary-swap", 3, 1, "max"), ("binary-zeros+beta-swap", 3, None, "mean"), ("auto", 512, None, "max")],
)
def test_scores_equal_gradients_by_autograd_through_full_spectra(small_network, mixtures, at_once, neutral, join):
    network, images = small_network(2, 3, dtype=torch.float64), batch()
    chosen = {"samples": 5, "cell": 1, "mixtures": mixtures, "join": join}
    slow = slow_scores(network, images, LABELS, mixture.Settings(**chosen), seed=3, neutral=neutral)
    found = run("mixture", network, **chosen, seed=3, neutral=neutral, limits=Limits(batch=8 * at_once))
    np.testing.assert_allclose(found.score, slow, rtol=0, atol=1e-9)


class Multilinear(nn.Module):
    """Logits (f, 0) with f = sum over sets S of pairs of a[S] times the product of the real parts of S."""

    def __init__(self, pairs, sets, weights):
        super().__init__()
        self.weights = nn.Parameter(torch.from_numpy(weights))
        self.pairs, self.sets = pairs, sets

    def forward(self, images):
        real = self.pairs.coefficients(images)[0][:, 0]
        value = sum(w * real[:, list(s)].prod(dim=1) for w, s in zip(self.weights, self.sets, strict=True))
        return torch.stack([value, torch.zeros_like(value)], dim=1)


def banzhaf(f, n):
    """The mean over all subsets of the other players of what a player adds, by enumeration."""
    subsets = np.array(list(itertools.product([0.0, 1.0], repeat=n)))
    values = f(subsets)
    return np.array([values[subsets[:, k] == 1].mean() - values[subsets[:, k] == 0].mean() for k in range(n)])


def test_with_entries_0_or_1_the_score_of_a_multilinear_function_is_the_banzhaf_value():
    """A 4 x 4 image has ten pairs. First over all masks, within 1e-9; then over random ones, within five standard
    errors, with binary entries of share 1/2."""
    pairs, generator = ConjugatePairs(4, 4), np.random.default_rng(0)
    assert len(pairs) == 10
    sets = [(0,), (1, 2), (3, 4, 5), (6, 7), (2, 8, 9), (0, 9), (5,)]
    images = torch.from_numpy(generator.standard_normal((2, 1, 4, 4)))
    network = Multilinear(pairs, sets, generator.standard_normal(len(sets)))
    labels = np.array([0, 1])

    def game(subsets, image, donor):
        real = pairs.coefficients(images)[0][:, 0].numpy()
        mixed = subsets * real[image] + (1 - subsets) * real[donor]
        return sum(w * mixed[:, list(s)].prod(axis=1) for w, s in zip(network.weights.tolist(), sets, strict=True))

    every = np.array(list(itertools.product([0.0, 1.0], repeat=10)))
    with Workspace(network, Split(images, labels)) as workspace:
        for image, sign in ((0, 1), (1, -1)):  # the log-odds of class 1 are -f
            places = np.full(len(every), image)
            slopes = mixture._derivatives(workspace, places, 1 - places, torch.from_numpy(every)).numpy()
            value = banzhaf(lambda subsets, i=image: game(subsets, i, 1 - i), 10)
            np.testing.assert_allclose(slopes.mean(axis=0), sign * value, rtol=0, atol=1e-9)
            settings = mixture.Settings(samples=4000, mixtures="binary-swap", cell=1)
            drawn = mixture._block(workspace, settings, np.array([image]), np.arange(10))[0, 0, 0] / 4000
            error = slopes.std(axis=0) / np.sqrt(4000)
            assert (np.abs(drawn - sign * value) <= 5 * error + 1e-12).all()


def test_phases_between_channels_are_seen():
    """The class lies in the phase between the channels at one pair; amplitudes and all other pairs are noise."""
    generator, wanted = np.random.default_rng(0), 7
    images = generator.standard_normal((40, 2, 8, 8))
    labels = np.arange(40) % 2
    pairs = ConjugatePairs(8, 8)
    u, v = pairs.frequencies[wanted]
    spectrum = np.fft.fft2(images)
    spectrum[:, 1, u, v] = spectrum[:, 0, u, v] * np.where(labels == 0, 1, -1)
    spectrum[:, 1, -u, -v] = spectrum[:, 1, u, v].conj()
    images = torch.from_numpy(np.fft.ifft2(spectrum).real)

    class Coherence(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(0.01, dtype=torch.float64))

        def forward(self, images):
            real, imaginary = pairs.coefficients(images)[..., wanted]
            value = self.scale * (real[:, 0] * real[:, 1] + imaginary[:, 0] * imaginary[:, 1])
            return torch.stack([value, -value], dim=1)

    found = find(registry.load("mixture"), Coherence(), Split(images, labels)).score
    assert found.argmax(axis=1).tolist() == [wanted, wanted]


def test_pairs_of_a_cell_share_an_entry_and_a_score(small_network):
    """The score of a cell is the mean over its pairs; by default, 32 cells lie along the longer side."""
    settings = mixture.Settings()
    assert len(np.unique(mixture._cells(ConjugatePairs(32, 32), settings.cell))) == 514
    assert 500 < len(np.unique(mixture._cells(ConjugatePairs(224, 224), settings.cell))) < 600
    network = small_network(2, 3, dtype=torch.float64)
    found = run("mixture", network, cell=3).score
    cell = mixture._cells(PAIRS, 3)
    for number in np.unique(cell):
        assert (found[:, cell == number] == found[:, cell == number][:, :1]).all()
    one = run("mixture", network, cell=100).score
    assert (one == one[:, :1]).all()


def test_samples_come_in_twos_of_each_kind_and_passes_count_three_each():
    settings = mixture.Settings(samples=6)
    assert settings.kinds(neutral=True) == [("binary", "swap")]
    assert settings.kinds(neutral=False) == [("binary", "swap"), ("beta", "zeros")]
    assert mixture._kind_of(6, 2).tolist() == [0, 0, 1, 1, 0, 0]
    assert mixture.passes(settings, Size(3, 10, PAIRS)) == 180


def test_the_second_of_two_masks_is_the_opposite_of_the_first(small_network):
    settings = mixture.Settings(samples=8, cell=1)
    with Workspace(small_network(2, 3, dtype=torch.float64), Split(batch(), LABELS)) as workspace:
        masks, donors = mixture._draw(workspace, settings, 0, len(PAIRS))
    np.testing.assert_array_equal(masks[1::2], 1 - masks[::2])
    assert set(masks[0]) == {0, 1}
    assert 0 < masks[2].min() < masks[2].max() < 1
    assert (donors[[2, 3, 6, 7]] == -1).all()
    assert (LABELS[donors[[0, 1, 4, 5]]] != LABELS[0]).all()


def test_a_network_whose_output_does_not_change_is_one_sentence(small_network):
    network = small_network(2, 3, dtype=torch.float64)
    with torch.no_grad():
        [layer for layer in network.modules() if isinstance(layer, nn.Linear)][-1].weight.zero_()
    with pytest.raises(ValueError, match="all derivatives of class 0 are 0, since the output of the network does not"):
        run("mixture", network)


def test_one_derivative_that_never_changes_stands_out():
    """All others are 0, and so are all errors."""
    total = np.zeros((1, 5))
    total[0, 3] = 16.0
    score = mixture._standing_out(total, total**2 / 8, np.full((1, 1), 8.0))
    assert score[0, 3] > 1e6 and (np.delete(score[0], 3) == 0).all()
