"""The estimate counts images as the library shows them, to the accuracy that is stated in each test."""

import sys

import numpy as np
import pandas as pd
import pytest

from bench import estimate
from conftest import ROOT
from workflow.study import work
from workflow.study.plan import Plan
from workflow.study.work import DataSet, Folder


def configured(name="test"):
    return estimate.configuration(ROOT / "config" / f"{name}.yaml")


def test_the_images_of_the_test_study_by_hand():
    config = configured()
    config["plan"].append({"datasets": ["syn_2"], "networks": ["resnet18"], "augmentations": ["none"], "seeds": [0, 1]})
    images = estimate.work(config, Folder()).pivot_table("images", "run", "rule", "sum")
    first, second = (images.loc[f"syn_2/resnet18/none/seed{seed}"] for seed in (0, 1))
    assert first["train"] == 3 * 2 * 4 * 32
    # The first seed is culled again on two halves of its images.
    assert second["cull"] == pytest.approx(work.SCREENED * 4 * 4 * 514) and first["cull"] == 2 * second["cull"]
    # Four maps, five radial masks for each, five random and a low-pass mask; all but the maps or five random ones;
    # all images and those of four maps, with amplitudes or phases; four maps of another method and a low-pass mask.
    assert first["shortcuts"] == 2 * (4 + 20 + 6 + 4 + 5) * 24 + 2 * (1 + 4) * 24 + 2 * (4 + 1) * 24
    assert first["find_maps"] == 3 * 16 * 4 * 4  # a gradient of each of 16 mixtures of 16 images
    # Two low-pass, two high-pass and three band-stop filters, ten corruptions, the 57 waves up to 6 cycles per image.
    assert first["robustness"] == 16 * (7 + 10) + 8 * 57
    assert first["planted_use"] == 4 * 15 * 24 and first["bandstop"] == 7 * 48
    photographs = images.loc["fashion_mnist/resnet18/none/seed0"]
    of_method = 2 * (10 * 40 + 40)  # with zeros alone
    assert photographs["ood"] == 2 * 2 * (10 * 40 + 50 * 4 + 6 * 40) + of_method
    assert np.isnan(photographs["planted_use"])


def test_sizes_of_data_sets():
    sizes = {"fashion_mnist": (1, 5400, 600, 500), "cifar10": (3, 4500, 500, 1000)}  # half of the test images, and all
    for name, (channels, train, validation, test) in sizes.items():
        config = configured("cifar10" if name == "cifar10" else "config")
        splits = {"train": train, "validation": validation, "test": test}
        assert work.data_set(Plan(config), name, Folder()) == DataSet(10, channels, 32, splits)
    splits = {"train": 90, "validation": 10, "test": 7}
    assert work.data_set(Plan(configured("paper")), "imagenet10", Folder(5, 100, 7)) == DataSet(10, 3, 224, splits)
    assert work.data_set(Plan(configured("config")), "plant_joint", Folder()).classes == 2
    config = configured("imagenet1k")
    assert work.data_set(Plan(config), "imagenet1k", Folder(30)).classes == 30
    config["datasets"]["imagenet1k"]["size"] = [224, 200]
    with pytest.raises(ValueError, match="imagenet1k: the estimate counts square images"):
        work.data_set(Plan(config), "imagenet1k", Folder())


def test_the_error_takes_one_rate_for_all_steps():
    """Steps with a resumed job are left out, here ood."""
    steps = pd.DataFrame({"rule": ["train", "cull", "ood"], "pflop": [3e-6, 1e-6, 9.0]})
    times = pd.DataFrame({"step": ["train", "cull", "cull_halves", "ood", "ood"], "wall_s": [2.0, 1.0, 1.0, 1.0, 1.0]})
    times["resumed"] = [False, False, np.nan, False, True]  # NaN: there is no log
    lines = estimate.error(steps, times).splitlines()
    assert lines[2:] == ["| train | 2 | 2 | 3 | 1.50 |", "| cull | 0 | 2 | 1 | 0.50 |", "| sum | 1 | 4 | 4 | 1.00 |"]


def test_a_network_of_the_user_is_not_counted(capsys, monkeypatch, tmp_path):
    (tmp_path / "own.yaml").write_text(
        "plan: [{datasets: [syn_1], networks: [mine], augmentations: [none], seeds: [0]}]\n"
        "networks: {mine: {source: 'torchvision:resnet18'}}\ntransfer: []\n"
    )
    monkeypatch.setattr(sys, "argv", ["estimate", "--config", str(tmp_path / "own.yaml")])
    with pytest.raises(SystemExit):
        estimate.main()
    assert "network mine: the estimate counts networks that the study trains only" in capsys.readouterr().err
