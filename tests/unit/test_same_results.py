"""The comparison of two runs of a study, which the kill study uses: it sees every change that a kill could leave."""

import json
import shutil

import h5py
import numpy as np
import pytest
from safetensors.numpy import save_file

from same_results import difference, differences, results


@pytest.fixture
def two(tmp_path):
    """Two equal folders of results."""
    mine = tmp_path / "mine"
    (mine / "logs").mkdir(parents=True)
    with h5py.File(mine / "maps.h5", "w") as file:
        file["mask/top_5"] = np.eye(3, dtype=bool)
        file["mask"].attrs["classes"] = ["a", "b"]
        file.attrs["split"] = "test"
    save_file({"weight": np.ones(3, np.float32)}, mine / "weights.safetensors", {"architecture": "resnet18"})
    (mine / "table.csv").write_text("class,tpr\na,0.5\n")
    cell = {"source": "1 + 1", "outputs": [{"text": "2"}], "metadata": {"papermill": {"duration": 1.0}}}
    (mine / "figure.ipynb").write_text(json.dumps({"cells": [cell]}))
    (mine / "logs" / "train.log").write_text("10:00:01")
    shutil.copytree(mine, theirs := tmp_path / "theirs")
    return mine, theirs


def test_equal_folders_have_no_differences_whatever_their_logs_states_and_partial_files_hold(two):
    mine, theirs = two
    (mine / "logs" / "train.log").write_text("10:00:02")
    for name in ("state.pt", "part0.h5.state", ".maps.123.h5"):
        (mine / name).touch()
    assert sorted(results(mine)) == ["figure.ipynb", "maps.h5", "table.csv", "weights.safetensors"]
    assert differences(mine, theirs) == {}


def test_of_run_times_the_jobs_alone_are_compared(two):
    mine, theirs = two
    name = "tables/runtimes.csv"
    for folder, row in ((mine, "train,a/seed0,1.5,2,300,True"), (theirs, "train,a/seed0,0.5,3,301,False")):
        (folder / "tables").mkdir()
        (folder / name).write_text(f"step,run,wall_s,processor_s,memory_mib,resumed\n{row}\n")
    assert differences(mine, theirs) == {}
    (mine / name).write_text((mine / name).read_text().replace("seed0", "seed1"))
    assert differences(mine, theirs) == {name: "differs in more than what was measured"}
    (mine / name).unlink()
    assert differences(mine, theirs) == {name: "is in one folder only"}


def test_a_notebook_is_compared_by_its_cells(two):
    mine, theirs = two
    path, name = mine / "figure.ipynb", "figure.ipynb"
    written = json.loads(path.read_text())
    written["cells"][0]["metadata"]["papermill"]["duration"] = 2.0
    path.write_text(json.dumps(written))
    assert difference(mine, theirs, name) == ""
    written["cells"][0]["outputs"] = []
    path.write_text(json.dumps(written))
    assert difference(mine, theirs, name) == "differs in cell 0"


def test_one_value_one_type_and_one_attribute_are_seen(two):
    mine, theirs = two
    with h5py.File(mine / "maps.h5", "a") as file:
        file["mask/top_5"][0, 1] = True
    assert difference(mine, theirs, "maps.h5") == "differs in data set mask/top_5"
    with h5py.File(mine / "maps.h5", "a") as file:
        del file["mask/top_5"]
        file["mask/top_5"] = np.eye(3, dtype=np.uint8)
        file["mask"].attrs["classes"] = ["a", "c"]
        file.attrs["split"] = "train"
    found = difference(mine, theirs, "maps.h5")
    assert found == "differs in attribute /split, attribute mask/classes, data set mask/top_5"


def test_one_bit_of_the_weights_and_their_metadata_are_seen(two):
    mine, theirs = two
    weights = {"weight": np.nextafter(np.ones(3, np.float32), 2)}
    save_file(weights, mine / "weights.safetensors", {"architecture": "vgg16_bn"})
    assert difference(mine, theirs, "weights.safetensors") == "differs in metadata architecture, tensor weight"


@pytest.mark.parametrize("name", ["maps.h5", "weights.safetensors", "figure.ipynb", "table.csv"])
def test_a_file_that_is_cut_is_seen(two, name):
    mine, theirs = two
    (mine / name).write_bytes((mine / name).read_bytes()[:-5])
    assert list(differences(mine, theirs)) == [name]


def test_a_file_that_is_missing_or_too_much_is_seen(two):
    mine, theirs = two
    (mine / "table.csv").unlink()
    (mine / "more.csv").touch()
    assert differences(mine, theirs) == dict.fromkeys(("table.csv", "more.csv"), "is in one folder only")
