"""The benchmark and the estimate of work, on small networks: the accuracy is stated in each test."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from test_bench import configured
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

from bench import estimate, measure_methods, measure_numerics, measure_screening, published
from conftest import ROOT
from frequency_shortcuts import culling, dfm, shortcuts, spectrum
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.evaluation import phase
from frequency_shortcuts.networks import architectures, training
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from workflow.study import work
from workflow.study.network_tests.shortcuts import masked_images, mixed_images
from workflow.study.plan import Plan
from workflow.study.work import DataSet, Folder

LABELS = np.array([0, 1, 2, 0, 1, 2, 1])


def test_the_published_procedure_finds_the_same_increments(small_network):
    """Tolerance 5e-6: float32, and pixels that passed through a picture file."""
    channels = 3
    pixels = np.random.default_rng(0).integers(0, 256, (7, channels, 8, 6), dtype=np.uint8)
    mean, std = np.full(channels, 0.45), np.full(channels, 0.3)
    network, pairs, device = small_network(channels, 3).eval(), ConjugatePairs(8, 6), torch.device("cpu")
    culled = culling.cull(network, pixels, LABELS, 3, "exact", mean=mean, std=std)
    files = published.encoded(pixels)

    def loss(c, mask):
        return published.class_loss(network, files, LABELS, c, mean, std, device, mask)

    for c in range(3):
        assert loss(c, None) == pytest.approx(culled.baseline_loss[c], abs=5e-6)
        for p in range(len(pairs)):
            slow = loss(c, published.mask_without(pairs, p, device)) - loss(c, None)
            assert slow == pytest.approx(culled.increment[c, p], abs=5e-6)


def test_the_cost_of_portable_numerics_is_the_median_over_processes_that_alternate(tmp_path, monkeypatch):
    monkeypatch.setattr(measure_numerics, "NETWORKS", ("resnet18",))
    tasks = measure_numerics.seconds(count=4, per_class=2)
    assert len(tasks) == 4 and all(spent > 0 for spent in tasks.values())
    started = []

    def run(command, env, **_):
        started.append("MKL_CBWR" in env)
        spent = {"training": (3 if started[-1] else 2) * len(started)}
        return SimpleNamespace(stdout=json.dumps(spent))

    monkeypatch.setattr(measure_numerics.subprocess, "run", run)
    (row,) = measure_numerics.cost(tmp_path, torch.device("cpu")).to_dict("records")
    assert started == [True, False] * measure_numerics.REPEATS
    ratios = [3 * (2 * turn + 1) / (2 * (2 * turn + 2)) for turn in range(measure_numerics.REPEATS)]
    assert row["ratio"] == pytest.approx(np.median(ratios)) and row["ratio_low"] == pytest.approx(min(ratios))


def test_what_methods_add_to_their_passes_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(measure_methods, "WIDTHS", (2,))
    monkeypatch.setattr(measure_methods, "METHODS", {"rise": ("rise", {"masks": 4}), "gradient": ("gradient", {})})
    monkeypatch.setattr(measure_methods, "REPEATS", 2)
    monkeypatch.setattr(measure_methods, "MORE_IMAGES", {})
    table = measure_methods.overhead(tmp_path, torch.device("cpu"))
    # Four masks of 80 images; a forward and a backward pass of each.
    assert table["passes"].tolist() == [4 * 80, 3 * 80]
    assert (table["added_low"] <= table["added"]).all() and (table["added"] <= table["added_high"]).all()


def test_the_figure_of_screening_shows_the_mean_of_the_networks_by_size_of_the_images():
    curve = pd.DataFrame(
        [
            {"network": name, "side": side, "percent": percent, "target_recall": target, "share_of_passes": target / 4,
             "overlap": target + more}
            for side in (32, 64) for name, more in (("a", 0.0), ("b", 0.1)) for percent in (1, 5)
            for target in (0.8, 0.9)
        ]
    )  # fmt: skip
    _, *lines = measure_screening.overlap_figure(curve).axes[0].lines
    assert [line.get_label() for line in lines] == ["32 x 32 pixels", "64 x 64 pixels"]
    for line in lines:
        np.testing.assert_allclose(line.get_xydata(), [[20, 0.85], [22.5, 0.95]])


# The estimate counts images as the library shows them

SIDE, N = 16, {"train": 9, "validation": 4, "test": 5}
RUN = {"dataset": "syn_2", "network": "resnet18", "augmentation": "none", "seed": 0}
FORM = architectures.Architecture("resnet18", 4, 3, SIDE, width=4)


def images_counted(task):
    """Images that a task shows to a network of `FORM`, by the operations that PyTorch counts."""
    with FlopCounterMode(display=False) as counter:
        task()
    return counter.get_total_flops() / estimate.operations(FORM)


@pytest.fixture
def tiny():
    """A configuration of four classes of `N` images of 16 pixels, a network, and the images of each split."""
    config, generator = configured(), np.random.default_rng(0)
    config["plan"] = [{"datasets": ["syn_2"], "networks": ["resnet18"], "augmentations": ["none"], "seeds": [0]}]
    config["synthesis"] |= {"size": SIDE, "images_per_class": N}
    config["culling"] |= {"images_per_class": None, "method": "exact"}
    config["shortcuts"] |= {"images_per_class": None, "fills": ["zeros"]}
    pixels = {split: generator.integers(0, 256, (4 * n, 3, SIDE, SIDE), dtype=np.uint8) for split, n in N.items()}
    splits = {
        split: Split(images, np.arange(len(images)) % 4, tuple("abcd"), np.full(3, 0.5), np.full(3, 0.3))
        for split, images in pixels.items()
    }
    shown = work.images_shown(Plan(config), RUN, DataSet(4, 3, SIDE, N))
    return shown, architectures.build(FORM, 0), splits, config


def test_operations_are_twice_the_multiply_adds_of_torchvision():
    published = models.ViT_B_16_Weights.IMAGENET1K_V1.meta["_ops"]
    form = architectures.Architecture("vit_b_16", 1000, 3, 224)
    assert estimate.operations(form) / 1e9 == pytest.approx(2 * published, rel=1e-3)
    assert torch.zeros(1).device.type == "cpu"  # nothing is left on the meta device


def test_a_training_is_counted_within_ten_percent(tiny):
    shown, network, splits, _ = tiny
    recipe = training.Recipe(epochs=2, batch_size=6)
    counted = images_counted(
        lambda: training.train(network, splits["train"], splits["validation"].subset([0]), recipe, seed=0)
    )
    assert shown["train"] == 3 * 2 * 36 and counted == pytest.approx(shown["train"], rel=0.1)


def test_an_exact_culling_is_counted_within_two_percent(tiny):
    shown, network, splits, config = tiny
    data = splits[config["culling"]["split"]]
    counted = images_counted(
        lambda: culling.cull(network, data.images, data.labels, 4, "exact", mean=data.mean, std=data.std)
    )
    assert counted == pytest.approx(shown["cull"], rel=0.02)


@pytest.mark.parametrize("changes", [{"negatives": 6, "others": 1}, {"parts": ["keep"], "fills": ["swap"]}])
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


def test_a_test_of_phases_is_counted_within_a_quarter(tiny):
    """The count includes the neutral class, and the negatives whose donor is of the class of the map."""
    _, network, splits, _ = tiny
    data, settings = splits["test"], {"negatives": None, "fills": ["zeros"]}  # all three parts are shown
    increments = np.random.default_rng(0).random((4, len(spectrum.ConjugatePairs(SIDE, SIDE))))
    maps = dfm.dominant(increments, spectrum.ConjugatePairs(SIDE, SIDE), 10)
    how = {"mean": data.mean, "std": data.std, "neutral": 0}
    counted = images_counted(lambda: phase.measure(network, data.images, data.labels, maps, **how))
    assert counted == pytest.approx(mixed_images(DataSet(4, 3, SIDE, N), 20, settings), rel=0.25)


@pytest.mark.parametrize("name", estimate.PARTS)
def test_the_page_holds_what_the_estimate_gives(name):
    assert f"<!-- {name} -->\n{estimate.section(name)}\n<!-- /{name} -->" in estimate.PAGE.read_text()


def test_the_gpu_hours_at_the_head_of_the_published_scale_are_those_of_the_estimate():
    hours = estimate.gpu_hours(estimate.work(configured("paper"), Folder())).sum()
    head = (ROOT / "config" / "paper.yaml").read_text().partition("study:")[0]
    for gpu in estimate.PEAKS:
        stated = re.search(rf"{gpu}: ([\d,]+) hours in float32, ([\d,]+) in bfloat16", head)
        assert stated.groups() == tuple(estimate.rounded(hours[gpu, name]) for name in ("float32", "bfloat16"))


def test_the_jobs_of_the_published_scale_take_half_of_their_time_limit_on_slurm():
    limit = re.search(r"# runtime: (\d+) \* 2", (ROOT / "profiles" / "slurm" / "config.yaml").read_text())
    config = configured("paper")
    jobs = estimate.longest(estimate.work(config, Folder()), config["culling"]["parts"])
    assert 2 * 60 * jobs.max(axis=None) < int(limit[1])
    assert (jobs.loc["cull"] < jobs.loc["train"]).all()
