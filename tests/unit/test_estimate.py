"""The estimate counts what the library really shows to networks, and tells no hours that were not measured."""

import copy
import math
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from snakemake.utils import update_config
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

from bench import estimate
from bench.estimate import Assumed, DataSet
from conftest import ROOT
from frequency_shortcuts import culling, dfm, shortcuts, spectrum
from frequency_shortcuts.data import corruptions
from frequency_shortcuts.data.stores import Split
from frequency_shortcuts.evaluation import robustness, stability, usage
from frequency_shortcuts.maps.methods.culling import search
from frequency_shortcuts.networks import architectures, predictions, training
from frequency_shortcuts.storage.tables import read_table

PAPER, CLUSTER = (ROOT / "config" / f"{name}.yaml" for name in ("paper", "imagenet1k"))
SIDE = 16
PUBLISHED = {
    "alexnet": models.AlexNet_Weights,
    "resnet18": models.ResNet18_Weights,
    "resnet50": models.ResNet50_Weights,
    "vgg16": models.VGG16_Weights,
    "vit_b_16": models.ViT_B_16_Weights,
}


def configured(**changes):
    config = estimate.configuration(ROOT / "config" / "test.yaml")
    update_config(config, copy.deepcopy(changes))
    return config


def made_up(*rows):
    """Rates of (kind, side, device, value)."""
    about = {"machine": "made up", "unit": "GFLOP/s", "measured_with": "nothing"}
    return pd.DataFrame(
        [{**about, **dict(zip(("kind", "side", "device", "value"), row, strict=True))} for row in rows],
        columns=estimate.COLUMNS,
    )


@pytest.mark.parametrize("name", PUBLISHED)
def test_operations_are_twice_the_multiply_adds_that_torchvision_tells(name):
    form = architectures.Architecture(name, 1000, 3, 224)
    told = PUBLISHED[name].IMAGENET1K_V1.meta["_ops"]
    assert estimate.operations(form) / 1e9 == pytest.approx(2 * told, rel=1e-3)
    # A backward pass costs twice a forward pass, less the gradient of the first layer's images; AlexNet's is a tenth.
    assert 2.89 < estimate.operations(form, "training") / estimate.operations(form) < 3


def test_a_resnet18_at_224_takes_3_6_gflop():
    assert estimate.operations(architectures.Architecture("resnet18", 10, 3, 224)) / 1e9 == pytest.approx(3.6, abs=0.05)


@pytest.fixture
def tiny():
    """A configuration, its one data set of 2 x (9, 4, 5) images of 16 pixels, a network and that data as splits."""
    config = configured(
        plan=[{"datasets": ["syn_2"], "networks": ["resnet18"], "augmentations": ["none"], "seeds": [0]}],
        synthesis={"size": SIDE, "images_per_class": {"train": 9, "validation": 4, "test": 5}},
        training={
            "recipe": {"batch_size": 7},
            "synthetic": {"epochs": 2, "validation_per_class": 3, "dynamics": {"iterations": 7, "every": 3}},
        },
        culling={"images_per_class": None, "method": "exact"},
        shortcuts={"images_per_class": None},
        transfer=[],
    )
    of = estimate.dataset(config, "syn_2", Assumed())
    generator, splits = np.random.default_rng(0), {}
    for name, n in of.per_class.items():
        pixels = generator.integers(0, 256, (of.classes * n, of.channels, SIDE, SIDE), dtype=np.uint8)
        labels = np.arange(of.classes * n) % of.classes
        splits[name] = Split(pixels, labels, tuple("abcd"), np.full(3, 0.5), np.full(3, 0.3))
    network = architectures.build(estimate.architecture(config, "resnet18", of), 0)
    return config, network, splits


def counted(task):
    """Operations that PyTorch counts while a task runs, and what it gives."""
    with FlopCounterMode(display=False) as counter:
        found = task()
    return counter.get_total_flops(), found


def estimated(config, rule, share=math.nan):
    found = estimate.work(config, Assumed(), lambda side: share)
    return found[found["rule"] == rule]["flop"].sum()


def first(split, n):
    return Split(split.images[: 4 * n], split.labels[: 4 * n], split.classes, split.mean, split.std)


def test_training_is_counted_as_it_runs(tiny):
    config, network, splits = tiny
    settings = config["training"]["synthetic"]["dynamics"]
    dynamics = training.Dynamics(first(splits["test"], settings["images_per_class"]), 7, 3, 3)

    def task():
        training.train(
            network, splits["train"], first(splits["validation"], 3), training.Recipe(epochs=2, batch_size=7),
            seed=0, dynamics=dynamics,
        )  # fmt: skip
        predictions.accuracy_in_batches(network, splits["test"].batches())

    assert estimated(config, "train") == counted(task)[0]


def test_the_batch_size_of_a_networks_own_recipe_counts(tiny):
    """36 images in batches of 7 or of 20: 5 or 2 iterations an epoch, tested at 0, 3, 6 or at 0, 3."""
    config, _, _ = tiny
    of, (run,) = estimate.dataset(config, "syn_2", Assumed()), estimate.runs(config)
    before = estimate.training(config, run, of)
    config["networks"]["resnet18"]["recipe"] = {"batch_size": 20}
    after = estimate.training(config, run, of)
    assert before["training"] == 2 * 35 and after["training"] == 2 * 36
    dynamics = config["training"]["synthetic"]["dynamics"]
    assert before["forward"] - after["forward"] == 3 * of.images("test", dynamics["images_per_class"])


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("method", culling.METHODS)
def test_culling_is_counted_as_it_runs(tiny, method, parts, monkeypatch):
    config, network, splits = tiny
    monkeypatch.setattr(search, "BLOCK", 64)
    update_config(config, {"culling": {"method": method, "parts": parts, "split": "validation"}})
    split, total, passes = splits["validation"], 0, 0
    for part in range(parts):
        operations, found = counted(
            lambda part=part: culling.cull(
                network, split.images, split.labels, 4, method, mean=split.mean, std=split.std, part=(part, parts)
            )
        )
        total, passes = total + operations, passes + found.passes.sum()
    share = passes / (len(split) * len(spectrum.ConjugatePairs(SIDE, SIDE)))
    assert estimated(config, "cull", share) == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize("parts", [1, 3])
def test_culling_on_two_halves_is_counted_as_it_runs(tiny, parts, monkeypatch):
    config, network, splits = tiny
    monkeypatch.setattr(search, "BLOCK", 64)
    update_config(config, {"culling": {"parts": parts, "split": "test"}})  # five images a class: three and two
    total = 0
    for some in map(splits["test"].subset, stability.halves(splits["test"].labels)):
        for part in range(parts):
            operations, _ = counted(
                lambda part=part, some=some: culling.cull(
                    network, some.images, some.labels, 4, "exact", mean=some.mean, std=some.std, part=(part, parts)
                )
            )
            total += operations
    assert estimated(config, "cull_halves") == pytest.approx(total, rel=1e-9)
    config["stability"]["halves"] = False
    assert estimated(config, "cull_halves") == 0 and estimate.halved(config) == []


def test_the_smallest_seed_of_each_network_is_culled_again():
    plan = [
        {"datasets": ["syn_1"], "networks": ["resnet18", "vgg16_bn"], "augmentations": ["none"], "seeds": [2, 1]},
        {"datasets": ["syn_1"], "networks": ["resnet18"], "augmentations": ["none", "augmix"], "seeds": [3]},
    ]
    found = estimate.halved(configured(plan=plan))
    assert [(run["network"], run["augmentation"], run["seed"]) for run in found] == [
        ("resnet18", "none", 1), ("vgg16_bn", "none", 1), ("resnet18", "augmix", 3)
    ]  # fmt: skip


def most_different_maps(n_classes, percent=10, side=SIDE):
    """Maps of one percentage that hold 0, 1, 2 ... of the frequencies without a partner, in other respects random."""
    pairs = spectrum.ConjugatePairs(side, side)
    increments, alone = np.random.default_rng(0).random((n_classes, len(pairs))), np.flatnonzero(pairs.size == 1)
    for c, of_class in enumerate(increments):
        of_class[alone[:c]], of_class[alone[c:]] = 2, -1
    return dfm.dominant(increments, pairs, percent)


def compositions(maps):
    """(positions, frequencies without a partner) of each map."""
    alone = [0, maps.shape[-1] // 2] if maps.shape[-1] % 2 == 0 else [maps.shape[-1] // 2]
    return {(int(one.sum()), int(one[np.ix_(alone, alone)].sum())) for one in maps}


@pytest.mark.parametrize("side", [15, 16])
@pytest.mark.parametrize("percent", [1, 5, 7, 10])
def test_maps_of_one_percentage_differ_no_more_than_the_bound_says(side, percent):
    pairs = spectrum.ConjugatePairs(side, side)
    increments = np.random.default_rng(0).random((500, len(pairs)))
    increments[:, pairs.size == 1] += np.random.default_rng(1).normal(size=(500, int((pairs.size == 1).sum())))
    for maps in (dfm.dominant(increments, pairs, percent), most_different_maps(5, percent, side)):
        found, least = compositions(maps), spectrum.positions(side, side, percent)
        assert {size for size, _ in found} <= {least, least + 1} and estimate.SIZES == 2
        assert len(found) == len({alone for _, alone in found}) <= estimate.COMPOSITIONS
    assert len(compositions(most_different_maps(5))) == estimate.COMPOSITIONS


def measured(network, split, maps, settings, **options):
    """Operations of a shortcut test, and its table."""
    how = {"mean": split.mean, "std": split.std, **settings, **options}
    return counted(lambda: shortcuts.measure(network, split.images, split.labels, maps, **how))


@pytest.mark.parametrize("parts", [["keep"], ["remove", "keep"]])
@pytest.mark.parametrize("fills", [["zeros"], ["noise", "zeros"]])
def test_tests_are_counted_as_they_run(tiny, parts, fills):
    """Of maps that differ as much as they can."""
    config, network, splits = tiny
    update_config(config, {"shortcuts": {"parts": parts, "fills": fills}})
    operations, _ = measured(network, splits["test"], most_different_maps(4), estimate.test_settings(config))
    assert estimated(config, "shortcuts") == operations


def test_band_stop_tests_are_counted_as_they_run(tiny):
    config, network, splits = tiny
    images, labels = splits["test"].tensors()
    bands = spectrum.bands(SIDE, SIDE, [2, 4, 6])
    assert estimated(config, "bandstop") == counted(lambda: shortcuts.band_stop(network, images, labels, bands, 4))[0]


@pytest.mark.parametrize("others", [None, 1, 2, 3, 7])
@pytest.mark.parametrize("negatives", [None, 1, 6, 500])
def test_limits_for_many_classes_are_counted_as_they_run(tiny, others, negatives):
    """Four classes of five images: limits that bind, limits that just do not, and none.

    It is a bound where classes share some of their negatives or `swap` leaves images out, and exact elsewhere.
    """
    config, network, splits = tiny
    of, maps = estimate.dataset(config, "syn_2", Assumed()), most_different_maps(4)
    form = estimate.architecture(config, "resnet18", of)
    for fills, false_positives in ((["zeros"], True), (["swap"], True), (["zeros", "swap"], False)):
        update_config(config, {"shortcuts": {"others": others, "negatives": negatives, "fills": fills}})
        settings = estimate.test_settings(config)
        operations, table = measured(network, splits["test"], maps, settings, false_positives=false_positives)
        shown = estimate.tested(of, len(splits["test"]), settings, false_positives=false_positives)
        if false_positives and (fills == ["swap"] or negatives in (1, 6)):
            assert 0.5 < operations / (shown * estimate.operations(form)) <= 1
        else:
            assert operations == shown * estimate.operations(form)
        assert len(table) == estimate.rows_of_test(of, settings)


def test_equal_maps_share_masks_and_stay_below_the_bound(tiny):
    config, network, splits = tiny
    maps = np.stack([most_different_maps(4)[1]] * 4)
    operations, _ = measured(network, splits["test"], maps, estimate.test_settings(config))
    assert operations < estimated(config, "shortcuts")


def test_tests_of_planted_masks_are_counted_at_most_as_they_run(tiny):
    """The neutral class is counted like the others, with 24 masks. It has two, of no and of all frequencies, and shows
    them to 5 to 20 images."""
    config, network, splits = tiny
    planted, data = spectrum.bands(SIDE, SIDE, [3, 5, 7]), splits["test"]
    planted[0] = False
    operations, table = counted(
        lambda: usage.planted_use(
            network, data.images, data.labels, planted, neutral=0, mean=data.mean, std=data.std
        )
    )  # fmt: skip
    form = estimate.architecture(config, "resnet18", estimate.dataset(config, "syn_2", Assumed()))
    shown, n = operations / estimate.operations(form), len(data)
    assert len(table) == 3 and n * (1 + 3 * 24) < shown <= n * (1 + 3 * 24 + 2)
    assert estimated(config, "planted_use") == n * (1 + 4 * 24) * estimate.operations(form)


def test_other_views_are_counted_as_they_are_shown(tiny):
    """Without blur, which is a convolution, too, and not the network's."""
    config, network, splits = tiny
    update_config(
        config,
        {
            "robustness": {
                "images_per_class": 4, "cutoffs": [2, 5, 40], "band_width": 3, "corruptions": ["noise", "jpeg"],
                "sensitivity": {"radius": 4, "images_per_class": 3},
            }
        },
    )  # fmt: skip
    data, fewer = first(splits["test"], 4), first(splits["test"], 3)

    def task():
        how = {"mean": data.mean, "std": data.std}
        robustness.filtered_recall(network, data.images, data.labels, 4, cutoffs=[2, 5, 40], band_width=3, **how)
        corruptions.measure(network, data.images, data.labels, 4, names=["noise", "jpeg"], **how)
        robustness.fourier_sensitivity(network, fewer.images, fewer.labels, 4, norm=2, radius=4, **how)

    assert estimated(config, "robustness") == counted(task)[0]


def test_the_images_of_the_test_study_by_hand():
    """config/test.yaml: two runs on four classes of 32, 8 and 12 images, two on Fashion-MNIST's ten classes,
    one on the four classes of a planted set."""
    config = configured(culling={"method": "exact"})
    found = estimate.work(config, Assumed()).groupby(["rule", "dataset", "kind"])["images"].sum()
    assert found["train", "syn_2", "training"] == 2 * 2 * 4 * 32
    # Two epochs of validation, tests after 0, 2 and 4 iterations in three views, the whole test set.
    assert found["train", "syn_2", "forward"] == 2 * (2 * 4 * 8 + 3 * 3 * 4 * 4 + 4 * 12)
    assert found["train", "fashion_mnist", "training"] == 2 * 2 * 10 * 20
    assert found["cull", "syn_2", "culling"] == 2 * (4 * 4 * 514 + 4 * 4 + 5)
    assert found["cull_halves", "syn_2", "culling"] == 4 * 4 * 514 + 4 * 4 + 2 * 5  # the first seed, twice two images
    # Four maps, ten random and five radial masks for each, two low-pass masks; all but maps and random masks.
    assert found["shortcuts", "syn_2", "forward"] == 2 * (24 + 3 * (4 + 40 + 20 + 2 + 4 + 40) * 24)
    assert found["planted_use", "syn_2", "forward"] == 2 * (24 + 4 * (1 + 10 + 1 + 1 + 1 + 10) * 24)
    assert found["bandstop", "syn_2", "forward"] == 2 * 7 * 48
    # Two low-pass, two high-pass and three band-stop filters, ten corruptions, the 57 waves up to 6 cycles per image.
    assert found["robustness", "syn_2", "forward"] == 2 * (16 * (1 + 7) + 16 * (1 + 10) + 8 * (1 + 57) + 5)
    assert found["ood", "fashion_mnist", "forward"] == 2 * 2 * (40 + 2 * 40 * (1 + 10 + 5 + 1 + 9))
    assert found["transfer", "fashion_mnist", "forward"] == 60 + 3 * (10 + 50 + 50 + 2) * 60
    assert found["train", "plant_present", "training"] == 2 * 4 * 32
    assert ("bandstop", "plant_present", "forward") not in found and ("ood", "plant_present", "forward") not in found
    assert found["planted_use", "plant_present", "forward"] == 24 + 4 * 24 * 24
    assert len(found) == 23  # and nine more of training, culling, shortcuts and robustness


def test_data_sets_have_the_sizes_that_are_assumed_of_them():
    config = estimate.configuration(PAPER)
    found = estimate.dataset(config, "imagenet10", Assumed(train=100, test=7))
    assert found == DataSet(10, 3, 224, {"train": 90, "validation": 10, "test": 7}, stylised=True)
    del config["datasets"]["imagenet10"]["test_root"]
    config["datasets"]["imagenet10"]["shares"] = {"train": 0.5, "validation": 0.2, "test": 0.3}
    assert estimate.dataset(config, "imagenet10", Assumed(train=10)).per_class == {
        "train": 5, "validation": 2, "test": 3
    }  # fmt: skip
    sizes = estimate.stores(estimate.configuration(PAPER), Assumed(100, 7, 2)).set_index("dataset").loc["imagenet10"]
    assert sizes["gib"] == 10 * (90 + 10 + 7 + 90 + 7 * 2) * 3 * 224**2 / 2**30


def test_planted_sets_have_the_classes_and_images_of_their_mechanism():
    config = estimate.configuration(ROOT / "config" / "config.yaml")
    counts = {"train": 400, "validation": 60, "test": 100}
    assert estimate.dataset(config, "plant_diffuse", Assumed()) == DataSet(4, 3, 32, counts)
    assert estimate.dataset(config, "plant_joint", Assumed()) == DataSet(2, 3, 32, {**counts, "train": 1200})
    assert estimate.dataset(config, "plant_phase", Assumed()).classes == 3


def test_the_images_of_cifar10_are_counted():
    found = estimate.dataset(estimate.configuration(ROOT / "config" / "cifar10.yaml"), "cifar10", Assumed())
    assert found == DataSet(10, 3, 32, {"train": 4500, "validation": 500, "test": 1000})


def test_classes_that_are_not_listed_are_assumed():
    config = estimate.configuration(CLUSTER)
    found = estimate.dataset(config, "imagenet1k", Assumed(train=100, test=7, classes=30))
    assert found == DataSet(30, 3, 224, {"train": 93, "validation": 7, "test": 7})
    assert estimate.dataset(config, "imagenet1k", Assumed()).classes == 1000
    config["datasets"]["imagenet1k"]["size"] = [224, 200]
    with pytest.raises(ValueError, match="imagenet1k: only square images of folders can be counted"):
        estimate.dataset(config, "imagenet1k", Assumed())


def test_the_smallest_class_of_imagenet_has_the_images_that_rank():
    config = estimate.configuration(CLUSTER)
    culling = config["culling"]
    for train in (732, 1300):
        of = estimate.dataset(config, "imagenet1k", Assumed(train=train))
        assert of.images(culling["split"], culling["images_per_class"]) == 50 * of.classes


@pytest.mark.parametrize(("name", "parts"), [("paper", 1), ("test", 2), ("config", 1), ("config", 2)])
def test_jobs_are_those_of_a_dry_run(name, parts, tmp_path):
    path, more = ROOT / "config" / f"{name}.yaml", tmp_path / "more.yaml"
    more.write_text(f"culling: {{parts: {parts}}}\nstability: {{halves: true}}\n")
    command = ["-m", "snakemake", "-nF", "--nolock", "--quiet", "rules", "--configfile", str(path), str(more)]
    done = subprocess.run([sys.executable, *command], cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    planned = dict(re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.MULTILINE))
    config = estimate.configuration(path)
    config["culling"]["parts"], config["stability"]["halves"] = parts, True
    found = estimate.jobs(config).groupby("rule")["jobs"].sum()
    assert set(found.index) == set(estimate.RULES)
    assert found.to_dict() == {rule: int(planned[rule]) for rule in estimate.RULES}


@pytest.mark.parametrize("method", culling.METHODS)
@pytest.mark.parametrize("parts", [1, 3, 4])
def test_the_greatest_part_is_that_of_the_library(tiny, method, parts, monkeypatch):
    config, _, splits = tiny
    monkeypatch.setattr(search, "BLOCK", 64)
    update_config(config, {"culling": {"method": method, "parts": parts, "split": "validation"}})
    of, split = estimate.dataset(config, "syn_2", Assumed()), splits["validation"]
    pairs, count = spectrum.ConjugatePairs(SIDE, SIDE), np.bincount(split.labels)
    units = list(search._units(method, count, pairs))
    assert estimate.greatest_part(config, of) == max(len(units[i::parts]) for i in range(parts)) / len(units)


def test_the_longest_chain_is_a_training_a_part_and_a_test():
    config = configured(
        plan=[{"datasets": ["fashion_mnist"], "networks": ["resnet18", "vgg16_bn"], "augmentations": ["none"],
               "seeds": [0, 1]}],
        culling={"method": "exact", "parts": 2}, transfer=[],
    )  # fmt: skip
    found = estimate.work(config, Assumed())
    most = estimate.longest(config, Assumed(), found)
    of = {rule: part.groupby("network")["flop"].sum() / 2e15 for rule, part in found.groupby("rule")}
    assert most["chain"].is_monotonic_decreasing and set(most["network"]) == {"resnet18", "vgg16_bn"}
    for _, row in most.iterrows():
        name = row["network"]
        assert row["train"] == pytest.approx(of["train"][name])
        assert row["cull"] == pytest.approx(of["cull"][name] / 2)
        assert row["test"] == pytest.approx(max(of["shortcuts"][name], of["ood"][name]))
        assert row["chain"] == pytest.approx(row[["train", "cull", "test"]].sum())


def test_hours_at_a_supposed_rate():
    assert estimate.hours_at(3600, 1000) == 1  # 3.6e18 operations at 1e15 a second


def test_room_is_that_of_real_files(tiny, tmp_path):
    config, network, splits = tiny
    split, pairs = splits["test"], spectrum.ConjugatePairs(SIDE, SIDE)
    found = culling.cull(network, split.images, split.labels, 4, "exact", mean=split.mean, std=split.std)
    dfm.write(
        tmp_path / "dfm.h5", found, pairs, config["dfm"]["percents"], classes=list("abcd"), split="test",
        weights_sha256="", created_by="",
    )  # fmt: skip
    held = dfm.read(tmp_path / "dfm.h5")
    arrays = [held.loss_increment, held.rank, held.evaluated, *held.masks.values()]
    of = estimate.dataset(config, "syn_2", Assumed())
    assert estimate.dfm_bytes(config, of) == sum(array.nbytes for array in arrays)
    form = estimate.architecture(config, "resnet18", of)
    assert estimate.weights_bytes(form) == sum(tensor.nbytes for tensor in network.state_dict().values())
    room = estimate.disk(config, Assumed()).set_index("kind")
    assert room.loc["DFM files", "gib"] == estimate.dfm_bytes(config, of) / 2**30
    assert room.loc["image stores", "gib"] == 4 * (9 + 4 + 5) * 3 * SIDE**2 / 2**30


def test_rows_of_tables_are_those_that_the_library_writes(tiny):
    config, network, splits = tiny
    settings, test = config["robustness"], splits["test"]
    run = config["plan"][0]
    run["seeds"] = [0, 1, 2]
    rows = estimate.rows_of_tables(config, Assumed())
    how, bands = {"mean": test.mean, "std": test.std}, spectrum.bands(SIDE, SIDE, [2, 4, 6])
    seen = network, test.images, test.labels
    of_test = estimate.test_settings(config)
    assert rows["shortcut tests"] == 3 * len(shortcuts.measure(*seen, bands, **how, **of_test))
    views = {"cutoffs": settings["cutoffs"], "band_width": settings["band_width"]}
    assert rows["filtered images"] == 3 * len(robustness.filtered_recall(*seen, 4, **views, **how))
    assert rows["corrupted images"] == 3 * len(corruptions.measure(*seen, 4, names=settings["corruptions"], **how))
    maps, percents = stability.summarised(bands), config["dfm"]["percents"]
    about = [{"network": "resnet18", "augmentation": "none", "seed": seed} for seed in run["seeds"]]
    compared = list(stability.compared(about, lambda i, percent: maps, percents))
    assert rows["stability of the maps"] == sum(map(len, compared))
    of_run = config["training"]["synthetic"]["dynamics"]
    dynamics = training.Dynamics(first(test, 2), of_run["iterations"], of_run["every"], 3)
    recipe = training.Recipe(epochs=2, batch_size=7)
    told = training.train(network, splits["train"], splits["validation"], recipe, seed=0, dynamics=dynamics).dynamics
    assert rows["learning dynamics"] == 3 * len(told)


def test_hours_are_told_where_a_rate_was_measured_and_nowhere_else():
    config = configured(culling={"method": "exact"})
    found = estimate.work(config, Assumed())
    given = made_up(("forward", 32, "cpu", 100.0))
    rows = estimate.by_rule(config, found, given).set_index("rule")
    assert rows["cuda"].isna().all() and "not measured" in estimate.shown(rows.reset_index())
    # Training and culling were not measured either: at the rate of forward passes.
    assert rows["cpu"].to_numpy() == pytest.approx(rows["pflop"].to_numpy() * 1e15 / 100e9 / 3600)
    given = pd.concat([given, made_up(("forward", 224, "cuda", 1000.0), ("training", 32, "cuda", 500.0))])
    rows = estimate.by_rule(config, found, given).set_index("rule")
    assert "not measured" not in estimate.shown(rows.reset_index())
    assert rows.loc["shortcuts", "cuda"] == pytest.approx(rows.loc["shortcuts", "pflop"] * 1e15 / 1000e9 / 3600)
    flop = found[found["rule"] == "train"].groupby("kind")["flop"].sum()
    assert rows.loc["train", "cuda"] == pytest.approx((flop["forward"] / 1000e9 + flop["training"] / 500e9) / 3600)
    assert rows.loc["sum", "cuda"] == pytest.approx(rows["cuda"].iloc[:-1].sum())


def test_the_nearest_measured_side_counts():
    given = made_up(("forward", 32, "cpu", 1.0), ("forward", 224, "cpu", 2.0), ("forward", 64, "cuda", 3.0))
    assert [estimate.nearest(given, "forward", side, "cpu")["value"] for side in (24, 64, 128)] == [1, 1, 2]
    assert estimate.nearest(given, "gradient", 224, "cuda")["value"] == 3
    assert estimate.nearest(given, "screened", 32) is None


def test_screened_culling_needs_a_measured_share():
    config = configured()
    assert config["culling"]["method"] == "screened"
    unknown = estimate.by_rule(config, estimate.work(config, Assumed()), made_up()).set_index("rule")
    assert unknown["pflop"].isna()[["cull", "sum"]].all() and unknown["pflop"].notna()["train"]
    assert math.isnan(estimate.greatest_job(config, estimate.work(config, Assumed())))
    share = estimate.share_of_passes(made_up(("screened", 32, "cpu", 0.25)))
    found = estimate.work(config, Assumed(), share).groupby(["rule", "dataset", "kind"])["images"].sum()
    assert found["cull", "syn_2", "culling"] == 2 * (0.25 * 4 * 4 * 514 + 4 * 4 + 5)
    assert found["cull", "syn_2", "gradient"] == (1 + 2) * 2 * 4 * 4


@pytest.mark.parametrize("rule", ["shortcuts", "cull", "robustness", "train"])
def test_the_greatest_job_is_that_of_one_network(rule):
    """Four synthetic sets, two networks of two seeds, whose operations are 2 and 6 a set."""
    sets, pair = ["syn_1", "syn_2", "syn_3", "syn_4"], ["resnet18_w8", "vgg16_bn"]
    plan = [{"datasets": sets, "networks": pair, "augmentations": ["none"], "seeds": [0, 1]}]
    config = configured(plan=plan, culling={"method": "exact"}, transfer=[])
    found = estimate.work(config, Assumed())
    first = ~found.duplicated(["rule", "dataset", "network"])
    of_set = found["network"].map(dict(zip(pair, (2.0, 6.0), strict=True)))
    only = found.assign(flop=of_set.where(first & (found["rule"] == rule), 0.0))
    assert estimate.greatest_job(config, only) == 6 / 2


def test_rates_are_read_from_what_the_benchmark_wrote(tmp_path):
    tables = {
        "machine": {"device": ["cuda"], "gpu": ["a GPU"], "processor": ["a CPU"], "threads": [2]},
        "forward": {
            "case": ["ResNet18, 224 x 224"], "device": ["cuda"], "forward_images_per_s": [100.0],
            "culling_images_per_s": [90.0], "gflop_per_image": [3.6],
        },
        "stores": {"task": ["training step, ResNet18"], "device": ["cuda"], "images_per_s": [30.0]},
        "screening": {"device": ["cpu"] * 2, "side": [64] * 2, "filtered_share": [0.2, 0.3]},
    }  # fmt: skip
    for name, table in tables.items():
        pd.DataFrame(table).to_csv(tmp_path / f"{name}.csv", index=False)
    committed = tmp_path / "rates.csv"
    made_up(("forward", 224, "cuda", 1.0), ("forward", 32, "cpu", 7.0)).to_csv(committed, index=False)
    found = estimate.known(tmp_path, committed).set_index(["kind", "side", "device"])
    assert found.loc[("culling", 224, "cuda"), "value"] == pytest.approx(324)
    assert found.loc[("forward", 224, "cuda"), "value"] == pytest.approx(360)  # not the committed one
    assert found.loc[("forward", 224, "cuda"), "machine"] == "a GPU"
    assert found.loc[("training", 224, "cuda"), "value"] == pytest.approx(30 * 3 * 3.63, rel=0.03)
    assert found.loc[("screened", 64, "cpu"), "value"] == pytest.approx(0.25)
    assert found.loc[("forward", 32, "cpu"), "machine"] == "made up" and len(found) == 5


def test_the_page_is_that_of_the_configuration_and_the_committed_rates():
    assert estimate.PAGE.read_text() == estimate.page(PAPER, Assumed(), read_table(estimate.RATES))
    rates = made_up(
        *((kind, 224, device, 1e3) for kind in ("forward", "training") for device in ("cpu", "cuda")),
        ("screened", 64, "cpu", 0.2),
    )
    assert "not measured" not in estimate.page(PAPER, Assumed(), rates)


def test_the_plan_for_a_cluster_is_that_of_the_configuration_and_the_committed_rates():
    assert estimate.CLUSTER_PAGE.read_text() == estimate.cluster_page(CLUSTER, Assumed(), read_table(estimate.RATES))


def test_the_command_prints_the_table_and_says_what_it_cannot_count(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", ["estimate", "--config", str(ROOT / "config" / "test.yaml")])
    estimate.main()
    assert "| transfer | 1 |" in capsys.readouterr().out
    (tmp_path / "own.yaml").write_text(
        "plan: [{datasets: [syn_1], networks: [mine], augmentations: [none], seeds: [0]}]\n"
        "networks: {mine: {source: 'torchvision:resnet18'}}\ntransfer: []\n"
    )
    monkeypatch.setattr(sys, "argv", ["estimate", "--config", str(tmp_path / "own.yaml")])
    with pytest.raises(SystemExit):
        estimate.main()
    assert "network mine is brought" in capsys.readouterr().err


def test_nothing_of_the_estimate_is_left_on_the_meta_device():
    estimate.operations(architectures.Architecture("resnet18", 3, 3, 32, width=4))
    assert torch.zeros(1).device.type == "cpu"
