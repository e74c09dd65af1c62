"""The training loop: determinism, choice of the weights, divergence, steps, learning rates and minibatches."""

import dataclasses

import pytest
import torch
from training_runs import (
    DATA,
    RECIPE,
    run,
    stored,
)

from frequency_shortcuts.networks import training
from frequency_shortcuts.networks.augmentation import Augmentation


def seen_by(monkeypatch, **options):
    """All images uint8 that the steps of a run got, by iteration."""
    batches, step = [], training._Run._step

    def watching(self, batch):
        batches.append(batch[0].clone())
        step(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(training._Run, "_step", watching)
        run(**options)
    return batches


@pytest.mark.parametrize(("where", "share"), [("memory", 1.0), ("store", 0.3)])
def test_sin_puts_a_share_of_stylised_twins_in_their_places(tmp_path, monkeypatch, where, share):
    # The twin of an image is its negative: what stands at each place tells which of the two was taken.
    data = stored(tmp_path, 255 - DATA.images)
    if where == "memory":
        data = dataclasses.replace(data, images=data.images[:], stylised=data.stylised[:])
    recipe = dataclasses.replace(RECIPE, epochs=12)
    options = {"data": data, "recipe": recipe, "dynamics": None}
    plain = seen_by(monkeypatch, augmentation=Augmentation(shift=0, flip=False), **options)
    mixed = seen_by(monkeypatch, augmentation=Augmentation("sin", 0, False, stylised_share=share), **options)
    same_place = torch.cat([(a == b).flatten(1).all(1) for a, b in zip(plain, mixed, strict=True)])
    turned = torch.cat([(a == 255 - b).flatten(1).all(1) for a, b in zip(plain, mixed, strict=True)])
    assert (same_place ^ turned).all()
    assert turned.double().mean().item() == pytest.approx(share, abs=0.1)
