"""The mixture method against closed forms and slow references.

Networks and images are float64, so that a reference agrees within 1e-9 unless a test states another tolerance."""

import numpy as np
import pytest
import torch
from method_problems import LABELS, batch, run
from test_mixture import standing_out

from frequency_shortcuts.maps.methods import mixture
from frequency_shortcuts.maps.methods.engine import Limits
from frequency_shortcuts.maps.methods.workspace import Workspace
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

KINDS = ["binary-swap", "beta-zeros", "binary-zeros+beta-swap", "auto"]


def slow_scores(network, images, labels, settings, seed=0, neutral=None):
    """Mixture by mixture: the gradient with respect to the mask by autograd on full centred spectra, [class, pairs]."""
    pairs = ConjugatePairs(*images.shape[-2:])
    network.eval()
    with Workspace(network, images, labels, 3, seed=seed, neutral=neutral) as workspace:
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
    return np.stack([np.max([standing_out(np.stack(kind)) for kind in of_class], axis=0) for of_class in found])


@pytest.mark.parametrize("mixtures", KINDS)
@pytest.mark.parametrize(("at_once", "neutral"), [(3, 1), (512, None)])
def test_scores_equal_gradients_by_autograd_through_full_spectra(small_network, mixtures, at_once, neutral):
    network, images = small_network(2, 3, dtype=torch.float64), batch()
    chosen = {"samples": 5, "cell": 1, "mixtures": mixtures}
    slow = slow_scores(network, images, LABELS, mixture.Settings(**chosen), seed=3, neutral=neutral)
    found = run("mixture", network, **chosen, seed=3, neutral=neutral, limits=Limits(batch=8 * at_once))
    np.testing.assert_allclose(found.score, slow, rtol=0, atol=1e-9)
