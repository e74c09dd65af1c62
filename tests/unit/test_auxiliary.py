"""Random plane waves and auxiliary batch normalisation: slow references, and that the main statistics stay clean."""

import copy
import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from frequency_shortcuts.networks.auxiliary import AuxiliaryNorms, random_waves, with_waves


def waves(n=64, channels=2, height=16, width=16, strength=10.0, seed=0):
    torch.manual_seed(seed)
    return random_waves(torch.zeros(n, channels, height, width), strength).double().numpy()


@pytest.mark.parametrize(("height", "width"), [(16, 16), (15, 17), (3, 3)])
def test_a_wave_is_one_conjugate_pair_below_the_nyquist_frequency(height, width):
    amplitude = np.abs(np.fft.fft2(waves(height=height, width=width)))
    furthest = (min(height, width) - 1) // 2
    for plane in amplitude.reshape(-1, height, width):
        (u, other_u), (v, other_v) = np.nonzero(plane > 1e-3 * plane.max())  # float32
        assert ((u + other_u) % height, (v + other_v) % width) == (0, 0)
        assert 0.5 < math.hypot(min(u, height - u), min(v, width - v)) < furthest + 0.75  # rounded to the grid


def test_every_image_and_channel_draws_a_frequency_a_phase_and_a_strength_of_its_own():
    flat = np.fft.fft2(waves(n=500)).reshape(1000, -1)
    place = np.abs(flat).argmax(axis=1)
    assert len(np.unique(place)) > 60
    radius = np.hypot(*(np.minimum(part, 16 - part) for part in np.divmod(place, 16)))
    assert np.bincount(np.rint(radius).astype(int), minlength=9)[1:8].min() > 70  # seven radii, 1000 draws
    phases = np.angle(flat[np.arange(1000), place])
    assert stats.kstest(phases / (2 * np.pi) + 0.5, "uniform").pvalue > 1e-3
    same = (place.reshape(500, 2)[:, 0] == place.reshape(500, 2)[:, 1]).mean()
    assert same < 0.1


@pytest.mark.parametrize(("side", "scale"), [(32, 1.0), (16, 0.5)])
def test_the_norm_is_exponential_and_grows_with_the_size(side, scale):
    norms = np.sqrt((waves(n=1000, height=side, width=side) ** 2).sum(axis=(2, 3))).ravel()
    assert stats.kstest(norms, "expon", args=(0, 10 * scale)).pvalue > 1e-3
    assert norms.mean() == pytest.approx(10 * scale, rel=0.1)  # 4 standard errors of 2,000 draws


def test_a_wave_is_the_cosine_of_its_frequency():
    """The slow way: the same draws, then each pixel by itself."""
    height, width, shape = 9, 8, (5, 2, 1, 1)
    drawn_waves = waves(n=5, height=height, width=width, seed=4)
    torch.manual_seed(4)
    radius = torch.randint(1, 4, shape).double()
    direction, phase = torch.rand(shape).double() * math.pi, torch.rand(shape).double() * 2 * math.pi
    norm = torch.empty(shape).exponential_(1 / 10).double()
    for i, c, y, x in np.ndindex(5, 2, height, width):
        r, d, p, s = (float(drawn[i, c]) for drawn in (radius, direction, phase, norm))
        u, v = round(r * math.sin(d)), round(r * math.cos(d))
        value = math.cos(2 * math.pi * (u * y / height + v * x / width) + p)
        expected = s * math.sqrt(height * width) / 32 * value / math.sqrt(height * width / 2)
        assert drawn_waves[i, c, y, x] == pytest.approx(expected, abs=1e-5)


def test_images_too_small_for_a_wave_are_refused():
    with pytest.raises(ValueError, match="at least 3 x 3"):
        random_waves(torch.zeros(1, 1, 2, 8), 10)


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 6), nn.BatchNorm1d(6)
    )


def test_the_main_statistics_are_those_of_clean_images_alone():
    mixed, clean = network(), network()
    norms = AuxiliaryNorms(mixed)
    alone = network()  # sees only what the auxiliary set sees
    for seed in range(3):
        images = torch.randn(8, 1, 8, 8, generator=torch.Generator().manual_seed(seed))
        assert torch.equal(mixed(images), clean(images))
        with norms.in_use(mixed):
            assert torch.equal(mixed(3 * images + 1), alone(3 * images + 1))
    for name, tensor in clean.state_dict().items():
        assert torch.equal(mixed.state_dict()[name], tensor), name
    assert torch.equal(norms[0].running_var, alone[1].running_var)
    assert torch.equal(norms[1].running_mean, alone[5].running_mean)
    assert not torch.equal(norms[0].running_var, mixed[1].running_var)


def test_each_set_has_gradients_of_its_own():
    mixed, images = network(), torch.randn(8, 1, 8, 8)
    norms, slow = AuxiliaryNorms(mixed), network()
    with norms.in_use(mixed):
        mixed(images).square().sum().backward()
    slow(images).square().sum().backward()
    assert mixed[1].weight.grad is None and mixed[5].bias.grad is None
    torch.testing.assert_close(norms[0].weight.grad, slow[1].weight.grad)
    torch.testing.assert_close(norms[1].bias.grad, slow[5].bias.grad)
    torch.testing.assert_close(mixed[0].weight.grad, slow[0].weight.grad)  # shared


def test_the_own_set_is_back_after_an_error_and_names_do_not_change():
    mixed = network()
    before, norms = copy.deepcopy(mixed.state_dict()), AuxiliaryNorms(mixed)
    own = mixed[1].weight
    with pytest.raises(RuntimeError), norms.in_use(mixed):
        assert mixed[1].weight is not own
        raise RuntimeError
    assert mixed[1].weight is own and list(mixed.state_dict()) == list(before)


def test_pixels_with_waves_are_clipped():
    pixels = torch.rand(32, 1, 16, 16)
    torch.manual_seed(1)
    waved = with_waves(pixels, 10)
    torch.manual_seed(1)
    assert torch.equal(waved, (pixels + random_waves(pixels, 10)).clip(0, 1))
