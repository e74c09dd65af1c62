"""A training that is stopped or killed resumes to the same bits; states of other runs are ignored."""

import copy
import dataclasses

import numpy as np
import pytest
import torch
from stops import StopAfter
from torch import nn
from training_runs import (
    DATA,
    DYNAMICS,
    ONE_CYCLE,
    PER_EPOCH,
    RECIPE,
    TEST,
    Killed,
    N,
    checks_of_a_run,
    killed_before,
    run,
    same,
    split,
    stored,
    tiny,
)

from frequency_shortcuts.networks import training
from frequency_shortcuts.networks.augmentation import Augmentation
from frequency_shortcuts.networks.checkpoint import Checkpoint, State
from frequency_shortcuts.storage.journal import Stopped


@pytest.fixture(scope="module")
def reference():
    return run()


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
    tmp_path, monkeypatch, reference, trained_iterations, minutes, killed_at, resumed_at
):
    state = tmp_path / "state.pt"
    killed_before(monkeypatch, killed_at, state=state, checkpoint_minutes=minutes)
    trained_iterations.clear()
    resumed = run(state=state, checkpoint_minutes=minutes)
    assert trained_iterations == list(range(resumed_at, 3 * PER_EPOCH))
    assert same(resumed, reference)
    trained_iterations.clear()  # the state stays until its results are safe: a finished run is not run again
    assert same(run(state=state, checkpoint_minutes=minutes), reference)
    assert trained_iterations == []


def test_a_run_killed_twice_and_on_a_plateau_resumes_to_the_same_bits(tmp_path, monkeypatch, trained_iterations):
    recipe = dataclasses.replace(RECIPE, epochs=6, learning_rate=0.5, plateau_patience=0)
    whole = run(recipe=recipe)
    assert set(whole.history["learning_rate"]) != {0.5}  # otherwise the schedule is not put to the test
    for iteration in (7, 13):
        killed_before(monkeypatch, iteration, recipe=recipe, state=tmp_path / "s.pt", checkpoint_minutes=0)
    trained_iterations.clear()
    assert same(run(recipe=recipe, state=tmp_path / "s.pt"), whole)
    assert trained_iterations[0] == 13


def test_storing_a_state_changes_nothing(tmp_path, reference):
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
def test_the_state_of_another_run_is_ignored(tmp_path, monkeypatch, trained_iterations, options):
    def own_options():  # training changes the network, so each run has its own
        return options | ({"network": tiny(options["network"])} if "network" in options else {})

    killed_before(monkeypatch, 5, state=tmp_path / "s.pt", checkpoint_minutes=0)
    trained_iterations.clear()
    resumed = run(state=tmp_path / "s.pt", **own_options())
    assert trained_iterations[0] == 0
    assert same(resumed, run(**own_options()))


def test_the_state_of_a_network_with_equal_weights_and_other_logits_is_ignored(
    tmp_path, monkeypatch, trained_iterations, caplog
):
    def other():
        network = tiny()
        network[2] = nn.Tanh()
        return network

    killed_before(monkeypatch, 5, state=tmp_path / "s.pt", checkpoint_minutes=0)
    trained_iterations.clear()
    resumed = run(state=tmp_path / "s.pt", network=other())
    assert trained_iterations[0] == 0 and "belongs to another run" in caplog.text
    assert same(resumed, run(network=other()))


def empty(path):
    path.write_bytes(b"")


def garbage(path):
    path.write_bytes(b"no state")


def half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def foreign(path):
    torch.save({"epoch": 3}, path)


def folder(path):
    path.unlink()
    path.mkdir()
    (path / "a").touch()


def flipped(path, bit):
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


def weight(path):
    """A bit of a weight: without a checksum, training would go on with it."""
    flipped(path, 8 * (path.read_bytes().index(b"archive/data/0") + 200))


@pytest.mark.parametrize("spoil", [empty, garbage, half, foreign, folder, weight])
def test_a_damaged_state_is_set_aside_with_a_warning(
    tmp_path, monkeypatch, reference, trained_iterations, caplog, spoil
):
    state = tmp_path / "s.pt"
    killed_before(monkeypatch, 5, state=state, checkpoint_minutes=0)
    spoil(state)
    trained_iterations.clear()
    assert same(run(state=state), reference)
    assert trained_iterations[0] == 0
    aside = tmp_path / "s.pt.damaged"
    assert [m for m in caplog.messages if "anew" in m] == [
        f"{state} is damaged: training starts anew, and the file is kept as {aside}"
    ]
    assert aside.exists() and state.is_file()
    caplog.clear()  # and the next start reads the new state
    assert same(run(state=state), reference) and "anew" not in caplog.text


def checkpoint_of(path, network):
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    return Checkpoint(path, "mine", {"network": network, "optimiser": optimiser}, 8, 1.0), optimiser


def stored_state(path):
    network = tiny()
    checkpoint, optimiser = checkpoint_of(path, network)
    network(torch.ones(2, 1, 8, 8)).sum().backward()
    optimiser.step()
    checkpoint.write(State(iteration=7, best_weights=network.state_dict()))
    return path.read_bytes()


def test_no_bit_of_a_state_may_be_wrong(tmp_path):
    whole = stored_state(tmp_path / "s.pt")
    network = tiny(1)
    checkpoint, _ = checkpoint_of(tmp_path / "s.pt", network)
    assert checkpoint.read(torch.device("cpu")).iteration == 7
    for bit in np.random.default_rng(0).choice(8 * len(whole), 200, replace=False):
        (tmp_path / "s.pt").write_bytes(whole)
        flipped(tmp_path / "s.pt", bit)
        assert checkpoint.read(torch.device("cpu")) is None, bit
        assert not (tmp_path / "s.pt").exists()


@pytest.mark.parametrize("wrong", ["network", "state", "batch", "unknown"])
def test_a_state_that_does_not_fit_restores_nothing(tmp_path, monkeypatch, caplog, wrong):
    """Its checksum is right, so it was written so: the error must not come back at every start."""
    real = torch.save

    def save(saved, file):
        match wrong:
            case "network":
                saved["network"] = {name: t for name, t in saved["network"].items() if name != "5.weight"}
            case "unknown":
                saved["state"] = {**saved["state"], "epoch": 3}
            case _:
                del saved[wrong]
        real(saved, file)

    monkeypatch.setattr(torch, "save", save)
    stored_state(tmp_path / "s.pt")
    network = tiny(1)
    before = copy.deepcopy(network.state_dict())
    checkpoint, optimiser = checkpoint_of(tmp_path / "s.pt", network)
    assert checkpoint.read(torch.device("cpu")) is None
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert not optimiser.state and "is damaged: training starts anew" in caplog.text
    assert (tmp_path / "s.pt.damaged").exists() and not (tmp_path / "s.pt").exists()


def test_a_state_is_kept_when_there_is_no_memory_to_read_it(tmp_path, monkeypatch):
    stored_state(tmp_path / "s.pt")
    checkpoint, _ = checkpoint_of(tmp_path / "s.pt", tiny())

    def full(*_, **__):
        raise torch.OutOfMemoryError("no memory")

    monkeypatch.setattr(torch, "load", full)
    with pytest.raises(torch.OutOfMemoryError):
        checkpoint.read(torch.device("cpu"))
    assert (tmp_path / "s.pt").exists()


@pytest.mark.parametrize("iteration", [1, 2, 5, 6, 11])
def test_a_killed_run_of_one_cycle_resumes_to_the_same_bits(tmp_path, monkeypatch, trained_iterations, iteration):
    """While the rate rises, at its peak (iteration 2), while it falls, and at the end of an epoch."""
    whole = run(recipe=ONE_CYCLE)
    killed_before(monkeypatch, iteration, recipe=ONE_CYCLE, state=tmp_path / "s.pt", checkpoint_minutes=0)
    trained_iterations.clear()
    assert same(run(recipe=ONE_CYCLE, state=tmp_path / "s.pt", checkpoint_minutes=0), whole)
    assert trained_iterations == list(range(iteration, 12))


@pytest.mark.slow
@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("step", [1, 3])
def test_one_cycle_stopped_repeatedly_ends_with_the_same_bits(tmp_path, step):
    whole, checks = checks_of_a_run(recipe=ONE_CYCLE)
    for _ in range(checks // step):
        with pytest.raises(Stopped):
            run(recipe=ONE_CYCLE, state=tmp_path / "s.pt", stop=StopAfter(step), checkpoint_minutes=1e9)
    assert same(run(recipe=ONE_CYCLE, state=tmp_path / "s.pt", stop=StopAfter(step)), whole)


def test_a_state_of_the_other_schedule_is_ignored(tmp_path, monkeypatch, trained_iterations):
    plateau = dataclasses.replace(ONE_CYCLE, schedule="plateau")
    killed_before(monkeypatch, 5, recipe=plateau, state=tmp_path / "s.pt", checkpoint_minutes=0)
    trained_iterations.clear()
    assert same(run(recipe=ONE_CYCLE, state=tmp_path / "s.pt"), run(recipe=ONE_CYCLE))
    assert trained_iterations[0] == 0


@pytest.mark.parametrize("iteration", [2, 4])
def test_a_killed_run_that_reads_while_training_resumes_to_the_same_bits(tmp_path, monkeypatch, reference, iteration):
    lazy, options = stored(tmp_path), {"state": tmp_path / "state.pt", "checkpoint_minutes": 0}
    killed_before(monkeypatch, iteration, data=lazy, **options)
    assert same(run(data=lazy, **options), reference)


def never():
    return False


@pytest.mark.slow
@pytest.mark.usefixtures("small_batches")
def test_a_run_stopped_at_any_check_resumes_to_the_same_bits(tmp_path, trained_iterations):
    """After every iteration, inside each validation and each test of the dynamics."""
    whole = run()
    _, checks = checks_of_a_run()
    # 9 iterations; three views in three batches, four times; four batches of a validation, three times.
    assert checks == 9 + 3 * 3 * 4 + 4 * 3
    for n in range(1, checks + 1):
        state = tmp_path / f"{n}.pt"
        trained_iterations.clear()
        with pytest.raises(Stopped, match=rf"stopped at iteration \d of 9 on request: stored in {state}, from which"):
            run(state=state, stop=StopAfter(n), checkpoint_minutes=1e9)
        rest = StopAfter()
        assert same(run(state=state, stop=rest, checkpoint_minutes=1e9), whole), n
        assert trained_iterations == list(range(9)) and rest.checks == checks - n, n  # nothing is done twice


@pytest.mark.slow
@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("step", [1, 2, 5])
def test_a_run_stopped_repeatedly_ends_with_the_same_bits(tmp_path, trained_iterations, step):
    """Each run stops after a few checks, and training still makes progress."""
    recipe = dataclasses.replace(RECIPE, learning_rate=0.5, plateau_patience=0)
    whole, checks = checks_of_a_run(recipe=recipe)
    trained_iterations.clear()
    for _ in range(checks // step):
        with pytest.raises(Stopped):
            run(recipe=recipe, state=tmp_path / "s.pt", stop=StopAfter(step), checkpoint_minutes=1e9)
    assert same(run(recipe=recipe, state=tmp_path / "s.pt", stop=StopAfter(step)), whole)
    assert trained_iterations == list(range(9))


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("n", [1, 4, 11, 20, 30, 42, 57])
def test_a_run_killed_inside_a_validation_or_the_dynamics_resumes_to_the_same_bits(tmp_path, reference, n):
    def fatal():
        if fatal.stop() and fatal.stop.checks == n:
            raise Killed
        return False

    fatal.stop = StopAfter(n)
    with pytest.raises(Killed):
        run(state=tmp_path / "s.pt", stop=fatal, checkpoint_minutes=0)
    assert same(run(state=tmp_path / "s.pt", checkpoint_minutes=0), run())


def test_a_run_without_a_state_stops_at_once(trained_iterations):
    with pytest.raises(Stopped, match="stopped at iteration 2 of 9 on request: nothing is stored"):
        run(stop=StopAfter(2), dynamics=None)
    assert trained_iterations == [0, 1]


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
