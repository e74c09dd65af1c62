"""The minibatches of a training: their order, images of a store, and stylised twins."""

import dataclasses

import numpy as np
import pytest
import torch
from training_runs import BATCH, DATA, GIVEN, PER_EPOCH, RECIPE, VALIDATION, Blank, N, run, same, stored, tiny

from frequency_shortcuts.data.stored_images import Stored
from frequency_shortcuts.networks import training
from frequency_shortcuts.networks.augmentation import Augmentation
from frequency_shortcuts.networks.recipe import Recipe
from frequency_shortcuts.networks.training import train


@pytest.fixture(scope="module")
def reference():
    return run()


def test_every_image_is_seen_once_an_epoch_in_another_order():
    GIVEN.clear()
    train(tiny(), DATA, VALIDATION, Recipe(epochs=2, batch_size=BATCH), seed=0, augmentation=Blank())
    assert [len(batch) for batch in GIVEN] == 2 * [8, 8, 6]
    first, second = (torch.cat(GIVEN[i : i + PER_EPOCH]).numpy().reshape(N, -1) for i in (0, PER_EPOCH))
    assert not np.array_equal(first, second)
    for epoch in (first, second):
        np.testing.assert_array_equal(np.unique(epoch, axis=0), np.unique(DATA.images.reshape(N, -1), axis=0))


def test_images_that_are_read_while_training_give_the_same_bits(tmp_path, reference):
    lazy = stored(tmp_path)
    assert isinstance(lazy.images, Stored)
    assert same(run(data=lazy), reference)


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


@pytest.mark.parametrize("where", ["memory", "store"])
@pytest.mark.parametrize("share", [0.3, 1.0])
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
    again = seen_by(monkeypatch, augmentation=Augmentation("sin", 0, False, stylised_share=share), **options)
    assert all(torch.equal(a, b) for a, b in zip(mixed, again, strict=True))


def test_sin_without_twins_is_an_error():
    with pytest.raises(ValueError, match="the augmentation sin needs training images with stylised twins"):
        run(augmentation=Augmentation("sin"))
    with pytest.raises(ValueError, match=r"stylised_share 0: expected above 0 and at most 1"):
        Augmentation("sin", stylised_share=0)
