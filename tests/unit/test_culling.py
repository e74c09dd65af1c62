"""Culling against mask + full FFT there and back, one pair at a time.

Tolerances of an increment: 1e-9 in float64; in float32 2e-6, a few units in the last place of losses near 1.
"""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from frequency_shortcuts import culling, dfm
from frequency_shortcuts.spectrum import ConjugatePairs, positions, symmetric

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


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("batch_size", [1, 3, 512])
def test_exact_equals_full_fft_in_float64(small_network, size, batch_size):
    network, images = small_network(2, 3, dtype=torch.float64), batch(size)
    found = culling.cull(network, images, LABELS, 3, "exact", batch_size=batch_size)
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
    estimate = culling.first_order(network, images, 1, pairs, batch_size=4)[1]
    for p in range(len(pairs)):
        part = images - remove_slowly(images, pairs, p)
        with torch.no_grad():
            up, down = (functional.cross_entropy(network(images - t * part), target) for t in (1e-4, -1e-4))
        assert abs(estimate[p] - float(up - down) / 2e-4) < 1e-7


def test_first_order_score_is_the_product_of_amplitudes(small_network):
    network, images = small_network(2, 3, dtype=torch.float64).eval(), batch((5, 6))
    pairs = ConjugatePairs(5, 6)
    seen = images.clone().requires_grad_()
    functional.cross_entropy(network(seen), torch.full((len(images),), 2), reduction="sum").backward()
    product = np.abs(np.fft.fft2(images)) * np.abs(np.fft.fft2(seen.grad))
    slow = np.fft.fftshift(product.sum(axis=1).mean(axis=0))
    score = culling.first_order(network, images, 2, pairs, batch_size=4)[0]
    np.testing.assert_allclose(pairs.scatter(score), slow, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("share", [0.01, 0.15, 0.5, 1.0])
@pytest.mark.parametrize("size", [(8, 8), (7, 5)])
def test_screened_evaluates_its_share_and_estimates_the_rest(small_network, size, share):
    network, images = small_network(2, 3, dtype=torch.float64), batch(size)
    pairs = ConjugatePairs(*size)
    found = culling.cull(network, images, LABELS, 3, share=share)
    exact = culling.cull(network, images, LABELS, 3, "exact").increment
    assert (found.evaluated.sum(axis=1) == np.ceil(share * len(pairs))).all()
    np.testing.assert_allclose(found.increment[found.evaluated], exact[found.evaluated], rtol=0, atol=1e-9)
    for c in range(3):
        score, estimate = culling.first_order(network.eval(), images[c == LABELS], c, pairs)
        rest = ~found.evaluated[c]
        assert score[~rest].min() >= score[rest].max(initial=-np.inf)
        lowered = found.increment[c] < estimate - 1e-12
        np.testing.assert_allclose(found.increment[c][rest & ~lowered], estimate[rest & ~lowered], rtol=0, atol=1e-12)
        assert len(np.unique(found.increment[c][rest & lowered])) <= 1  # all lowered ones to the one ceiling
        assert (found.increment[c][rest] <= estimate[rest] + 1e-12).all()


def protected(culled, pairs, c, percent):
    """The exactly evaluated pairs that fill the top percentage, by a slow loop over the stored ranks."""
    rank, filled, chosen = dfm.rank(culled.increment[c]), 0, []
    for p in sorted(np.flatnonzero(culled.evaluated[c]), key=lambda p: rank[p]):
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
        culling._lower_estimates(increment[0], evaluated[0], pairs, percent)
        culled = culling.Culling(increment, evaluated, np.zeros(1), np.ones(1, int), "screened")
        rank, chosen = protected(culled, pairs, 0, percent)
        assert rank[~evaluated[0]].min(initial=999) > rank[chosen].max()


def test_screened_with_a_full_share_is_exact(small_network):
    network, images = small_network(2, 3, dtype=torch.float64), batch((6, 6))
    exact, full = (culling.cull(network, images, LABELS, 3, m, share=1) for m in ("exact", "screened"))
    np.testing.assert_allclose(full.increment, exact.increment, rtol=0, atol=1e-12)


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
        ({"share": 0}, "share 0: expected above 0 and at most 1"),
        ({"share": 1.1}, "share 1.1: expected above 0 and at most 1"),
        ({"percents": [0]}, "percent 0: expected above 0 and at most 100"),
        ({"labels": np.where(LABELS == 1, 0, LABELS)}, "no image of class 1; every class needs at least one"),
        ({"labels": np.r_[LABELS[:-1], 3]}, "labels 0 to 3, but the classes are 0 to 2"),
        ({"labels": np.r_[LABELS[:-1], -1]}, "labels -1 to 2, but the classes are 0 to 2"),
        ({"labels": LABELS[:-1]}, "8 labels .*9 images|9 images .*8 labels"),
        ({"images": torch.full((9, 2, 6, 6), torch.nan)}, "loss of class 0 is nan: .* finite logits"),
    ],
    ids=["method", "share 0", "share 1.1", "percent", "class missing", "label 3", "label -1", "labels short", "nan"],
)
def test_errors_say_what_is_wrong_and_what_is_allowed(small_network, change, message):
    arguments = {"images": batch((6, 6), dtype=torch.float32), "labels": LABELS, "n_classes": 3} | change
    with pytest.raises(ValueError, match=message):
        culling.cull(small_network(2, 3), **arguments)
