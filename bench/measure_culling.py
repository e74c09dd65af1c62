"""Culling: against the bare forward pass, against the published procedure, in reduced precision, and as work grows."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from frequency_shortcuts import culling, dfm
from frequency_shortcuts.data import fashion_mnist
from frequency_shortcuts.data.normalisation import pixel_statistics
from frequency_shortcuts.data.splits import Split, first_of_each_class
from frequency_shortcuts.maps.methods.culling.evaluator import ClassEvaluator
from frequency_shortcuts.maps.methods.engine import Limits
from frequency_shortcuts.maps.methods.workspace import Workspace
from frequency_shortcuts.networks import architectures, training
from frequency_shortcuts.networks.inference import PRECISIONS
from frequency_shortcuts.networks.numerics import tf32
from frequency_shortcuts.spectrum import masks
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from . import published
from .subjects import fashion, subject
from .timing import by_turns, exponent, flop, peak_gflops, peak_mib, ratio, seconds


def forward(folder: Path, device: torch.device) -> pd.DataFrame:
    """Images a second of exact culling beside the bare forward pass of the same network at its best batch size."""
    peak = peak_gflops(device)
    fashion = subject("fashion resnet18 32", folder, 20, device)
    large = architectures.build(architectures.Architecture("resnet18", 10, 3, 224), 0).to(device).eval()
    large = large.to(memory_format=torch.channels_last)
    images = torch.randn(16, 3, 224, 224, device=device)
    small = device.type == "cpu"
    cases = {
        "ResNet18, width 16, 32 x 32": (fashion.network, fashion.images, fashion.labels, 10, 4096 if small else 2**19),
        "ResNet18, 224 x 224": (large, images, np.arange(16) // 8, 2, 128 if small else 2**15),
    }
    rows = []
    for name, (network, seen, labels, n_classes, count) in cases.items():
        best = _best_batch(network, seen)
        batch = _repeated(seen, best)
        passes = max(1, count // best)
        blocks = _Blocks(network, seen, labels, n_classes, count)
        times = by_turns({"forward": lambda: _forward(network, batch, passes), "culling": blocks})  # noqa: B023
        work = {"forward": passes * best, "culling": blocks.images}
        operations = flop(network, batch[:1])
        rate = work["culling"] / times["culling"].median()
        rows.append(
            {
                "case": name,
                "device": device.type,
                "forward_batch": best,
                "forward_images_per_s": work["forward"] / times["forward"].median(),
                "culling_batch": blocks.batch,
                "culling_images_per_s": rate,
                **ratio(times, "culling", "forward", work),
                "gflop_per_image": operations / 1e9,
                "share_of_peak": rate * operations / 1e9 / peak,
            }
        )
    return pd.DataFrame(rows)


class _Blocks:
    """A call culls about `count` filtered images, whole blocks of them, as `culling.cull` does after its start."""

    def __init__(
        self, network: nn.Module, images: torch.Tensor, labels: np.ndarray, n_classes: int, count: int, **options: Any
    ):
        self.pairs = ConjugatePairs(*images.shape[-2:])
        workspace = Workspace(network, images, labels, n_classes, limits=Limits(**options))
        self.classes = [ClassEvaluator(workspace, c) for c in range(n_classes)]
        self.batch = workspace.engine.batch
        each = max(1, count // len(labels))
        self.index = np.linspace(0, len(self.pairs) - 1, min(each, len(self.pairs))).astype(int)
        self.images = len(self.index) * len(labels)

    def __call__(self) -> None:
        for one in self.classes:
            one.sums(self.index, 0, len(one))


@torch.inference_mode()
def _forward(network: nn.Module, batch: torch.Tensor, passes: int) -> None:
    with tf32(False, batch.device):  # as culling in float32
        for _ in range(passes):
            network(batch)


def _repeated(images: torch.Tensor, count: int) -> torch.Tensor:
    several = images.repeat(-(-count // len(images)), 1, 1, 1)[:count]
    return several.contiguous(memory_format=torch.channels_last)


def _best_batch(network: nn.Module, images: torch.Tensor) -> int:
    """The batch size with the highest rate of bare forward passes."""
    large = images.shape[-1] > 64
    sizes = (1, 2, 4, 8, 16, 32) if large else (32, 64, 128, 256, 512, 1024)
    if images.device.type == "cuda":
        sizes = (64, 128, 256, 512) if large else (512, 1024, 2048, 4096, 8192)
    batches = {size: _repeated(images, size) for size in sizes}
    passes = {size: max(1, sizes[-1] // size) for size in sizes}
    times = by_turns({str(n): lambda n=n: _forward(network, batches[n], passes[n]) for n in sizes}, 3)
    return min(sizes, key=lambda n: times[str(n)].median() / (passes[n] * n))


def against_published(folder: Path, device: torch.device) -> pd.DataFrame:
    """Ten classes at 32 x 32: how many times as fast as the published procedure, for the same increments and maps.

    The published procedure is timed on a sample of (class, frequency). Each takes the same time, so that the whole
    procedure takes their number times as long.
    """
    of = subject("fashion resnet18 32", folder, 20, device)
    split, pairs = of.split, ConjugatePairs(32, 32)
    files = published.encoded(split.images)
    generator = np.random.default_rng(0)
    sample = [(int(generator.integers(10)), int(generator.integers(len(pairs)))) for _ in range(12)]

    def loss(c: int, mask: torch.Tensor | None) -> float:
        with tf32(False, device):  # as culling in float32
            return published.class_loss(of.network, files, split.labels, c, split.mean, split.std, device, mask)

    def plainly() -> np.ndarray:
        return np.array([loss(c, published.mask_without(pairs, p, device)) for c, p in sample])

    found: dict[str, culling.Culling] = {}

    def run(method: culling.Method) -> Callable[[], None]:
        def task() -> None:
            found[method] = culling.cull(
                of.network, split.images, split.labels, 10, method, mean=split.mean, std=split.std
            )

        return task

    times = by_turns({"published": plainly, "exact": run("exact"), "screened": run("screened")})
    before = {c: loss(c, None) for c in {c for c, _ in sample}}
    slow = plainly() - np.array([before[c] for c, _ in sample])
    ours = np.array([found["exact"].increment[c, p] for c, p in sample])
    whole = {"published": len(sample) / (10 * len(pairs))}
    rows = []
    for method in culling.METHODS:
        rows.append(
            {
                "method": method,
                "device": device.type,
                "images": len(split),
                "published_s": (times["published"] / whole["published"]).median(),
                "ours_s": times[method].median(),
                **ratio(times, method, "published", whole),
                "published_sample": len(sample),
                "greatest_difference": float(np.abs(ours - slow).max()) if method == "exact" else np.nan,
                "overlap_of_top_5_percent": overlap(found[method], found["exact"], pairs, 5),
            }
        )
    return pd.DataFrame(rows)


def overlap(one: culling.Culling, other: culling.Culling, pairs: ConjugatePairs, percent: float) -> float:
    """Intersection over union of two cullings' maps, mean over classes."""
    a, b = (dfm.dominant(found.increment, pairs, percent) for found in (one, other))
    return float(masks.overlap(a, b).mean())


def precision(folder: Path, device: torch.device) -> pd.DataFrame:
    """What reduced precision, and compiling, does to the speed and to the maps."""
    of = subject("fashion resnet18 32", folder, 10, device)
    pairs = ConjugatePairs(32, 32)
    variants = {"float32": {}, "bfloat16": {"precision": "bfloat16"}}
    if device.type == "cuda":
        variants["tf32"] = {"precision": "tf32"}
    found = {
        name: culling.cull(of.network, of.images, of.labels, 10, "exact", **options)
        for name, options in variants.items()
    }
    tasks = {}
    for name, options in variants.items():
        one = ClassEvaluator(Workspace(of.network, of.images, of.labels, 10, limits=Limits(**options)), 0)
        tasks[name] = lambda one=one: one.sums(np.arange(len(pairs)), 0, len(one))
    times = by_turns(tasks)
    return pd.DataFrame(
        {
            "precision": name,
            "device": device.type,
            **ratio(times, name, "float32"),
            "greatest_difference": float(np.abs(found[name].increment - found["float32"].increment).max()),
            **{f"overlap_of_top_{p}_percent": overlap(found[name], found["float32"], pairs, p) for p in (1, 5, 10, 20)},
        }
        for name in variants
    )


IMAGENET = {"images": 50_000, "pairs": 25_090}  # of its validation set, at 224 x 224


def large(
    folder: Path, device: torch.device, *, per_class: int = 1000, width: int = 64, passes: int = 2**18
) -> pd.DataFrame:
    """The problems of the published run times; for a data-centre GPU, hence not measured elsewhere.

    Fashion-MNIST's 10,000 test images (as many as CIFAR-10's), exactly and screened, with a full-width ResNet18 that
    was trained for two epochs; and the rate at 224 x 224, from which the time for exact culling of ImageNet-1k follows.
    """
    (train, train_labels), (pixels, labels) = fashion(folder)
    kept = first_of_each_class(labels, per_class)
    pixels, labels = pixels[kept], labels[kept]
    mean, std = pixel_statistics(pixels)
    some = first_of_each_class(train_labels, per_class)
    data, validation = (
        Split(*part, fashion_mnist.CLASSES, mean, std) for part in ((train[some], train_labels[some]), (pixels, labels))
    )
    network = architectures.build(architectures.Architecture("resnet18", 10, 1, 32, width=width), 0)
    training.train(network, data, validation, training.Recipe(epochs=2), seed=0, device=device)
    rows = []
    for method in culling.METHODS:
        for compiled in (False, True):
            took = seconds(
                partial(
                    culling.cull, network, pixels, labels, 10, method, mean=mean, std=std, compiled=compiled
                )
            )  # fmt: skip
            rows.append({"problem": "10,000 images, 32 x 32", "method": method, "compiled": compiled, "time_s": took})
    network = architectures.build(architectures.Architecture("resnet18", 10, 3, 224, width=width), 0).to(device)
    images = torch.randn(50, 3, 224, 224, device=device)
    for compiled in (False, True):
        for precision in PRECISIONS:
            blocks = _Blocks(network, images, np.zeros(50, int), 1, passes, precision=precision, compiled=compiled)
            rate = blocks.images / by_turns({"culling": blocks})["culling"].median()
            hours = IMAGENET["images"] * IMAGENET["pairs"] / rate / 3600
            rows.append(
                {
                    "problem": "ImageNet-1k, 224 x 224, from the rate",
                    "method": f"exact, {precision}",
                    "compiled": compiled,
                    "images_per_s": rate,
                    "time_s": 3600 * hours,
                }
            )
    return pd.DataFrame(rows).assign(device=device.type)


SIDES, CLASSES, IMAGES = (32, 64, 128, 224), (4, 10, 100), (2, 8, 32)
BASE = {"side": 64, "classes": 4, "images": 4}


def scaling(device: torch.device) -> pd.DataFrame:
    """Whole cullings of a small network of one strided convolution, each in a process of its own, for its memory."""
    cases = [
        (varied, {**BASE, varied: value}, method)
        for varied, values in (("side", SIDES), ("classes", CLASSES), ("images", IMAGES))
        for value in values
        for method in culling.METHODS
    ]
    rows = []
    for varied, case, method in cases:
        command = [sys.executable, "-m", "bench.measure_culling", json.dumps({**case, "method": method}), str(device)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        rows.append({"varied": varied, "method": method, "device": device.type, **case, **json.loads(done.stdout)})
    return with_exponents(pd.DataFrame(rows))


def with_exponents(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the work of each case, pairs x images x pixels, and the fitted exponent of the time in it."""
    table["work"] = table["pairs"] * table["classes"] * table["images"] * table["side"] ** 2
    table["exponent"] = np.nan
    for _, part in table.groupby(["varied", "method"]):
        table.loc[part.index, "exponent"] = exponent(part["work"], part["time_s"])
    return table


def scaling_case(
    side: int, classes: int, images: int, method: culling.Method, device: torch.device
) -> dict[str, float]:
    """Median time of a culling (of five, or as many as begin within 20 s), and the greatest memory of the process."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 16, 8, stride=8), nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(16, classes),
    ).to(device).eval()  # fmt: skip
    pixels = torch.randn(classes * images, 3, side, side, device=device)
    labels = np.arange(classes * images) % classes
    times: list[float] = []
    while len(times) < 5 and sum(times) < 20:
        times.append(seconds(lambda: culling.cull(network, pixels, labels, classes, method, memory_mib=512)))
    return {
        "pairs": len(ConjugatePairs(side, side)),
        "time_s": float(np.median(times)),
        "memory_mib": peak_mib(device),
    }


if __name__ == "__main__":
    print(json.dumps(scaling_case(**json.loads(sys.argv[1]), device=torch.device(sys.argv[2]))))
