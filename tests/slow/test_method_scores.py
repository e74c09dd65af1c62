"""The scores of each method that finds maps, against slow references and on networks of which the truth is known.

Networks and images are float64, so that a reference agrees within 1e-9 unless a test states another tolerance."""

import numpy as np
import pytest
import torch
from method_problems import LABELS, PAIRS, batch, run, same_for_all, slow_means
from test_method_scores import network  # noqa: F401 (fixtures)

from frequency_shortcuts.spectrum.fills import donors


@pytest.mark.parametrize("fill", ["zeros", "swap"])
@pytest.mark.parametrize(("masks", "share"), [(8, 0.5), (2, 0.1), (None, 0.3)])
def test_rise_is_the_mean_probability_over_the_masks_that_keep_a_pair(network, fill, masks, share):
    images, seed = batch(), 6
    drawn = np.random.default_rng([seed, 1]).random((masks or len(PAIRS), len(PAIRS))) < share
    other = images[torch.from_numpy(donors(LABELS, seed=seed))] if fill == "swap" else None
    probability = slow_means(network, images, LABELS, same_for_all(drawn), other)[1]
    found = run("rise", network, images, masks=masks, share=share, fill=fill, seed=seed).score
    for c, p in np.ndindex(found.shape):
        holding = [probability[k, c] for k in range(len(drawn)) if drawn[k, p]]
        expected = np.mean(holding) if holding else probability[:, c].mean()
        assert found[c, p] == pytest.approx(expected, abs=1e-10)
