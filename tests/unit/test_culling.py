"""Culling against mask + full FFT there and back, one pair at a time.

Tolerances of an increment: 1e-9 in float64; in float32 2e-6, a few units in the last place of losses near 1.
"""

import contextlib
import copy
import dataclasses
import math
import re
import warnings

import h5py
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from frequency_shortcuts import culling, dfm
from frequency_shortcuts.data.normalisation import normalise
from frequency_shortcuts.maps.methods import gradients
from frequency_shortcuts.maps.methods.culling import evaluator, screening
from frequency_shortcuts.maps.methods.culling.evaluator import ClassEvaluator
from frequency_shortcuts.maps.methods.culling.features import FeatureCollector
from frequency_shortcuts.maps.methods.culling.progress import Progress
from frequency_shortcuts.maps.methods.engine import Engine
from frequency_shortcuts.spectrum import fills
from frequency_shortcuts.spectrum.masks import positions, symmetric
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.journal import Stopped

LABELS = np.array([0, 2, 1, 0, 0, 2, 0, 1, 0])  # unequal, not sorted
SIZES = [(6, 6), (5, 7), (6, 5), (1, 4), (2, 2)]


def batch(size, channels=2, dtype=torch.float64):
    return torch.from_numpy(np.random.default_rng(0).standard_normal((len(LABELS), channels, *size))).to(dtype)


def remove_slowly(images, pairs, p):
    """The images without pair p, through the full complex FFT."""
    left = np.fft.ifftshift(~pairs.scatter(np.arange(len(pairs)) == p))
    filtered = np.fft.ifft2(np.fft.fft2(images) * left)
    assert np.abs(filtered.imag).max() < 1e-12
    return torch.from_numpy(filtered.real)


def slow_increments(network, images, labels, n_classes):
    """Class by class, pair by pair, in float64; the network must be in evaluation mode."""
    images, pairs = images.double(), ConjugatePairs(*images.shape[-2:])
    out = np.empty((n_classes, len(pairs)))
    with torch.no_grad():
        for c in range(n_classes):
            mine = images[labels == c]
            target = torch.full((len(mine),), c)
            before = functional.cross_entropy(network(mine), target)
            for p in range(len(pairs)):
                out[c, p] = functional.cross_entropy(network(remove_slowly(mine, pairs, p)), target) - before
    return out


class Tuple(nn.Module):
    def forward(self, images):
        return images, images


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("batch_size", [1, 3, 512])
def test_exact_equals_full_fft_in_float64(small_network, size, batch_size):
    network, images = small_network(2, 3, dtype=torch.float64), batch(size)
    found = culling.cull(network, images, LABELS, 3, "exact", batch=batch_size)
    expected = slow_increments(network.eval(), images, LABELS, 3)
    np.testing.assert_allclose(found.increment, expected, rtol=0, atol=1e-9)
    assert found.evaluated.all()
    assert found.images_per_class.tolist() == [5, 2, 2]


@pytest.mark.parametrize("size", SIZES)
def test_exact_equals_full_fft_in_float32(small_network, size):
    images = batch(size, dtype=torch.float32)
    found = culling.cull(small_network(2, 3), images, LABELS, 3, "exact").increment
    expected = slow_increments(small_network(2, 3, dtype=torch.float64).eval(), images, LABELS, 3)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize("margin", [10, 20])
def test_float32_still_tells_the_pairs_of_a_confident_network_apart(margin):
    """Loss of 1e-4 and less: the increments must not drown in the rounding of a float32 loss (1e-3 of the largest)."""
    torch.manual_seed(0)
    network, images = nn.Sequential(nn.Flatten(), nn.Linear(36, 3)), batch((6, 6), 1, torch.float32)
    with torch.no_grad():
        network[1].bias.copy_(torch.tensor([margin, 0.0, 0.0]))
    found = culling.cull(network, images, LABELS, 3, "exact").increment[0]
    expected = slow_increments(network.double(), images, LABELS, 3)[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3 * np.abs(expected).max())


def test_baseline_is_the_mean_loss_of_the_class(small_network):
    network, images = small_network(2, 3, dtype=torch.float64), batch((6, 6))
    found = culling.cull(network, images, LABELS, 3, "screened").baseline_loss
    with torch.no_grad():
        losses = functional.cross_entropy(network.eval()(images), torch.from_numpy(LABELS), reduction="none").numpy()
    np.testing.assert_allclose(found, [losses[c == LABELS].mean() for c in range(3)], rtol=0, atol=1e-12)


def test_first_order_is_the_derivative_of_removing_a_pair(small_network):
    """Central difference with a step of 1e-4 of the pair; tolerance 1e-7."""
    network, images = small_network(2, 3, dtype=torch.float64).eval(), batch((5, 6))
    pairs, target = ConjugatePairs(5, 6), torch.full((len(images),), 1)
    change = gradients.first_order(network, images, images, 1, pairs)[0]
    assert change.shape == (len(images), len(pairs))
    for p in range(len(pairs)):
        part = images - remove_slowly(images, pairs, p)
        with torch.no_grad():
            up, down = (
                functional.cross_entropy(network(images - t * part), target, reduction="none") for t in (1e-4, -1e-4)
            )
        np.testing.assert_allclose(change[:, p], (up - down) / 2e-4, rtol=0, atol=1e-7)


def test_first_order_gives_the_product_of_amplitudes_and_energies_the_energy(small_network):
    network, images = small_network(2, 3, dtype=torch.float64).eval(), batch((5, 6))
    pairs = ConjugatePairs(5, 6)
    seen = images.clone().requires_grad_()
    functional.cross_entropy(network(seen), torch.full((len(images),), 2), reduction="sum").backward()
    image, slope = (np.fft.fftshift(np.abs(np.fft.fft2(x)), axes=(-2, -1)) for x in (images, seen.grad))
    share = pairs.scatter(pairs.size) / 30
    _, product = gradients.first_order(network, images, images, 2, pairs)
    energy = gradients.energies(images, pairs)
    np.testing.assert_allclose(pairs.scatter(product), (image * slope).sum(axis=1) * share, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(pairs.scatter(energy), (image**2).sum(axis=1) * share, rtol=1e-9, atol=1e-12)
    removed = [((images - remove_slowly(images, pairs, p)) ** 2).sum(dim=(1, 2, 3)) for p in range(len(pairs))]
    np.testing.assert_allclose(energy, torch.stack(removed, dim=1), rtol=1e-9, atol=1e-12)


def test_noise_is_as_strong_as_the_median_pair_and_drawn_image_by_image(small_network):
    """Root mean square over 2 x 16 x 16 pixels: within 15 %. The image itself comes first, untouched."""
    images, pairs = batch((16, 16)), ConjugatePairs(16, 16)
    seen = gradients.with_noise(images, pairs, 3, range(len(images))).unflatten(0, (len(images), 4))
    assert torch.equal(seen[:, 0], images)
    noise = seen[:, 1:] - images[:, None]
    for one, drawn in zip(images, noise, strict=True):
        removed = [((one - remove_slowly(one[None], pairs, p)) ** 2).sum().item() for p in range(len(pairs))]
        np.testing.assert_allclose(drawn.square().sum(dim=(1, 2, 3)).sqrt(), np.sqrt(np.median(removed)), rtol=0.15)
    flat = noise.flatten(end_dim=1).flatten(start_dim=1)
    assert np.abs(np.corrcoef(flat) - np.eye(len(flat))).max() < 0.3
    alone = gradients.with_noise(images[2:3], pairs, 3, [2])
    np.testing.assert_allclose(alone, seen[2], rtol=0, atol=1e-12)
    assert torch.equal(
        gradients.with_noise(torch.zeros(1, 2, 4, 4), ConjugatePairs(4, 4), 2, [0]), torch.zeros(3, 2, 4, 4)
    )


@pytest.mark.parametrize("at_once", [1, 2, 8, 24, 200])
@pytest.mark.usefixtures("small_blocks")
def test_features_equal_a_slow_loop_in_batches_of_any_size(small_network, at_once):
    """Gradient by gradient, image by image: within 1e-12 of the largest."""
    network, images, label = small_network(2, 3, dtype=torch.float64).eval(), batch((6, 6)), 1
    engine = Engine.build(network, images, batch=at_once)
    one = ClassEvaluator(label, np.flatnonzero(label == LABELS), engine)
    found, pairs = FeatureCollector(one).collect(), ConjugatePairs(6, 6)
    share, bounds = pairs.size / 36, one.bounds
    slow = np.zeros((2, 5, len(bounds) - 1, len(pairs)))
    for i, image in enumerate(one.take(0, len(one))):
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
        energy = (np.abs(image_) ** 2).sum(axis=0) * share * one.influence[i]
        told = [changes[0], product, energy, np.mean(changes[1:], axis=0) - changes[0], np.std(changes[1:], axis=0)]
        group = np.searchsorted(bounds, i, side="right") - 1
        slow[:, :, group] += np.array(told) / len(one), np.array(told) ** 2 / len(one) ** 2
    for ours, theirs in zip((found.mean, found.spread), slow, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12 * np.abs(theirs).max())


class Sleeping(nn.Module):
    """No unit answers to an image, nor to one without a pair; to a noisy copy now and then one does."""

    def __init__(self, threshold):
        super().__init__()
        generator, self.threshold = torch.Generator().manual_seed(0), threshold
        self.weight = nn.Parameter(torch.randn(768, 100, generator=generator) / 768**0.5)

    def forward(self, images):
        return torch.relu(images.flatten(1) @ self.weight - self.threshold)[:, :3] * 100


@pytest.mark.slow
@pytest.mark.parametrize("threshold", [3.5, 1000.0])
@pytest.mark.parametrize("per_class", [1, 20])
def test_a_network_that_answers_to_nothing_is_screened(threshold, per_class):
    """All increments are 0, some features are not."""
    images = torch.from_numpy(np.random.default_rng(1).standard_normal((2 * per_class, 3, 16, 16))).float()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = culling.cull(Sleeping(threshold), images, np.arange(2 * per_class) % 2, 2)
    assert (found.increment[found.evaluated] == 0).all()
    assert np.isfinite(found.increment).all()


def test_images_that_ask_for_a_gradient_are_screened_as_others(small_network):
    network, images = small_network(2, 3, dtype=torch.float64), batch((6, 6))
    plain, asking = (culling.cull(network, x, LABELS, 3) for x in (images, images.clone().requires_grad_()))
    same(plain, asking)


def test_an_image_has_at_least_two_noisy_copies_and_few_where_pairs_are_few():
    copies = [gradients.noisy_copies(len(ConjugatePairs(side, side))) for side in (1, 8, 32, 64, 128, 224)]
    assert copies == [2, 2, 2, 4, 8, 8]
    assert gradients.passes(2050) == 2 * (1 + 4)


@pytest.mark.parametrize("size", [(8, 8), (7, 5), (2, 2), (1, 4)])
@pytest.mark.parametrize("target_recall", [0.5, 0.98, 1.0])
def test_screened_increments_that_are_marked_as_evaluated_are_exact(small_network, size, target_recall):
    network, images = small_network(2, 3, dtype=torch.float64), batch(size)
    pairs = ConjugatePairs(*size)
    found = culling.cull(network, images, LABELS, 3, percent=10, target_recall=target_recall)
    exact = culling.cull(network, images, LABELS, 3, "exact").increment
    np.testing.assert_allclose(found.increment[found.evaluated], exact[found.evaluated], rtol=0, atol=1e-9)
    assert np.isfinite(found.increment).all()
    masks = pairs.gather(dfm.dominant(found.increment, pairs, 10))
    assert found.evaluated[masks].all()
    images_times_pairs = found.images_per_class * len(pairs)
    assert (found.evaluated.sum(axis=1) * found.images_per_class <= found.passes).all()
    assert (found.passes <= images_times_pairs).all()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("at_once", [4, 7, 512])
def test_pairs_of_several_groups_share_forward_passes(small_network, size, at_once):
    """Equal to one group after the other, within 1e-12; no pass is larger than a batch, and small ones are joined."""
    work = Engine.build(small_network(2, 3, dtype=torch.float64), batch(size), batch=at_once)
    one = ClassEvaluator(0, np.flatnonzero(LABELS == 0), work)
    count, generator = len(work.pairs), np.random.default_rng(0)
    one.bounds = np.array([0, 1, 2, 4, 5])
    group, index = generator.integers(0, 4, 2 * count), generator.permutation(2 * count) % count
    expected = [one.sums(index[[i]], *one.bounds[g : g + 2])[0] / 5 for i, g in enumerate(group)]
    passes, frozen = [], work.frozen

    class Noting:
        compiled = False

        def __call__(self, images):
            passes.append(len(images))
            return frozen(images)

    work.frozen = Noting()
    found = one.group_sums(group, index)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert max(passes) <= at_once
    assert sum(passes) == np.diff(one.bounds)[group].sum()
    if at_once == 512:
        assert len(passes) == 1


def test_shared_passes_get_smaller_where_memory_does_not_suffice(small_network):
    work = Engine.build(small_network(2, 3, dtype=torch.float64), batch((6, 6)), batch=512)
    one = ClassEvaluator(0, np.flatnonzero(LABELS == 0), work)
    index = np.arange(len(work.pairs))
    group = index % (len(one.bounds) - 1)
    expected, frozen = one.group_sums(group, index), work.frozen

    class Short:
        compiled = False

        def __call__(self, images):
            if len(images) > 3:
                raise torch.OutOfMemoryError
            return frozen(images)

    work.frozen = Short()
    np.testing.assert_allclose(one.group_sums(group, index), expected, rtol=0, atol=1e-12)
    assert work.batch == 2


def test_shared_passes_are_the_same_after_memory_ran_out(small_network):
    """Their names in the journal, too, so that a culling that goes on with larger batches finds them there."""
    found = []
    for halved in (1, 4):
        work = Engine.build(small_network(2, 3, dtype=torch.float64), batch((6, 6)), batch=8)
        one = ClassEvaluator(0, np.flatnonzero(LABELS == 0), work)
        keys, step = [], one.journal.step
        one.journal.step = lambda key, compute, keys=keys, step=step: (keys.append(key), step(key, compute))[1]
        work.batch //= halved
        index = np.arange(len(work.pairs)) % 7
        one.group_sums(np.sort(np.arange(len(index)) % (len(one.bounds) - 1)), index)
        found.append(keys)
    assert len(found[0]) > 1 and found[0] == found[1]


def test_screened_finds_the_map_with_few_passes():
    """A network that looks at few frequencies: the exact top 5 % in all classes, at less than a third of the passes."""
    torch.manual_seed(0)
    generator = np.random.default_rng(0)
    pairs, labels = ConjugatePairs(16, 16), np.repeat(np.arange(3), 40)
    images = torch.from_numpy(generator.standard_normal((120, 1, 16, 16)))
    weight = np.zeros((3, 16, 16))
    for c in range(3):
        spectrum = np.zeros(len(pairs))
        spectrum[generator.choice(len(pairs), 12, replace=False)] = generator.uniform(0.5, 2, 12)
        weight[c] = np.fft.ifft2(np.fft.ifftshift(pairs.scatter(spectrum))).real
        images[labels == c] += torch.from_numpy(weight[c] * 20)
    network = nn.Sequential(nn.Flatten(), nn.Linear(256, 3).double())
    with torch.no_grad():
        network[1].weight.copy_(torch.from_numpy(weight.reshape(3, -1)) * 8)
    exact = culling.cull(network, images, labels, 3, "exact")
    found = culling.cull(network, images, labels, 3)
    masks = [pairs.gather(dfm.dominant(x.increment, pairs, 5)) for x in (exact, found)]
    assert np.array_equal(*masks)
    assert (found.passes < 40 * len(pairs) / 3).all()
    assert (found.expected_recall >= 0.98).all() and (found.audited > 0).all()
    assert (found.left_out == (~found.evaluated).sum(axis=1) + found.audited).all()


def protected(increment, evaluated, pairs, percent):
    """The exactly evaluated pairs that fill the top percentage, by a slow loop over the stored ranks."""
    rank, filled, chosen = dfm.rank(increment), 0, []
    for p in sorted(np.flatnonzero(evaluated), key=lambda p: rank[p]):
        if filled >= positions(pairs.height, pairs.width, percent):
            break
        chosen.append(p)
        filled += pairs.size[p]
    return rank, chosen


@pytest.mark.parametrize("percent", [1, 5, 20, 60])
@pytest.mark.parametrize("scale", [1e-42, 1e-6, 1.0])
def test_no_estimate_outranks_a_protected_pair_even_as_stored(percent, scale):
    generator, pairs = np.random.default_rng(0), ConjugatePairs(8, 8)
    for trial in range(100):
        increment = generator.standard_normal((1, len(pairs))).round(trial % 3) * scale  # many ties
        evaluated = generator.random((1, len(pairs))) < 0.3
        evaluated[0, trial % len(pairs)] = True
        stored = screening.cap_predictions(increment[0], evaluated[0], pairs.size, positions(8, 8, percent))
        assert (stored[evaluated[0]] == increment[0][evaluated[0]]).all() and (stored <= increment[0]).all()
        rank, chosen = protected(stored, evaluated[0], pairs, percent)
        assert rank[~evaluated[0]].min(initial=999) > rank[chosen].max()


def test_exact_shows_every_pair_once_and_audits_nothing(small_network):
    found = culling.cull(small_network(2, 3), batch((6, 6), dtype=torch.float32), LABELS, 3, "exact")
    assert found.passes.tolist() == [20 * 5, 20 * 2, 20 * 2]
    assert not found.left_out.any() and not found.audited.any() and (found.expected_recall == 1).all()


def test_loss_increments_are_those_of_cull(small_network):
    network, images = small_network(2, 3), batch((6, 6), dtype=torch.float32)
    found = culling.loss_increments(network, images, torch.from_numpy(LABELS), 3, method="exact")
    np.testing.assert_array_equal(found, culling.cull(network, images, LABELS, 3, "exact").increment)


@pytest.mark.parametrize("method", culling.METHODS)
def test_departure_only_the_class_own_images_count(small_network, method):
    network, images = small_network(2, 3, dtype=torch.float64), batch((6, 6))
    other = images.clone()
    other[torch.from_numpy(LABELS != 1)] *= 3
    found, again = (culling.cull(network, x, LABELS, 3, method) for x in (images, other))
    np.testing.assert_array_equal(found.increment[1], again.increment[1])
    assert found.baseline_loss[1] == again.baseline_loss[1]  # published: ln 10 more for every image of another class


def test_departure_every_entry_of_the_spectrum_is_scored_with_its_mirror(small_network):
    found = culling.cull(small_network(1, 3), batch((8, 8), 1, torch.float32), LABELS, 3, "exact").increment
    plane = ConjugatePairs(8, 8).scatter(found)
    assert np.isfinite(plane).all()
    assert symmetric(plane)


@pytest.mark.parametrize("method", culling.METHODS)
def test_network_and_images_are_left_as_they_were(small_network, method):
    network, images = small_network(2, 3), batch((6, 6), dtype=torch.float32)
    network.train()[1].eval()
    state, before = {k: v.clone() for k, v in network.state_dict().items()}, images.clone()
    culling.cull(network, images, LABELS, 3, method)
    assert [m.training for m in network] == [True, False, True, True, True, True]
    assert all(torch.equal(state[k], v) for k, v in network.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in network.parameters())
    assert torch.equal(images, before)


@pytest.mark.parametrize("method", culling.METHODS)
def test_a_network_that_works_in_place_gives_the_same_increments(method):
    """One channel is at once channels-last: nothing copies the images on the way to a first in-place layer."""
    torch.manual_seed(0)
    rest, images = (nn.Flatten(), nn.Linear(36, 3).double()), batch((6, 6), 1)
    inplace = culling.cull(nn.Sequential(nn.ReLU(inplace=True), *rest), images, LABELS, 3, method)
    plain = culling.cull(nn.Sequential(nn.ReLU(), *rest), images, LABELS, 3, method)
    np.testing.assert_allclose(inplace.increment, plain.increment, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "guess"}, "unknown culling method 'guess': choose from exact, screened"),
        ({"target_recall": 0}, "target_recall 0: expected above 0 and at most 1"),
        ({"target_recall": 1.1}, "target_recall 1.1: expected above 0 and at most 1"),
        ({"percent": 0}, "percent 0: expected above 0 and at most 100"),
        ({"patience": -1}, "patience -1: expected at least 0 pairs"),
        ({"part": (2, 2)}, "part 2 of 2: expected 0 to 1"),
        ({"precision": "float8"}, "unknown precision 'float8': choose from float32, tf32, bfloat16"),
        ({"images": np.zeros((9, 2, 6, 6), np.uint8)}, "uint8 images need the mean and std"),
        ({"labels": np.where(LABELS == 1, 0, LABELS)}, "no image of class 1; every class needs at least one"),
        ({"labels": np.r_[LABELS[:-1], 3]}, "labels 0 to 3, but the classes are 0 to 2"),
        ({"labels": np.r_[LABELS[:-1], -1]}, "labels -1 to 2, but the classes are 0 to 2"),
        ({"labels": LABELS[:-1]}, "8 labels .*9 images|9 images .*8 labels"),
        ({"images": torch.full((9, 2, 6, 6), torch.nan)}, "loss of class 0 is nan: .* finite logits"),
    ],
)
def test_errors_say_what_is_wrong_and_what_is_allowed(small_network, change, message):
    arguments = {"images": batch((6, 6), dtype=torch.float32), "labels": LABELS, "n_classes": 3} | change
    with pytest.raises(ValueError, match=message):
        culling.cull(small_network(2, 3), **arguments)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"images": torch.zeros(9, 2, 6, 6, dtype=torch.int64)},
            "images of dtype torch.int64: expected float32, float64",
        ),
        ({"memory_mib": 0}, "memory_mib 0, batch None: expected above 0"),
        ({"memory_mib": math.nan}, "memory_mib nan, batch None: expected above 0"),
        ({"batch": 0}, "memory_mib None, batch 0: expected above 0 and at least 1"),
        ({"network": Tuple()}, "the network gives tuple for 2 images: expected logits"),
        ({"network": nn.Identity()}, r"the network gives \(2, 2, 6, 6\) for 2 images: expected logits"),
    ],
)
def test_images_and_networks_of_another_kind_are_an_error(small_network, change, message):
    arguments = {"network": small_network(2, 3), "images": batch((6, 6)), "labels": LABELS, "n_classes": 3} | change
    with pytest.raises(ValueError, match=message):
        culling.cull(**arguments)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("given", [torch.float32, torch.float64])
def test_images_are_taken_in_the_networks_dtype(small_network, dtype, given):
    network, images = small_network(2, 3, dtype=dtype), batch((6, 6), dtype=given)
    found, expected = (culling.cull(network, x, LABELS, 3, "exact").increment for x in (images, images.to(dtype)))
    np.testing.assert_array_equal(found, expected)


class Viewing(nn.Module):
    """Takes no channels-last images."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(72, 3).double()

    def forward(self, images):
        return self.linear(images.view(len(images), -1))


@pytest.mark.parametrize("method", culling.METHODS)
def test_a_network_that_calls_view_on_its_images_is_culled(method):
    torch.manual_seed(0)
    network, images = Viewing(), batch((6, 6))
    plain = nn.Sequential(nn.Flatten(), network.linear)
    found, expected = (culling.cull(x, images, LABELS, 3, method) for x in (network, plain))
    np.testing.assert_allclose(found.increment, expected.increment, rtol=0, atol=1e-9)


class PerChannel(nn.Module):
    """Views channels as images, which for one image every layout allows."""

    def __init__(self):
        super().__init__()
        self.convolution, self.linear = nn.Conv2d(1, 4, 3).double(), nn.Linear(8, 3).double()

    def forward(self, images):
        n, channels, *size = images.shape
        seen = self.convolution(images.view(n * channels, 1, *size)).relu().mean((2, 3))
        return self.linear(seen.reshape(n, -1))


class Keeping(nn.Module):
    """Makes something in its first pass, keeps it, and counts its passes."""

    def __init__(self):
        super().__init__()
        self.linear, self.ramp = nn.Linear(72, 3).double(), None
        self.register_buffer("passes", torch.zeros(()))

    def forward(self, images):
        self.passes += 1
        if self.ramp is None:
            self.ramp = torch.linspace(0, 1, 72, dtype=torch.float64)
        return self.linear((images.flatten(1) * self.ramp).tanh())


@pytest.mark.parametrize("method", culling.METHODS)
def test_a_network_that_views_channels_as_images_is_culled(method):
    torch.manual_seed(0)
    found = culling.cull(PerChannel(), batch((6, 6)), LABELS, 3, method)
    assert np.isfinite(found.increment).all() and found.evaluated.any()


@pytest.mark.parametrize("method", culling.METHODS)
def test_a_network_that_keeps_what_it_makes_is_culled_and_can_be_trained_afterwards(method):
    network = Keeping()
    culling.cull(network, batch((6, 6)), LABELS, 3, method)
    assert network.passes == 0
    network(batch((6, 6)).requires_grad_()).sum().backward()
    assert network.linear.weight.grad.abs().max() > 0


def test_a_network_without_an_output_for_a_class_is_named(small_network):
    with pytest.raises(ValueError, match="the network has 2 outputs, and none for class 2"):
        culling.cull(small_network(2, 2), batch((6, 6), dtype=torch.float32), LABELS, 3)


# Blocks, parts, memory


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(evaluator, "BLOCK", 12)


def same(one, other):
    """Bitwise."""
    for name in (field.name for field in dataclasses.fields(culling.Culling)):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


class Killed(BaseException):
    pass


COUNTS = {}  # of the counting network at work: what changes with each pass is kept apart from what the network is


def counted(name):
    return property(lambda self: COUNTS[name], lambda self, value: COUNTS.update({name: value}))


class Counting(nn.Module):
    """Counts the images it sees, dies after a number of forward passes."""

    calls, seen, last = counted("calls"), counted("seen"), counted("last")

    def __init__(self, network):
        super().__init__()
        self.network, self.calls, self.seen, self.last = network, 0, 0, None

    def __deepcopy__(self, memo):
        return self  # frozen, it still counts here

    def forward(self, images):
        self.calls, self.seen = self.calls + 1, self.seen + len(images)
        if self.last is not None and self.calls > self.last:
            raise Killed
        return self.network(images)


@pytest.mark.slow
@pytest.mark.parametrize("method", culling.METHODS)
@pytest.mark.usefixtures("small_blocks")
def test_killed_anywhere_it_resumes_and_ends_with_the_same(small_network, tmp_path, method):
    images = batch((6, 6), dtype=torch.float32)
    counting = Counting(small_network(2, 3).eval())
    arguments = (counting, images, LABELS, 3, method)
    whole = culling.cull(*arguments, batch=4)
    calls, seen = counting.calls, counting.seen
    for last in range(0, calls, 3):
        counting.calls, counting.seen, counting.last = 0, 0, last
        state = tmp_path / f"{last}"
        with pytest.raises(Killed):
            culling.cull(*arguments, batch=4, state=state)
        first = counting.seen
        counting.calls, counting.last = 0, None
        resumed = culling.cull(*arguments, batch=4, state=state)
        same(dataclasses.replace(resumed, fingerprint=""), whole)
        # The images of one block, and those whose logits are computed again, are seen twice, and nothing else.
        assert counting.seen - seen <= 12 + 4 + len(LABELS) and counting.seen >= max(first, seen)


class StopAfter:
    """A `stop` that returns true from the n-th call on; `looks` counts the calls."""

    def __init__(self, n=None):
        self.n, self.looks = n, 0

    def __call__(self):
        self.looks += 1
        return self.n is not None and self.looks >= self.n


@pytest.fixture(params=culling.METHODS)
def interrupted(request, small_network):
    """A culling whose steps take several batches: (cull(**options), the network, which counts, and the whole)."""
    counting = Counting(small_network(2, 3).eval())

    def cull(**options):
        counting.calls, counting.seen = 0, 0
        found = culling.cull(counting, images, LABELS, 3, request.param, batch=4, **options)
        return dataclasses.replace(found, fingerprint="")

    images = batch((6, 6), dtype=torch.float32)
    return cull, counting, cull()


CHECKS = 2  # forward passes before the first class: two images for the network, two for its frozen copy
# Forward passes for the logits of the first 0, 1, 2, 3 classes (5, 2, 2 images in batches of 4). A culling that goes on
# computes those of each class again, to see that the network is the same, and nothing else.
LOGITS = (0, 2, 3, 4)


class Tempered(nn.Module):
    """Answers by more than its weights."""

    def __init__(self, temperature):
        super().__init__()
        torch.manual_seed(0)
        self.linear = nn.Linear(72, 3)
        self.register_buffer("temperature", torch.tensor(temperature), persistent=False)

    def forward(self, images):
        return self.linear(images.flatten(1)) / self.temperature


@pytest.mark.slow
def test_blocks_of_a_network_with_the_same_weights_that_answers_otherwise_are_not_taken(tmp_path):
    """Nor are its parts merged."""
    images, state = batch((6, 6), dtype=torch.float32), tmp_path / "state"
    with pytest.raises(Stopped):
        culling.cull(Tempered(1.0), images, LABELS, 3, "exact", batch=4, state=state, stop=StopAfter(9))
    assert state.exists()
    cold = Tempered(0.1)
    expected = culling.cull(cold, images, LABELS, 3, "exact", batch=4, state=tmp_path / "new")
    same(culling.cull(cold, images, LABELS, 3, "exact", batch=4, state=state), expected)
    parts = [
        culling.cull(network, images, LABELS, 3, "exact", part=(n, 2))
        for n, network in enumerate([cold, Tempered(1.0)])
    ]
    with pytest.raises(ValueError):
        culling.merge(parts)


@pytest.mark.slow
def test_stopped_at_any_look_it_goes_on_there_and_ends_with_the_same(interrupted, tmp_path):
    """The batches of a block, of the first look at a class and of its features; only the logits are computed twice."""
    cull, counting, whole = interrupted
    calls, asked = counting.calls - CHECKS, StopAfter()
    same(cull(stop=asked), whole)
    for n in range(1, asked.looks + 1, 3):
        state = tmp_path / f"{n}"
        with pytest.raises(
            Stopped, match=rf"stopped at \d+ of (60|20) pairs on request: stored in {state}, from which"
        ):
            cull(state=state, stop=StopAfter(n), checkpoint_minutes=1e9)
        first = counting.calls - CHECKS
        same(cull(state=state, checkpoint_minutes=1e9), whole)
        assert first + counting.calls - CHECKS - calls in LOGITS, n
        assert [path.name for path in tmp_path.iterdir() if path.suffix == ".unfinished"] == []


@pytest.mark.slow
@pytest.mark.parametrize("step", [4, 7])
def test_stopped_again_and_again_it_gets_on(interrupted, tmp_path, step):
    cull, counting, whole = interrupted
    calls, computed, stops = counting.calls - CHECKS, 0, 0
    while True:
        with contextlib.suppress(Stopped):
            same(cull(state=tmp_path / "state", stop=StopAfter(step), checkpoint_minutes=1e9), whole)
            break
        computed, stops = computed + counting.calls - CHECKS, stops + 1
    assert stops > 2
    assert calls <= computed + counting.calls - CHECKS <= calls + stops * LOGITS[-1]


@pytest.mark.slow
def test_killed_inside_a_block_it_loses_at_most_what_the_interval_allows(interrupted, tmp_path):
    cull, counting, whole = interrupted
    calls = counting.calls
    for last in range(CHECKS, calls, 3):
        counting.last = last
        with pytest.raises(Killed):
            cull(state=tmp_path / f"{last}", checkpoint_minutes=0)
        counting.last = None
        same(cull(state=tmp_path / f"{last}", checkpoint_minutes=0), whole)
        # The batch in which it was killed, and the logits, and nothing else.
        assert counting.calls - (calls - (last - CHECKS)) in LOGITS


def test_without_a_state_it_stops_at_once(interrupted):
    cull, counting, _ = interrupted
    with pytest.raises(Stopped, match=r"stopped at 0 of \d+ pairs on request: nothing is stored"):
        cull(stop=StopAfter(1))
    assert counting.calls == CHECKS


@pytest.mark.slow
@pytest.mark.parametrize("method", culling.METHODS)
def test_a_stop_after_a_batch_was_halved_goes_on_with_the_smaller_one(small_network, tmp_path, method):
    class Small(Counting):
        def forward(self, images):
            if len(images) > self.fits:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().forward(images)

    counting = Small(small_network(2, 3, dtype=torch.float64).eval())
    arguments = (counting, batch((6, 6)), LABELS, 3, method)
    counting.fits = 3
    asked = StopAfter()
    whole = culling.cull(*arguments, batch=8, stop=asked)
    for n in range(1, asked.looks + 1, 7):
        with pytest.raises(Stopped):
            culling.cull(*arguments, batch=8, stop=StopAfter(n), state=tmp_path / f"{n}")
        found = culling.cull(*arguments, batch=8, state=tmp_path / f"{n}")
        assert np.array_equal(found.evaluated, whole.evaluated)
        # Blocks after it are tried with the larger batch again, which changes rounding alone.
        np.testing.assert_allclose(found.increment, whole.increment, rtol=0, atol=1e-9)
    # What was kept in batches of 2 is of no use to a device with more room, and does no harm.
    n = asked.looks // 2
    with pytest.raises(Stopped):
        culling.cull(*arguments, batch=8, stop=StopAfter(n), state=tmp_path / "more")
    counting.fits = 8
    found = culling.cull(*arguments, batch=8, state=tmp_path / "more")
    np.testing.assert_allclose(found.increment[whole.evaluated], whole.increment[whole.evaluated], rtol=0, atol=1e-9)


@pytest.mark.slow
def test_two_processes_do_not_cull_into_one_state(interrupted, tmp_path):
    cull, _, whole = interrupted
    refused = []

    def meanwhile():
        if not refused:
            with pytest.raises(
                RuntimeError, match=r"state: another job, perhaps of an earlier run, is still at work"
            ) as e:
                cull(state=tmp_path / "state")
            refused.append(e)
        return False

    same(cull(state=tmp_path / "state", stop=meanwhile), whole)
    assert refused
    same(cull(state=tmp_path / "state"), whole)


@pytest.mark.usefixtures("small_blocks")
def test_a_finished_state_needs_the_logits_of_the_unfiltered_images_alone(small_network, tmp_path):
    images, counting = batch((6, 6), dtype=torch.float32), Counting(small_network(2, 3).eval())
    whole = culling.cull(counting, images, LABELS, 3, batch=4, state=tmp_path / "state")
    counting.calls = 0
    counting.last = CHECKS + LOGITS[-1]
    same(culling.cull(counting, images, LABELS, 3, batch=4, state=tmp_path / "state"), whole)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "exact"}, {"percent": 20}, {"images": 2}, {"labels": 1}, {"network": 1}, {"precision": "bfloat16"},
        {"version": "after an edit of the code"},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_the_state_of_another_culling_is_dropped(small_network, tmp_path, change, caplog):
    images, state = batch((6, 6), dtype=torch.float32), tmp_path / "state"
    culling.cull(small_network(2, 3), images, LABELS, 3, state=state)
    now = {"network": 0, "images": 1, "labels": 0, "method": "screened", **change}
    arguments = (
        small_network(2, 3, seed=now.pop("network")), images * now.pop("images"), np.roll(LABELS, now.pop("labels")), 3
    )  # fmt: skip
    again = culling.cull(*arguments, **now, state=state)
    same(dataclasses.replace(again, fingerprint=""), culling.cull(*arguments, **now))
    assert "belongs to another computation" in caplog.text


def test_the_state_of_a_network_with_other_modules_is_dropped(small_network, tmp_path):
    """The same weights and class names, another activation."""
    network, images = small_network(2, 3), batch((6, 6), dtype=torch.float32)
    other = copy.deepcopy(network)
    other[2] = nn.Tanh()
    culling.cull(network, images, LABELS, 3, "exact", state=tmp_path / "state")
    found = culling.cull(other, images, LABELS, 3, "exact", state=tmp_path / "state")
    np.testing.assert_array_equal(found.increment, culling.cull(other, images, LABELS, 3, "exact").increment)


class Held(nn.Module):
    """Divides its logits by an attribute."""

    def __init__(self, divisor):
        super().__init__()
        torch.manual_seed(0)
        self.linear, self.divisor = nn.Linear(72, 3), divisor

    def forward(self, images):
        return self.linear(images.flatten(1)) / self.divisor


def hooked(factor):
    network = Held(1.0)
    network.register_forward_hook(lambda module, images, logits: logits * factor)
    return network


@pytest.mark.parametrize("method", culling.METHODS)
@pytest.mark.parametrize(("make", "value", "other"), [(Held, 1.0, 0.1), (hooked, 1.0, 3.0)], ids=["attribute", "hook"])
def test_the_state_of_a_network_with_another_attribute_or_hook_is_dropped(tmp_path, method, make, value, other, caplog):
    """Their weights are the same; stopped in the middle of a class, and finished."""
    images = batch((6, 6), dtype=torch.float32)
    expected = culling.cull(make(other), images, LABELS, 3, method, batch=4)
    for n in (7, 10**6):
        with contextlib.suppress(Stopped):
            culling.cull(
                make(value),
                images,
                LABELS,
                3,
                method,
                batch=4,
                state=tmp_path / "s",
                stop=StopAfter(n),
                checkpoint_minutes=0,
            )
        caplog.clear()
        found = culling.cull(make(other), images, LABELS, 3, method, batch=4, state=tmp_path / "s")
        assert "the stored logits of class 0 are those of another network" in caplog.text
        same(dataclasses.replace(found, fingerprint=""), expected)
        (tmp_path / "s").unlink()


def test_another_device_that_rounds_differently_goes_on_with_the_stored_results(tmp_path, caplog):
    images, state = batch((6, 6), dtype=torch.float32), tmp_path / "state"
    whole = culling.cull(hooked(1.0), images, LABELS, 3, "exact", state=state)
    same(culling.cull(hooked(1 + 1e-5), images, LABELS, 3, "exact", state=state), whole)
    assert "another network" not in caplog.text


@pytest.mark.parametrize("method", culling.METHODS)
@pytest.mark.parametrize("n", [1, 2, 3, 7])
@pytest.mark.usefixtures("small_blocks")
def test_parts_merge_into_the_whole_bit_by_bit(small_network, tmp_path, method, n):
    arguments = (small_network(2, 3), batch((6, 6), dtype=torch.float32), LABELS, 3, method)
    whole = culling.cull(*arguments, batch=4)
    paths = [tmp_path / f"{i}.h5" for i in range(n)]
    for i, path in enumerate(paths):
        culling.write_part(path, culling.cull(*arguments, part=(i, n), batch=4))
    parts = [culling.read_part(path) for path in paths]
    joined = culling.merge(iter(parts[::-1]))
    same(dataclasses.replace(joined, fingerprint=""), dataclasses.replace(whole, fingerprint=""))


class Store:
    """Images in files, of which each read is noted."""

    def __init__(self, pixels, checksum):
        self.pixels, self.checksum, self.positions = pixels, checksum, set()
        self.shape, self.dtype = pixels.shape, pixels.dtype

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, index):
        self.positions.update(np.arange(len(self))[index].tolist())
        return self.pixels[index]

    def subset(self, chosen):
        pytest.fail("a culling reads its images by position")

    def origin(self):
        return (self.checksum,)


def test_a_part_reads_the_images_of_its_classes_alone(small_network, tmp_path):
    """And the first image, for the check of the network; the others count by the checksum of their store."""
    pixels = np.random.default_rng(1).integers(0, 256, (9, 2, 6, 6), dtype=np.uint8)
    network, how = small_network(2, 3), {"method": "screened", "mean": [0.4, 0.5], "std": [0.2, 0.3]}
    store = Store(pixels, "a")
    part = culling.cull(network, store, LABELS, 3, **how, part=(2, 3), state=tmp_path / "state")
    assert store.positions == {0, *np.flatnonzero(LABELS == 2).tolist()}
    assert part.fingerprint != culling.cull(network, Store(pixels, "b"), LABELS, 3, **how, part=(2, 3)).fingerprint


@pytest.mark.usefixtures("small_blocks")
def test_merging_names_what_is_wrong(small_network):
    arguments = (small_network(2, 3), batch((6, 6), dtype=torch.float32), LABELS, 3, "exact")
    parts = [culling.cull(*arguments, part=(i, 2), batch=4) for i in range(2)]
    with pytest.raises(ValueError, match="some increments of class 0 are missing"):
        culling.merge(parts[:1])
    with pytest.raises(ValueError, match="some increments of class 0 are there twice"):
        culling.merge([*parts, parts[0]])
    with pytest.raises(ValueError, match=r"come from different cullings: they differ in precision$"):
        culling.merge([parts[0], dataclasses.replace(parts[1], precision="tf32")])
    other = culling.cull(small_network(2, 3, seed=1), *arguments[1:], part=(1, 2), batch=4)
    with pytest.raises(ValueError, match=r"they differ in fingerprint$"):
        culling.merge([parts[0], other])
    with pytest.raises(ValueError, match="no parts to merge"):
        culling.merge([])


@pytest.mark.usefixtures("small_blocks")
def test_parts_from_machines_with_other_batches_fit_together(small_network):
    """Blocks are cut the same; the batch changes rounding alone (2e-6 in float32)."""
    arguments = (small_network(2, 3), batch((6, 6), dtype=torch.float32), LABELS, 3, "exact")
    joined = culling.merge([culling.cull(*arguments, part=(i, 3), batch=2 + 5 * i) for i in range(3)])
    np.testing.assert_allclose(joined.increment, culling.cull(*arguments).increment, rtol=0, atol=2e-6)


@pytest.mark.parametrize("method", culling.METHODS)
def test_a_batch_that_does_not_fit_is_halved(small_network, method, caplog):
    class Small(Counting):
        def forward(self, images):
            if len(images) > 3:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return self.network(images)

    images, network = batch((6, 6)), small_network(2, 3, dtype=torch.float64).eval()
    found = culling.cull(Small(network), images, LABELS, 3, method, batch=32)
    expected = culling.cull(network, images, LABELS, 3, method, batch=2)
    assert np.array_equal(found.evaluated, expected.evaluated)
    exact = found.evaluated
    np.testing.assert_allclose(found.increment[exact], expected.increment[exact], rtol=0, atol=1e-9)
    assert "out of memory: going on with batches of 2" in caplog.text


def test_out_of_memory_at_a_single_image_is_an_error(small_network):
    class None_(Counting):
        def forward(self, images):
            raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        culling.cull(None_(small_network(2, 3)), batch((6, 6)), LABELS, 3, batch=4)


@pytest.mark.parametrize("method", culling.METHODS)
@pytest.mark.parametrize("kind", ["array", "tensor", "hdf5"])
def test_stored_images_are_read_and_normalised_on_the_way(small_network, tmp_path, method, kind):
    pixels = np.random.default_rng(1).integers(0, 256, (9, 2, 6, 6), dtype=np.uint8)
    mean, std = np.array([0.4, 0.5]), np.array([0.2, 0.3])
    network = small_network(2, 3)
    plain = culling.cull(network, normalise(torch.from_numpy(pixels), mean, std), LABELS, 3, method)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        stored = {"array": pixels, "tensor": torch.from_numpy(pixels), "hdf5": file.create_dataset("a", data=pixels)}
        # With next to no memory, images are not kept either.
        found = culling.cull(network, stored[kind], LABELS, 3, method, mean=mean, std=std, memory_mib=1e-5, batch=512)
    np.testing.assert_allclose(found.increment, plain.increment, rtol=0, atol=2e-6)


@pytest.mark.slow
@pytest.mark.parametrize("mib", [0.05, 0.2, 1, 10])
def test_no_batch_is_larger_than_the_budget_allows(small_network, mib):
    counting, largest = Counting(small_network(2, 3).eval()), []
    counting.register_forward_pre_hook(lambda _, images: largest.append(images[0].nbytes))
    culling.cull(
        counting, batch((8, 8), dtype=torch.float32).repeat(50, 1, 1, 1), np.tile(LABELS, 50), 3, memory_mib=mib
    )
    # Five feature planes in and out of a layer, twice, beside the two planes of the image.
    assert max(largest) * (2 * 10 + 2) / 2 <= mib * 2**20


@pytest.mark.parametrize("precision", ["tf32", "bfloat16"])
def test_reduced_precision_stays_near(small_network, precision):
    images = batch((6, 6), dtype=torch.float32)
    full, reduced = (
        culling.cull(small_network(2, 3), images, LABELS, 3, "exact", precision=p) for p in ("float32", precision)
    )
    assert reduced.precision == precision
    np.testing.assert_allclose(reduced.increment, full.increment, rtol=0, atol=0.05)


@pytest.mark.slow
def test_a_compiled_network_gives_the_same(small_network, monkeypatch):
    """The wiring alone, on the backend that needs no C++ compiler."""
    compile_, seen = torch.compile, []

    def eager(network, mode):
        seen.append(mode)
        return compile_(network, backend="eager")

    monkeypatch.setattr(torch, "compile", eager)
    images = batch((6, 6), dtype=torch.float32)
    for method in culling.METHODS:
        plain = culling.cull(small_network(2, 3), images, LABELS, 3, method)
        other = culling.cull(small_network(2, 3), images, LABELS, 3, method, compiled=True)
        both = plain.evaluated & other.evaluated
        np.testing.assert_allclose(other.increment[both], plain.increment[both], rtol=0, atol=2e-6)
    assert seen == [None, None]  # the mode is for CUDA


def test_a_bar_and_the_log_show_the_progress(small_network, monkeypatch, caplog):
    monkeypatch.setattr(Progress, "EVERY", 0.0)
    with caplog.at_level("INFO"):
        culling.cull(small_network(2, 3), batch((6, 6), dtype=torch.float32), LABELS, 3, "exact")
    assert re.search(r"60 of 60 pairs, [\d.]+ pairs/s, at most 0 s left", caplog.text)
    assert "class 3 of 3: 100.0 % of all forward passes" in caplog.text


# Fill swap


def slow_swaps(network, images, labels, n_classes, donors):
    """Image by image, pair by pair, in float64: the donor's coefficients in the image's spectrum, and back."""
    images, pairs = images.double(), ConjugatePairs(*images.shape[-2:])
    spectra = np.fft.fft2(images.numpy())
    out = np.zeros((n_classes, len(pairs)))
    with torch.no_grad():
        for i, c in enumerate(labels):
            before = functional.cross_entropy(network(images[i : i + 1]), torch.tensor([c]))
            for p in range(len(pairs)):
                there = np.fft.ifftshift(pairs.scatter(np.arange(len(pairs)) == p))
                mixed = np.fft.ifft2(np.where(there, spectra[donors[i]], spectra[i]))
                assert np.abs(mixed.imag).max() < 1e-12
                after = functional.cross_entropy(network(torch.from_numpy(mixed.real)[None]), torch.tensor([c]))
                out[c, p] += (after - before).item() / (labels == c).sum()
    return out


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("neutral", [None, 1])
@pytest.mark.parametrize("batch_size", [3, 512])
def test_swap_equals_a_replacement_in_the_full_fft(small_network, size, neutral, batch_size):
    network, images = small_network(2, 3, dtype=torch.float64), batch(size)
    found = culling.cull(
        network, images, LABELS, 3, "exact", fill="swap", neutral=neutral, seed=5, batch=batch_size, memory_mib=1
    )
    donors = fills.donors(LABELS, neutral=neutral, seed=5)
    expected = slow_swaps(network.eval(), images, LABELS, 3, donors)
    np.testing.assert_allclose(found.increment, expected, rtol=0, atol=1e-9)
    assert found.fill == "swap" and found.evaluated.all()
    assert found.passes.tolist() == [len(ConjugatePairs(*size)) * n for n in (5, 2, 2)]


def test_swap_of_stored_images_in_float32(small_network, tmp_path):
    pixels = np.random.default_rng(1).integers(0, 256, (9, 2, 6, 5), dtype=np.uint8)
    mean, std = np.array([0.4, 0.5]), np.array([0.2, 0.3])
    seen, network = normalise(torch.from_numpy(pixels), mean, std), small_network(2, 3)
    expected = slow_swaps(small_network(2, 3, dtype=torch.float64).eval(), seen, LABELS, 3, fills.donors(LABELS))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        stored = file.create_dataset("a", data=pixels)
        options = {"fill": "swap", "mean": mean, "std": std, "batch": 7}
        found = culling.cull(network, stored, LABELS, 3, "exact", **options)
        little = culling.cull(network, stored, LABELS, 3, "exact", memory_mib=1e-5, **options)
    for one in (found, little):
        np.testing.assert_allclose(one.increment, expected, rtol=0, atol=2e-6)


def test_swap_finds_a_class_by_the_lack_of_energy():
    """A network that calls an image without the wave class 1: removal changes nothing, an exchange does."""
    pairs, generator = ConjugatePairs(8, 8), np.random.default_rng(0)
    planted = int(
        np.flatnonzero((pairs.frequencies == [-2, 1]).all(axis=1) | (pairs.frequencies == [2, -1]).all(axis=1))[0]
    )
    wave = np.fft.ifft2(np.fft.ifftshift(pairs.scatter((np.arange(len(pairs)) == planted).astype(float)))).real * 64
    labels = np.repeat([0, 1], 10)
    images = torch.from_numpy(0.01 * generator.standard_normal((20, 1, 8, 8)))
    images[labels == 0] += torch.from_numpy(wave)

    class Amplitude(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.from_numpy(wave))

        def forward(self, images):
            there = (images * self.weight).sum(dim=(1, 2, 3)) / 100
            return torch.stack([there, 1 - there], dim=1)

    removed, swapped = (culling.cull(Amplitude(), images, labels, 2, "exact", fill=f) for f in ("zeros", "swap"))
    assert swapped.increment[1].argmax() == planted and swapped.increment[1, planted] > 0.5
    assert np.abs(removed.increment[1]).max() < 0.01


@pytest.mark.slow
@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("n", [2, 7])
def test_swap_in_parts_merges_into_the_whole_bit_by_bit(small_network, tmp_path, n):
    arguments = (small_network(2, 3), batch((6, 6), dtype=torch.float32), LABELS, 3, "exact")
    whole = culling.cull(*arguments, batch=4, fill="swap", neutral=0)
    for i in range(n):
        part = culling.cull(*arguments, part=(i, n), batch=4, fill="swap", neutral=0)
        culling.write_part(tmp_path / f"{i}.h5", part)
    joined = culling.merge(culling.read_part(tmp_path / f"{i}.h5") for i in range(n))
    same(dataclasses.replace(joined, fingerprint=""), whole)
    other = culling.cull(*arguments, part=(1, 2), batch=4)
    with pytest.raises(ValueError, match=r"they differ in fingerprint, fill$"):
        culling.merge([culling.cull(*arguments, part=(0, 2), batch=4, fill="swap", neutral=0), other])


@pytest.mark.slow
@pytest.mark.usefixtures("small_blocks")
def test_swap_killed_anywhere_resumes_and_ends_with_the_same(small_network, tmp_path):
    counting = Counting(small_network(2, 3).eval())
    arguments = (counting, batch((6, 6), dtype=torch.float32), LABELS, 3, "exact")
    whole = culling.cull(*arguments, batch=4, fill="swap")
    calls, seen = counting.calls, counting.seen
    for last in range(0, calls, 3):
        state = tmp_path / f"{last}"
        counting.calls, counting.seen, counting.last = 0, 0, last
        with pytest.raises(Killed):
            culling.cull(*arguments, batch=4, fill="swap", state=state)
        counting.calls, counting.last = 0, None
        resumed = culling.cull(*arguments, batch=4, fill="swap", state=state)
        same(dataclasses.replace(resumed, fingerprint=""), whole)
        assert counting.seen - seen <= 12 + 4 + len(LABELS)


@pytest.mark.parametrize(
    "change", [{"fill": "zeros"}, {"neutral": 0}, {"seed": 1}], ids=lambda change: next(iter(change))
)
def test_the_state_of_another_fill_or_of_other_donors_is_dropped(small_network, tmp_path, change, caplog):
    arguments, state = (small_network(2, 3), batch((6, 6), dtype=torch.float32), LABELS, 3, "exact"), tmp_path / "state"
    culling.cull(*arguments, fill="swap", state=state)
    now = {"fill": "swap", **change}
    again = culling.cull(*arguments, **now, state=state)
    same(dataclasses.replace(again, fingerprint=""), culling.cull(*arguments, **now))
    assert "belongs to another computation" in caplog.text


def test_a_fill_that_a_culling_does_not_know_is_refused(small_network):
    arguments = (small_network(2, 3), batch((6, 6), dtype=torch.float32), LABELS, 3)
    with pytest.raises(ValueError, match="unknown fill 'noise' of a culling: choose from zeros, swap"):
        culling.cull(*arguments, "exact", fill="noise")
    with pytest.raises(ValueError, match="fill swap needs method exact: screened predicts"):
        culling.cull(*arguments, fill="swap")
    with pytest.raises(ValueError, match="an image of class 0 needs another image of the neutral class 7"):
        culling.cull(*arguments, "exact", fill="swap", neutral=7)
