"""The remedy SwapFine: what is swapped, what stays, and how it is called."""

import copy
import dataclasses

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset, default_collate
from training_runs import DATA, RECIPE, N, run, same, scripted

import frequency_shortcuts as fs
from frequency_shortcuts.networks import training
from frequency_shortcuts.networks.augmentation import Augmentation
from frequency_shortcuts.networks.swap_fine import FIRST
from frequency_shortcuts.spectrum.filters import opponent
from frequency_shortcuts.spectrum.pairs import radius

SIZE = 16


def images(n=40, seed=0, size=SIZE):
    """Smooth images with some noise, float from 0 to 1, [n, 1, size, size]."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.nn.functional.interpolate(torch.rand(n, 1, 4, 4, generator=generator), size=size, mode="bilinear")
    return 0.25 + 0.5 * coarse + 0.1 * (torch.rand(n, 1, size, size, generator=generator) - 0.5)


def spectra(batch):
    return torch.fft.fftshift(torch.fft.fft2(batch.double()), dim=(-2, -1))


RADIUS = torch.from_numpy(radius(SIZE, SIZE))
FINE, COARSE = RADIUS > 4, (RADIUS > 0) & (RADIUS <= 4)


def test_an_image_gets_the_fine_amplitudes_and_the_mean_of_another_one():
    batch, labels = images() - 2, torch.arange(40)  # below 0, so that nothing is clipped
    swapped, same = fs.SwapFine(radius=4, generator=torch.Generator().manual_seed(1))(batch, labels)
    assert same is labels
    before, after = spectra(batch), spectra(swapped)
    apart = (after[:, None].abs() - before[None].abs())[..., FINE].abs().amax(dim=(2, 3))
    assert (apart.amin(dim=1) < 0.1).all()  # an amplitude near zero cannot grow: its phase is rounding
    donors = apart.argmin(dim=1)
    assert len(set(donors.tolist())) > 15
    assert torch.allclose(swapped.mean(dim=(1, 2, 3)), batch[donors].mean(dim=(1, 2, 3)), atol=1e-5)
    turned = (after * before.conj()).angle()[..., FINE | COARSE]
    assert turned.abs().quantile(0.99) < 1e-2  # phases stay, but for amplitudes near zero


def test_donors_do_not_depend_on_the_label():
    first = torch.zeros(2000, dtype=torch.long)
    for i in range(2000):
        batch = torch.stack([torch.eye(8)[None], 1 - torch.eye(8)[None]])
        first[i] = int(fs.SwapFine(radius=2, limits=(0, 1))(batch)[0].mean() > 0.5)
    assert abs(first.double().mean() - 0.5) < 0.04


@pytest.mark.parametrize("size", [(32, 32), (15, 16), (7, 9)])
def test_colour_images_exchange_opponent_colours(size):
    batch = torch.rand(12, 3, *size, generator=torch.Generator().manual_seed(6)) - 2
    before, after = (
        opponent(torch.fft.rfft2(images.double())).abs() for images in (batch, fs.SwapFine(radius=3)(batch))
    )
    fine = torch.from_numpy(np.fft.ifftshift(radius(*size))[:, : size[1] // 2 + 1]) > 3
    apart = (after[:, None] - before[None])[..., fine].abs().amax(dim=(2, 3))
    assert (apart.amin(dim=1) < 0.05).all() and (apart.argmin(dim=1) != torch.arange(12)).any()


def test_fit_forgets_what_came_before():
    swap = fs.SwapFine().fit(100 * images(seed=1, size=24))
    assert swap.fit(images()).radius == fs.SwapFine().fit(images()).radius and swap.limits == (0, 1)
    for batch, words in ((images(1), "fit needs 2 or more"), (images(1).repeat(3, 1, 1, 1), "all images are the same")):
        with pytest.raises(ValueError, match=words):
            fs.SwapFine().fit(batch)


def test_coarse_amplitudes_change_by_contrast_and_blur_alone():
    batch = images() - 2
    changed = (spectra(fs.SwapFine(radius=4)(batch)).abs() / spectra(batch).abs())[:, 0, COARSE].log().numpy()
    ring = np.rint(RADIUS[COARSE].numpy())
    terms = np.vander(ring**2, 2)
    fitted = changed @ np.linalg.pinv(terms).T @ terms.T
    assert np.abs(changed - fitted).max() < 1e-3 and np.abs(changed).max() < np.log(4) + 1e-3
    assert np.ptp(changed, axis=0).min() > 0.1


def test_an_image_and_its_blurred_copy_change_places():
    sharp = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(5)) - 2
    blur = torch.exp(-0.01 * torch.from_numpy(np.fft.ifftshift(radius(32, 32))[:, :17]) ** 2)
    blurred = torch.fft.irfft2(torch.fft.rfft2(sharp) * blur).float()
    batch, wanted = torch.cat([sharp, blurred]), torch.cat([blurred, sharp])
    swap = fs.SwapFine(radius=8)
    nearest = min((swap(batch) - wanted).std() for _ in range(30))  # a quarter exchanges them
    assert nearest < 0.1 * (sharp - blurred).std()


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


@pytest.mark.parametrize(("settings", "batch", "words"), [
    ({"energy": 0}, images(), "energy 0: expected a share above 0 and below 1"),
    ({"probability": 1.5}, images(), "probability 1.5: expected above 0 and at most 1"),
    ({"radius": -1}, images(), "radius -1: expected at least 0 cycles per image"),
    ({}, torch.zeros(3, 8, 8), r"images are \[3, 8, 8\], expected a batch"), ({}, [1], "images are int"),
    ({}, torch.zeros(3, 1, 8, 8, dtype=torch.int32), "images are torch.int32, expected uint8 or float"),
])  # fmt: skip
def test_bad_settings_and_images_are_named(settings, batch, words):
    with pytest.raises(ValueError, match=words):
        fs.SwapFine(**settings)(batch)


def test_a_training_with_it_is_another_run_and_repeats_itself():
    torch.manual_seed(99)
    swapped = Augmentation("swap_fine", shift=1)
    found = run(augmentation=swapped)
    assert same(run(augmentation=swapped), found) and not same(run(), found)


def test_steps_of_a_training_with_it_by_hand(monkeypatch):
    """One step an epoch, on all images, without geometry, dropout or momentum; it is used in two of three steps."""
    recipe = dataclasses.replace(RECIPE, epochs=3, batch_size=N, momentum=0.0, weight_decay=0.0)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))
    swap = fs.SwapFine(0.3, 0.6, limits=(0, 1)).fit(torch.from_numpy(DATA.images).float() / 255)
    slow = copy.deepcopy(network)
    mean, std = (torch.as_tensor(part, dtype=torch.float32)[:, None, None] for part in (DATA.mean, DATA.std))
    for epoch in range(3):
        order = np.random.default_rng([3, epoch, 1]).permutation(N)
        torch.manual_seed(int(np.random.SeedSequence([3, epoch]).generate_state(1)[0]))
        pixels, labels = torch.from_numpy(DATA.images[order]).float() / 255, torch.from_numpy(DATA.labels[order])
        seen = pixels if epoch == 2 else swap(pixels)
        loss = functional.cross_entropy(slow((seen - mean) / std), labels)
        gradients = torch.autograd.grad(loss, list(slow.parameters()))
        with torch.no_grad():
            for weight, gradient in zip(slow.parameters(), gradients, strict=True):
                weight -= recipe.learning_rate * gradient
    monkeypatch.setattr(training, "_swap_fine", lambda *_: swap)
    scripted(monkeypatch, [3.0, 2.0, 1.0])  # the weights of the last epoch are the best
    augmentation = Augmentation("swap_fine", shift=0, flip=False, swap_until=0.6)
    trained = run(network=network, recipe=recipe, dynamics=None, augmentation=augmentation).weights
    torch.testing.assert_close(trained, slow.state_dict(), rtol=1e-4, atol=1e-5)
