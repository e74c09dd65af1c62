"""Images of three classes of which methods find maps, and slow references that the tests of methods share."""

import numpy as np
import torch
from full_spectra import exchanged
from torch import nn
from torch.nn import functional

from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import find
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

LABELS = np.array([0, 2, 1, 0, 0, 2, 0, 1, 2, 0])  # unequal, not sorted
SIZE = (7, 6)
PAIRS = ConjugatePairs(*SIZE)


def batch(size=SIZE, channels=2, labels=LABELS, seed=0, dtype=torch.float64):
    """Noise, with a wave of the class in it."""
    images = np.random.default_rng(seed).standard_normal((len(labels), channels, *size))
    y, x = np.mgrid[: size[0], : size[1]]
    waves = [np.cos(2 * np.pi * (y * (c + 1) / size[0] + x * c / size[1])) for c in range(3)]
    return torch.from_numpy(images + np.stack(waves)[np.asarray(labels, int)][:, None]).to(dtype)


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
    """Bitwise."""
    for name in ("score", "evaluated"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    np.testing.assert_equal(one.about, other.about)
