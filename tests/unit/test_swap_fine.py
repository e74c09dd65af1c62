"""The remedy SwapFine: what is swapped, what stays, and how it is called."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset, default_collate

import frequency_shortcuts as fs
from frequency_shortcuts.networks.swap_fine import FIRST
from frequency_shortcuts.spectrum.pairs import radius

SIZE = 16


def images(n=40, seed=0, size=SIZE):
    """Smooth images with some noise, float from 0 to 1, [n, 1, size, size]."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.nn.functional.interpolate(torch.rand(n, 1, 4, 4, generator=generator), size=size, mode="bilinear")
    return 0.25 + 0.5 * coarse + 0.1 * (torch.rand(n, 1, size, size, generator=generator) - 0.5)


def spectra(batch):
    return torch.fft.fftshift(torch.fft.fft2(batch.double()), dim=(-2, -1))


FINE = torch.from_numpy(radius(SIZE, SIZE)) > 4


def test_the_coarse_spectrum_stays_and_the_fine_one_is_that_of_another_image():
    batch, labels = images(), torch.arange(40)
    swap = fs.SwapFine(probability=1, radius=4, generator=torch.Generator().manual_seed(1))
    swapped, same = swap(batch, labels)
    assert same is labels
    before, after = spectra(batch), spectra(swapped)
    assert torch.allclose(after[..., ~FINE], before[..., ~FINE], atol=1e-4)
    near = (after[:, None, :, FINE] - before[None, :, :, FINE]).abs().amax(dim=(2, 3)) < 1e-4
    donors = near.int().argmax(dim=1)
    assert near.any(dim=1).all() and sorted(donors.tolist()) == list(range(40))  # each image gives its own once
    assert (donors != torch.arange(40)).all()


def test_about_the_probability_of_all_images_is_swapped():
    batch = images(400)
    swap = fs.SwapFine(probability=0.3, radius=4, generator=torch.Generator().manual_seed(2))
    changed = (swap(batch) != batch).flatten(1).any(dim=1).double().mean()
    assert abs(changed - 0.3) < 0.07


def test_beyond_the_radius_lies_the_share_of_the_energy():
    batch = images(FIRST)
    swap = fs.SwapFine(energy=0.25).fit(batch)
    power = (spectra(batch) - spectra(batch).roll(1, 0)).abs().square().sum(dim=(0, 1)).numpy()
    radii = radius(SIZE, SIZE)
    share = [power[radii > r].sum() / power.sum() for r in np.unique(radii)]
    assert swap.radius == np.unique(radii)[np.argmax(np.array(share) <= 0.25)]
    assert fs.SwapFine(energy=0.05).fit(batch).radius > swap.radius


def test_the_first_batches_settle_radius_and_limits():
    swap = fs.SwapFine()
    for start in range(0, FIRST, 64):
        swap(images(FIRST)[start : start + 64])
    settled = swap.radius
    swap(torch.rand(64, 1, SIZE, SIZE) * 100)
    assert swap.radius == settled and swap.limits == (0, 1)
    assert abs(settled - fs.SwapFine().fit(images(FIRST)).radius) <= 1


@pytest.mark.parametrize(("scale", "dtype", "limits"), [
    (255, torch.uint8, (0, 255)), (1, torch.float32, (0, 1)), (1, torch.float16, (0, 1)), (4, torch.float32, None),
])  # fmt: skip
def test_the_range_is_kept_where_it_is_known(scale, dtype, limits):
    batch = (images(300) * scale - (2 if limits is None else 0)).to(dtype)
    batch[:, :, :8] = batch[:, :, :8].clamp(*(limits or (-9, 9))).where(batch[:, :, :8] > scale / 2, batch.amin())
    swap = fs.SwapFine(probability=1)
    swapped = swap(batch)
    assert swapped.dtype == dtype and swap.limits == limits
    if limits:
        assert swapped.min() >= limits[0] and swapped.max() <= limits[1]


def test_a_generator_makes_it_deterministic():
    one, same, other = (fs.SwapFine(generator=torch.Generator().manual_seed(seed))(images()) for seed in (3, 3, 4))
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_it_works_in_a_collate_function():
    swap = fs.SwapFine(probability=1)
    data = TensorDataset(images(), torch.arange(40))
    batches = list(DataLoader(data, batch_size=20, collate_fn=lambda samples: swap(default_collate(samples))))
    assert [tuple(batch.shape) for batch, _ in batches] == [(20, 1, SIZE, SIZE)] * 2
    assert batches[1][1].tolist() == list(range(20, 40))
    assert not torch.equal(batches[0][0], images()[:20])


def test_one_image_stays_as_it_is():
    batch = images(1)
    with pytest.warns(UserWarning, match="a batch of one image has no other to swap with"):
        assert fs.SwapFine()(batch) is batch


@pytest.mark.parametrize(("settings", "words"), [
    ({"energy": 0}, "energy 0: expected a share above 0 and below 1"),
    ({"probability": 1.5}, "probability 1.5: expected above 0 and at most 1"),
    ({"radius": -1}, "radius -1: expected at least 0 cycles per image"),
])  # fmt: skip
def test_bad_settings_are_named(settings, words):
    with pytest.raises(ValueError, match=words):
        fs.SwapFine(**settings)


@pytest.mark.parametrize(("batch", "words"), [
    (torch.zeros(3, 8, 8), r"images are \[3, 8, 8\], expected a batch"), ([1], "images are int"),
])  # fmt: skip
def test_bad_images_are_named(batch, words):
    with pytest.raises(ValueError, match=words):
        fs.SwapFine()(batch)
