"""The mixture method against a slow reference.

Networks and images are float64, so that a reference agrees within 1e-9 unless a test states another tolerance.
"""

import numpy as np
import pytest
import torch
from method_problems import LABELS, PAIRS, batch, run
from torch import nn

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.maps.methods import mixture
from frequency_shortcuts.maps.methods.method import Size
from frequency_shortcuts.maps.methods.workspace import Limits, Workspace
from frequency_shortcuts.spectrum.pairs import ConjugatePairs


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
    many = mixture.Settings(samples=400, mixtures="binary-swap", cell=1)
    with Workspace(small_network(2, 3), Split(batch(), LABELS)) as workspace:
        drawn = mixture._draw(workspace, many, 0, len(PAIRS))[0][::2]
    assert abs(drawn.mean() - 0.5) < 5 * 0.5 / drawn.size**0.5  # standard errors of a share of one half
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
