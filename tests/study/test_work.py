"""The work of a plan, counted before it starts, and the descriptions of its tests of networks."""

import re

import pytest
import torch
from test_plan import PLAN, plan

from conftest import ROOT
from frequency_shortcuts.data.corruptions import STRENGTHS
from frequency_shortcuts.evaluation import usage
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from study import outputs
from study.inputs import Content, cost
from study.network_tests import planted_use, registry, robustness
from study.settings import Shape
from study.work import (
    DataSet,
    Folder,
    data_set,
    images_of_augmentations,
    images_shown,
    passes_of,
)

METHODS = {
    "rise": {"method": "rise", "masks": 10},
    "cells": {"method": "culling", "patch": 16},
    "random": {"method": "random"},
}
DATA = DataSet(4, 3, 32, {"train": 100, "validation": 8, "test": 6})
RUN = {"dataset": "syn_1", "network": "small", "augmentation": "augmix", "seed": 1}


def compared(**changes):
    entries = [{**entry, "methods": list(METHODS)} for entry in PLAN]
    return plan(plan=entries, methods=METHODS, culling={"images_per_class": 5}, **changes)


def test_the_passes_of_methods_are_those_that_each_names():
    found = images_shown(compared(shortcuts={"controls": 10}), RUN, DATA)
    # Ten masks; all frequencies, and all but each of two cells (and of the rest of their grid); 4 x 5 images.
    assert found["find_maps"] == 20 * (10 + 1 + 2)
    # Four sizes: three methods, kept by each of four classes and removed; ten random masks, kept and removed.
    assert found["compare_methods"] == 24 * 4 * (3 * 5 + 2 * 10)


def test_the_maps_of_other_methods_cost_their_search_and_their_tests():
    culling, both = compared(), compared(shortcuts={"methods": ["rise", "random"]})
    before, after = (images_shown(one, RUN, DATA) for one in (culling, both))
    assert after["find_maps"] == before["find_maps"]  # they are compared as well, and found once
    # Two methods and fills; 24 images under the four maps of the classes, and under the lowest frequencies.
    assert after["shortcuts"] - before["shortcuts"] == 2 * 2 * (4 * 24 + 24)
    alone = plan(methods=METHODS, culling={"images_per_class": 5}, shortcuts={"methods": ["rise"]})
    assert images_shown(alone, RUN, DATA)["find_maps"] == 20 * 10


def test_a_culling_by_cells_costs_a_pass_of_each_image_for_a_cell():
    found = images_shown(plan(culling={"method": "exact", "patch": 16, "images_per_class": 5}), RUN, DATA)
    assert found["cull"] == 4 * 5 * 2


def test_augmentations_add_their_second_images_and_their_maps():
    mine = compared(training={"dfmx": {"maps": "rise"}})
    names = ("none", "dfmx", "dfmx_random", "afa")
    runs = [{"augmentation": name, "seed": seed} for seed in (0, 1) for name in names]
    maps = passes_of(mine, "rise", DATA, ConjugatePairs(32, 32))
    assert maps == 20 * 10
    assert images_of_augmentations(mine, runs, DATA, 1000.0) == 2 * 1000 + 2 * maps
    assert images_of_augmentations(mine, runs[:1], DATA, 1000.0) == 0


def test_the_training_images_rank_the_pairs_for_a_method_with_their_split():
    mine = plan(
        methods={"cells": {"method": "culling", "patch": 16, "split": "train"}}, culling={"images_per_class": 50}
    )
    assert passes_of(mine, "cells", DATA, ConjugatePairs(32, 32)) == 4 * 50 * 3


def test_a_run_has_the_steps_that_are_planned_for_it():
    steps = {"train", "validate", "cull", "bandstop", "shortcuts", "planted_use"}
    assert images_shown(plan(), RUN, DATA).keys() == steps | {"robustness"}
    assert images_shown(plan(), RUN | {"seed": 3}, DATA).keys() == steps
    without = plan(plan=[PLAN[1], {**PLAN[0], "maps": False}])
    assert images_shown(without, RUN, DATA).keys() == {"train", "validate", "bandstop"}


def test_a_training_shows_validation_images_every_epoch_and_test_images_at_its_start_and_end():
    dynamics = {"iterations": 50, "every": 20, "images_per_class": 5}
    mine = plan(training={"synthetic": {"epochs": 7, "validation_per_class": 3, "dynamics": dynamics}})
    assert images_shown(mine, RUN, DATA)["validate"] == 7 * 4 * 3 + (1 + 2) * 3 * 4 * 5 + DATA.images("test")


@pytest.mark.parametrize(("part", "count"), [("all", 1000), ("first_half", 500), ("second_half", 500)])
def test_half_of_the_test_images_are_half_as_many(part, count):
    mine = plan(datasets={"fashion_mnist": {"test_images": part}})
    assert data_set(mine, "fashion_mnist", Folder()).per_class["test"] == count


def test_the_check_says_how_many_passes_a_network_takes_and_how_long():
    found = Content(range(4), Shape(3, 32, 32), "", per_class={"validation": 3, "test": 3, "train": 9})
    (line,) = cost(compared(device="cpu"), "syn_1", "small", found)
    assert re.fullmatch(
        r"syn_1: small: 2 runs, about [\d.]+ million forward passes \([\d.]+ of them of methods\), "
        r"[\d.]+ ms each on this cpu: \d+ min",
        line,
    )


def test_a_login_node_without_a_gpu_counts_the_passes_of_a_study_that_needs_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    found = Content(range(4), Shape(3, 32, 32), "", per_class={"validation": 3, "test": 3, "train": 9})
    (line,) = cost(compared(device="cuda"), "syn_1", "small", found)
    assert line.endswith("not timed: this machine lacks the GPU that jobs need")


# The descriptions of the tests of networks, which rules, outputs, tables, estimate and docs ask


@pytest.mark.parametrize("name", registry.TESTS)
def test_each_test_has_a_script_that_names_its_outputs(name):
    test = registry.TESTS[name]
    text = (ROOT / "workflow" / "scripts" / test.script).read_text()
    assert test.name == name and test.outputs
    for key in test.outputs if len(test.outputs) > 1 else ():
        assert f".{key}" in text


def test_a_study_writes_the_files_of_all_its_tests_once():
    planned = plan(published=[{"name": "hfss", "dataset": "photos", "network": "small", "augmentation": "augmix"}])
    files = registry.files_of_study(planned)
    assert len(files) == len(set(files)) and set(files) <= set(outputs.of_study(planned))
    assert "results/laptop/tests/photos/small/augmix/seed3/published_hfss.csv" in files
    hits = [file for file in files if file.endswith("/hits.h5")]
    assert hits == registry.TESTS["shortcuts"].files(planned, "hits") and len(hits) == len(planned.runs())
    assert not any("method_rates" in file or "wave" in file for file in files)
    assert not registry.TESTS["transfer"].files(planned)


def test_the_constants_of_the_cost_are_those_of_the_library():
    assert len(STRENGTHS) == robustness.STRENGTHS and usage.DRAWS == planted_use.DRAWS


def test_phases_cost_something_where_they_are_tested():
    planned, test = plan(), registry.TESTS["shortcuts"]
    last, *_, first = (run for run in planned.runs(network="small", augmentation="augmix", dataset="photos"))
    assert test.cost(planned, first, DATA) > test.cost(planned, last, DATA) > 0
