"""Trainings with the augmentations of frequencies: the steps by hand, seeds, resuming, and maps that do not fit."""

import copy
import dataclasses

import numpy as np
import pytest
import torch
from test_reduction import maps
from torch import nn
from torch.nn import functional
from training_runs import CLASSES, DATA, RECIPE, N, run, scripted

from frequency_shortcuts.networks.augmentation import WITH_MAPS, Augmentation
from frequency_shortcuts.networks.auxiliary import with_waves
from frequency_shortcuts.networks.reduction import MapReduction, reduction_masks

MAPS = maps(classes=len(CLASSES))


def options(name, masks=MAPS, probability=0.5, strength=4.0, **geometry):
    """The options of a run with an augmentation, and with maps if it needs them."""
    reduction = MapReduction(reduction_masks(name, masks, 3), probability) if name in WITH_MAPS else None
    geometry = geometry or {"shift": 1}
    return {"augmentation": Augmentation(name, wave_strength=strength, **geometry), "reduction": reduction}


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
