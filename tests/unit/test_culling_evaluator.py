"""Increments against mask + full FFT there and back, one pair at a time, for removal and for swap; their features.

Tolerances of an increment: 1e-9 in float64; in float32 2e-6, a few units in the last place of losses near 1.
"""

from itertools import pairwise

import h5py
import numpy as np
import pytest
import torch
from full_spectra import exchanged
from method_problems import LABELS, batch, slow_losses
from torch import nn
from torch.nn import functional

from frequency_shortcuts import culling
from frequency_shortcuts.images.normalisation import normalise
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps.methods import gradients, workspace
from frequency_shortcuts.maps.methods.culling.evaluator import ClassEvaluator
from frequency_shortcuts.maps.methods.workspace import Limits, Workspace
from frequency_shortcuts.spectrum import fills
from frequency_shortcuts.spectrum.pairs import ConjugatePairs


def slow_increments(network, images, labels, other=None):
    """Pair by pair, in float64, [class, pairs]; other : for a swap, the image whose coefficients each one gets."""
    each = ~np.eye(len(ConjugatePairs(*images.shape[-2:])), dtype=bool)
    before, *after = slow_losses(network, images, labels, [each[0] | True, *each], other)
    return np.transpose(after - before)


@pytest.mark.parametrize(("size", "batch_size"), [((5, 7), 1), ((6, 5), 512), ((1, 4), 3)])
def test_exact_equals_full_fft_in_float64(small_network, size, batch_size):
    network, images = small_network(2, 3, dtype=torch.float64), batch(size)
    found = culling.cull(network, Split(images, LABELS), "exact", batch=batch_size)
    np.testing.assert_allclose(found.score, slow_increments(network, images, LABELS), rtol=0, atol=1e-9)
    with torch.no_grad():
        losses = functional.cross_entropy(network(images), torch.from_numpy(LABELS), reduction="none").numpy()
    np.testing.assert_allclose(
        found.about["baseline_loss"], [losses[c == LABELS].mean() for c in range(3)], rtol=0, atol=1e-12
    )
    assert found.evaluated.all() and not {"patch", "audits"} & set(found.about)
    assert found.about["images_per_class"].tolist() == [5, 2, 3]
    assert found.about["passes"].tolist() == [len(ConjugatePairs(*size)) * n for n in (5, 2, 3)]


def test_float32_separates_the_pairs_of_a_confident_network():
    """Loss of 1e-4 and less: the increments must not drown in the rounding of a float32 loss (1e-3 of the largest)."""
    torch.manual_seed(0)
    network, images = nn.Sequential(nn.Flatten(), nn.Linear(36, 3)), batch((6, 6), 1, dtype=torch.float32)
    with torch.no_grad():
        network[1].bias.copy_(torch.tensor([20, 0.0, 0.0]))
    found = culling.cull(network, Split(images, LABELS), "exact").score[0]
    expected = slow_increments(network.double(), images, LABELS)[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3 * np.abs(expected).max())


class Noting:
    """A network that notes the sizes of its batches."""

    compiled = False

    def __init__(self, frozen):
        self.frozen, self.sizes = frozen, []

    def logits(self, images):
        self.sizes.append(len(images))
        return self.frozen.logits(images)


def evaluator(small_network, size, at_once):
    images = batch(size)
    return ClassEvaluator(
        Workspace(small_network(2, 3, dtype=torch.float64), Split(images, LABELS), limits=Limits(batch=at_once)), 0
    )


@pytest.mark.parametrize(("size", "at_once"), [((6, 6), 4), ((5, 7), 7), ((6, 5), 512)])
def test_pairs_of_several_groups_share_forward_passes(small_network, size, at_once):
    """Equal to one group after the other, within 1e-12; no pass is larger than a batch, and small ones are joined."""
    of_class = evaluator(small_network, size, at_once)
    count, generator = len(of_class.engine.pairs), np.random.default_rng(0)
    of_class.bounds = np.array([0, 1, 2, 4, 5])
    group, index = generator.integers(0, 4, 2 * count), generator.permutation(2 * count) % count
    expected = [of_class.sums(index[[i]], *of_class.bounds[g : g + 2])[0] / 5 for i, g in enumerate(group)]
    noting = of_class.engine.frozen = Noting(of_class.engine.frozen)
    np.testing.assert_allclose(of_class.group_sums(group, index), expected, rtol=0, atol=1e-12)
    assert max(noting.sizes) <= at_once
    assert sum(noting.sizes) == np.diff(of_class.bounds)[group].sum()
    assert len(noting.sizes) == 1 or at_once < 512


@pytest.mark.parametrize(("spare", "kept"), [(0, True), (-1, False)])
def test_the_images_of_a_class_stay_on_the_device_if_they_fit(small_network, monkeypatch, spare, kept):
    """Class 0 has five images of 2 x 6 x 6 numbers of eight bytes."""
    monkeypatch.setattr(workspace, "CPU_IMAGES", 5 * 2 * 6 * 6 * 8 + spare)
    assert (evaluator(small_network, (6, 6), 4)._resident is not None) == kept


def test_smaller_shared_passes_keep_their_names_in_the_journal(small_network):
    """So that a culling that resumes with larger batches finds them."""
    keys = {}
    for halved in (1, 4):
        of_class = evaluator(small_network, (6, 6), 8)
        keys[halved], journal = [], of_class.workspace._journal
        journal.step = lambda key, compute, names=keys[halved]: (names.append(key), compute())[1]
        of_class.engine.batch //= halved
        index = np.arange(len(of_class.engine.pairs)) % 7
        of_class.group_sums(np.sort(np.arange(len(index)) % (len(of_class.bounds) - 1)), index)
    assert len(keys[1]) > 1 and keys[1] == keys[4]


@pytest.mark.parametrize(("size", "neutral", "batch_size"), [((6, 6), None, 3), ((5, 7), 1, 512), ((2, 2), None, 512)])
def test_a_swap_equals_full_fft_in_float64(small_network, size, neutral, batch_size):
    network, images = small_network(2, 3, dtype=torch.float64), batch(size)
    found = culling.cull(
        network, Split(images, LABELS, neutral=neutral), "exact", fill="swap", seed=5, batch=batch_size
    )
    donors = fills.donors(LABELS, neutral=neutral, seed=5)
    expected = slow_increments(network, images, LABELS, images[torch.from_numpy(donors)])
    np.testing.assert_allclose(found.score, expected, rtol=0, atol=1e-9)
    assert found.about["fill"] == "swap" and found.evaluated.all()


def test_swap_of_stored_images_in_float32(small_network, tmp_path, monkeypatch):
    pixels = np.random.default_rng(1).integers(0, 256, (len(LABELS), 2, 6, 5), dtype=np.uint8)
    mean, std = np.array([0.4, 0.5]), np.array([0.2, 0.3])
    seen, network = normalise(torch.from_numpy(pixels), mean, std), small_network(2, 3)
    donors = torch.from_numpy(fills.donors(LABELS))
    expected = slow_increments(small_network(2, 3, dtype=torch.float64), seen, LABELS, seen[donors])
    with h5py.File(tmp_path / "a.h5", "w") as file:
        stored = file.create_dataset("a", data=pixels)
        split, options = Split(stored, LABELS, mean=mean, std=std), {"fill": "swap", "batch": 7}
        found = culling.cull(network, split, "exact", **options)
        monkeypatch.setattr(workspace, "CPU_IMAGES", 1)  # images are not kept
        little = culling.cull(network, split, "exact", **options)
    for one in (found, little):
        np.testing.assert_allclose(one.score, expected, rtol=0, atol=2e-6)


# Features of pairs


def test_an_image_has_at_least_two_noisy_copies_and_few_where_pairs_are_few():
    copies = [gradients.noisy_copies(len(ConjugatePairs(side, side))) for side in (1, 8, 32, 64, 128, 224)]
    assert copies == [2, 2, 2, 4, 8, 8]


def test_noise_has_the_strength_of_the_median_pair_and_is_drawn_per_image():
    """Root mean square over 2 x 16 x 16 pixels: within 15 %. The unchanged image is the first."""
    images, pairs = batch((16, 16))[:4], ConjugatePairs(16, 16)
    seen = gradients.with_noise(images, pairs, 3, range(len(images))).unflatten(0, (len(images), 4))
    assert torch.equal(seen[:, 0], images)
    noise = seen[:, 1:] - images[:, None]
    for one, drawn in zip(images, noise, strict=True):
        strengths = [np.square(exchanged(one, pairs.scatter(pair))).sum() for pair in np.eye(len(pairs), dtype=bool)]
        np.testing.assert_allclose(drawn.square().sum(dim=(1, 2, 3)).sqrt(), np.sqrt(np.median(strengths)), rtol=0.15)
    flat = noise.flatten(end_dim=1).flatten(start_dim=1)
    assert np.abs(np.corrcoef(flat) - np.eye(len(flat))).max() < 0.3
    alone = gradients.with_noise(images[2:3], pairs, 3, [2])
    np.testing.assert_allclose(alone, seen[2], rtol=0, atol=1e-12)
    assert torch.equal(
        gradients.with_noise(torch.zeros(1, 2, 4, 4), ConjugatePairs(4, 4), 2, [0]), torch.zeros(3, 2, 4, 4)
    )


@pytest.mark.parametrize("at_once", [1, 24, 200])
@pytest.mark.usefixtures("small_blocks")
def test_features_equal_a_slow_loop_in_batches_of_any_size(small_network, at_once):
    """Gradient by gradient, image by image: within 1e-12 of the largest."""
    network, images, label = small_network(2, 3, dtype=torch.float64).eval(), batch((6, 6)), 1
    of_class = ClassEvaluator(Workspace(network, Split(images, LABELS), limits=Limits(batch=at_once)), label)
    found, pairs = of_class.features(), ConjugatePairs(6, 6)
    share, bounds = pairs.size / 36, of_class.bounds
    slow = np.zeros((2, 5, len(bounds) - 1, len(pairs)))
    for i, image in enumerate(of_class.take(0, len(of_class))):
        changes = []
        for seen in gradients.with_noise(image[None], pairs, gradients.noisy_copies(len(pairs)), [i]):
            seen = seen[None].clone().requires_grad_()
            functional.cross_entropy(network(seen), torch.tensor([label])).backward()
            image_, slope = (
                pairs.gather(np.fft.fftshift(np.fft.fft2(x), axes=(-2, -1))) for x in (image, seen.grad[0])
            )
            changes.append(-(image_ * slope.conj()).real.sum(axis=0) * share)
            if len(changes) == 1:
                product = (np.abs(image_) * np.abs(slope)).sum(axis=0) * share
        energy = (np.abs(image_) ** 2).sum(axis=0) * share * of_class.influence[i]
        features = [changes[0], product, energy, np.mean(changes[1:], axis=0) - changes[0], np.std(changes[1:], axis=0)]
        group = np.searchsorted(bounds, i, side="right") - 1
        slow[:, :, group] += np.array(features) / len(of_class), np.array(features) ** 2 / len(of_class) ** 2
    for computed, expected in zip((found.mean, found.spread), slow, strict=True):
        np.testing.assert_allclose(computed, expected, rtol=0, atol=1e-12 * np.abs(expected).max())
    assert found.share.tolist() == [(last - first) / len(of_class) for first, last in pairwise(bounds)]


def test_features_keep_no_graph_of_the_gradients(small_network, monkeypatch):
    """Gradients are enabled only for the loss: a graph of all images would fill the memory."""
    enabled, with_noise = [], gradients.with_noise
    monkeypatch.setattr(
        gradients, "with_noise", lambda *images: enabled.append(torch.is_grad_enabled()) or with_noise(*images)
    )
    ClassEvaluator(Workspace(small_network(2, 3).eval(), Split(batch((6, 6)).float(), LABELS)), 1).features()
    assert enabled and not any(enabled)
