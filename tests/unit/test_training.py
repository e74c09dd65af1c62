"""The training loop: determinism, the choice of the weights, divergence, and the steps."""

import copy
import dataclasses

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from training_runs import (
    BATCH,
    CLASSES,
    DATA,
    GIVEN,
    RECIPE,
    VALIDATION,
    Blank,
    N,
    loss_of,
    run,
    same,
    scripted,
    split,
    tiny,
)

from frequency_shortcuts.data.normalisation import pixel_statistics
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.networks import training
from frequency_shortcuts.networks.augmentation import Augmentation
from frequency_shortcuts.networks.recipe import Recipe
from frequency_shortcuts.networks.training import train


@pytest.fixture(scope="module")
def reference():
    return run()


def test_the_same_seed_gives_the_same_run_and_another_seed_does_not(reference):
    torch.manual_seed(1234)  # the global state must not matter
    assert same(run(), reference)
    assert not same(run(seed=4), reference)


def test_training_learns_and_returns_a_row_an_epoch(reference):
    history = reference.history
    assert list(history) == [
        "epoch", "learning_rate", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy",
    ]  # fmt: skip
    assert history["epoch"].tolist() == [0, 1, 2]
    longer = run(recipe=dataclasses.replace(RECIPE, epochs=30), augmentation=None, dynamics=None).history
    assert longer["train_loss"].iloc[-1] < 0.3 * longer["train_loss"].iloc[0]
    assert longer["train_accuracy"].iloc[-1] > 0.9


def test_the_global_state_is_left_as_it_was():
    network = tiny()
    torch.manual_seed(1)
    before = torch.get_rng_state()
    run(network=network)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("enabled", "warn_only"), [(False, False), (True, False), (True, True)])
def test_the_settings_for_determinism_are_left_as_they_were(enabled, warn_only):
    torch.use_deterministic_algorithms(enabled, warn_only=warn_only)
    try:
        run(recipe=Recipe(epochs=1, batch_size=BATCH))
        assert torch.are_deterministic_algorithms_enabled() == enabled
        assert torch.is_deterministic_algorithms_warn_only_enabled() == warn_only
    finally:
        torch.use_deterministic_algorithms(False)


def test_the_weights_are_those_of_the_lowest_validation_loss(monkeypatch):
    seen = scripted(monkeypatch, [3.0, 1.0, 2.0, 1.0])
    network = tiny()
    trained = run(network=network, recipe=dataclasses.replace(RECIPE, epochs=4))
    assert trained.best_epoch == 1  # of two equal ones the first
    for name, tensor in trained.weights.items():
        assert torch.equal(tensor, seen[1][name]), name
        assert torch.equal(network.state_dict()[name], tensor), name
    assert not torch.equal(trained.weights["0.weight"], seen[3]["0.weight"])


def test_the_validation_loss_is_that_of_the_weights_returned(reference):
    network = tiny()
    network.load_state_dict(reference.weights)
    best = reference.history.loc[reference.best_epoch, "validation_loss"]
    assert best == reference.history["validation_loss"].min()
    assert best == pytest.approx(loss_of(network, VALIDATION), rel=1e-5)


def test_validation_images_are_never_augmented():
    GIVEN.clear()
    network = tiny()
    dark, bright = split(N, 0, high=100), split(13, 1, low=200)
    trained = train(network, dark, bright, Recipe(epochs=2, batch_size=BATCH), seed=0, augmentation=Blank())
    given = torch.cat(GIVEN)
    assert len(given) == 2 * N
    assert given.max() < 100
    assert trained.history["validation_loss"].min() == pytest.approx(loss_of(network, bright), rel=1e-5)


@pytest.mark.parametrize(
    ("batch_size", "message"),
    [
        (4, r"the loss is (nan|inf) at iteration \d+: training diverged, lower learning_rate \(now 1e\+30\)"),
        (N, r"the validation loss is not finite: training diverged, lower learning_rate"),
    ],
)
def test_divergence_says_what_to_do(batch_size, message):
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.Linear(16, 3))
    with pytest.raises(RuntimeError, match=message):
        run(network=network, recipe=Recipe(epochs=3, batch_size=batch_size, learning_rate=1e30))


@dataclasses.dataclass(frozen=True)
class Spoilt(Augmentation):
    """The images of iteration 4 are not a number."""

    def __call__(self, images):
        GIVEN.append(images)
        return super().__call__(images) * (torch.nan if len(GIVEN) == 5 else 1)


@pytest.mark.parametrize(
    ("flush_every", "minutes", "computed"),
    [
        (50, 1e9, 6),  # seen at the end of the epoch
        (50, 0, 5),  # seen before the state is written
        (1, 1e9, 5),
        (2, 1e9, 5),  # iterations 3 and 4: the count starts anew with every epoch
    ],
)
def test_divergence_is_detected_later_but_named_and_never_stored(
    tmp_path, monkeypatch, reference, trained_iterations, flush_every, minutes, computed
):
    monkeypatch.setattr(training, "FLUSH_EVERY", flush_every)
    GIVEN.clear()
    state = tmp_path / "s.pt"
    with pytest.raises(RuntimeError, match="the loss is nan at iteration 4: training diverged"):
        run(augmentation=Spoilt(shift=1), state=state, checkpoint_minutes=minutes)
    assert len(trained_iterations) == computed
    if minutes == 0:
        saved = torch.load(state, weights_only=True)
        assert saved["state"]["iteration"] == 4
        assert all(tensor.isfinite().all() for tensor in saved["network"].values())
        assert same(run(state=state), reference)  # Spoilt and Augmentation have the same settings
    else:
        assert not state.exists()


def test_weights_that_are_not_finite_are_never_stored(tmp_path):
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    recipe = Recipe(epochs=3, batch_size=4, learning_rate=1e300)  # the loss of iteration 0 is still finite
    with pytest.raises(RuntimeError, match=r"the weights are not finite after iteration 0: .* \(now 1e\+300\)"):
        run(network=network, recipe=recipe, state=tmp_path / "s.pt", checkpoint_minutes=0, dynamics=None)
    assert not (tmp_path / "s.pt").exists()


def test_the_interval_of_reading_losses_changes_nothing(monkeypatch, reference):
    monkeypatch.setattr(training, "FLUSH_EVERY", 1)
    assert same(run(), reference)


class Watch(TorchDispatchMode):
    """Records the operators that run."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        self.seen.add(operator.overloadpacket)
        return operator(*args, **(kwargs or {}))


def test_a_step_reads_no_number_off_the_device(monkeypatch):
    """Reading one would wait for the device. (test_augmentation shows that the policies read none.)"""
    step, watch = training._Run._step, Watch()

    def watched(self, batch):
        with watch:
            step(self, batch)

    monkeypatch.setattr(training._Run, "_step", watched)
    run(augmentation=Augmentation(crop_scale=(0.5, 1)))
    aten = torch.ops.aten
    assert {aten.convolution, aten.convolution_backward, aten._fused_sgd_} <= watch.seen
    assert not {aten._local_scalar_dense, aten.nonzero, aten.equal} & watch.seen


def test_training_loss_and_accuracy_are_those_of_the_images_seen():
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    untrained = copy.deepcopy(network)
    recipe = Recipe(epochs=1, batch_size=BATCH, learning_rate=1e-12)
    row = train(network, DATA, VALIDATION, recipe, seed=0).history.iloc[0]
    assert row["train_loss"] == pytest.approx(loss_of(untrained, DATA), rel=1e-5)  # batches of 8, 8 and 6
    images = torch.from_numpy((DATA.images / 255 - DATA.mean[:, None, None]) / DATA.std[:, None, None]).float()
    correct = untrained(images).argmax(dim=1).numpy() == DATA.labels
    assert row["train_accuracy"] == pytest.approx(correct.mean(), rel=1e-12)


def test_steps_are_nesterovs_by_hand():
    """Three channels in channels-last order: the weights, their gradients and momenta have to agree on it."""
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (N, 3, 8, 8), dtype=np.uint8)
    data = Split(pixels, DATA.labels, CLASSES, *pixel_statistics(pixels))
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))
    slow = copy.deepcopy(network)
    momenta = [torch.zeros_like(weight) for weight in slow.parameters()]
    recipe = Recipe(epochs=3, batch_size=N, learning_rate=0.05, momentum=0.9, weight_decay=0.1)
    images, labels = data.tensors()
    for _ in range(recipe.epochs):
        gradients = torch.autograd.grad(functional.cross_entropy(slow(images), labels), list(slow.parameters()))
        with torch.no_grad():
            for weight, gradient, momentum in zip(slow.parameters(), gradients, momenta, strict=True):
                gradient = gradient + recipe.weight_decay * weight
                momentum.mul_(recipe.momentum).add_(gradient)
                weight -= recipe.learning_rate * (gradient + recipe.momentum * momentum)
    # Validation on the training images: the loss falls, and the last weights are the best.
    trained = train(network, data, data, recipe, seed=0)
    assert trained.best_epoch == 2
    for name, tensor in slow.state_dict().items():
        torch.testing.assert_close(trained.weights[name], tensor, rtol=1e-4, atol=1e-6)
