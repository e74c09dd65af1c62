"""The training loop: the same bits, the best weights, divergence, steps, learning rates, minibatches and dynamics."""

import copy
import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from spectral_classes import exchanged
from torch import nn
from torch.nn import functional
from training_runs import (
    DATA,
    DYNAMICS,
    ONE_CYCLE,
    PER_EPOCH,
    RECIPE,
    VALIDATION,
    N,
    run,
    same,
    scripted,
    split,
    tiny,
)

from frequency_shortcuts.images import stores
from frequency_shortcuts.images.normalisation import normalise, pixel_statistics
from frequency_shortcuts.images.source import Source
from frequency_shortcuts.images.splits import Split
from study.trainings import dynamics, training
from study.trainings.augmentation import Augmentation
from study.trainings.training import Recipe, train

GIVEN, TEST = [], DYNAMICS.test


@dataclasses.dataclass(frozen=True)
class Blank(Augmentation):
    """Shows the network zeros and records the images."""

    def __call__(self, images):
        GIVEN.append(images.clone())
        return torch.zeros_like(images, dtype=torch.float32)


@pytest.fixture(scope="module")
def reference():
    return run()


def test_the_same_seed_gives_the_same_run_and_another_seed_does_not(reference):
    torch.manual_seed(1234)  # the global state must not matter, and stays as it is
    before = torch.get_rng_state()
    assert same(run(), reference)
    assert torch.equal(torch.get_rng_state(), before)
    assert not same(run(seed=4), reference)


def test_training_learns_and_returns_a_row_an_epoch():
    history = run(
        recipe=dataclasses.replace(RECIPE, epochs=15), augmentation=None, dynamics=None
    ).history
    assert list(history) == [
        "epoch", "learning_rate", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy",
    ]  # fmt: skip
    assert history["epoch"].tolist() == list(range(15))
    assert history["train_loss"].iloc[-1] < 0.3 * history["train_loss"].iloc[0]
    assert history["train_accuracy"].iloc[-1] > 0.9


def test_the_weights_are_those_of_the_lowest_validation_loss(monkeypatch):
    seen = scripted(monkeypatch, [3.0, 1.0, 2.0, 1.0])
    network = tiny()
    trained = run(network=network, recipe=dataclasses.replace(RECIPE, epochs=4))
    assert trained.best_epoch == 1  # of two equal ones the first
    for name, tensor in trained.weights.items():
        assert torch.equal(tensor, seen[1][name]), name
        assert torch.equal(network.state_dict()[name], tensor), name
    assert not torch.equal(trained.weights["0.weight"], seen[3]["0.weight"])


def seen(data):
    """The images as a network sees them, float64."""
    return (data.images / 255 - data.mean[:, None, None]) / data.std[:, None, None]


def logits_of(network, images):
    with torch.inference_mode():
        return copy.deepcopy(network).eval()(torch.from_numpy(images).float())


def loss_of(network, data):
    return functional.cross_entropy(
        logits_of(network, seen(data)), torch.from_numpy(data.labels)
    ).item()


def test_validation_images_are_never_augmented():
    GIVEN.clear()
    network = tiny()
    dark, bright = split(N, 0, high=100), split(13, 1, low=200)
    trained = train(
        network, dark, bright, dataclasses.replace(RECIPE, epochs=2), seed=0, augmentation=Blank()
    )
    augmented = torch.cat(GIVEN)
    assert len(augmented) == 2 * N
    assert augmented.max() < 100
    assert trained.history["validation_loss"].min() == pytest.approx(
        loss_of(network, bright), rel=1e-5
    )


@pytest.mark.parametrize(("batch_size", "iteration"), [(4, 2), (N, 1)])
def test_divergence_says_what_to_do(batch_size, iteration):
    """Before a test of the dynamics, and after the validation at the end of an epoch of one iteration."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.Linear(16, 3))
    message = rf"after iteration {iteration}: training diverged, lower learning_rate \(now 1e\+30\)"
    with pytest.raises(RuntimeError, match=message):
        run(network=network, recipe=Recipe(epochs=3, batch_size=batch_size, learning_rate=1e30))


@dataclasses.dataclass(frozen=True)
class Spoilt(Augmentation):
    """The images of iteration 4 are not a number."""

    def __call__(self, images):
        GIVEN.append(images)
        return super().__call__(images) * (torch.nan if len(GIVEN) == 5 else 1)


@pytest.mark.parametrize("minutes", [1e9, 0])
def test_divergence_is_detected_later_but_named_and_never_stored(
    tmp_path, trained_iterations, minutes
):
    """At the end of the epoch, or before the state is written."""
    GIVEN.clear()
    state = tmp_path / "s.pt"
    with pytest.raises(RuntimeError, match=r"the loss is nan after iteration [56]: training diver"):
        options = {"checkpoint_minutes": minutes, "dynamics": None}
        run(augmentation=Spoilt(shift=1), state=state, **options)
    assert len(trained_iterations) == (5 if minutes == 0 else 6)
    if minutes == 0:
        saved = torch.load(state, weights_only=True)
        assert saved["state"]["iteration"] == 4
        assert all(tensor.isfinite().all() for tensor in saved["network"].values())
    else:
        assert not state.exists()


def test_training_loss_and_accuracy_are_those_of_the_images_seen():
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    untrained = copy.deepcopy(network)
    recipe = dataclasses.replace(RECIPE, epochs=1, learning_rate=1e-12)
    row = train(network, DATA, VALIDATION, recipe, seed=0).history.iloc[0]
    assert row["train_loss"] == pytest.approx(
        loss_of(untrained, DATA), rel=1e-5
    )  # batches of 8, 8 and 6
    correct = logits_of(untrained, seen(DATA)).argmax(dim=1).numpy() == DATA.labels
    assert row["train_accuracy"] == pytest.approx(correct.mean(), rel=1e-12)


def test_steps_are_nesterovs_by_hand():
    """Three channels in channels-last order: the weights, their gradients and momenta have to agree on it."""
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (N, 3, 8, 8), dtype=np.uint8)
    data = Split(pixels, DATA.labels, DATA.classes, *pixel_statistics(pixels))
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))
    slow = copy.deepcopy(network)
    momenta = [torch.zeros_like(weight) for weight in slow.parameters()]
    recipe = Recipe(epochs=3, batch_size=N, learning_rate=0.05, momentum=0.9, weight_decay=0.1)
    images, labels = Source(data).take(np.arange(N)), torch.from_numpy(data.labels)
    for _ in range(recipe.epochs):
        gradients = torch.autograd.grad(
            functional.cross_entropy(slow(images), labels), list(slow.parameters())
        )
        with torch.no_grad():
            for weight, gradient, momentum in zip(
                slow.parameters(), gradients, momenta, strict=True
            ):
                gradient = gradient + recipe.weight_decay * weight
                momentum.mul_(recipe.momentum).add_(gradient)
                weight -= recipe.learning_rate * (gradient + recipe.momentum * momentum)
    # Validation on the training images: the loss falls, and the last weights are the best.
    trained = train(network, data, data, recipe, seed=0)
    assert trained.best_epoch == 2
    for name, tensor in slow.state_dict().items():
        torch.testing.assert_close(trained.weights[name], tensor, rtol=1e-4, atol=1e-6)


def test_the_learning_rate_is_divided_by_ten_on_a_plateau(monkeypatch):
    scripted(monkeypatch, itertools.repeat(1.0))
    history = run(
        recipe=dataclasses.replace(RECIPE, epochs=7, learning_rate=0.01, plateau_patience=1)
    ).history
    np.testing.assert_allclose(
        history["learning_rate"], [1e-2, 1e-2, 1e-2, 1e-3, 1e-3, 1e-4, 1e-4], rtol=1e-9
    )


def one_cycle_by_hand(iteration, total, peak, warmup_share):
    """Two halves of a cosine: from peak / 25 to the peak, and on to peak / 250,000 at the last iteration."""
    top = warmup_share * total - 1
    begin, end, way = peak, peak / 25 / 1e4, (iteration - top) / (total - 1 - top)
    if iteration <= top:
        begin, end, way = peak / 25, peak, iteration / top
    return begin + (end - begin) * (1 - np.cos(np.pi * way)) / 2


@pytest.mark.parametrize(
    ("epochs", "share", "warmup"), [(4, 0.25, 0.25), (1, 0.25, 0), (4, 1 / 12, 0)]
)
def test_one_cycle_rises_and_falls_with_every_iteration(monkeypatch, epochs, share, warmup):
    """A warm-up of one iteration or less: down from the peak, as if that were the iteration before the first."""
    rates, step = [], torch.optim.SGD.step

    def watching(self, *args, **keywords):
        rates.append(self.param_groups[0]["lr"])
        assert self.param_groups[0]["momentum"] == 0.9
        return step(self, *args, **keywords)

    monkeypatch.setattr(torch.optim.SGD, "step", watching)
    history = run(recipe=dataclasses.replace(ONE_CYCLE, epochs=epochs, warmup_share=share)).history
    expected = [
        one_cycle_by_hand(i, epochs * PER_EPOCH, 0.05, warmup) for i in range(epochs * PER_EPOCH)
    ]
    np.testing.assert_allclose(rates, expected, rtol=1e-9)
    assert (
        history["learning_rate"].tolist() == rates[PER_EPOCH - 1 :: PER_EPOCH]
    )  # at the end of each epoch
    assert rates[-1] == pytest.approx(2e-7) and (
        max(rates) == 0.05 if warmup else max(rates) < 0.05
    )


def stored(tmp_path, stylised=None):
    """The training images in a store, not read into memory."""
    path, splits = tmp_path / "s.h5", {"train": (DATA.images, DATA.labels)}
    stores.write(path, splits, classes=DATA.classes, source="", created_by="", stylised=stylised)
    return stores.read(path, "train", in_memory=0, workers=2)


def test_images_that_are_read_while_training_give_the_same_bits(tmp_path, reference):
    lazy = stored(tmp_path)
    assert not isinstance(lazy.images, np.ndarray)
    assert same(run(data=lazy), reference)


def test_sin_without_twins_is_an_error():
    with pytest.raises(
        ValueError, match="the augmentation sin needs training images with stylised twins"
    ):
        run(augmentation=Augmentation("sin"))


def seen_by(monkeypatch, **options):
    """All images uint8 that the steps of a run got, by iteration."""
    batches, step = [], training._Training._step

    def watching(self, batch):
        batches.append(batch[0].clone())
        step(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(training._Training, "_step", watching)
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
    mixed = seen_by(
        monkeypatch, augmentation=Augmentation("sin", 0, False, stylised_share=share), **options
    )
    same_place = torch.cat([(a == b).flatten(1).all(1) for a, b in zip(plain, mixed, strict=True)])
    turned = torch.cat(
        [(a == 255 - b).flatten(1).all(1) for a, b in zip(plain, mixed, strict=True)]
    )
    assert (same_place ^ turned).all()
    assert turned.double().mean().item() == pytest.approx(share, abs=0.1)


def scores_by_hand(labels, called, c):
    hit = sum(t == c and p == c for t, p in zip(labels, called, strict=True))
    precision = hit / max(1, sum(p == c for p in called))
    recall = hit / sum(t == c for t in labels)
    return precision, recall, 2 * precision * recall / (precision + recall) if hit else 0.0


@pytest.mark.usefixtures("small_batches")
def test_dynamics_at_the_start_against_a_computation_by_hand(monkeypatch):
    """Never more than a batch of images is held as numbers: three copies of ImageNet's would take 90 GB."""
    sizes = []
    monkeypatch.setattr(
        dynamics,
        "normalise",
        lambda images, *given: (sizes.append(len(images)), normalise(images, *given))[1],
    )
    network, labels, images = tiny(seed=5), TEST.labels.tolist(), seen(TEST)
    low = np.array([[(u - 4) ** 2 + (v - 4) ** 2 < 2.0**2 for v in range(8)] for u in range(8)])
    views = {
        "full": images,
        "low-pass": exchanged(images, low),
        "high-pass": exchanged(images, ~low),
    }
    called = {
        view: logits_of(network, images).argmax(dim=1).tolist() for view, images in views.items()
    }
    columns = ["iteration", "view", "class", "precision", "recall", "f1", "images", "called"]
    expected = [
        (
            0,
            view,
            name,
            *scores_by_hand(labels, called[view], c),
            labels.count(c),
            called[view].count(c),
        )
        for view in views
        for c, name in enumerate(TEST.classes)
    ]
    expected = pd.DataFrame(expected, columns=columns)
    rows = run(network=network).dynamics
    pd.testing.assert_frame_equal(rows[rows["iteration"] == 0], expected, rtol=1e-12)
    assert max(sizes) == 4
    assert 0 < expected["f1"].mean() < 1
    assert rows["iteration"].unique().tolist() == [0, 2, 4, 6] and len(rows) == 4 * len(expected)


def test_dynamics_of_one_view_are_the_rows_of_that_view(reference):
    one = run(dynamics=dataclasses.replace(DYNAMICS, cutoff=np.nan, views=("full",))).dynamics
    full = reference.dynamics[reference.dynamics["view"] == "full"].reset_index(drop=True)
    assert one.equals(full)


def test_testing_the_dynamics_does_not_change_the_training(reference):
    without = run(dynamics=None)
    assert len(without.dynamics) == 0
    assert without.history.equals(reference.history)
    assert all(
        torch.equal(without.weights[name], tensor) for name, tensor in reference.weights.items()
    )
