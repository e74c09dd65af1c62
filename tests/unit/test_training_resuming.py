"""A training that is stopped or killed resumes to the same bits; states of other runs are ignored."""

import dataclasses

import pytest
import torch
from training_runs import (
    DATA,
    DYNAMICS,
    ONE_CYCLE,
    PER_EPOCH,
    RECIPE,
    TEST,
    N,
    killed_before,
    run,
    same,
    split,
    tiny,
)

import frequency_shortcuts as fs
from conftest import StopAfter
from frequency_shortcuts.networks.augmentation import Augmentation
from frequency_shortcuts.storage.journal import Stopped


@pytest.fixture(scope="module")
def reference():
    return run()


@pytest.mark.parametrize(
    ("minutes", "killed_at", "resumed_at"),
    [
        (0, 5, 5),  # in the middle of an epoch, between two tests of the dynamics
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


PLATEAU = dataclasses.replace(RECIPE, epochs=6, learning_rate=0.5, plateau_patience=0)


@pytest.mark.parametrize(("recipe", "killed_at"), [(PLATEAU, (7, 13)), (ONE_CYCLE, (2, 6))], ids=["plateau", "cycle"])
def test_a_run_killed_twice_resumes_to_the_same_bits(tmp_path, monkeypatch, trained_iterations, recipe, killed_at):
    """Of one cycle at the peak of the rate, and while it falls, at the end of an epoch."""
    options = {"recipe": recipe, "checkpoint_minutes": 0}
    whole = run(**options)
    assert whole.history["learning_rate"].nunique() > 1  # otherwise the schedule is not put to the test
    for iteration in killed_at:
        killed_before(monkeypatch, iteration, state=tmp_path / "s.pt", **options)
    trained_iterations.clear()
    assert same(run(state=tmp_path / "s.pt", **options), whole)
    assert trained_iterations == list(range(killed_at[-1], recipe.epochs * PER_EPOCH))


RELABELLED = dataclasses.replace(TEST, labels=(TEST.labels + 1) % 3)
OTHERS = {
    "seed": {"seed": 4},
    "weights": {"network": tiny(1)},
    "images": {"data": split(N, 7)},
    "labels": {"data": dataclasses.replace(DATA, labels=DATA.labels[::-1].copy())},
    "recipe": {"recipe": dataclasses.replace(RECIPE, learning_rate=0.1)},
    "augmentation": {"augmentation": Augmentation(shift=2)},
    "dynamics": {"dynamics": dataclasses.replace(DYNAMICS, every=3)},
    "test labels": {"dynamics": dataclasses.replace(DYNAMICS, test=RELABELLED)},
    "transform": {"transform": fs.Swap()},
    "version": {"version": "after an edit of the code"},
}


@pytest.mark.parametrize("changed", OTHERS)
def test_the_state_of_another_run_is_ignored(tmp_path, monkeypatch, trained_iterations, changed):
    killed_before(monkeypatch, 5, state=tmp_path / "s.pt", checkpoint_minutes=0)
    trained_iterations.clear()
    with pytest.raises(Stopped):
        run(state=tmp_path / "s.pt", stop=lambda: bool(trained_iterations), **OTHERS[changed])
    assert trained_iterations == [0]


@pytest.mark.parametrize("kind", ["cut", "a bit of a weight"])
def test_a_damaged_state_is_left_with_a_warning(tmp_path, monkeypatch, reference, trained_iterations, caplog, kind):
    state = tmp_path / "s.pt"
    killed_before(monkeypatch, 5, state=state, checkpoint_minutes=0)
    data = bytearray(state.read_bytes())
    data[data.index(b"archive/data/0") + 200] ^= 1  # without a checksum, training would go on with it
    state.write_bytes(data[: len(data) // 2] if kind == "cut" else data)
    trained_iterations.clear()
    assert same(run(state=state), reference)
    assert trained_iterations[0] == 0
    assert "s.pt is damaged: training starts anew" in caplog.text


def test_a_run_without_a_state_stops_at_once(trained_iterations):
    with pytest.raises(Stopped, match="stopped at iteration 2 of 9 on request: nothing is stored"):
        run(stop=StopAfter(2), dynamics=None)
    assert trained_iterations == [0, 1]


@pytest.mark.usefixtures("small_batches")
def test_a_run_stopped_at_any_check_resumes_to_the_same_bits(tmp_path, trained_iterations):
    """After an iteration, inside a validation or a test of the dynamics."""
    counting, options = StopAfter(), {"transform": fs.Swap()}
    run(stop=counting, **options)
    # Iterations; batches of 4 of 9 test images, in three views, four times; of 13 validation images, three times.
    assert counting.checks == 9 + 3 * 3 * 4 + 4 * 3
    whole = run(**options)  # in small batches
    for n in range(1, counting.checks + 1, 12):
        state = tmp_path / f"{n}.pt"
        trained_iterations.clear()
        with pytest.raises(Stopped, match=rf"stopped at iteration \d of 9 on request: stored in {state}, from which"):
            run(state=state, stop=StopAfter(n), checkpoint_minutes=1e9, **options)
        torch.manual_seed(n)  # what was drawn before does not matter
        assert same(run(state=state, checkpoint_minutes=0, **options), whole), n
        assert trained_iterations == list(range(9)), n  # no iteration is done twice
