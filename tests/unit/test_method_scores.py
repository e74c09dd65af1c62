"""The scores of each method that finds maps, against slow references and on networks of which the truth is known.

Networks and images are float64, so that a reference agrees within 1e-9 unless a test states another tolerance.
"""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from method_problems import LABELS, PAIRS, SIZE, batch, run, slow_losses
from torch import nn
from torch.nn import functional

from frequency_shortcuts import dfm
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps.methods import hfss, mixture
from frequency_shortcuts.maps.methods.workspace import Workspace
from frequency_shortcuts.spectrum.fills import donors
from frequency_shortcuts.spectrum.masks import positions
from frequency_shortcuts.spectrum.pairs import ConjugatePairs, cells


@pytest.mark.parametrize(
    ("fill", "patch", "size", "at_once"),
    [
        ("zeros", 2, SIZE, 1),
        ("swap", 2, SIZE, 7),
        ("swap", 2, (5, 5), 512),
        ("zeros", 20, SIZE, 512),
    ],
)
@pytest.mark.usefixtures("small_blocks")
def test_patch_increments_equal_a_loop_over_the_cells(network, fill, patch, size, at_once):
    images, cell = batch(size), cells(ConjugatePairs(*size), patch, patch)
    options = {"patch": patch, "fill": fill, "seed": 4, "batch": at_once}
    found = run("culling", network, images, **options)
    other = images[torch.from_numpy(donors(LABELS, seed=4))] if fill == "swap" else None
    masks = [np.ones(len(cell), bool), *(cell != number for number in range(cell.max() + 1))]
    before, *after = slow_losses(network, images, LABELS, masks, other)
    for number, of_cell in enumerate(after):
        scores = found.score[:, cell == number]
        np.testing.assert_allclose(scores[:, 0], of_cell - before, rtol=0, atol=1e-10)
        assert (scores == scores[:, :1]).all()
    about = found.about
    assert found.evaluated.all() and about["patch"] == patch
    np.testing.assert_allclose(about["baseline_loss"], before, rtol=1e-9)
    assert (about["passes"] == len(after) * about["images_per_class"]).all()
    last = run("culling", network, images, **options, classes=[2])
    np.testing.assert_allclose(last.score, found.score[2:], rtol=0, atol=1e-12)
    assert last.about["passes"].tolist() == about["passes"][2:].tolist()
    assert last.passes == (1 + len(after)) * 3  # the images of this class alone


def test_the_stages_are_the_published_ones_and_else_end_at_one_position():
    for side, stages in (
        (224, [4, 8, 16, 28, 56, 112]),
        (128, [4, 8, 16, 32, 64, 128]),
        (32, [4, 8, 16, 32]),
    ):
        assert hfss.stages(ConjugatePairs(side, side)) == stages
    for size in [(1, 1), (3, 3), (7, 6), (40, 40), (32, 31)]:
        found = list(hfss.stages(ConjugatePairs(*size)))
        assert found == sorted(set(found))
        assert found[-1] == max(size)


def test_a_draw_holds_whole_cells_of_both_grids_at_the_share():
    """Shares over 600 candidates of each kind: within 0.03."""
    pairs, share = ConjugatePairs(16, 16), 0.6
    drawn = hfss.draw(pairs, (4.0, 4.0), 1800, share, np.random.default_rng(0))
    plain, moved = cells(pairs, 4, 4), cells(pairs, 4, 4, shift=0.5)

    def whole(mask, cell):
        return all(len(set(mask[cell == number])) == 1 for number in range(cell.max() + 1))

    assert all(whole(mask, plain) for mask in drawn[::3][:20])
    assert all(whole(mask, moved) for mask in drawn[1::3][:20])
    both = np.unique(np.stack([plain, moved]), axis=1, return_inverse=True)[1].reshape(-1)
    assert all(whole(mask, both) for mask in drawn[2::3][:20])
    for kind, expected in enumerate((share, share, 1 - (1 - share / 2) ** 2)):
        assert drawn[kind::3].mean() == pytest.approx(expected, abs=0.03)
    # Single positions cannot be moved.
    drawn = hfss.draw(PAIRS, (1.0, 1.0), 900, 0.5, np.random.default_rng(0))
    assert [drawn[kind::3].mean() for kind in range(3)] == pytest.approx([0.5] * 3, abs=0.03)


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    percent=st.floats(0.5, 100),
    seed=st.integers(0, 99),
)
def test_resized_masks_hold_the_wanted_positions_and_the_top_map_is_the_best_of_them(
    size, percent, seed
):
    """One more position if all pairs of the mask are of two positions and an odd number is wanted."""
    pairs, generator = ConjugatePairs(*size), np.random.default_rng(seed)
    wanted = positions(*size, percent)
    masks = generator.random((7, len(pairs))) < generator.random((7, 1))
    parents = generator.random((2, 3, len(pairs))) < 0.5
    found = hfss.resized(masks, pairs.size, wanted, parents, generator)
    for before, after in zip(masks, found, strict=True):
        surplus = after @ pairs.size - wanted
        assert surplus == 0 or (surplus == 1 and (pairs.size[after] == 2).all())
        favoured = parents.any(axis=(0, 1))
        if (after & ~before & ~favoured).any():  # pairs of some parent come first
            assert (after | ~favoured | (pairs.size == 1)).all()
        if (before & ~after).sum() > 1:
            assert not (after & ~before).any()
    loss = generator.random((7, 2))
    score = hfss._rank(found, loss)
    np.testing.assert_array_equal(
        dfm.dominant(score, pairs, percent), pairs.scatter(found[loss.argmin(axis=0)])
    )


@pytest.mark.parametrize(("size", "percent"), [((7, 6), 30), ((12, 9), 5)])
def test_candidates_lie_inside_a_parent_and_the_best_one_becomes_the_map(
    network, monkeypatch, size, percent
):
    """A parent is one of the best three candidates of a class in the stage before. Only `resized` adds pairs."""
    shown, drawn, resize, measure = [], [], hfss.resized, Workspace.class_losses

    def resized(masks, *arguments):
        drawn.append(masks)
        return resize(masks, *arguments)

    def class_losses(space, masks, *arguments):
        losses = measure(space, masks, *arguments)
        shown.append((masks, losses))
        return losses

    monkeypatch.setattr(hfss, "resized", resized)
    monkeypatch.setattr(Workspace, "class_losses", class_losses)
    found = run("hfss", network, batch(size), percent=percent, candidates=12, parents=3).score
    pairs = ConjugatePairs(*size)
    assert len(shown) == len(hfss.stages(pairs))
    inside = [masks for masks, _ in shown[1:-1]] + drawn
    for masks, (parents, loss) in zip(inside, shown, strict=False):
        best_ones = [
            parents[k] for c in range(3) for k in np.argsort(loss[:, c], kind="stable")[:3]
        ]
        assert all(any(not (mask & ~parent).any() for parent in best_ones) for mask in masks)
    last, loss = shown[-1]
    wanted = positions(*size, percent)
    assert set((last @ pairs.size).tolist()) <= {wanted, wanted + 1}
    top = dfm.dominant(found, pairs, percent)
    np.testing.assert_array_equal(top, pairs.scatter(last[loss.argmin(axis=0)]))
    # Below the map, pairs rank by minus the mean loss of the candidates that hold them.
    for c, p in np.ndindex(found.shape):
        if not pairs.gather(top[c])[p]:
            holding = loss[last[:, p], c]
            expected = -holding.mean() if len(holding) else -loss[:, c].max()
            assert found[c, p] == pytest.approx(expected, abs=1e-10)


def standing_out(values):
    """The score of every pair from the derivatives [mixtures, pairs], pair by pair."""
    mean, error = values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(len(values))
    spread = 1.4826 * np.median(np.abs(mean - np.median(mean)))
    scale = [np.sqrt(e**2 + (2 * np.median(error)) ** 2 + spread**2) for e in error]
    return (mean - np.median(mean)) / scale


def slow_scores(network, images, labels, settings, seed=0, neutral=None):
    """Mixture by mixture: the gradient with respect to the mask by autograd on full centred spectra, [class, pairs]."""
    pairs = ConjugatePairs(*images.shape[-2:])
    network.eval()
    with Workspace(network, Split(images, labels, neutral=neutral), seed=seed) as workspace:
        drawn = [mixture._Mixtures(workspace, settings).draw(i) for i in range(len(labels))]
    cell, kinds = mixture._cells(pairs, 1), len(settings.kinds(neutral is not None))
    found = [[[] for _ in range(kinds)] for _ in range(3)]
    for i, (masks, others) in enumerate(drawn):
        for sample, (mask, donor) in enumerate(zip(masks, others, strict=True)):
            entries = torch.from_numpy(mask[cell]).requires_grad_()
            plane = torch.zeros(*images.shape[-2:], dtype=torch.float64)
            for p, places in enumerate(pairs.positions):
                for place in {tuple(places[0]), tuple(places[1])}:
                    plane = plane.index_put(tuple(map(torch.tensor, place)), entries[p])
            own, other = (
                torch.fft.fftshift(torch.fft.fft2(images[j]), dim=(-2, -1))
                for j in (i, max(donor, 0))
            )
            mixed = own * plane + (other * (1 - plane) if donor >= 0 else 0)
            seen = torch.fft.ifft2(torch.fft.ifftshift(mixed, dim=(-2, -1))).real
            chance = network(seen[None]).softmax(dim=1)[0, labels[i]]
            (torch.log(chance) - torch.log(1 - chance)).backward()
            found[labels[i]][sample // 2 % kinds].append(entries.grad.numpy())
    joined = np.max if settings.join == "max" else np.mean
    return np.stack(
        [joined([standing_out(np.stack(kind)) for kind in of_class], axis=0) for of_class in found]
    )


@pytest.mark.parametrize(
    ("mixtures", "at_once", "neutral", "join"),
    [
        ("binary-swap", 3, 1, "max"),
        ("binary-zeros+beta-swap", 3, None, "mean"),
        ("auto", 512, None, "max"),
    ],
)
def test_scores_equal_gradients_by_autograd_through_full_spectra(
    network, mixtures, at_once, neutral, join
):
    images = batch()
    chosen = {"samples": 5, "cell": 1, "mixtures": mixtures, "join": join}
    slow = slow_scores(network, images, LABELS, mixture.Settings(**chosen), seed=3, neutral=neutral)
    found = run("mixture", network, **chosen, seed=3, neutral=neutral, batch=8 * at_once)
    np.testing.assert_allclose(found.score, slow, rtol=0, atol=1e-9)


def test_pairs_of_a_cell_share_an_entry_and_a_score(network):
    """The score of a cell is the mean over its pairs; by default, 32 cells lie along the longer side."""
    settings = mixture.Settings()
    assert len(np.unique(mixture._cells(ConjugatePairs(32, 32), settings.cell))) == 514
    assert 500 < len(np.unique(mixture._cells(ConjugatePairs(224, 224), settings.cell))) < 600
    found = run("mixture", network, cell=3).score
    cell = mixture._cells(PAIRS, 3)
    for number in np.unique(cell):
        assert (found[:, cell == number] == found[:, cell == number][:, :1]).all()
    one = run("mixture", network, cell=100).score
    assert (one == one[:, :1]).all()


def test_samples_come_in_twos_of_each_kind_and_passes_count_three_each(network):
    settings = mixture.Settings(samples=6)
    assert settings.kinds(neutral=True) == [("binary", "swap")]
    assert settings.kinds(neutral=False) == [("binary", "swap"), ("beta", "zeros")]
    with Workspace(network, Split(batch(), LABELS)) as workspace:
        kinds = mixture._Mixtures(workspace, settings).kind_of_sample
    assert kinds.tolist() == [0, 0, 1, 1, 0, 0]
    assert mixture.passes(settings, 10, PAIRS) == 180


def test_the_second_of_two_masks_is_the_opposite_of_the_first(network):
    few, many = (
        mixture.Settings(samples=8, cell=1),
        mixture.Settings(samples=400, mixtures="binary-swap", cell=1),
    )
    with Workspace(network, Split(batch(), LABELS)) as workspace:
        masks, donors = mixture._Mixtures(workspace, few).draw(0)
        drawn = mixture._Mixtures(workspace, many).draw(0)[0][::2]
    np.testing.assert_array_equal(masks[1::2], 1 - masks[::2])
    assert set(masks[0]) == {0, 1}
    assert 0 < masks[2].min() < masks[2].max() < 1
    assert (
        abs(drawn.mean() - 0.5) < 5 * 0.5 / drawn.size**0.5
    )  # standard errors of a share of one half
    assert (donors[[2, 3, 6, 7]] == -1).all()
    assert (LABELS[donors[[0, 1, 4, 5]]] != LABELS[0]).all()


def test_a_network_whose_output_does_not_change_is_one_sentence(network):
    with torch.no_grad():
        [layer for layer in network.modules() if isinstance(layer, nn.Linear)][-1].weight.zero_()
    with pytest.raises(
        ValueError,
        match="all derivatives of class 0 are 0, since the output of the network does not",
    ):
        run("mixture", network)


def test_one_derivative_that_never_changes_stands_out():
    total = np.zeros((1, 5))
    total[0, 3] = 16.0
    score = mixture._standing_out(total, total**2 / 8, np.full((1, 1), 8.0))
    assert score[0, 3] > 1e6 and (np.delete(score[0], 3) == 0).all()


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
                np.abs(np.fft.fftshift(np.fft.fft2(x), axes=(-2, -1)))
                for x in (image.numpy(), seen.grad[0].numpy())
            )
            planes.append((spectrum * slope).sum(axis=0))
        expected = PAIRS.gather(np.mean(planes, axis=0)) * PAIRS.size / math.prod(SIZE)
        np.testing.assert_allclose(found[c], expected, rtol=1e-9, atol=1e-13)


def test_adcs_counts_the_signs_of_the_differences_of_mean_amplitudes(network):
    images = batch()
    adcs = run("adcs", network, images).score
    spectra = np.abs(np.fft.fftshift(np.fft.fft2(images.numpy()), axes=(-2, -1)))
    mean = PAIRS.gather(np.stack([spectra[c == LABELS].mean(axis=(0, 1)) for c in range(3)]))
    for c, p in np.ndindex(adcs.shape):
        assert adcs[c, p] == abs(sum(np.sign(mean[c, p] - mean[other, p]) for other in range(3)))


TRUTH = np.array(
    [[3, 8, 12], [5, 15, 17]]
)  # the pairs that classes 0 and 1 need, all of them; class 2 is neutral


@pytest.mark.parametrize(
    ("name", "options", "least", "among"),
    [("culling", {}, 3, 3), ("gradient", {}, 3, 3), ("mixture", {}, 3, 3),
     ("hfss", {"percent": 100 * 12 / 42, "candidates": 200}, 2, 6)],
)  # fmt: skip
def test_the_known_truth_is_found(name, options, least, among):
    """By a network whose logit c is 4 (sum of parts at the pairs of class c - 2.5), and that of class 2 is 0.

    An image of class c has a part of 1 at each of the three pairs of c, and a little noise. So the network calls it c
    only if it has all three. At random, there would be less than one pair of three among the best six.
    """
    labels = np.tile([0, 1, 2], 6)
    planes = np.fft.ifftshift(PAIRS.scatter(np.eye(len(PAIRS))[TRUTH]), axes=(-2, -1))
    waves = np.fft.ifft2(planes).real
    waves /= np.sqrt((waves**2).sum(axis=(-2, -1), keepdims=True))
    sums = np.concatenate([waves.sum(axis=1), np.zeros((1, *SIZE))])
    images = (
        0.03 * np.random.default_rng(0).standard_normal((len(labels), 1, *SIZE))
        + sums[labels][:, None]
    )
    network = nn.Sequential(nn.Flatten(), nn.Linear(math.prod(SIZE), 3)).double()
    with torch.no_grad():
        network[1].weight.copy_(4 * torch.from_numpy(sums.reshape(3, -1)))
        network[1].bias.copy_(torch.tensor([-10, -10, 0]))
    found = run(name, network, torch.from_numpy(images), labels, neutral=2, **options).score
    for row, truth in zip(found, TRUTH, strict=False):
        assert np.isin(np.argsort(-row)[:among], truth).sum() >= least
