"""The mixture method against closed forms and slow references.

Networks and images are float64, so that a reference agrees within 1e-9 unless a test states another tolerance.
"""

import itertools

import numpy as np
import pytest
import torch
from method_problems import LABELS, PAIRS, SIZE, batch, run
from torch import nn

from frequency_shortcuts.maps.methods import mixture, registry
from frequency_shortcuts.maps.methods.method import Size, find, make_settings
from frequency_shortcuts.maps.methods.workspace import Limits, Workspace
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

KINDS = [
    dict(zip(("entries", "fill"), values, strict=True)) for values in itertools.product(mixture.ENTRIES, mixture.FILLS)
]


def slow_scores(network, images, labels, settings, seed=0, neutral=None):
    """Mixture by mixture: the gradient with respect to the mask by autograd on full centred spectra, [class, kind,
    pairs], with one cell for each pair."""
    pairs = ConjugatePairs(*images.shape[-2:])
    network.eval()
    with Workspace(network, images, labels, 3, seed=seed, neutral=neutral) as workspace:
        drawn = [mixture._draw(workspace, settings, i, len(pairs)) for i in range(len(labels))]
    cell = mixture._cells(pairs, 1)
    found = np.zeros((3, len(settings.kinds), len(pairs)))
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
            found[labels[i], sample % len(settings.kinds)] += entries.grad.numpy()
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind['entries']} {kind['fill']}")
@pytest.mark.parametrize("at_once", [3, 512])
def test_scores_equal_gradients_by_autograd_through_full_spectra(small_network, kind, at_once):
    network, images = small_network(2, 3, dtype=torch.float64), batch()
    settings = mixture.Settings(samples=5, cell=1, **kind)
    slow = slow_scores(network, images, LABELS, settings, seed=3, neutral=1)
    found = run("mixture", network, samples=5, cell=1, **kind, seed=3, neutral=1, limits=Limits(batch=8 * at_once))
    expected = (slow / np.sqrt((slow**2).mean(axis=2, keepdims=True))).max(axis=1)
    np.testing.assert_allclose(found.score, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("entries", mixture.ENTRIES)
def test_of_a_linear_network_the_score_is_the_mean_difference_to_the_donors(entries):
    """Two classes, logits w.x and 0: whatever the mask, the derivative at a pair is w.(image - donor) at that pair."""
    images, labels = batch(), LABELS % 2
    network = nn.Sequential(nn.Flatten(), nn.Linear(2 * SIZE[0] * SIZE[1], 2)).double()
    weight = torch.from_numpy(np.random.default_rng(1).standard_normal((2, *images.shape[1:])))
    with torch.no_grad():
        network[1].weight.copy_(weight.flatten(1))
    samples = 4
    settings = mixture.Settings(samples=samples, entries=entries, cell=1)
    with Workspace(network, images, labels, 2) as workspace:
        drawn = [mixture._draw(workspace, settings, i, len(PAIRS))[1] for i in range(len(labels))]
    expected = np.zeros((2, len(settings.kinds), len(PAIRS)))
    for p in range(len(PAIRS)):
        kept = torch.from_numpy(PAIRS.scatter(np.arange(len(PAIRS)) == p))
        part = torch.fft.ifft2(torch.fft.ifftshift(torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1)) * kept,
                                                   dim=(-2, -1))).real  # fmt: skip
        response = (part[:, None] * weight).sum(dim=(2, 3, 4)).numpy()  # [image, output]
        for i, c in enumerate(labels):
            for sample, donor in enumerate(drawn[i]):
                change = response[i] - response[donor]
                expected[c, sample % len(settings.kinds), p] += change[c] - change[1 - c]
    expected = (expected / np.sqrt((expected**2).mean(axis=2, keepdims=True))).max(axis=1)
    found = find(registry.load("mixture"), network, images, labels, 2, samples=samples, entries=entries, cell=1)
    np.testing.assert_allclose(found.score, expected, rtol=0, atol=1e-9)


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
    with Workspace(network, images, labels, 2) as workspace:
        for image, sign in ((0, 1), (1, -1)):  # the log-odds of class 1 are -f
            places = np.full(len(every), image)
            slopes = mixture._derivatives(workspace, places, 1 - places, torch.from_numpy(every)).numpy()
            value = banzhaf(lambda subsets, i=image: game(subsets, i, 1 - i), 10)
            np.testing.assert_allclose(slopes.mean(axis=0), sign * value, rtol=0, atol=1e-9)
            settings = mixture.Settings(samples=4000, entries="binary", cell=1)
            drawn = mixture._block(workspace, settings, np.array([image]), np.arange(10))[0, 0] / 4000
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

    found = find(registry.load("mixture"), Coherence(), images, labels, 2).score
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


def test_samples_of_all_kinds_take_turns_and_passes_count_three_each():
    settings = mixture.Settings(samples=6, entries="both", fill="both")
    assert settings.kinds == [("binary", "zeros"), ("binary", "swap"), ("beta", "zeros"), ("beta", "swap")]
    assert mixture.passes(settings, Size(3, 10, PAIRS)) == 180


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"entries": "uniform"}, "unknown entries 'uniform': choose from binary, beta, both"),
        ({"fill": "noise"}, "unknown fill 'noise'"),
        ({"join": "sum"}, "unknown join 'sum'"),
        ({"share": 1.0}, "share 1.0: expected above 0 and below 1, or None"),
        ({"shape": 0}, "shape 0, cell None: expected above 0"),
        ({"cell": 0}, "cell 0: expected above 0, and at least 1 or None"),
        ({"samples": 3, "fill": "both"}, "samples 3: expected at least 4, one of each kind of mixture"),
    ],
)
def test_settings_out_of_range_are_one_sentence(values, sentence):
    with pytest.raises(ValueError, match=sentence.replace("(", r"\(")):
        make_settings(mixture, {"entries": "both", **values})


def test_a_network_without_a_gradient_is_one_sentence():
    class Blind(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1))

        def forward(self, images):
            return images.detach().mean(dim=(2, 3))[:, [0, 1, 0]] * 1.0

    with pytest.raises(ValueError, match="gives no gradient, which mixtures need"):
        run("mixture", Blind())
