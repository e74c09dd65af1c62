"""A short training of a small network, as it is or with scripted losses."""

import copy
import dataclasses

import numpy as np
import torch
from torch import nn

from frequency_shortcuts.images.normalisation import pixel_statistics
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.storage.journal import Work
from study.trainings import training
from study.trainings.augmentation import Augmentation
from study.trainings.dynamics import Dynamics
from study.trainings.training import Recipe, train

CLASSES = ("a", "b", "c")
N, PER_EPOCH = 22, 3  # the last batch of an epoch is a smaller one
RECIPE = Recipe(epochs=3, batch_size=8, learning_rate=0.05)
ONE_CYCLE = dataclasses.replace(RECIPE, epochs=4, schedule="one_cycle")


def split(n, seed, low=0, high=256):
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    pixels = generator.integers(low, high, (n, 1, 8, 8), dtype=np.uint8)
    pixels[np.arange(n), 0, labels] = high - 1  # each class has a row of its own
    return Split(pixels, labels, CLASSES, *pixel_statistics(pixels))


DATA, VALIDATION, TEST = split(N, 0), split(13, 1), split(9, 2)
DYNAMICS = Dynamics(TEST, iterations=6, every=2, cutoff=2.0)


def tiny(seed=0):
    """A network with everything that a resumed run could lose: weights, running statistics, dropout."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2), nn.Flatten(), nn.BatchNorm1d(144),
            nn.Linear(144, 3),
        )  # fmt: skip


def run(seed=3, network=None, data=DATA, recipe=RECIPE, **options):
    options = {"augmentation": Augmentation(shift=1), "dynamics": DYNAMICS} | options
    work = {
        name: options.pop(name)
        for name in ("state", "version", "stop", "checkpoint_minutes")
        if name in options
    }
    return train(
        network or tiny(), data, VALIDATION, recipe, seed=seed, work=Work(**work), **options
    )


def same(one, other):
    """Equal to the last bit: weights, history and dynamics."""
    return (
        one.weights.keys() == other.weights.keys()
        and all(torch.equal(tensor, other.weights[name]) for name, tensor in one.weights.items())
        and one.history.equals(other.history)
        and one.dynamics.equals(other.dynamics)
        and one.best_epoch == other.best_epoch
    )


def scripted(monkeypatch, losses):
    """Validation losses by script; returns the list that gathers the weights of every epoch."""
    script, seen = iter(losses), []

    def validate(self):
        seen.append(copy.deepcopy(self.network.state_dict()))
        return next(script), 0.5

    monkeypatch.setattr(training._Training, "_validate", validate)
    return seen
