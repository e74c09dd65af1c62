"""The augmentations of frequencies: images reduced to maps, random plane waves, and trainings with them by hand."""

import copy
import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn
from torch.nn import functional
from training_runs import DATA, MAPS, RECIPE, N, maps, options, run, same, scripted, tiny

from frequency_shortcuts.networks import training
from frequency_shortcuts.networks.augmentation import WITH_MAPS, Augmentation
from frequency_shortcuts.networks.auxiliary import AuxiliaryNorms, random_waves, with_waves
from frequency_shortcuts.networks.reduction import MapReduction, reduction_masks
from frequency_shortcuts.networks.swap_fine import SwapFine
from frequency_shortcuts.spectrum import masks as spectrum_masks

# Images reduced to the maps of other classes

SIZES = [(8, 8), (7, 9)]


def images(n, height, width, channels=2):
    generator = torch.Generator().manual_seed(n)
    return torch.randn(n, channels, height, width, generator=generator)


def reduced_slowly(image, mask):
    """One image, float [channels, H, W], of which the frequencies of a centred mask are kept, by the complex DFT."""
    kept = np.fft.fft2(image) * np.fft.ifftshift(mask)
    filtered = np.fft.ifft2(kept)
    assert np.abs(filtered.imag).max() < 1e-12
    return filtered.real


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_batch_is_reduced_as_each_image_alone(height, width):
    masks, pixels = maps(height, width), images(40, height, width)
    labels = torch.arange(40) % 4
    reduction = MapReduction(masks, 0.5)
    torch.manual_seed(3)
    seen = reduction(pixels, labels)
    torch.manual_seed(3)
    reduced, classes = reduction.draw(labels)
    assert 0 < reduced.sum() < 40
    for i, image in enumerate(pixels.double().numpy()):
        if reduced[i]:
            slow = reduced_slowly(image, masks[classes[i]])
            np.testing.assert_allclose(seen[i].numpy(), slow, atol=1e-5)  # float32
        else:
            assert torch.equal(seen[i], pixels[i])


def test_no_image_is_reduced_to_the_map_of_its_own_class():
    labels = torch.arange(4).repeat(5000)
    torch.manual_seed(0)
    reduced, classes = MapReduction(maps(), 0.3).draw(labels)
    assert not (classes == labels).any()
    for c in range(4):  # the three others are equally likely
        counts = torch.bincount(classes[labels == c], minlength=4)
        assert counts[c] == 0 and stats.chisquare(np.delete(counts.numpy(), c)).pvalue > 1e-3
    assert abs(reduced.float().mean() - 0.3) < 0.02  # 6 standard errors of 20,000 draws
    assert (
        stats.chi2_contingency(torch.stack([classes[reduced].bincount(), classes[~reduced].bincount()])).pvalue > 1e-3
    )


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_the_masks_of_the_controls_have_the_sizes_of_the_maps(height, width):
    own = maps(height, width, pairs=11)
    assert np.array_equal(reduction_masks("dfmx", own, 0), own)
    sizes = own.sum(axis=(1, 2))
    random = reduction_masks("dfmx_random", own, 0)
    assert np.array_equal(random.sum(axis=(1, 2)), sizes) and spectrum_masks.symmetric(random)
    low = reduction_masks("dfmx_low_pass", own, 0)
    assert np.isin(low.sum(axis=(1, 2)) - sizes, (0, 1)).all() and spectrum_masks.symmetric(low)
    assert low[:, height // 2, width // 2].all()


def test_mistakes_are_answered_with_a_sentence():
    with pytest.raises(ValueError, match="augmentation 'sin' reduces no images"):
        reduction_masks("sin", maps(), 0)
    with pytest.raises(ValueError, match=r"maps is not symmetric"):
        reduction_masks("dfmx", np.eye(8, dtype=bool)[None, ::-1], 0)
    with pytest.raises(ValueError, match="at least 3 x 3"):
        random_waves(torch.zeros(1, 1, 2, 8), 10)
    with pytest.raises(ValueError, match="maps of one class"):
        MapReduction(maps()[:1], 0.3)
    for probability in (0, 1.5):
        with pytest.raises(ValueError, match="probability"):
            MapReduction(maps(), probability)


def test_a_reduction_is_identified_by_its_masks_and_probability():
    reductions = ((maps(), 0.3), (maps(seed=1), 0.3), (maps()[[1, 0, 2, 3]], 0.3), (maps(), 0.4))
    assert MapReduction(maps(), 0.3).identity == MapReduction(maps(), 0.3).identity
    assert len({MapReduction(*reduction).identity for reduction in reductions}) == 4


# Random plane waves, and auxiliary batch normalisation


def waves(n=64, channels=2, height=16, width=16, strength=10.0, seed=0):
    torch.manual_seed(seed)
    return random_waves(torch.zeros(n, channels, height, width), strength).double().numpy()


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


def two_norms():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 6), nn.BatchNorm1d(6)
    )


def test_the_main_statistics_are_those_of_clean_images_alone():
    mixed, clean = two_norms(), two_norms()
    norms = AuxiliaryNorms(mixed)
    alone = two_norms()  # sees only what the auxiliary set sees
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


def test_pixels_with_waves_are_clipped():
    pixels = torch.rand(32, 1, 16, 16)
    wave = torch.from_numpy(waves(32, 1)).float()
    torch.manual_seed(0)
    assert torch.equal(with_waves(pixels, 10), (pixels + wave).clip(0, 1))


# Trainings


def test_each_augmentation_of_frequencies_gives_its_own_run_and_the_same_one_again():
    torch.manual_seed(99)
    runs = {name: run(**options(name)) for name in (*WITH_MAPS, "afa", "swap_fine")} | {"none": run()}
    for i, name in enumerate(runs):
        assert runs[name].weights.keys() == tiny().state_dict().keys()
        assert not any(same(runs[other], runs[name]) for other in list(runs)[:i])
    for name in ("dfmx", "afa", "swap_fine"):
        assert same(run(**options(name)), runs[name])


def whole_batches():
    """One step an epoch, on all images, without geometry, dropout or momentum."""
    recipe = dataclasses.replace(RECIPE, epochs=3, batch_size=N, momentum=0.0, weight_decay=0.0)
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3)
    )  # fmt: skip
    return network, recipe


def steps_by_hand(network, recipe, loss_of):
    """The same training, in which `loss_of` (network, pixels from 0 to 1, normalise, labels) is the loss of a step."""
    mean, std = (torch.as_tensor(part, dtype=torch.float32)[:, None, None] for part in (DATA.mean, DATA.std))
    for epoch in range(recipe.epochs):
        order = np.random.default_rng([3, epoch, 1]).permutation(N)
        torch.manual_seed(int(np.random.SeedSequence([3, epoch]).generate_state(1)[0]))
        pixels, labels = torch.from_numpy(DATA.images[order]).float() / 255, torch.from_numpy(DATA.labels[order])
        loss = loss_of(network, pixels, lambda images: (images - mean) / std, labels)
        gradients = torch.autograd.grad(loss, list(network.parameters()), allow_unused=True)
        with torch.no_grad():
            for weight, gradient in zip(network.parameters(), gradients, strict=True):
                if gradient is not None:
                    weight -= recipe.learning_rate * gradient
    return network.state_dict()


@pytest.mark.parametrize("name", WITH_MAPS)
def test_steps_on_reduced_images_by_hand(monkeypatch, name):
    network, recipe = whole_batches()
    reduction = MapReduction(reduction_masks(name, MAPS, 3), 0.5)
    slow = steps_by_hand(
        copy.deepcopy(network),
        recipe,
        lambda net, pixels, normalise, labels: functional.cross_entropy(
            net(reduction(normalise(pixels), labels)), labels
        ),
    )
    trained = last_weights(monkeypatch, network, recipe, options(name, shift=0, flip=False))
    torch.testing.assert_close(trained, slow, rtol=1e-4, atol=1e-5)


def test_steps_with_swapped_fine_spectra_by_hand(monkeypatch):
    network, recipe = whole_batches()
    steps, swap = itertools.count(), SwapFine(0.3, 0.6, limits=(0, 1)).fit(torch.from_numpy(DATA.images).float() / 255)
    slow = steps_by_hand(
        copy.deepcopy(network), recipe,
        lambda net, pixels, normalise, labels: functional.cross_entropy(
            net(normalise(pixels if next(steps) == 2 else swap(pixels))), labels
        ),
    )  # fmt: skip
    augmentation = Augmentation("swap_fine", shift=0, flip=False, swap_until=0.6)  # two of three steps
    monkeypatch.setattr(training, "_swap_fine", lambda *_: swap)
    trained = last_weights(monkeypatch, network, recipe, {"augmentation": augmentation})
    torch.testing.assert_close(trained, slow, rtol=1e-4, atol=1e-5)


class TwoSets(nn.Module):
    """A network in which a flag chooses one of two batch normalisations, as the published code has it."""

    def __init__(self, network):
        super().__init__()
        self.first, self.own, *rest = copy.deepcopy(network)
        self.rest, self.second, self.waved = nn.Sequential(*rest), copy.deepcopy(self.own), False

    def forward(self, images):
        return self.rest((self.second if self.waved else self.own)(self.first(images)))


def test_steps_with_waves_by_hand(monkeypatch):
    network, recipe = whole_batches()
    slow = TwoSets(network)

    def loss_of(net, pixels, normalise, labels):
        waved = with_waves(pixels, 4.0)
        losses = []
        for net.waved, images in ((False, pixels), (True, waved)):
            losses.append(functional.cross_entropy(net(normalise(images)), labels))
        return sum(losses) / 2

    steps_by_hand(slow, recipe, loss_of)
    expected = nn.Sequential(slow.first, slow.own, *slow.rest).state_dict()
    trained = last_weights(monkeypatch, network, recipe, options("afa", shift=0, flip=False))
    torch.testing.assert_close(trained, expected, rtol=1e-4, atol=1e-5)


def last_weights(monkeypatch, network, recipe, augmentation):
    """The weights after the last epoch of a training, whatever the validation says."""
    scripted(monkeypatch, map(float, range(recipe.epochs, 0, -1)))
    return run(network=network, recipe=recipe, dynamics=None, **augmentation).weights


def test_maps_are_demanded_and_refused_before_the_training(trained_iterations):
    with pytest.raises(ValueError, match=r"it needs a reduction to maps, bool \[3, 8, 8\]"):
        run(augmentation=Augmentation("dfmx"))
    with pytest.raises(ValueError, match="augmentation none: it uses no maps"):
        run(reduction=MapReduction(MAPS))
    with pytest.raises(ValueError, match=r"maps of shape \[4, 8, 8\]"):
        run(augmentation=Augmentation("dfmx"), reduction=MapReduction(maps(classes=4)))
    with pytest.raises(ValueError, match="wave_strength"):
        Augmentation("afa", wave_strength=0)
    assert trained_iterations == []
