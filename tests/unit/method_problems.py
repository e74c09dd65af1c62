"""Images of three classes of which methods find maps, slow references, and screenings of known increments."""

import numpy as np
import torch
from spectral_classes import exchanged
from torch import nn
from torch.nn import functional

from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.culling.screening import group_bounds, screen
from frequency_shortcuts.maps.methods.culling.surrogate import Features
from frequency_shortcuts.maps.methods.method import find
from frequency_shortcuts.spectrum.masks import positions, top_pairs
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

LABELS = np.array([0, 2, 1, 0, 0, 2, 0, 1, 2, 0])  # unequal, not sorted
SIZE = (7, 6)
PAIRS = ConjugatePairs(*SIZE)


def batch(size=SIZE, channels=2, dtype=torch.float64):
    """Noise, with a wave of the class in it."""
    images = np.random.default_rng(0).standard_normal((len(LABELS), channels, *size))
    y, x = np.mgrid[: size[0], : size[1]]
    waves = [np.cos(2 * np.pi * (y * (c + 1) / size[0] + x * c / size[1])) for c in LABELS]
    return torch.from_numpy(images + np.stack(waves)[:, None]).to(dtype)


def run(name, network, images=None, labels=LABELS, neutral=None, **options):
    split = Split(batch() if images is None else images, labels, neutral=neutral)
    return find(registry.load(name), network, split, **options)


class Changed(nn.Module):
    """A network with another forward pass: a function of it and of images."""

    def __init__(self, network, function):
        super().__init__()
        self.network, self.function = network, function

    def forward(self, images):
        return self.function(self.network, images)


@torch.no_grad()
def slow_losses(network, images, labels, masks, other=None):
    """The mean cross-entropy [masks, class] in float64, mask by mask, class by class.

    masks : [k, pairs]; at the pairs that are not in one, images have nothing, or what the other ones have there
    """
    network.eval()
    planes = ConjugatePairs(*images.shape[-2:]).scatter(np.asarray(masks))
    found = np.empty((len(masks), labels.max() + 1))
    for k, c in np.ndindex(found.shape):
        mine = torch.from_numpy(np.flatnonzero(labels == c))
        seen = exchanged(images[mine], planes[k], None if other is None else other[mine])
        logits = network(torch.from_numpy(seen))
        found[k, c] = functional.cross_entropy(logits, torch.full((len(mine),), c))
    return found


def same(one, other):
    for name in ("score", "evaluated"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    np.testing.assert_equal(one.about, other.about)


class Problem:
    """Increments of every image at every pair of a side x side spectrum, and features that predict them.

    features: `perfect` (the first is the increment itself), `good` (as on real networks), `random`, or `none` (all 0).
    `evaluations` holds the evaluated (group, pair) in order.
    """

    def __init__(self, side=16, n_images=40, features="good", seed=0):
        generator = np.random.default_rng(seed)
        self.pairs, self.evaluations = ConjugatePairs(side, side), []
        count = len(self.pairs)
        strength = np.exp(1.5 * generator.standard_normal(count))
        slope = strength * np.exp(0.5 * generator.standard_normal((n_images, count)))
        product, energy = (slope * np.exp(generator.normal(0, s, slope.shape)) for s in (0.3, 1.0))
        increment = slope + 0.3 * product * generator.standard_t(3, slope.shape)
        # The last two add nothing: the search does not use the features of noisy images, only the model does.
        values = [
            increment if features == "perfect" else slope,
            product,
            energy,
            0 * slope,
            0 * slope,
        ]
        if features == "random":
            values = [one[:, generator.permutation(count)] for one in values]
        values = np.zeros((5, n_images, count)) if features == "none" else np.stack(values)
        bounds = group_bounds(n_images)

        def grouped(by_image):
            return np.add.reduceat(by_image, bounds[:-1], axis=-2)

        self.table = grouped(increment) / n_images
        self.share = np.diff(bounds) / n_images
        self.features = Features(
            grouped(values) / n_images, grouped(values**2) / n_images**2, self.share
        )

    @property
    def truth(self):
        return self.table.sum(axis=0)

    def evaluate(self, group, index):
        self.evaluations += zip(group.tolist(), index.tolist(), strict=True)
        return self.table[group, index]

    def screen(self, percent=5.0, target_recall=0.98, patience=20, seed=0):
        self.wanted = positions(self.pairs.height, self.pairs.width, percent)
        options = {"target_recall": target_recall, "patience": patience, "seed": seed}
        return screen(self.features, self.evaluate, self.pairs, self.wanted, **options)

    def recall(self, found):
        """The share of the true top set that is in the best of the evaluated pairs."""
        best = top_pairs(
            np.where(found.evaluated, found.increment, -np.inf), self.pairs.size, self.wanted
        )
        return np.isin(top_pairs(self.truth, self.pairs.size, self.wanted), best).mean()

    def check(self, found):
        """Every search satisfies this, however good its features are."""
        assert len(set(self.evaluations)) == len(self.evaluations)  # nothing is evaluated twice
        levels = np.zeros(len(self.pairs), int)
        for group, pair in self.evaluations:
            assert group == levels[pair]  # the groups of a pair in order
            levels[pair] += 1
        np.testing.assert_array_equal(found.evaluated, levels == len(self.share))
        done = found.evaluated
        scale = np.abs(self.truth).max()
        np.testing.assert_allclose(
            found.increment[done], self.truth[done], rtol=0, atol=1e-12 * scale
        )
        assert np.isfinite(found.increment).all()
        cost = sum(self.share[group] for group, _ in self.evaluations) / len(self.pairs)
        assert abs(found.cost - cost) < 1e-12
        assert 0 <= found.expected_recall <= 1
        assert 0 <= found.missed <= found.audited <= found.left_out <= len(self.pairs)
        assert (found.left_out == 0) == (found.audited == 0)
        assert done.sum() >= len(self.pairs) - found.left_out + found.audited
