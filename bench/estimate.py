"""How much work a study is: jobs, images shown to networks, operations and hours of every rule that uses a network.

The amount of work is arithmetic, from the configuration alone. Hours are operations over the operations a second
that `python -m bench` measured at that kind of work; without a measurement they are not told.
"""

from __future__ import annotations

import argparse
import copy
import math
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, product
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import torch
import yaml
from jinja2 import Environment, StrictUndefined
from snakemake.utils import update_config
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from frequency_shortcuts import culling, dfm, shortcuts
from frequency_shortcuts.data import corruptions, fashion_mnist, planted, synthetic
from frequency_shortcuts.data import stores as images
from frequency_shortcuts.evaluation import robustness, usage
from frequency_shortcuts.maps.methods.culling import gradients, search
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.tables import read_table, write_table
from workflow.study.plan import Plan

from . import measure_plan
from .document import NOT_MEASURED
from .markdown import ROOT, table
from .measure_stores import CLASSES, SIDE
from .measure_training import CASES

RESULTS = ROOT / "results" / "bench"
RATES = ROOT / "docs" / "rates.csv"  # what the estimate needs of the results, for checkouts without any
PAGE = ROOT / "docs" / "paper_scale.md"
TEMPLATE = Path(__file__).parent / "paper_scale.md.jinja"
PAPER = ROOT / "config" / "paper.yaml"
CLUSTER = ROOT / "config" / "imagenet1k.yaml"
CLUSTER_PAGE = ROOT / "docs" / "cluster_plan.md"
CLUSTER_TEMPLATE = Path(__file__).parent / "cluster_plan.md.jinja"

RULES = ("train", "cull", "cull_halves", "shortcuts", "planted_use", "bandstop", "robustness", "ood", "transfer")
SPLITS = ("train", "validation", "test")
VIEWS = 3  # of the learning dynamics: full, low-pass, high-pass
TRIALS = 5  # images shown before a network is frozen: two to itself, two to the copy, and one to that for its memory
# Maps of one percentage hold 0 to 4 of the frequencies without a partner; which of two sizes they have follows from it.
SIZES, COMPOSITIONS = 2, 5
# How `usage.planted_use` calls the shortcut test, whatever the configuration says.
PLANTED_USE = {
    "parts": shortcuts.PARTS, "fills": ["swap"], "controls": usage.DRAWS, "radial": 1, "others": 1, "negatives": None,
}  # fmt: skip
BACKWARD = ("training", "gradient")
# What the plan for a cluster is computed for, and the hours of: suppositions, not measurements.
SUSTAINED = (25, 50, 100, 200)  # TFLOP/s of one GPU
GPUS = (1, 8, 64)
PARTS = (8, 32, 128)
NEGATIVES = 199
# Where a kind of work was not measured itself, its operations are taken to be done at another's rate.
INSTEAD = {"training": "forward", "culling": "forward", "gradient": "training"}
COLUMNS = ["kind", "side", "device", "machine", "value", "unit", "measured_with"]


@dataclass(frozen=True)
class Assumed:
    """What only the user's disk knows: images a class below `root`, below `test_root`, of a rendition of a twin, and
    the classes of a folder whose classes are not listed."""

    train: int = 1300
    test: int = 50
    twin: int = 10
    classes: int = 1000


@dataclass(frozen=True)
class DataSet:
    """What decides how much work a data set is; `per_class` by split."""

    classes: int
    channels: int
    side: int
    per_class: dict[str, int]
    stylised: bool = False

    def images(self, split: str, at_most: int | None = None) -> int:
        """Images of a split, or of the first `at_most` of each class."""
        n = self.per_class[split]
        return self.classes * (n if at_most is None else min(n, at_most))


def configuration(path: str | Path) -> dict[str, Any]:
    """A configuration over the default one, merged as Snakemake does."""
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    update_config(config, yaml.safe_load(Path(path).read_text()))
    return config


def dataset(config: dict[str, Any], name: str, assumed: Assumed) -> DataSet:
    """A data set of the configuration. Raises ValueError for one whose size cannot be told from it."""
    about = config["datasets"][name]
    if about["source"] == "synthetic":
        of = config["synthesis"]
        return DataSet(len(synthetic.CLASSES), of["channels"], of["size"], dict(of["images_per_class"]))
    if about["source"] == "planted":
        of = Plan(config).planting(about["mechanism"])
        per_class, _ = of.pop("images_per_class"), of.pop("seeds")
        design = planted.Design(about["mechanism"], **of)
        return DataSet(len(design.classes), design.channels, design.size, per_class)
    if about["source"] in ("fashion_mnist", "cifar10"):
        each, channels = (6000, 1) if about["source"] == "fashion_mnist" else (5000, 3)  # training images of a class
        kept = about["validation_share"]
        parts = _shares({"train": 1 - kept, "validation": kept}, each)
        return DataSet(len(fashion_mnist.CLASSES), channels, 32, {**parts, "test": 1000})
    if about["source"] != "folder" or not isinstance(about["size"], int):
        raise ValueError(f"data set {name}: only square images of folders can be counted")
    parts = _shares(about["shares"], assumed.train)
    if "test_root" in about:
        parts["test"] = assumed.test
    classes = len(about["classes"]) if "classes" in about else assumed.classes
    return DataSet(classes, about["channels"], about["size"], parts, "stylised" in about)


def _shares(shares: dict[str, float], count: int) -> dict[str, int]:
    """How many of `count` images of a class each split gets."""
    return {name: len(chosen) for name, chosen in images.stratified(np.zeros(count, int), shares, 0).items()}


def runs(config: dict[str, Any], **where: object) -> list[dict[str, Any]]:
    """Every planned training once, as the workflow plans it."""
    keys = ("dataset", "network", "augmentation", "seed")
    planned = dict.fromkeys(
        values for entry in config["plan"] for values in product(*(entry[f"{key}s"] for key in keys))
    )
    found = [dict(zip(keys, values, strict=True)) for values in planned]
    return [run for run in found if all(run[key] == value for key, value in where.items())]


def transfers(config: dict[str, Any]) -> list[dict[str, Any]]:
    """The run that is tested, for every planned transfer and seed that both ends share."""
    tested = []
    for entry in config["transfer"]:
        ends = [
            runs(
                config, dataset=entry["dataset"], **dict(zip(("network", "augmentation"), end.split("/"), strict=True))
            )
            for end in (entry["maps_of"], entry["tested_on"])
        ]
        tested += [target for source, target in product(*ends) if source["seed"] == target["seed"]]
    return tested


def architecture(config: dict[str, Any], network: str, of: DataSet) -> architectures.Architecture:
    """The network that is built for a data set. Raises ValueError for one that is brought."""
    about = config["networks"][network]
    if "source" in about:
        raise ValueError(f"network {network} is brought: only networks that are built here can be counted")
    form = architectures.Architecture(about["architecture"], of.classes, of.channels, of.side)
    return replace(form, width=about["width"], stem=about["stem"])


@cache
def operations(form: architectures.Architecture, kind: str = "forward") -> float:
    """Floating-point operations an image of a forward pass, or with its backward pass too; a multiply-add is two.

    kind: `training` (gradients of the weights) or `gradient` (of the image); any other is a forward pass.
    Nothing is computed: the network is built on PyTorch's meta device.
    """
    count = 2  # batch normalisation does not train on one
    with torch.device("meta"):
        network = architectures.build(form).train(kind == "training").requires_grad_(kind == "training")
        batch = torch.empty(count, form.channels, form.size, form.size, requires_grad=kind == "gradient")
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        logits = network(batch)
        if kind in BACKWARD:
            logits.sum().backward()
    return counter.get_total_flops() / count


def training(config: dict[str, Any], run: Mapping[str, Any], of: DataSet) -> dict[str, int]:
    """Images that one training shows its network, by kind of work."""
    settings, batch = config["training"][kind_of(config, run["dataset"])], _batch_size(config, run)
    count, dynamics = of.images("train", settings["images_per_class"]), settings["dynamics"]
    per_epoch = max(1, math.ceil((count - 1) / batch))
    tests = _tests(config, run, of)
    return {
        "training": settings["epochs"] * min(per_epoch * batch, count),
        "forward": settings["epochs"] * of.images("validation", settings["validation_per_class"])
        + tests * VIEWS * of.images("test", dynamics["images_per_class"])
        + of.images("test"),
    }


def _batch_size(config: dict[str, Any], run: Mapping[str, Any]) -> int:
    return Plan(config).recipe(kind_of(config, run["dataset"]), run["network"])["batch_size"]


def _tests(config: dict[str, Any], run: Mapping[str, Any], of: DataSet) -> int:
    """How often the learning dynamics test a network."""
    settings, batch = config["training"][kind_of(config, run["dataset"])], _batch_size(config, run)
    per_epoch = max(1, math.ceil((of.images("train", settings["images_per_class"]) - 1) / batch))
    dynamics = settings["dynamics"]
    return min(dynamics["iterations"], settings["epochs"] * per_epoch) // dynamics["every"] + 1


def halved(config: dict[str, Any]) -> list[dict[str, Any]]:
    """The runs that are culled again on two halves of their images: those of each network's smallest planned seed."""
    same = [{key: run[key] for key in ("dataset", "network", "augmentation")} for run in runs(config)]
    first = [min(run["seed"] for run in runs(config, **network)) for network in same]
    chosen = [run for run, seed in zip(runs(config), first, strict=True) if run["seed"] == seed]
    return chosen if config["stability"]["halves"] else []


def culled(config: dict[str, Any], of: DataSet, share: float) -> dict[str, float]:
    """Images that the culling of one network shows it, all parts together; `share` of the passes is needed."""
    settings = config["culling"]
    return _culled(config, of, share, of.images(settings["split"], settings["images_per_class"]))


def culled_halves(config: dict[str, Any], of: DataSet, share: float) -> dict[str, float]:
    """As `culled`, for the two halves of its images together."""
    settings = config["culling"]
    per_class = of.images(settings["split"], settings["images_per_class"]) // of.classes
    halves = [_culled(config, of, share, of.classes * n) for n in (-(-per_class // 2), per_class // 2)]
    return {kind: halves[0][kind] + halves[1][kind] for kind in halves[0]}


def _culled(config: dict[str, Any], of: DataSet, share: float, shown: int) -> dict[str, float]:
    settings = config["culling"]
    pairs = ConjugatePairs(of.side, of.side)
    per_class = np.full(of.classes, shown // of.classes)
    units = [c for c, _ in search._units(settings["method"], per_class, pairs)]
    # A part looks at the unfiltered images of every class that it has a share in.
    looked_at = sum(len(set(units[part :: settings["parts"]])) for part in range(settings["parts"])) * per_class[0]
    found = {"culling": float(share * shown * len(pairs) + looked_at + settings["parts"] * TRIALS)}
    if settings["method"] == "exact":
        return found
    return {**found, "gradient": float(shown * (1 + gradients.noisy_copies(len(pairs))))}


def test_settings(config: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The settings of the shortcut test that decide how much work it is, with changes."""
    keys = ("parts", "fills", "controls", "radial", "others", "negatives")
    return {key: config["shortcuts"][key] for key in keys} | changes


def rendition_settings(config: dict[str, Any]) -> dict[str, Any]:
    """Those of the test on renditions."""
    return test_settings(config, parts=["keep"], fills=config["ood"]["fills"])


def tested(
    of: DataSet, count: int, settings: Mapping[str, Any], *, maps: bool = True, false_positives: bool = True
) -> int:
    """At most how many images one shortcut test of `count` images, equally many of each class, shows its network.

    A mask that serves several classes is shown to each image once. `maps` of one percentage share at most `SIZES`
    low-pass masks and, for each random draw, at most `COMPOSITIONS` masks; others (planted ones) share none. The bound
    is reached where the maps differ as much as they can, and FPR is measured on all other images or on none. `swap`
    shows fewer: no mask of a class is shown to an image of another whose donor is of that class.
    """
    own, others = count // of.classes, min(of.classes - 1, settings["others"] or of.classes)
    of_a_class = own + (min(count - own, settings["negatives"] or count) if false_positives else 0)
    drawn, sizes = (min(of.classes, COMPOSITIONS), min(of.classes, SIZES)) if maps else (of.classes, of.classes)

    def shown(masks: int, serves: int = 1) -> int:
        """Images that masks are shown to, which each class needs `serves` of."""
        return min(masks * count, serves * of.classes * of_a_class)

    shows = {
        "keep": shown(of.classes, 1 + others)
        + settings["controls"] * shown(drawn)
        + settings["radial"] * shown(of.classes)
        + shown(sizes),
        "remove": shown(of.classes) + settings["controls"] * shown(drawn),
    }
    return count + len(settings["fills"]) * sum(shows[part] for part in settings["parts"])


def filters_of_a_class(of: DataSet, settings: Mapping[str, Any]) -> int:
    """How many filters a shortcut test tries a class with under each fill: maps, random draws, the low-pass mask."""
    others = min(of.classes - 1, settings["others"] or of.classes)
    tried = {"keep": 2 + settings["controls"] + settings["radial"] + others, "remove": 1 + settings["controls"]}
    return sum(tried[part] for part in settings["parts"])


def rows_of_test(of: DataSet, settings: Mapping[str, Any]) -> int:
    """Rows of a shortcut test of a data set without a neutral class."""
    return of.classes * len(settings["fills"]) * (len(settings["parts"]) + filters_of_a_class(of, settings))


def looked_at_otherwise(config: dict[str, Any], of: DataSet) -> int:
    """Images that the filters, waves and corruptions of one run show its network."""
    settings, waves = config["robustness"], config["robustness"]["sensitivity"]
    filters = len(robustness.filters(of.side, of.side, settings["cutoffs"], settings["band_width"]))
    corrupted = len(settings["corruptions"]) * len(corruptions.STRENGTHS)
    radius = math.inf if waves["radius"] is None else waves["radius"]
    pairs = int((ConjugatePairs(of.side, of.side).radius <= radius).sum())
    # Each of the three shows the images as they are, too.
    return of.images(settings["split"], settings["images_per_class"]) * (1 + filters + 1 + corrupted) + (
        of.images(settings["split"], waves["images_per_class"]) * (1 + pairs) + TRIALS
    )


def work(config: dict[str, Any], assumed: Assumed, share: Callable[[int], float] = lambda _: math.nan) -> pd.DataFrame:
    """A row a rule, data set, network and kind of work: images and operations of all its jobs.

    share: side of the images -> the share of the passes that screened culling needs, NaN where it was not measured.
    """
    exact = config["culling"]["method"] == "exact"
    sets = {run["dataset"]: dataset(config, run["dataset"], assumed) for run in runs(config)}
    again = halved(config)
    # The same for every run on a data set; with a thousand classes it takes a while to count.
    shares = {name: 1.0 if exact else share(of.side) for name, of in sets.items()}
    cullings = {name: culled(config, of, shares[name]) for name, of in sets.items()}
    halves = {name: culled_halves(config, sets[name], shares[name]) for name in {run["dataset"] for run in again}}
    otherwise = {name: looked_at_otherwise(config, of) for name, of in sets.items()}

    def planned() -> Iterator[tuple[str, dict[str, Any], Mapping[str, float]]]:
        of_test = config["shortcuts"]["split"], config["shortcuts"]["images_per_class"]
        for run in runs(config):
            of = sets[run["dataset"]]
            yield "train", run, training(config, run, of)
            yield "cull", run, cullings[run["dataset"]]
            if run in again:
                yield "cull_halves", run, halves[run["dataset"]]
            yield "shortcuts", run, {"forward": tested(of, of.images(*of_test), test_settings(config))}
            if kind_of(config, run["dataset"]) != "photographs":
                used = tested(of, of.images(*of_test), PLANTED_USE, maps=False)
                yield "planted_use", run, {"forward": used}
            yield "robustness", run, {"forward": otherwise[run["dataset"]]}
            if kind_of(config, run["dataset"]) == "synthetic":
                stops = list(combinations(range(len(config["synthesis"]["band_edges"]) + 1), 2))
                yield "bandstop", run, {"forward": of.images("test") * (1 + len(stops))}
            if renditions := _renditions(config, run["dataset"]):
                count = of.classes * _per_rendition(config, run["dataset"], of, assumed)
                each = tested(of, count, rendition_settings(config), false_positives=False)
                yield "ood", run, {"forward": len(renditions) * each}
        for run in transfers(config):
            of = sets[run["dataset"]]
            yield "transfer", run, {"forward": tested(of, of.images(*of_test), test_settings(config, parts=["keep"]))}

    rows = []
    for rule, run, found in planned():
        form = architecture(config, run["network"], sets[run["dataset"]])
        rows += [
            {
                "rule": rule,
                "dataset": run["dataset"],
                "network": run["network"],
                "side": form.size,
                "kind": kind,
                "images": count,
                "flop": count * operations(form, kind),
            }
            for kind, count in found.items()
        ]
    keys = ["rule", "dataset", "network", "side", "kind"]
    # min_count: the sum of what is not known is not known.
    return pd.DataFrame(rows).groupby(keys, sort=False)[["images", "flop"]].sum(min_count=1).reset_index()


def _renditions(config: dict[str, Any], name: str) -> list[str]:
    if kind_of(config, name) != "photographs":
        return []
    return (config["datasets"][name].get("ood") or config["ood"])["renditions"]


def _per_rendition(config: dict[str, Any], name: str, of: DataSet, assumed: Assumed) -> int:
    own = "ood" in config["datasets"][name]
    return assumed.twin if own else min(of.per_class["test"], config["ood"]["images_per_class"])


def kind_of(config: dict[str, Any], name: str) -> str:
    """Whether a data set is synthetic, planted, or holds photographs."""
    source = str(config["datasets"][name]["source"])
    return source if source in ("synthetic", "planted") else "photographs"


def jobs(config: dict[str, Any]) -> pd.DataFrame:
    """A row a rule, data set and network: how many jobs. The one job of all transfers is under none of these."""
    again, parts, rows = halved(config), config["culling"]["parts"], []
    for run in runs(config):
        of_run = {"train": 1, "cull": parts, "shortcuts": 1, "robustness": 1}
        if run in again:
            of_run["cull_halves"] = parts
        if kind_of(config, run["dataset"]) != "photographs":
            of_run["planted_use"] = 1
        if kind_of(config, run["dataset"]) == "synthetic":
            of_run["bandstop"] = 1
        if _renditions(config, run["dataset"]):
            of_run["ood"] = 1
        rows += [(rule, run["dataset"], run["network"], count) for rule, count in of_run.items()]
    if transfers(config):
        rows.append(("transfer", "", "", 1))
    keys = ["rule", "dataset", "network"]
    return pd.DataFrame(rows, columns=[*keys, "jobs"]).groupby(keys, sort=False)["jobs"].sum().reset_index()


def greatest_job(config: dict[str, Any], found: pd.DataFrame) -> float:
    """Operations of the job that has most of them, as if those of a rule on the same data set and network were even."""
    keys = ["rule", "dataset", "network"]
    rows = found.copy()
    rows.loc[rows["rule"] == "transfer", ["dataset", "network"]] = ""
    each = rows.groupby(keys)["flop"].agg(lambda part: part.sum(skipna=False)) / jobs(config).set_index(keys)["jobs"]
    return float(each.max(skipna=False))


def stores(config: dict[str, Any], assumed: Assumed) -> pd.DataFrame:
    """A row a data set: images of every split and rendition, and all of them uncompressed in GiB."""
    rows = []
    for name in dict.fromkeys(run["dataset"] for run in runs(config)):
        of = dataset(config, name, assumed)
        each = of.classes * _per_rendition(config, name, of, assumed)
        counts = {split: of.images(split) if split in of.per_class else 0 for split in SPLITS}
        counts["stylised"] = counts["train"] if of.stylised else 0
        counts["renditions"] = each * len(_renditions(config, name))
        gib = sum(counts.values()) * of.channels * of.side**2 / 2**30
        rows.append({"dataset": name, "side": of.side, "classes": of.classes, **counts, "gib": gib})
    return pd.DataFrame(rows)


def rates(folder: Path) -> pd.DataFrame:
    """What the estimate needs of the benchmark's tables, those that are there: a row a kind of work, side and device.

    `value` is in GFLOP/s, or the share of the passes that screened culling needs.
    """
    names = ("machine", "forward", "training", "stores", "screening")
    there = {name: read_table(folder / f"{name}.csv") for name in names if (folder / f"{name}.csv").exists()}
    rows = [row for name, read in _READ.items() if name in there for row in read(there[name])]
    found = pd.DataFrame(rows, columns=[name for name in COLUMNS if name != "machine"])
    on = {row["device"]: _machine(row) for _, row in there.get("machine", pd.DataFrame()).iterrows()}
    return found.assign(machine=found["device"].map(on).fillna("not told"))[COLUMNS]


def _machine(row: pd.Series) -> str:
    return str(row["gpu"]) if row["device"] == "cuda" else f"{row['processor']}, {row['threads']:.0f} threads"


def _of_forward(measured: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for _, row in measured.iterrows():
        about = {"side": int(row["case"].split()[-1]), "device": row["device"], "unit": "GFLOP/s"}
        for kind, told in (("culling", "exact culling"), ("forward", "forward passes")):
            value = row[f"{kind}_images_per_s"] * row["gflop_per_image"]
            yield {**about, "kind": kind, "value": value, "measured_with": f"{told}, {row['case']}"}


def _of_training(measured: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Small images: whole trainings less their tests."""
    name = "photographs"
    _, network, width, _, _ = CASES[name]
    gflop = operations(architectures.Architecture(network, 10, 1, 32, width), "training") / 1e9
    for _, row in measured[measured["case"] == name].iterrows():
        yield _trained(row, 32, row["training_images_per_s"] * gflop, f"training, ResNet18, width {width}, 32 x 32")


def _of_stores(measured: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Large images: forward, backward and step."""
    name = "training step, ResNet18"
    gflop = operations(architectures.Architecture("resnet18", CLASSES, 3, SIDE), "training") / 1e9
    for _, row in measured[measured["task"] == name].iterrows():
        yield _trained(row, SIDE, row["images_per_s"] * gflop, f"{name}, {SIDE} x {SIDE}")


def _trained(row: pd.Series, side: int, value: float, told: str) -> dict[str, Any]:
    about = {"kind": "training", "side": side, "device": row["device"], "unit": "GFLOP/s"}
    return {**about, "value": value, "measured_with": told}


def _of_screening(measured: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for (device, side), part in measured.groupby(["device", "side"]):
        told = f"screened culling, mean of {len(part)} networks, {side} x {side}"
        about = {"kind": "screened", "side": side, "device": device, "unit": "share of the passes"}
        yield {**about, "value": part["filtered_share"].mean(), "measured_with": told}


_READ = {"forward": _of_forward, "training": _of_training, "stores": _of_stores, "screening": _of_screening}


def known(folder: Path = RESULTS, committed: Path = RATES) -> pd.DataFrame:
    """The rates of the benchmark's results, and of the committed ones what those lack."""
    fresh = rates(folder)
    if not committed.exists():
        return fresh
    both = pd.concat([part for part in (fresh, read_table(committed)) if len(part)] or [fresh])
    return both.drop_duplicates(["kind", "side", "device"]).sort_values(["device", "kind", "side"], ignore_index=True)


def nearest(given: pd.DataFrame, kind: str, side: int, device: str | None = None) -> pd.Series | None:
    """The rate of a kind of work, or what stands in for it, at the measured side that is nearest (as a ratio)."""
    while True:
        found = given[(given["kind"] == kind) & (given["device"] == (device or given["device"]))]
        if len(found):
            distance = np.abs(np.log(found["side"].to_numpy(float) / side))
            return found.iloc[int(distance.argmin())]
        if kind not in INSTEAD:
            return None
        kind = INSTEAD[kind]


def share_of_passes(given: pd.DataFrame) -> Callable[[int], float]:
    """Side of the images -> the share of the passes that screened culling needed, NaN where it was not measured."""

    def share(side: int) -> float:
        found = nearest(given, "screened", side)
        return math.nan if found is None else float(found["value"])

    return share


def hours(found: pd.DataFrame, given: pd.DataFrame, device: str) -> pd.Series:
    """Hours of every row of `work` on a device, NaN where no rate was measured."""

    def of(row: pd.Series) -> float:
        rate = nearest(given, row["kind"], row["side"], device)
        return math.nan if rate is None else row["flop"] / (rate["value"] * 1e9) / 3600

    return found.apply(of, axis=1).astype(float)


def by_rule(config: dict[str, Any], found: pd.DataFrame, given: pd.DataFrame) -> pd.DataFrame:
    """A row a rule, and their sum: jobs, images forward and backward, PFLOP, hours by device."""
    rows = found.assign(
        forward=found["images"],
        backward=found["images"].where(found["kind"].isin(BACKWARD), 0),
        pflop=found["flop"] / 1e15,
        **{device: hours(found, given, device) for device in ("cpu", "cuda")},
    )
    columns = ["forward", "backward", "pflop", "cpu", "cuda"]
    summed = rows.groupby("rule")[columns].agg(lambda part: part.sum(skipna=False))
    summed.insert(0, "jobs", jobs(config).groupby("rule")["jobs"].sum())
    summed = summed.reindex([rule for rule in RULES if rule in summed.index])
    summed.loc["sum"] = summed.sum(skipna=False)
    return summed.reset_index()


def shown(found: pd.DataFrame) -> str:
    """The table of `by_rule` in Markdown."""
    header = ["rule", "jobs", "images forward", "of these backward", "PFLOP", "CPU hours", "GPU hours"]
    return table(header, [[row["rule"], *map(number, row.iloc[1:])] for _, row in found.iterrows()])


def number(value: float) -> str:
    """Three significant digits, or all before the point; what is not known says so."""
    if math.isnan(value):
        return NOT_MEASURED
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def largest(found: pd.DataFrame, count: int = 5) -> pd.DataFrame:
    """The groups of jobs with the most operations, with their share of all."""
    groups = found.groupby(["rule", "dataset", "network"])["flop"].sum().sort_values(ascending=False)
    return (groups / groups.sum()).head(count).rename("share").reset_index()


CHANGES: dict[str, dict[str, Any]] = {
    "`culling: {images_per_class: 50}`": {"culling": {"images_per_class": 50}},
    "`culling: {method: screened}`": {"culling": {"method": "screened"}},
    "both": {"culling": {"method": "screened", "images_per_class": 50}},
    "`culling: {parts: 8}`": {"culling": {"parts": 8}},
    "`stability: {halves: true}`": {"stability": {"halves": True}},
}


def variants(config: dict[str, Any], assumed: Assumed, given: pd.DataFrame) -> str:
    """The whole study as it is, and with changes to what it costs or to its longest job, in Markdown."""
    rows = []
    for told, change in {"as it is": {}, **CHANGES}.items():
        changed = copy.deepcopy(config)
        update_config(changed, change)
        found = work(changed, assumed, share_of_passes(given))
        sums = by_rule(changed, found, given).iloc[-1]
        most = greatest_job(changed, found) / 1e15
        rows.append([told, *map(number, (sums["pflop"], sums["cpu"], sums["cuda"], most))])
    return table(["change", "PFLOP", "CPU hours", "GPU hours", "greatest job, PFLOP"], rows)


def greatest_part(config: dict[str, Any], of: DataSet) -> float:
    """The share of one network's culling in the greatest of its parts, as if all classes took alike."""
    settings = config["culling"]
    per_class = np.full(of.classes, of.images(settings["split"], settings["images_per_class"]) // of.classes)
    units = sum(1 for _ in search._units(settings["method"], per_class, ConjugatePairs(of.side, of.side)))
    return math.ceil(units / settings["parts"]) / units


def longest(config: dict[str, Any], assumed: Assumed, found: pd.DataFrame) -> pd.DataFrame:
    """What one run of each network has to do one after the other, in PFLOP: training, a part of its culling, a test.

    The network with the longest chain comes first. Columns: `dataset`, `network`, `train`, `cull` (the greatest part),
    `test` (the greatest of those that need its maps), `chain`.
    """
    rows = []
    for (name, network), part in found.groupby(["dataset", "network"]):
        of_all = part.groupby("rule")["flop"].agg(lambda flop: flop.sum(skipna=False)) / 1e15
        each = of_all / len(runs(config, dataset=name, network=network))
        row = {
            "train": each["train"],
            "cull": each["cull"] * greatest_part(config, dataset(config, name, assumed)),
            "test": max(each["shortcuts"], each.get("ood", 0)),
        }
        rows.append({"dataset": name, "network": network, **row, "chain": sum(row.values())})
    return pd.DataFrame(rows).sort_values("chain", ascending=False, ignore_index=True)


def divided(config: dict[str, Any], assumed: Assumed, given: pd.DataFrame) -> pd.DataFrame:
    """Screened and exact culling in `PARTS`: PFLOP of all culling and of its greatest job, and how many jobs."""
    rows = []
    for method, parts in product(("screened", "exact"), PARTS):
        changed = copy.deepcopy(config)
        update_config(changed, {"culling": {"method": method, "parts": parts}})
        found = work(changed, assumed, share_of_passes(given))
        whole = found.loc[found["rule"] == "cull", "flop"].sum(skipna=False) / 1e15
        most = longest(changed, assumed, found)["cull"].max(skipna=False)
        count = len(runs(changed)) * parts
        rows.append({"method": method, "parts": parts, "jobs": count, "pflop": whole, "greatest": most})
    return pd.DataFrame(rows)


def fewer_negatives(config: dict[str, Any], assumed: Assumed, given: pd.DataFrame) -> pd.DataFrame:
    """As `longest`, with `NEGATIVES` images of other classes in the shortcut tests."""
    changed = copy.deepcopy(config)
    update_config(changed, {"shortcuts": {"negatives": NEGATIVES}})
    return longest(changed, assumed, work(changed, assumed, share_of_passes(given)))


def hours_at(pflop: float, sustained: float) -> float:
    """Hours that work takes on one GPU that sustains so many TFLOP/s on it."""
    return pflop * 1e15 / (sustained * 1e12) / 3600


def dfm_bytes(config: dict[str, Any], of: DataSet) -> int:
    """Bytes of the arrays of a DFM file before compression, as a small file of the same layout holds them."""
    side, pixels = 8, torch.zeros(2, 1, 8, 8)
    pixels[1] = 1
    network = nn.Sequential(nn.Flatten(), nn.Linear(side**2, 2))
    found = culling.cull(network, pixels, [0, 1], 2, "exact")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dfm.h5"
        about = {"classes": ["a", "b"], "split": "test", "weights_sha256": "", "created_by": ""}
        dfm.write(path, found, ConjugatePairs(side, side), config["dfm"]["percents"], **about)
        planes: list[int] = []
        with h5py.File(path) as file:
            file.visititems(lambda _, part: planes.append(part.dtype.itemsize) if hasattr(part, "dtype") else None)
    return sum(planes) * of.classes * of.side**2


def weights_bytes(form: architectures.Architecture) -> int:
    """Bytes of a network's weights and running statistics."""
    with torch.device("meta"):
        return sum(tensor.nbytes for tensor in architectures.build(form).state_dict().values())


def disk(config: dict[str, Any], assumed: Assumed) -> pd.DataFrame:
    """What takes most room, a row a kind of file: how many, and GiB of all of them before compression."""
    planned = [(run, dataset(config, run["dataset"], assumed)) for run in runs(config)]
    sizes = stores(config, assumed)
    return (
        pd.DataFrame(
            {
                "image stores": (len(sizes), sizes["gib"].sum()),
                "DFM files": (len(planned), sum(dfm_bytes(config, of) for _, of in planned) / 2**30),
                "weights": (
                    len(planned),
                    sum(weights_bytes(architecture(config, run["network"], of)) for run, of in planned) / 2**30,
                ),
            },
            index=["files", "gib"],
        )
        .T.rename_axis("kind")
        .reset_index()
    )


def rows_of_tables(config: dict[str, Any], assumed: Assumed) -> dict[str, int]:
    """Rows of the greatest tables that join all runs, or the tables of all runs, by what they hold."""
    found: Counter[str] = Counter()
    settings, sets = config["robustness"], {}
    for run in runs(config):
        name = run["dataset"]
        of = sets[name] = dataset(config, name, assumed)
        filters = len(robustness.filters(of.side, of.side, settings["cutoffs"], settings["band_width"]))
        found["learning dynamics"] += of.classes * VIEWS * _tests(config, run, of)
        found["shortcut tests"] += rows_of_test(of, test_settings(config))
        found["filtered images"] += of.classes * (1 + filters)
        found["corrupted images"] += of.classes * (1 + len(settings["corruptions"]) * len(corruptions.STRENGTHS))
        if renditions := _renditions(config, name):
            found["tests on renditions"] += len(renditions) * rows_of_test(of, rendition_settings(config))
    for name, of in sets.items():
        pairs = math.comb(len(runs(config, dataset=name)), 2)
        found["stability of the maps"] += pairs * of.classes * len(config["dfm"]["percents"])
    return dict(found)


def cluster_page(path: Path, assumed: Assumed, given: pd.DataFrame) -> str:
    """docs/cluster_plan.md. Asks Snakemake for the plan, which takes some seconds."""
    config = configuration(path)
    found = work(config, assumed, share_of_passes(given))
    rules, file = by_rule(config, found, given), path.resolve().relative_to(ROOT)
    rooms = {name: dataset(config, name, assumed) for name in dict.fromkeys(run["dataset"] for run in runs(config))}
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(table=table, number=number, nearest=nearest, hours_at=hours_at)
    return environment.from_string(CLUSTER_TEMPLATE.read_text()).render(
        config=config,
        file=file,
        runs=runs(config),
        sets=rooms,
        pairs={name: len(ConjugatePairs(of.side, of.side)) for name, of in rooms.items()},
        filters={name: filters_of_a_class(of, test_settings(config)) for name, of in rooms.items()},
        assumed=assumed,
        given=given,
        rules=rules.set_index("rule"),
        by_rule=shown(rules),
        longest=longest(config, assumed, found),
        divided=divided(config, assumed, given),
        negatives=NEGATIVES,
        fewer=fewer_negatives(config, assumed, given),
        disk=disk(config, assumed),
        rows=rows_of_tables(config, assumed),
        jobs=measure_plan.jobs(path.resolve()),
        files=Counter(measure_plan.files(path.resolve()).values()),
        sustained=SUSTAINED,
        gpus=GPUS,
        not_measured=NOT_MEASURED,
    )


def page(path: Path, assumed: Assumed, given: pd.DataFrame) -> str:
    """docs/paper_scale.md."""
    config = configuration(path)
    found = work(config, assumed, share_of_passes(given))
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(table=table, number=number, nearest=nearest)
    return environment.from_string(TEMPLATE.read_text()).render(
        config=config,
        file=path.resolve().relative_to(ROOT) if path.resolve().is_relative_to(ROOT) else path,
        own=yaml.safe_load(path.read_text()),
        assumed=assumed,
        given=given,
        rules=by_rule(config, found, given),
        by_rule=shown(by_rule(config, found, given)),
        largest=largest(found),
        variants=variants(config, assumed, given),
        stores=stores(config, assumed),
    )


def renew(path: Path = PAPER, assumed: Assumed | None = None) -> None:
    """Write docs/rates.csv, and docs/paper_scale.md (of `path`) and docs/cluster_plan.md from it."""
    write_table(known(), RATES)
    PAGE.write_text(page(path, assumed or Assumed(), read_table(RATES)))
    CLUSTER_PAGE.write_text(cluster_page(CLUSTER, Assumed(), read_table(RATES)))


def main() -> None:
    """Print the table, or renew the documents."""
    parser = argparse.ArgumentParser(prog="python -m bench.estimate", description=__doc__)
    parser.add_argument("--config", type=Path, default=PAPER, help="merged over config/config.yaml (config/paper.yaml)")
    for name, told in (
        ("train", "images a class below the root of a folder"),
        ("test", "images a class below its test_root"),
        ("twin", "images a class of a rendition of its out-of-distribution twin"),
    ):
        default = getattr(Assumed, name)
        parser.add_argument(f"--{name}-per-class", type=int, default=default, metavar="N", help=f"{told} (%(default)s)")
    told = "classes of a folder whose classes are not listed"
    parser.add_argument("--classes", type=int, default=Assumed.classes, metavar="N", help=f"{told} (%(default)s)")
    told = "write docs/rates.csv, docs/paper_scale.md and docs/cluster_plan.md, too"
    parser.add_argument("--renew", action="store_true", help=told)
    asked = parser.parse_args()
    assumed = Assumed(asked.train_per_class, asked.test_per_class, asked.twin_per_class, asked.classes)
    try:
        config, given = configuration(asked.config), known()
        found = work(config, assumed, share_of_passes(given))
        sizes = stores(config, assumed)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(f"Assumed of folders: {assumed.train} training and {assumed.test} test images a class, ", end="")
    print(f"{assumed.twin} a class and rendition of twins; {assumed.classes} classes where none are listed.\n")
    print(shown(by_rule(config, found, given)))
    print(f"\nImage stores, uncompressed: {sizes['gib'].sum():.1f} GiB. Rates:\n")
    print(given.to_string(index=False) if len(given) else NOT_MEASURED)
    if asked.renew:
        renew(asked.config, assumed)


if __name__ == "__main__":
    main()
