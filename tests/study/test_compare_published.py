"""What the script makes of our tables before published numbers are set beside them."""

import sys

import h5py
import numpy as np
import pandas as pd
import pytest

from conftest import ROOT, made_up_tests

sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

import compare_published
import make_tables
from frequency_shortcuts.evaluation import verdicts as rates
from frequency_shortcuts.findings.paper_tables import as_published
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.external import ExternalNetwork

KNOWN = {
    ("p", "small", "sin"): {"architecture": "resnet18", "width": 16, "device": "cpu"},
    ("p", "vit", "none"): {"architecture": "vit_b_16", "width": 64, "device": "cuda"},
}


def test_networks_are_known_by_what_their_weights_say(tmp_path, small_network):
    run = {"dataset": "p", "augmentation": "none", "seed": 0, "device": "cpu"}
    kinds = {
        "a": (architectures.Architecture("resnet18", 2, 1, 32, 8), ("resnet18", 8)),
        "b": (ExternalNetwork("torchvision:resnet50", 2, 3, 224, 224), ("resnet50", 64)),
        "c": (ExternalNetwork("mine:network", 2, 3, 24, 24), ("mine:network", 0)),
    }
    weights = small_network(1, 2).state_dict()
    paths = [tmp_path / f"{name}.safetensors" for name in kinds]
    for path, (name, (what, _)) in zip(paths, kinds.items(), strict=True):
        architectures.save(path, weights, what, {**run, "network": name})
    found = compare_published.architectures(paths)
    for name, (_, expected) in kinds.items():
        about = found["p", name, "none"]
        assert (about["architecture"], about["width"], about["device"]) == (*expected, "cpu")


def test_foreign_maps_are_told_by_architecture_and_averaged_over_seeds():
    rows = [
        {"dataset": "p", "maps_of": f"small/sin/seed{s}", "tested_on": f"vit/none/seed{s}", "class": c, "filter": f,
         "images": 20, "tpr": tpr + s / 10, "fpr": 0.1}
        for s in (0, 1)
        for c, f, tpr in (("a", "dfm", 0.4), ("a", "random", 0.9), ("b", "dfm", 0.2))
    ]  # fmt: skip
    table = compare_published.foreign_maps(pd.DataFrame(rows), KNOWN, 5).set_index("class")
    assert list(table.index) == ["a", "b"] and list(table["TPR"]) == pytest.approx([0.45, 0.25])
    assert set(table["architecture"]) == {"vit_b_16"} and set(table["maps_of"]) == {"resnet18/sin"}
    assert set(table["seeds"]) == {2} and set(table["percent"]) == {5} and set(table["method"]) == {"culling"}
    assert set(table["width"]) == {16}  # of the narrower of the two


def test_only_maps_that_are_called_so_count_as_those_of_hfss():
    rows = [
        {"dataset": "p", "network": "vit", "augmentation": "none", "seed": 0, "class": "a", "maps": maps,
         "images": 20, "tpr_dfm": tpr, "fpr_dfm": 0.1}
        for maps, tpr in (("ours", 0.1), ("HFSS_stage6", 0.8), ("theirs", 0.3))
    ]  # fmt: skip
    (row,) = compare_published.brought_maps(pd.DataFrame(rows), KNOWN).itertuples()
    assert (row.TPR, row.method, row.maps_of) == (0.8, "HFSS", "") and pd.isna(row.percent)


def test_only_the_published_test_is_compared():
    tests = made_up_tests([("p", "small", "sin", 0)], ["a", "b"])
    kept = as_published(tests)
    assert set(kept["part"]) == {"keep"} and set(kept["fill"]) == {"zeros"} and 6 * len(kept) > len(tests) > len(kept)
    verdicts = make_tables.judged(tests, 0.6)
    over, verdicts = (as_published(table) for table in (rates.over_seeds(verdicts), verdicts))
    table = compare_published.own_maps(over, verdicts, KNOWN, 5)
    assert list(table["TPR"]) == list(kept.query("filter == 'dfm'")["tpr"]) and list(table["class"]) == ["a", "b"]
    assert compare_published.own_maps(over[:0], verdicts[:0], KNOWN, 5).empty  # zeros were not tested


def test_the_time_of_culling_is_the_sum_of_its_parts(tmp_path):
    with h5py.File(tmp_path / "dfm.h5", "w") as file:
        file["rank"] = np.zeros((2, 24, 32), np.int32)
        file.attrs.update({"images_per_class": [3, 4], "method": "exact"})
    with h5py.File(tmp_path / "store.h5", "w") as file:
        file.attrs["classes"] = ["a", "b"]
    rows = [("cull", f"p/vit/none/seed{s}_part{part}", 1800 * (1 + s)) for s in (0, 1) for part in (0, 1)]
    rows += [("cull", "p/vit/nonesuch/seed0", 9e9), ("train", "p/vit/none/seed0", 9e9)]
    runtimes = pd.DataFrame(rows, columns=["step", "run", "wall_s"])
    files = tmp_path / "dfm.h5", tmp_path / "store.h5"
    (row,) = compare_published.culling_time(runtimes, *files, ("p", "vit", "none"), KNOWN).itertuples()
    assert row.hours == pytest.approx((1 + 2) / 2)
    assert row.ours_from == "p, vit of width 64, exact: 7 images of 2 classes, 24 x 32 pixels, on a GPU"
