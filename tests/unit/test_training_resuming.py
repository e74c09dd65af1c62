"""A training that is stopped or killed resumes to the same bits; states of other runs are ignored."""

from dataclasses import replace

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
    run,
    same,
    split,
    tiny,
)

from conftest import StopAfter
from frequency_shortcuts.storage.journal import Stopped
from study.trainings import training
from study.trainings.augmentation import Augmentation


class Killed(Exception):
    pass


def killed_before(monkeypatch, iteration, **options):
    """Train until just before a step and raise `Killed` there."""
    step = training._Training._step

    def fatal(self, batch):
        if self.state.iteration == iteration:
            raise Killed
        step(self, batch)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(training._Training, "_step", fatal)
        run(**options)


PLATEAU = replace(RECIPE, epochs=6, learning_rate=0.5, plateau_patience=0)


@pytest.mark.parametrize(
    ("recipe", "minutes", "killed_at", "resumed_at"),
    [
        (RECIPE, 0, [5], 5),  # in the middle of an epoch, between two tests of the dynamics
        (RECIPE, 0, [6], 6),  # after an epoch and a test of the dynamics
        (RECIPE, 1e9, [8], 0),  # before anything was saved
        (PLATEAU, 0, [7, 13], 13),
        (
            ONE_CYCLE,
            0,
            [2, 6],
            6,
        ),  # at the peak of the rate, and while it falls, at the end of an epoch
    ],
)
def test_a_killed_run_resumes_to_the_same_bits(
    tmp_path, monkeypatch, trained_iterations, recipe, minutes, killed_at, resumed_at
):
    options = {"recipe": recipe, "checkpoint_minutes": minutes}
    whole, state = run(**options), tmp_path / "state.pt"
    assert (
        whole.history["learning_rate"].nunique() > 1 or recipe == RECIPE
    )  # each schedule is put to the test
    for iteration in killed_at:
        killed_before(monkeypatch, iteration, state=state, **options)
    # The state stays until its results are safe: a finished run is not run again.
    for expected in (list(range(resumed_at, recipe.epochs * PER_EPOCH)), []):
        trained_iterations.clear()
        assert same(run(state=state, **options), whole)
        assert trained_iterations == expected


OTHERS = {
    "seed": {"seed": 4},
    "weights": {"network": tiny(1)},
    "images": {"data": split(N, 7)},
    "labels": {"data": replace(DATA, labels=DATA.labels[::-1].copy())},
    "recipe": {"recipe": replace(RECIPE, learning_rate=0.1)},
    "augmentation": {"augmentation": Augmentation(shift=2)},
    "dynamics": {"dynamics": replace(DYNAMICS, every=3)},
    "test labels": {
        "dynamics": replace(DYNAMICS, test=replace(TEST, labels=(TEST.labels + 1) % 3))
    },
    "transform": {"augmentation": Augmentation("swap", shift=1)},
    "version": {"version": "after an edit of the code"},
}


@pytest.mark.parametrize("changed", OTHERS)
def test_the_state_of_another_run_is_ignored(tmp_path, monkeypatch, trained_iterations, changed):
    killed_before(monkeypatch, 5, state=tmp_path / "s.pt", checkpoint_minutes=0)
    trained_iterations.clear()
    with pytest.raises(Stopped):
        run(state=tmp_path / "s.pt", stop=lambda: bool(trained_iterations), **OTHERS[changed])
    assert trained_iterations == [0]


def test_a_run_without_a_state_stops_at_once(trained_iterations):
    with pytest.raises(Stopped, match="stopped at iteration 2 of 9 on request: nothing is stored"):
        run(stop=StopAfter(2), dynamics=None)
    assert trained_iterations == [0, 1]


@pytest.mark.usefixtures("small_batches")
def test_a_run_stopped_at_any_check_resumes_to_the_same_bits(tmp_path, trained_iterations):
    counting, options = StopAfter(), {"augmentation": Augmentation("swap", shift=1)}
    run(stop=counting, **options)
    assert counting.checks == 9  # one an iteration
    whole = run(**options)  # in small batches
    for n in range(1, counting.checks + 1, 2):
        state = tmp_path / f"{n}.pt"
        trained_iterations.clear()
        with pytest.raises(
            Stopped,
            match=rf"stopped at iteration \d of 9 on request: stored in {state}, from which",
        ):
            run(state=state, stop=StopAfter(n), checkpoint_minutes=1e9, **options)
        torch.manual_seed(n)  # what was drawn before does not matter
        assert same(run(state=state, checkpoint_minutes=0, **options), whole), n
        assert trained_iterations == list(range(9)), n  # no iteration is done twice
