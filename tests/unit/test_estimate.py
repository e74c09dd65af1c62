"""The estimate counts images as the library shows them, to the accuracy that is stated in each test."""

import sys

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

from bench import estimate
from bench.markdown import DOCS
from conftest import ROOT
from frequency_shortcuts import culling, dfm, shortcuts, spectrum
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.evaluation import phase
from frequency_shortcuts.networks import architectures, training
from workflow.study import work
from workflow.study.network_tests.shortcuts import masked_images, mixed_images
from workflow.study.plan import Plan
from workflow.study.work import DataSet, Folder

SIDE, N = 16, {"train": 9, "validation": 4, "test": 5}
PUBLISHED = {"resnet50": models.ResNet50_Weights, "vit_b_16": models.ViT_B_16_Weights}
RUN = {"dataset": "syn_2", "network": "resnet18", "augmentation": "none", "seed": 0}
FORM = architectures.Architecture("resnet18", 4, 3, SIDE, width=4)


def configured(name="test"):
    return estimate.configuration(ROOT / "config" / f"{name}.yaml")


def images_counted(task):
    """Images that a task shows to a network of `FORM`, by the operations that PyTorch counts."""
    with FlopCounterMode(display=False) as counter:
        task()
    return counter.get_total_flops() / estimate.operations(FORM)


@pytest.fixture
def tiny():
    """A configuration of four classes of `N` images of 16 pixels, a network, and the images of each split."""
    config, generator = configured(), np.random.default_rng(0)
    config["synthesis"] |= {"size": SIDE, "images_per_class": N}
    config["culling"] |= {"images_per_class": None, "method": "exact"}
    config["shortcuts"] |= {"images_per_class": None, "fills": ["zeros"]}
    pixels = {split: generator.integers(0, 256, (4 * n, 3, SIDE, SIDE), dtype=np.uint8) for split, n in N.items()}
    splits = {
        split: Split(images, np.arange(len(images)) % 4, tuple("abcd"), np.full(3, 0.5), np.full(3, 0.3))
        for split, images in pixels.items()
    }
    return (
        work.images_shown(Plan(config), RUN, DataSet(4, 3, SIDE, N)),
        architectures.build(FORM, 0),
        splits,
        config,
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_operations_are_twice_the_multiply_adds_of_torchvision(name):
    published = PUBLISHED[name].IMAGENET1K_V1.meta["_ops"]
    form = architectures.Architecture(name, 1000, 3, 224)
    assert estimate.operations(form) / 1e9 == pytest.approx(2 * published, rel=1e-3)
    assert torch.zeros(1).device.type == "cpu"  # nothing is left on the meta device


@pytest.mark.slow
def test_a_training_is_counted_within_ten_percent(tiny):
    shown, network, splits, _ = tiny
    recipe = training.Recipe(epochs=2, batch_size=6)
    counted = images_counted(
        lambda: training.train(network, splits["train"], splits["validation"].subset([0]), recipe, seed=0)
    )
    assert shown["train"] == 3 * 2 * 36 and counted == pytest.approx(shown["train"], rel=0.1)


@pytest.mark.slow
def test_an_exact_culling_is_counted_within_two_percent(tiny):
    shown, network, splits, config = tiny
    data = splits[config["culling"]["split"]]
    counted = images_counted(
        lambda: culling.cull(network, data.images, data.labels, 4, "exact", mean=data.mean, std=data.std)
    )
    assert counted == pytest.approx(shown["cull"], rel=0.02)


@pytest.mark.parametrize("changes", [{}, {"negatives": 6, "others": 1}, {"parts": ["keep"], "fills": ["swap"]}])
def test_a_shortcut_test_of_maps_of_one_size_is_counted_within_a_fifth(tiny, changes):
    _, network, splits, config = tiny
    keys = ("parts", "fills", "controls", "radial", "others", "negatives")
    settings = {key: config["shortcuts"][key] for key in keys} | changes
    pairs, data = spectrum.ConjugatePairs(SIDE, SIDE), splits["test"]
    increments = np.random.default_rng(0).random((4, len(pairs)))
    increments[:, pairs.size == 1] = -1
    how = {"mean": data.mean, "std": data.std, **settings}
    maps = dfm.dominant(increments, pairs, 10)
    counted = images_counted(lambda: shortcuts.measure(network, data.images, data.labels, maps, **how))
    assert counted == pytest.approx(masked_images(DataSet(4, 3, SIDE, N), 20, settings), rel=0.2)


@pytest.mark.parametrize("neutral", [None, 0])
def test_a_test_of_phases_is_counted_within_a_quarter(tiny, neutral):
    """The count includes the neutral class, and the negatives whose donor is of the class of the map."""
    _, network, splits, _ = tiny
    data, settings = splits["test"], {"negatives": None, "fills": ["zeros"]}  # all three parts are shown
    increments = np.random.default_rng(0).random((4, len(spectrum.ConjugatePairs(SIDE, SIDE))))
    maps = dfm.dominant(increments, spectrum.ConjugatePairs(SIDE, SIDE), 10)
    how = {"mean": data.mean, "std": data.std, "neutral": neutral}
    counted = images_counted(lambda: phase.measure(network, data.images, data.labels, maps, **how))
    assert counted == pytest.approx(mixed_images(DataSet(4, 3, SIDE, N), 20, settings), rel=0.25)


def test_the_images_of_the_test_study_by_hand():
    config = configured()
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


@pytest.mark.slow
@pytest.mark.parametrize("page", estimate.PAGES)
def test_the_pages_hold_what_the_estimate_gives(page):
    config = configured(estimate.PAGES[page])
    table = estimate.by_rule(config, estimate.work(config, Folder()))
    assert f"<!-- work -->\n{table}\n<!-- /work -->" in (DOCS / page).read_text()


def test_a_network_of_the_user_is_not_counted(capsys, monkeypatch, tmp_path):
    (tmp_path / "own.yaml").write_text(
        "plan: [{datasets: [syn_1], networks: [mine], augmentations: [none], seeds: [0]}]\n"
        "networks: {mine: {source: 'torchvision:resnet18'}}\ntransfer: []\n"
    )
    monkeypatch.setattr(sys, "argv", ["estimate", "--config", str(tmp_path / "own.yaml")])
    with pytest.raises(SystemExit):
        estimate.main()
    assert "network mine: the estimate counts networks that the study trains only" in capsys.readouterr().err
