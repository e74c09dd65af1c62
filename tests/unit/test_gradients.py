"""Gradients against central differences and the full FFT, and the noise of the noisy copies."""

import numpy as np
import torch
from culled_images import batch, remove_slowly
from torch.nn import functional

from frequency_shortcuts.maps.methods import gradients
from frequency_shortcuts.spectrum.pairs import ConjugatePairs


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


def test_an_image_has_at_least_two_noisy_copies_and_few_where_pairs_are_few():
    copies = [gradients.noisy_copies(len(ConjugatePairs(side, side))) for side in (1, 8, 32, 64, 128, 224)]
    assert copies == [2, 2, 2, 4, 8, 8]
    assert gradients.passes(2050) == 2 * (1 + 4)
