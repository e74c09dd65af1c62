"""The schedules of the learning rate, and impossible recipes."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from training_runs import BATCH, ONE_CYCLE, PER_EPOCH, run, scripted

from frequency_shortcuts.networks.recipe import Recipe


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


def test_an_impossible_recipe_is_refused():
    for wrong in ({"epochs": 0}, {"batch_size": 0}, {"learning_rate": 0.0}):
        with pytest.raises(ValueError, match="expected at least 1, at least 1, and above 0"):
            Recipe(**wrong)
