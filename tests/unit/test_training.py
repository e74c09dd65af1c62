"""The training loop: determinism, resuming, the choice of the weights, and the learning dynamics."""

import copy
import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from frequency_shortcuts.data import splits
from frequency_shortcuts.data import stores as image_stores
from frequency_shortcuts.data.chunks import Stored
from frequency_shortcuts.data.normalisation import pixel_statistics
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.networks import dynamics, training
from frequency_shortcuts.networks.augmentation import Augmentation
from frequency_shortcuts.networks.dynamics import VIEWS, Dynamics
from frequency_shortcuts.networks.recipe import Recipe
from frequency_shortcuts.networks.training import train
from frequency_shortcuts.storage.journal import Stopped

CLASSES = ("a", "b", "c")
N, BATCH, PER_EPOCH = 22, 8, 3  # the last batch of an epoch is a smaller one
RECIPE = Recipe(epochs=3, batch_size=BATCH, learning_rate=0.05)


def split(n, seed, low=0, high=256):
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    pixels = generator.integers(low, high, (n, 1, 8, 8), dtype=np.uint8)
    pixels[np.arange(n), 0, labels] = high - 1  # each class has a row of its own
    return Split(pixels, labels, CLASSES, *pixel_statistics(pixels))


DATA, VALIDATION, TEST = split(N, 0), split(13, 1), split(9, 2)
DYNAMICS = Dynamics(TEST, iterations=6, every=2, cutoff=2.0)


def tiny(seed=0):
    """Has all that a resumed run could lose: weights, running statistics, dropout."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2), nn.Flatten(), nn.Linear(144, 3)
        )


def run(seed=3, network=None, data=DATA, recipe=RECIPE, **options):
    options = {"augmentation": Augmentation(shift=1), "dynamics": DYNAMICS} | options
    return train(network or tiny(), data, VALIDATION, recipe, seed=seed, **options)


def same(one, other):
    """Equal to the last bit: weights, history and dynamics."""
    return (
        one.weights.keys() == other.weights.keys()
        and all(torch.equal(tensor, other.weights[name]) for name, tensor in one.weights.items())
        and one.history.equals(other.history)
        and one.dynamics.equals(other.dynamics)
        and one.best_epoch == other.best_epoch
    )


class Killed(Exception):
    pass


def killed_before(monkeypatch, iteration, **options):
    """Train until just before a step, and die there."""
    step = training._Run._step

    def fatal(self, batch):
        if self.state.iteration == iteration:
            raise Killed
        step(self, batch)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(training._Run, "_step", fatal)
        run(**options)


@pytest.fixture
def counted(monkeypatch):
    """The iterations that are really computed."""
    done, step = [], training._Run._step

    def counting(self, batch):
        done.append(self.state.iteration)
        step(self, batch)

    monkeypatch.setattr(training._Run, "_step", counting)
    return done


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


@pytest.mark.parametrize(
    ("minutes", "killed_at", "resumed_at"),
    [
        (0, 1, 1),  # in the middle of the first epoch
        (0, 5, 5),  # in the middle of a later one, between two tests of the dynamics
        (0, 6, 6),  # after an epoch and a test of the dynamics
        (1e9, 8, 0),  # before anything was saved
    ],
)
def test_a_killed_run_resumes_to_the_same_bits(
    tmp_path, monkeypatch, reference, counted, minutes, killed_at, resumed_at
):
    state = tmp_path / "state.pt"
    killed_before(monkeypatch, killed_at, state=state, checkpoint_minutes=minutes)
    counted.clear()
    resumed = run(state=state, checkpoint_minutes=minutes)
    assert counted == list(range(resumed_at, 3 * PER_EPOCH))
    assert same(resumed, reference)
    counted.clear()  # the state stays until its results are safe: a finished run is not run again
    assert same(run(state=state, checkpoint_minutes=minutes), reference)
    assert counted == []


def test_a_run_killed_twice_and_on_a_plateau_resumes_to_the_same_bits(tmp_path, monkeypatch, counted):
    recipe = dataclasses.replace(RECIPE, epochs=6, learning_rate=0.5, plateau_patience=0)
    whole = run(recipe=recipe)
    assert set(whole.history["learning_rate"]) != {0.5}  # otherwise the schedule is not put to the test
    for iteration in (7, 13):
        killed_before(monkeypatch, iteration, recipe=recipe, state=tmp_path / "s.pt", checkpoint_minutes=0)
    counted.clear()
    assert same(run(recipe=recipe, state=tmp_path / "s.pt"), whole)
    assert counted[0] == 13


def test_a_state_that_is_kept_changes_nothing(tmp_path, reference):
    assert same(run(state=tmp_path / "deep" / "s.pt", checkpoint_minutes=0), reference)


CHANGED = split(N, 7)
RELABELLED = dataclasses.replace(TEST, labels=(TEST.labels + 1) % 3)


@pytest.mark.parametrize(
    "options",
    [
        {"seed": 4},
        {"network": 1},
        {"data": CHANGED},
        {"data": dataclasses.replace(DATA, labels=DATA.labels[::-1].copy())},
        {"recipe": dataclasses.replace(RECIPE, learning_rate=0.1)},
        {"augmentation": Augmentation(shift=2)},
        {"dynamics": dataclasses.replace(DYNAMICS, every=3)},
        {"dynamics": dataclasses.replace(DYNAMICS, test=RELABELLED)},
        {"version": "after an edit of the code"},
    ],
    ids=["seed", "weights", "images", "labels", "recipe", "augmentation", "dynamics", "test labels", "version"],
)
def test_the_state_of_another_run_is_ignored(tmp_path, monkeypatch, counted, options):
    def mine():  # training changes the network, so each run has its own
        return options | ({"network": tiny(options["network"])} if "network" in options else {})

    killed_before(monkeypatch, 5, state=tmp_path / "s.pt", checkpoint_minutes=0)
    counted.clear()
    resumed = run(state=tmp_path / "s.pt", **mine())
    assert counted[0] == 0
    assert same(resumed, run(**mine()))


def test_the_state_of_a_network_with_the_same_weights_that_answers_otherwise_is_ignored(
    tmp_path, monkeypatch, counted, caplog
):
    def other():
        network = tiny()
        network[2] = nn.Tanh()
        return network

    killed_before(monkeypatch, 5, state=tmp_path / "s.pt", checkpoint_minutes=0)
    counted.clear()
    resumed = run(state=tmp_path / "s.pt", network=other())
    assert counted[0] == 0 and "belongs to another run" in caplog.text
    assert same(resumed, run(network=other()))


def empty(path):
    path.write_bytes(b"")


def garbage(path):
    path.write_bytes(b"no state")


def half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def foreign(path):
    torch.save({"epoch": 3}, path)


@pytest.mark.parametrize("spoil", [empty, garbage, half, foreign])
def test_a_broken_state_is_ignored_with_a_warning(tmp_path, monkeypatch, reference, counted, caplog, spoil):
    killed_before(monkeypatch, 5, state=tmp_path / "s.pt", checkpoint_minutes=0)
    spoil(tmp_path / "s.pt")
    counted.clear()
    assert same(run(state=tmp_path / "s.pt"), reference)
    assert counted[0] == 0
    assert "training starts anew" in caplog.text


def scripted(monkeypatch, losses):
    """Validation losses by script; returns the list that gathers the weights of every epoch."""
    script, seen = iter(losses), []

    def validate(self):
        seen.append(copy.deepcopy(self.network.state_dict()))
        return next(script), 0.5

    monkeypatch.setattr(training._Run, "_validate", validate)
    return seen


def test_the_weights_are_those_of_the_lowest_validation_loss(monkeypatch):
    seen = scripted(monkeypatch, [3.0, 1.0, 2.0, 1.0])
    network = tiny()
    trained = run(network=network, recipe=dataclasses.replace(RECIPE, epochs=4))
    assert trained.best_epoch == 1  # of two equal ones the first
    for name, tensor in trained.weights.items():
        assert torch.equal(tensor, seen[1][name]), name
        assert torch.equal(network.state_dict()[name], tensor), name
    assert not torch.equal(trained.weights["0.weight"], seen[3]["0.weight"])


def loss_of(network, data):
    images = torch.from_numpy((data.images / 255 - data.mean[:, None, None]) / data.std[:, None, None]).float()
    with torch.inference_mode():
        return functional.cross_entropy(network.eval()(images), torch.from_numpy(data.labels)).item()


def test_the_validation_loss_is_that_of_the_weights_returned(reference):
    network = tiny()
    network.load_state_dict(reference.weights)
    best = reference.history.loc[reference.best_epoch, "validation_loss"]
    assert best == reference.history["validation_loss"].min()
    assert best == pytest.approx(loss_of(network, VALIDATION), rel=1e-5)


@dataclasses.dataclass(frozen=True)
class Blank(Augmentation):
    """Shows the network nothing, and remembers what it was given."""

    def __call__(self, images):
        GIVEN.append(images.clone())
        return torch.zeros_like(images, dtype=torch.float32)


GIVEN = []


def test_validation_images_are_never_augmented():
    GIVEN.clear()
    network = tiny()
    dark, bright = split(N, 0, high=100), split(13, 1, low=200)
    trained = train(network, dark, bright, Recipe(epochs=2, batch_size=BATCH), seed=0, augmentation=Blank())
    given = torch.cat(GIVEN)
    assert len(given) == 2 * N
    assert given.max() < 100
    assert trained.history["validation_loss"].min() == pytest.approx(loss_of(network, bright), rel=1e-5)


def test_every_image_is_seen_once_an_epoch_in_another_order():
    GIVEN.clear()
    train(tiny(), DATA, VALIDATION, Recipe(epochs=2, batch_size=BATCH), seed=0, augmentation=Blank())
    assert [len(batch) for batch in GIVEN] == 2 * [8, 8, 6]
    first, second = (torch.cat(GIVEN[i : i + PER_EPOCH]).numpy().reshape(N, -1) for i in (0, PER_EPOCH))
    assert not np.array_equal(first, second)
    for epoch in (first, second):
        np.testing.assert_array_equal(np.unique(epoch, axis=0), np.unique(DATA.images.reshape(N, -1), axis=0))


def test_the_learning_rate_is_divided_by_ten_on_a_plateau(monkeypatch):
    scripted(monkeypatch, itertools.repeat(1.0))
    history = run(recipe=Recipe(epochs=7, batch_size=BATCH, learning_rate=0.01, plateau_patience=1)).history
    np.testing.assert_allclose(history["learning_rate"], [1e-2, 1e-2, 1e-2, 1e-3, 1e-3, 1e-4, 1e-4], rtol=1e-9)


def test_a_falling_loss_keeps_the_learning_rate(monkeypatch):
    scripted(monkeypatch, (1 / n for n in itertools.count(1)))
    history = run(recipe=Recipe(epochs=5, batch_size=BATCH, plateau_patience=0)).history
    assert (history["learning_rate"] == 0.01).all()


def one_cycle_by_hand(iteration, total, peak, warmup_share):
    """Two halves of a cosine: from peak / 25 to the peak, and on to peak / 250,000 at the last iteration."""
    top = warmup_share * total - 1
    begin, end, way = (
        (peak / 25, peak, iteration / top)
        if iteration <= top
        else (peak, peak / 25 / 1e4, (iteration - top) / (total - 1 - top))
    )
    return begin + (end - begin) * (1 - np.cos(np.pi * way)) / 2


def rates_of(monkeypatch, **options):
    """The history of a run, and the learning rate that each of its iterations steps by."""
    rates, step = [], torch.optim.SGD.step

    def watching(self, *args, **keywords):
        rates.append(self.param_groups[0]["lr"])
        return step(self, *args, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.SGD, "step", watching)
        return run(**options).history, rates


ONE_CYCLE = dataclasses.replace(RECIPE, epochs=4, schedule="one_cycle")


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.9])
def test_one_cycle_rises_and_falls_with_every_iteration(monkeypatch, share):
    history, rates = rates_of(monkeypatch, recipe=dataclasses.replace(ONE_CYCLE, warmup_share=share))
    expected = [one_cycle_by_hand(i, 4 * PER_EPOCH, 0.05, share) for i in range(4 * PER_EPOCH)]
    np.testing.assert_allclose(rates, expected, rtol=1e-9)
    assert history["learning_rate"].tolist() == rates[PER_EPOCH - 1 :: PER_EPOCH]  # at the end of each epoch
    if share == 0.25:
        assert max(rates) == 0.05 and rates[0] == pytest.approx(0.05 / 25) and rates[-1] == pytest.approx(2e-7)


def test_one_cycle_leaves_the_momentum_alone_and_keeps_the_best_weights(monkeypatch):
    momenta, step = set(), torch.optim.SGD.step

    def watching(self, *args, **keywords):
        momenta.add(self.param_groups[0]["momentum"])
        return step(self, *args, **keywords)

    monkeypatch.setattr(torch.optim.SGD, "step", watching)
    seen = scripted(monkeypatch, [3.0, 1.0, 2.0, 1.0])
    trained = run(recipe=ONE_CYCLE)
    assert momenta == {0.9} and trained.best_epoch == 1
    assert all(torch.equal(tensor, seen[1][name]) for name, tensor in trained.weights.items())


@pytest.mark.parametrize("iteration", [1, 2, 5, 6, 11])
def test_a_killed_run_of_one_cycle_resumes_to_the_same_bits(tmp_path, monkeypatch, counted, iteration):
    """While the rate rises, at its peak (iteration 2), while it falls, and at the end of an epoch."""
    whole = run(recipe=ONE_CYCLE)
    killed_before(monkeypatch, iteration, recipe=ONE_CYCLE, state=tmp_path / "s.pt", checkpoint_minutes=0)
    counted.clear()
    assert same(run(recipe=ONE_CYCLE, state=tmp_path / "s.pt", checkpoint_minutes=0), whole)
    assert counted == list(range(iteration, 12))


@pytest.mark.slow
@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("step", [1, 3])
def test_one_cycle_stopped_again_and_again_ends_with_the_same_bits(tmp_path, step):
    whole, looks = looks_of_a_run(recipe=ONE_CYCLE)
    for _ in range(looks // step):
        with pytest.raises(Stopped):
            run(recipe=ONE_CYCLE, state=tmp_path / "s.pt", stop=StopAfter(step), checkpoint_minutes=1e9)
    assert same(run(recipe=ONE_CYCLE, state=tmp_path / "s.pt", stop=StopAfter(step)), whole)


def test_a_state_of_the_other_schedule_is_ignored(tmp_path, monkeypatch, counted):
    plateau = dataclasses.replace(ONE_CYCLE, schedule="plateau")
    killed_before(monkeypatch, 5, recipe=plateau, state=tmp_path / "s.pt", checkpoint_minutes=0)
    counted.clear()
    assert same(run(recipe=ONE_CYCLE, state=tmp_path / "s.pt"), run(recipe=ONE_CYCLE))
    assert counted[0] == 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"schedule": "cosine"}, "schedule 'cosine': choose from plateau, one_cycle"),
        ({"warmup_share": 0.0}, "warmup_share 0.0: expected above 0 and below 1"),
        ({"warmup_share": 1.0}, "warmup_share 1.0: expected above 0 and below 1"),
    ],
)
def test_an_impossible_schedule_is_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(ONE_CYCLE, **changed)


@pytest.mark.parametrize(("epochs", "share"), [(1, 0.25), (1, 1 / 3), (2, 0.1), (4, 1 / 12)])
def test_one_cycle_of_few_iterations_has_no_warm_up(monkeypatch, epochs, share):
    """A warm-up of one iteration or less: down from the peak, as if that were the iteration before the first."""
    _, rates = rates_of(monkeypatch, recipe=dataclasses.replace(ONE_CYCLE, epochs=epochs, warmup_share=share))
    expected = [one_cycle_by_hand(i, 3 * epochs, 0.05, 0) for i in range(3 * epochs)]
    np.testing.assert_allclose(rates, expected, rtol=1e-9)


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
    """What the network is shown at iteration 4 is not a number."""

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
def test_divergence_is_seen_later_but_named_and_never_kept(
    tmp_path, monkeypatch, reference, counted, flush_every, minutes, computed
):
    monkeypatch.setattr(training, "FLUSH_EVERY", flush_every)
    GIVEN.clear()
    state = tmp_path / "s.pt"
    with pytest.raises(RuntimeError, match="the loss is nan at iteration 4: training diverged"):
        run(augmentation=Spoilt(shift=1), state=state, checkpoint_minutes=minutes)
    assert len(counted) == computed
    if minutes == 0:
        saved = torch.load(state, weights_only=True)
        assert saved["state"]["iteration"] == 4
        assert all(tensor.isfinite().all() for tensor in saved["network"].values())
        assert same(run(state=state), reference)  # Spoilt and Augmentation have the same settings
    else:
        assert not state.exists()


def test_weights_that_are_not_finite_are_never_kept(tmp_path):
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    recipe = Recipe(epochs=3, batch_size=4, learning_rate=1e300)  # the loss of iteration 0 is still finite
    with pytest.raises(RuntimeError, match=r"the weights are not finite after iteration 0: .* \(now 1e\+300\)"):
        run(network=network, recipe=recipe, state=tmp_path / "s.pt", checkpoint_minutes=0, dynamics=None)
    assert not (tmp_path / "s.pt").exists()


def test_when_the_losses_are_looked_at_changes_nothing(monkeypatch, reference):
    monkeypatch.setattr(training, "FLUSH_EVERY", 1)
    assert same(run(), reference)


class Watch(TorchDispatchMode):
    """Remembers the operators that run."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        self.seen.add(operator.overloadpacket)
        return operator(*args, **(kwargs or {}))


def test_a_step_reads_no_number_off_the_device(monkeypatch):
    """To read one is to wait for the device. (That the policies read none, test_augmentation shows.)"""
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


def test_an_impossible_recipe_is_refused():
    for wrong in ({"epochs": 0}, {"batch_size": 0}, {"learning_rate": 0.0}):
        with pytest.raises(ValueError, match="expected at least 1, at least 1, and above 0"):
            Recipe(**wrong)


def views_by_hand(data, cutoff):
    """Slowly: the centred spectrum, position by position."""
    images = (data.images / 255 - data.mean[:, None, None]) / data.std[:, None, None]
    spectrum = np.fft.fftshift(np.fft.fft2(images), axes=(-2, -1))
    low = np.array([[(u - 4) ** 2 + (v - 4) ** 2 < cutoff**2 for v in range(8)] for u in range(8)])

    def back(mask):
        return np.fft.ifft2(np.fft.ifftshift(spectrum * mask, axes=(-2, -1))).real

    return {"full": images, "low-pass": back(low), "high-pass": back(~low)}


def scores_by_hand(labels, called, c):
    hit = sum(t == c and p == c for t, p in zip(labels, called, strict=True))
    precision = hit / max(1, sum(p == c for p in called))
    recall = hit / sum(t == c for t in labels)
    return precision, recall, 2 * precision * recall / (precision + recall) if hit else 0.0


def test_dynamics_at_the_start_against_a_computation_by_hand():
    network = tiny(seed=5)
    with torch.inference_mode():
        untrained = copy.deepcopy(network).eval()
        called = {
            view: untrained(torch.from_numpy(images).float()).argmax(dim=1).tolist()
            for view, images in views_by_hand(TEST, 2.0).items()
        }
    expected = pd.DataFrame(
        [
            (
                *(0, view, name),
                *scores_by_hand(TEST.labels, called[view], c),
                *(list(TEST.labels).count(c), called[view].count(c)),
            )
            for view in ("full", "low-pass", "high-pass")
            for c, name in enumerate(CLASSES)
        ],
        columns=["iteration", "view", "class", "precision", "recall", "f1", "images", "called"],
    )
    found = run(network=network).dynamics
    pd.testing.assert_frame_equal(found[found["iteration"] == 0], expected, rtol=1e-12)
    assert 0 < expected["f1"].mean() < 1


@pytest.mark.usefixtures("small_batches")
def test_the_dynamics_never_hold_more_than_a_batch_as_numbers(monkeypatch):
    """Three float copies of 50,000 images of 224 x 224 would take 90 GB."""
    sizes = []

    def watched(function):
        def watching(images, *options):
            sizes.append(len(images))
            return function(images, *options)

        return watching

    for module in (splits, training, dynamics):
        monkeypatch.setattr(module, "normalise", watched(module.normalise))
    for name in ("keep", "remove"):
        monkeypatch.setattr(dynamics.filters, name, watched(getattr(dynamics.filters, name)))
    run()
    assert sizes and max(sizes) == 4


def test_the_dynamics_of_images_in_a_store_are_the_same(tmp_path, reference):
    path = tmp_path / "t.h5"
    statistics = (TEST.mean, TEST.std)
    image_stores.write(
        path, {"test": (TEST.images, TEST.labels)}, classes=CLASSES, source="", created_by="", statistics=statistics
    )
    lazy = image_stores.read(path, "test", in_memory=0)
    assert isinstance(lazy.images, Stored)
    assert same(run(dynamics=dataclasses.replace(DYNAMICS, test=lazy)), reference)


@pytest.mark.parametrize("at_once", [1, 2, 5, 16])
def test_filtering_batch_by_batch_changes_an_image_by_rounding_only(at_once):
    """Compared with filtering all images at once: within 1e-6 of the largest value."""
    test = split(16, 4)
    dynamics = dataclasses.replace(DYNAMICS, test=test)
    whole, _ = test.tensors()
    for view in VIEWS:
        expected = dynamics.filtered(whole, view)
        found = torch.cat([dynamics.filtered(batch, view) for batch in whole.split(at_once)])
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-6 * expected.abs().max().item())


def test_dynamics_have_a_row_for_every_iteration_due_view_and_class(reference):
    rows = list(zip(*(reference.dynamics[name] for name in ("iteration", "view", "class")), strict=True))
    assert rows == list(itertools.product((0, 2, 4, 6), ("full", "low-pass", "high-pass"), CLASSES))


def test_testing_the_dynamics_does_not_change_the_training(reference):
    without = run(dynamics=None)
    assert len(without.dynamics) == 0
    assert without.history.equals(reference.history)
    assert all(torch.equal(without.weights[name], tensor) for name, tensor in reference.weights.items())


def stored(tmp_path, stylised=None):
    """The training images in a store, not read into memory."""
    path = tmp_path / "s.h5"
    image_stores.write(
        path, {"train": (DATA.images, DATA.labels)}, classes=CLASSES, source="", created_by="", stylised=stylised
    )
    return image_stores.read(path, "train", in_memory=0, workers=2)


def test_images_that_are_read_while_training_give_the_same_bits(tmp_path, reference):
    lazy = stored(tmp_path)
    assert isinstance(lazy.images, Stored)
    assert same(run(data=lazy), reference)


@pytest.mark.parametrize("iteration", [2, 4])
def test_a_killed_run_that_reads_while_training_resumes_to_the_same_bits(tmp_path, monkeypatch, reference, iteration):
    lazy, options = stored(tmp_path), {"state": tmp_path / "state.pt", "checkpoint_minutes": 0}
    killed_before(monkeypatch, iteration, data=lazy, **options)
    assert same(run(data=lazy, **options), reference)


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


# Stopping


@pytest.fixture
def small_batches(monkeypatch):
    """Several batches in the validation (13 images) and in each view of the dynamics (9)."""
    monkeypatch.setattr(training, "fitting_batch", lambda shape, device: 4)


def never():
    return False


class StopAfter:
    """Asks to stop at the n-th look, and at all that follow it; tells how often it was looked at."""

    def __init__(self, n=None):
        self.n, self.looks = n, 0

    def __call__(self):
        self.looks += 1
        return self.n is not None and self.looks >= self.n


def looks_of_a_run(**options):
    counting = StopAfter()
    return run(stop=counting, **options), counting.looks


@pytest.mark.slow
@pytest.mark.usefixtures("small_batches")
def test_stopped_at_any_look_it_ends_with_the_same_bits(tmp_path, counted):
    """After every iteration, inside each validation and each test of the dynamics."""
    whole = run()
    _, looks = looks_of_a_run()
    # 9 iterations; three views in three batches, four times; four batches of a validation, three times.
    assert looks == 9 + 3 * 3 * 4 + 4 * 3
    for n in range(1, looks + 1):
        state = tmp_path / f"{n}.pt"
        counted.clear()
        with pytest.raises(Stopped, match=rf"stopped at iteration \d of 9 on request: stored in {state}, from which"):
            run(state=state, stop=StopAfter(n), checkpoint_minutes=1e9)
        rest = StopAfter()
        assert same(run(state=state, stop=rest, checkpoint_minutes=1e9), whole), n
        assert counted == list(range(9)) and rest.looks == looks - n, n  # nothing is done twice


@pytest.mark.slow
@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("step", [1, 2, 5])
def test_stopped_again_and_again_it_ends_with_the_same_bits(tmp_path, counted, step):
    """Each time after a few looks: it gets on however short the time that it is given."""
    recipe = dataclasses.replace(RECIPE, learning_rate=0.5, plateau_patience=0)
    whole, looks = looks_of_a_run(recipe=recipe)
    counted.clear()
    for _ in range(looks // step):
        with pytest.raises(Stopped):
            run(recipe=recipe, state=tmp_path / "s.pt", stop=StopAfter(step), checkpoint_minutes=1e9)
    assert same(run(recipe=recipe, state=tmp_path / "s.pt", stop=StopAfter(step)), whole)
    assert counted == list(range(9))


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("n", [1, 4, 11, 20, 30, 42, 57])
def test_killed_inside_a_validation_or_the_dynamics_it_resumes_to_the_same_bits(tmp_path, reference, n):
    def fatal():
        if fatal.asked() and fatal.asked.looks == n:
            raise Killed
        return False

    fatal.asked = StopAfter(n)
    with pytest.raises(Killed):
        run(state=tmp_path / "s.pt", stop=fatal, checkpoint_minutes=0)
    assert same(run(state=tmp_path / "s.pt", checkpoint_minutes=0), run())


def test_stopped_without_a_state_it_leaves_at_once(counted):
    with pytest.raises(Stopped, match="stopped at iteration 2 of 9 on request: nothing is stored"):
        run(stop=StopAfter(2), dynamics=None)
    assert counted == [0, 1]


def test_a_run_that_is_never_stopped_is_the_same(tmp_path, reference):
    assert same(run(state=tmp_path / "s.pt", stop=never), reference)


@pytest.mark.usefixtures("small_batches")
def test_partial_results_of_other_batches_are_not_used(tmp_path, monkeypatch, reference):
    with pytest.raises(Stopped):
        run(state=tmp_path / "s.pt", stop=StopAfter(3))
    monkeypatch.setattr(training, "fitting_batch", lambda shape, device: 512)
    assert same(run(state=tmp_path / "s.pt"), reference)


def test_a_run_that_reads_while_training_stops_to_the_same_bits(tmp_path, reference):
    lazy = stored(tmp_path)
    with pytest.raises(Stopped):
        run(data=lazy, state=tmp_path / "state.pt", stop=StopAfter(8), checkpoint_minutes=1e9)
    assert same(run(data=lazy, state=tmp_path / "state.pt"), reference)
