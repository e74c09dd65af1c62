"""Trainings with the augmentations of frequencies: the steps by hand, seeds, resuming, and maps that do not fit."""

import copy
import dataclasses

import numpy as np
import pytest
import torch
from stops import StopAfter
from test_reduction import maps
from torch import nn
from torch.nn import functional
from training_runs import CLASSES, DATA, RECIPE, N, killed_before, run, same, tiny

from frequency_shortcuts.networks.augmentation import NAMES, WITH_MAPS, Augmentation
from frequency_shortcuts.networks.auxiliary import with_waves
from frequency_shortcuts.networks.reduction import MapReduction, reduction_masks
from frequency_shortcuts.storage.journal import Stopped

MAPS = maps(classes=len(CLASSES))
OF_FREQUENCIES = (*WITH_MAPS, "afa")


def options(name, found=MAPS, probability=0.5, strength=4.0, **geometry):
    """The options of a run with an augmentation, and with maps if it needs them."""
    reduction = MapReduction(reduction_masks(name, found, 3), probability) if name in WITH_MAPS else None
    geometry = geometry or {"shift": 1}
    return {"augmentation": Augmentation(name, wave_strength=strength, **geometry), "reduction": reduction}


@pytest.fixture(scope="module")
def references():
    return {name: run(**options(name)) for name in OF_FREQUENCIES}


def test_the_names_are_known():
    assert set(OF_FREQUENCIES) < set(NAMES)


@pytest.mark.parametrize("name", OF_FREQUENCIES)
def test_the_same_seed_gives_the_same_run_and_no_two_augmentations_do(references, name):
    torch.manual_seed(99)
    assert same(run(**options(name)), references[name])
    for other in {*OF_FREQUENCIES} - {name}:
        assert not same(references[other], references[name])
    assert not same(run(), references[name])


@pytest.mark.parametrize("name", OF_FREQUENCIES)
@pytest.mark.parametrize("iteration", [1, 5])
def test_a_killed_run_resumes_to_the_same_bits(tmp_path, monkeypatch, trained_iterations, references, name, iteration):
    killed_before(monkeypatch, iteration, state=tmp_path / "s.pt", checkpoint_minutes=0, **options(name))
    trained_iterations.clear()
    assert same(run(state=tmp_path / "s.pt", **options(name)), references[name])
    assert trained_iterations[0] == iteration


@pytest.mark.slow
@pytest.mark.usefixtures("small_batches")
def test_a_run_with_auxiliary_normalisations_stopped_repeatedly_ends_with_the_same_bits(tmp_path, references):
    for _ in range(19):
        with pytest.raises(Stopped):
            run(state=tmp_path / "s.pt", stop=StopAfter(3), checkpoint_minutes=1e9, **options("afa"))
    assert same(run(state=tmp_path / "s.pt", **options("afa")), run(**options("afa")))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("dfmx", {"found": maps(classes=3, seed=1)}),
        ("dfmx_random", {"found": maps(classes=3, pairs=7)}),
        ("dfmx", {"probability": 0.4}),
        ("afa", {"strength": 3.0}),
    ],
    ids=["maps", "sizes of the maps", "probability", "strength"],
)
def test_the_state_of_a_run_with_other_maps_or_settings_is_ignored(
    tmp_path, monkeypatch, trained_iterations, name, changes
):
    killed_before(monkeypatch, 5, state=tmp_path / "s.pt", checkpoint_minutes=0, **options(name))
    trained_iterations.clear()
    other = options(name, **changes)
    assert same(run(state=tmp_path / "s.pt", **other), run(**other))
    assert trained_iterations[0] == 0


@pytest.mark.parametrize("name", OF_FREQUENCIES)
def test_the_weights_are_those_of_the_network_alone(references, name):
    assert references[name].weights.keys() == tiny().state_dict().keys()


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
        loss = loss_of(network, pixels, lambda some: (some - mean) / std, labels)
        gradients = torch.autograd.grad(loss, list(network.parameters()), allow_unused=True)
        with torch.no_grad():
            for weight, gradient in zip(network.parameters(), gradients, strict=True):
                if gradient is not None:
                    weight -= recipe.learning_rate * gradient
    return network.state_dict()


def assert_close(trained, expected):
    for name, tensor in trained.items():
        torch.testing.assert_close(tensor, expected[name], rtol=1e-4, atol=1e-5)


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
    given = options(name, shift=0, flip=False)
    assert_close(last_weights(monkeypatch, network, recipe, given), slow)


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
    given = options("afa", shift=0, flip=False)
    assert_close(last_weights(monkeypatch, network, recipe, given), expected)


def last_weights(monkeypatch, network, recipe, given):
    """The weights after the last epoch of a training, whatever the validation says."""
    from frequency_shortcuts.networks import training

    losses = iter(range(recipe.epochs, 0, -1))
    monkeypatch.setattr(training._Run, "_validate", lambda self: (float(next(losses)), 0.5))
    return run(network=network, recipe=recipe, dynamics=None, **given).weights


def test_maps_are_demanded_and_refused_before_the_training(trained_iterations):
    with pytest.raises(
        ValueError, match=r"augmentation dfmx: it needs a reduction to maps, bool \[3, 8, 8\], and there"
    ):
        run(augmentation=Augmentation("dfmx"))
    with pytest.raises(ValueError, match=r"augmentation none: it uses no maps, only dfmx, .* do; leave reduction out"):
        run(reduction=MapReduction(MAPS))
    with pytest.raises(ValueError, match=r"maps of shape \[4, 8, 8\]: the images and classes need \[3, 8, 8\]"):
        run(augmentation=Augmentation("dfmx"), reduction=MapReduction(maps(classes=4)))
    with pytest.raises(ValueError, match="wave_strength 0: expected above 0"):
        Augmentation("afa", wave_strength=0)
    assert trained_iterations == []
