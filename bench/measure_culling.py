"""Culling: beside the bare forward pass and the published procedure, in reduced precision, and screened."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn
from tqdm import tqdm

from frequency_shortcuts import culling, dfm
from frequency_shortcuts.images.source import tiling
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps.methods.culling.evaluator import ClassEvaluator
from frequency_shortcuts.maps.methods.method import Found
from frequency_shortcuts.maps.methods.workspace import Workspace
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.numerics import tf32
from frequency_shortcuts.networks.predictions import accuracy
from frequency_shortcuts.spectrum import masks
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from . import published
from .subjects import TRAINED, subject
from .timing import by_turns, flop, peak_gflops, ratio

IMAGES = {"32": 20, "64": 30}  # a class, by side; the exact map has to be found, too


def forward(folder: Path, device: torch.device) -> pd.DataFrame:
    """Images a second of exact culling beside the bare forward pass of the same network at its best batch size."""
    peak, small = peak_gflops(device), device.type == "cpu"
    fashion, _, seen = subject("fashion resnet18 32", folder, 20, device)
    large = (
        architectures.build(architectures.Architecture("resnet18", 10, 3, 224), 0).to(device).eval()
    )
    large = large.to(memory_format=torch.channels_last)
    noise = Split(torch.randn(16, 3, 224, 224, device=device), np.arange(16) // 8)
    cases = {
        "ResNet18, width 16, 32 x 32": (fashion, seen, 4096 if small else 2**19),
        "ResNet18, 224 x 224": (large, noise, 128 if small else 2**15),
    }
    rows = []
    for name, (network, split, count) in cases.items():
        best = _best_batch(network, split.images)
        batch, passes = _repeated(split.images, best), max(1, count // best)
        cull, images, culling_batch = _blocks(network, split, count)
        times = by_turns({"forward": partial(_forward, network, batch, passes), "culling": cull})
        of_an_image = times / pd.Series({"forward": passes * best, "culling": images})
        rate = 1 / of_an_image.median()
        rows.append(
            {
                "case": name,
                "forward_batch": best,
                "forward_images_per_s": rate["forward"],
                "culling_batch": culling_batch,
                "culling_images_per_s": rate["culling"],
                **ratio(of_an_image, "culling", "forward"),
                "share_of_peak": rate["culling"] * flop(network, batch[:1]) / 1e9 / peak,
            }
        )
    return pd.DataFrame(rows).assign(device=device.type)


def _blocks(network: nn.Module, split: Split, count: int) -> tuple[Callable[[], None], int, int]:
    """A function that culls whole blocks of filtered images as `culling.cull` does; about `count`, and in one batch."""
    workspace = Workspace(network, split)
    classes = [ClassEvaluator(workspace, c) for c in range(workspace.n_classes)]
    batch, pairs = workspace.batch, len(workspace.pairs)
    step = tiling(len(classes[0]), batch)[1]  # whole batches: of 514 pairs, one batch is smaller
    each = max(step, count // len(split) // step * step)
    index = np.linspace(0, pairs - 1, min(each, pairs)).astype(int)

    def cull() -> None:
        for evaluator in classes:
            evaluator.sums(index, 0, len(evaluator))

    return cull, len(index) * len(split), batch


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
    times = by_turns(
        {str(n): lambda n=n: _forward(network, batches[n], passes[n]) for n in sizes}, 3
    )
    return min(sizes, key=lambda n: times[str(n)].median() / (passes[n] * n))


def against_published(folder: Path, device: torch.device) -> pd.DataFrame:
    """Ten classes at 32 x 32: how many times as fast as the published procedure, for the same increments and maps.

    The published procedure is timed on a sample of (class, frequency). Each takes the same time, so that the whole
    procedure takes their number times as long.
    """
    network, split, _ = subject("fashion resnet18 32", folder, 20, device)
    files, pairs = published.encoded(split.images), ConjugatePairs(32, 32)
    generator = np.random.default_rng(0)
    sample = [(int(generator.integers(10)), int(generator.integers(len(pairs)))) for _ in range(12)]

    def loss(c: int, mask: torch.Tensor | None) -> float:
        with tf32(False, device):  # as culling in float32
            return published.class_loss(network, files, split, c, device, mask)

    def plainly() -> np.ndarray:
        return np.array([loss(c, published.mask_without(pairs, p, device)) for c, p in sample])

    cull = {search: partial(culling.cull, network, split, search) for search in culling.SEARCHES}
    times = by_turns({"published": plainly, **cull})
    cullings = {search: find() for search, find in cull.items()}
    slow = plainly() - np.array([loss(c, None) for c, _ in sample])
    ours = np.array([cullings["exact"].score[c, p] for c, p in sample])
    times["published"] *= 10 * len(pairs) / len(sample)
    return pd.DataFrame(
        {
            "method": search,
            "device": device.type,
            "published_s": times["published"].median(),
            "ours_s": times[search].median(),
            **ratio(times, search, "published"),
            "published_sample": len(sample),
            "greatest_difference": float(np.abs(ours - slow).max())
            if search == "exact"
            else np.nan,
            "overlap_of_top_5_percent": overlap(cullings[search], cullings["exact"], pairs, 5),
        }
        for search in culling.SEARCHES
    )


def overlap(first: Found, second: Found, pairs: ConjugatePairs, percent: float) -> float:
    """Intersection over union of two cullings' maps, mean over classes."""
    maps = (dfm.dominant(culled.score, pairs, percent) for culled in (first, second))
    return float(masks.overlap(*maps).mean())


def precision(folder: Path, device: torch.device) -> pd.DataFrame:
    """What reduced precision does to the speed and to the maps."""
    network, _, seen = subject("fashion resnet18 32", folder, 10, device)
    pairs, cullings, tasks = ConjugatePairs(32, 32), {}, {}
    for name in ("float32", "bfloat16", *(["tf32"] if device.type == "cuda" else [])):
        cullings[name] = culling.cull(network, seen, "exact", precision=name)
        first = ClassEvaluator(Workspace(network, seen, precision=name), 0)
        tasks[name] = partial(first.sums, np.arange(len(pairs)), 0, len(first))
    times, exact = by_turns(tasks), cullings["float32"]
    return pd.DataFrame(
        {
            "precision": name,
            "device": device.type,
            **ratio(times, name, "float32"),
            "greatest_difference": float(np.abs(found.score - exact.score).max()),
            **{
                f"overlap_of_top_{percent}_percent": overlap(found, exact, pairs, percent)
                for percent in (1, 5, 10, 20)
            },
        }
        for name, found in cullings.items()
    )


def screened(folder: Path, device: torch.device) -> pd.DataFrame:
    """How near the top 5 % maps of screened culling are to the exact ones, and for which share of the passes."""
    rows = []
    for name in tqdm(TRAINED, desc="screening", unit="network", disable=None):
        network, _, seen = subject(name, folder, IMAGES[name[-2:]], device)
        exact, fast = (culling.cull(network, seen, search) for search in ("exact", "screened"))
        pairs = ConjugatePairs(*seen.images.shape[2:])
        rows.append(
            {
                "network": name,
                "classes": len(exact.score),
                "images_per_class": IMAGES[name[-2:]],
                "accuracy": accuracy(network, seen),
                "overlap": overlap(fast, exact, pairs, 5),
                "share_of_passes": fast.passes / exact.passes,
            }
        )
    return pd.DataFrame(rows).assign(device=device.type)
