"""The benchmark and the estimate of work: what they compare with is right, and their arithmetic and documents are."""

import sys

import numpy as np
import pandas as pd
import pytest
import torch

from bench import document, estimate, markdown, timing
from conftest import ROOT
from frequency_shortcuts.networks import architectures
from workflow.study import work
from workflow.study.plan import Plan
from workflow.study.work import DataSet, Folder


def test_ratios_are_taken_within_each_repeat():
    times = pd.DataFrame({"ours": [1.0, 2.0, 4.0], "theirs": [10.0, 10.0, 80.0]})
    assert timing.ratio(times, "ours", "theirs") == {"ratio": 10, "ratio_low": 5, "ratio_high": 20}
    # Twice the work in the same time is twice as fast.
    assert timing.ratio(times, "ours", "theirs", {"ours": 2, "theirs": 1})["ratio"] == 20


def test_tasks_run_by_turns_after_one_unmeasured_round():
    order = []
    times = timing.by_turns({name: lambda name=name: order.append(name) for name in "ab"}, 3)
    assert order == list("abababab") and times.shape == (3, 2) and (times >= 0).all(axis=None)


def test_operations_of_a_convolution_are_counted():
    layer = torch.nn.Conv2d(3, 5, 3, padding=1, bias=False)
    assert timing.flop(layer, torch.zeros(1, 3, 8, 8)) == 2 * 3 * 5 * 9 * 64


@pytest.mark.parametrize("table", ["cpu alone", "both"])
def test_a_device_that_was_not_at_hand_says_so(table):
    rows = pd.DataFrame({"case": ["small"], "device": ["cpu"], "ratio": [1.234]})
    if table == "both":
        rows = pd.concat([rows, rows.assign(device="cuda", ratio=2.0)])
    shown = document.beside_cuda(rows, "case", {"ratio": "times|.1f"}).splitlines()
    assert shown[0] == "| case | device | times |" and shown[2] == "| small | cpu | 1.2 |"
    assert shown[3] == ("| small | cuda | 2.0 |" if table == "both" else "| small | cuda | not measured |")


def test_a_missing_marker_is_an_error():
    assert markdown.renew("a <!-- x -->\nold<!-- /x --> b", "x", "new") == "a <!-- x -->\nnew\n<!-- /x --> b"
    with pytest.raises(ValueError, match="no place marked y"):
        markdown.renew("a <!-- x -->\n<!-- /x --> b", "y", "new")


def test_sections_that_were_not_measured_stay_as_they_were():
    machine = {"device": "cpu", "processor": "P", "threads": 2, "memory_gib": 3, "gpu": "none"}
    machines = pd.DataFrame([{**machine, "torch": "2", "python": "3", "peak_gflops": 4}])
    before = "# Performance\n\nOld.\n\n## The machine\n\nOld.\n\n## Training\n\nOld training.\n"
    text, unchanged = document.page({"machine": machines}, before)
    assert text.startswith("# Performance\n\nOld.\n\n## The machine\n\n| device |") and "| cpu | P | 2 |" in text
    assert "## Training\n\nOld training.\n" in text and "## Reduced precision" not in text
    assert "Performance" in unchanged and "Training" in unchanged and "The machine" not in unchanged


# The estimate of the work of a study


def configured(name="test"):
    return estimate.configuration(ROOT / "config" / f"{name}.yaml")


def test_the_images_of_the_test_study_by_hand():
    config = configured()
    config["plan"].append({"datasets": ["syn_2"], "networks": ["resnet18"], "augmentations": ["none"], "seeds": [0, 1]})
    images = estimate.work(config, Folder()).pivot_table("images", "run", "rule", "sum")
    first, second = (images.loc[f"syn_2/resnet18/none/seed{seed}"] for seed in (0, 1))
    assert first["train"] == 3 * 2 * 4 * 32
    # Two epochs; three tests of the dynamics in three views; all test images at the end.
    assert first["validate"] == 2 * 4 * 8 + 3 * 3 * 4 * 4 + 48
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
    rules = ["train", "validate", "cull", "ood"]  # the second is a part of the first
    steps = pd.DataFrame({"rule": rules, "pflop": [2.5e-6, 0.5e-6, 1e-6, 9.0]})
    times = pd.DataFrame(
        {"step": ["train", "cull", "cull_halves", "ood", "ood"], "processor_s": [2.0, 1.0, 1.0, 1.0, 1.0]}
    )
    times["resumed"] = [False, False, np.nan, False, True]  # NaN: there is no log
    lines = estimate.error(steps, times).splitlines()
    assert lines[2:] == ["| train | 2 | 2 | 3 |", "| cull | 0 | 2 | 1 |", "| sum | 1 | 4 | 4 |"]


def test_gpu_hours_are_operations_over_the_assumed_rates():
    rules, runs = ["train", "validate", "cull", "cull", "ood"], ["a", "a", "a", "a", "b"]
    steps = pd.DataFrame({"rule": rules, "run": runs, "pflop": [312.0, 19.5, 19.5, 39.0, 19.5]})
    hours = estimate.gpu_hours(steps)["A100"]
    shares = estimate.SHARES
    second = {"train": 1 / shares["bfloat16"], "validate": 1 / shares["float32"], "ood": 1 / shares["float32"]}
    for i, rule in ((0, "train"), (1, "validate"), (4, "ood")):  # 1,000 s at the peak, in every column
        assert hours.loc[i].to_numpy() * 3.6 == pytest.approx(second[rule])
    assert hours.loc[2].tolist() == pytest.approx(
        [
            1000 / 3600 * 19.5 / peak / share
            for peak, share in zip(estimate.PEAKS["A100"].values(), shares.values(), strict=True)
        ]
    )
    # A training is one job with its validation, and a culling is divided.
    jobs = estimate.longest(steps, 3)["A100", "float32"]
    assert jobs["train"] * 3.6 == pytest.approx(second["train"] + second["validate"])
    assert jobs["cull"] == pytest.approx(hours.loc[3, "float32"] / 3)


def test_the_activations_of_a_training_are_those_that_autograd_keeps():
    form = architectures.Architecture("resnet18", 4, 3, 32, width=4)
    network, kept = architectures.build(form), {}
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.setdefault(x.data_ptr(), x), lambda x: x):
        network(torch.zeros(8, 3, 32, 32))
    weights = {parameter.data_ptr() for parameter in network.parameters()}
    sizes = [x.untyped_storage().nbytes() for at, x in kept.items() if at not in weights]
    assert estimate.activations(form) == pytest.approx(sum(sizes) / 8 / 2, rel=0.02)  # in half of the bytes


def test_a_network_of_the_user_is_not_counted(capsys, monkeypatch, tmp_path):
    (tmp_path / "own.yaml").write_text(
        "plan: [{datasets: [syn_1], networks: [mine], augmentations: [none], seeds: [0]}]\n"
        "networks: {mine: {source: 'torchvision:resnet18'}}\ntransfer: []\n"
    )
    monkeypatch.setattr(sys, "argv", ["estimate", "--config", str(tmp_path / "own.yaml")])
    with pytest.raises(SystemExit):
        estimate.main()
    assert "network mine: the estimate counts networks that the study trains only" in capsys.readouterr().err
