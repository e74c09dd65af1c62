"""Trainings with the augmentations of frequencies: the steps by hand, seeds, resuming, and maps that do not fit."""

import pytest
import torch
from test_reduction import maps
from test_training_frequencies import options
from training_runs import killed_before, run, same, tiny

from frequency_shortcuts.networks.augmentation import WITH_MAPS

OF_FREQUENCIES = (*WITH_MAPS, "afa")


@pytest.fixture(scope="module")
def references():
    return {name: run(**options(name)) for name in OF_FREQUENCIES}


@pytest.mark.parametrize("name", OF_FREQUENCIES)
def test_the_same_seed_gives_the_same_run_and_no_two_augmentations_do(references, name):
    torch.manual_seed(99)
    assert same(run(**options(name)), references[name])
    for other in {*OF_FREQUENCIES} - {name}:
        assert not same(references[other], references[name])
    assert not same(run(), references[name])


@pytest.mark.parametrize("name", OF_FREQUENCIES)
def test_a_killed_run_resumes_to_the_same_bits(tmp_path, monkeypatch, trained_iterations, references, name):
    killed_before(monkeypatch, 5, state=tmp_path / "s.pt", checkpoint_minutes=0, **options(name))
    trained_iterations.clear()
    assert same(run(state=tmp_path / "s.pt", **options(name)), references[name])
    assert trained_iterations[0] == 5
    assert references[name].weights.keys() == tiny().state_dict().keys()


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("dfmx", {"masks": maps(classes=3, seed=1)}),
        ("dfmx", {"probability": 0.4}),
        ("afa", {"strength": 3.0}),
    ],
    ids=["maps", "probability", "strength"],
)
def test_the_state_of_a_run_with_other_maps_or_settings_is_ignored(
    tmp_path, monkeypatch, trained_iterations, name, changes
):
    killed_before(monkeypatch, 5, state=tmp_path / "s.pt", checkpoint_minutes=0, **options(name))
    trained_iterations.clear()
    other = options(name, **changes)
    assert same(run(state=tmp_path / "s.pt", **other), run(**other))
    assert trained_iterations[0] == 0
