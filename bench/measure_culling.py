"""Culling against the published procedure."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from frequency_shortcuts import culling, dfm
from frequency_shortcuts.maps.methods.method import Found
from frequency_shortcuts.networks.numerics import tf32
from frequency_shortcuts.spectrum import masks
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from . import published
from .subjects import subject
from .timing import by_turns, ratio


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

    cullings: dict[str, Found] = {}

    def cull(search: culling.Search) -> None:
        cullings[search] = culling.cull(of.network, split, search)

    times = by_turns({"published": plainly} | {search: partial(cull, search) for search in culling.SEARCHES})
    before = {c: loss(c, None) for c in {c for c, _ in sample}}
    slow = plainly() - np.array([before[c] for c, _ in sample])
    ours = np.array([cullings["exact"].score[c, p] for c, p in sample])
    maps = {name: dfm.dominant(found.score, pairs, 5) for name, found in cullings.items()}
    whole = {"published": len(sample) / (10 * len(pairs))}
    return pd.DataFrame({
        "method": search, "device": device.type, "published_s": (times["published"] / whole["published"]).median(),
        "ours_s": times[search].median(), **ratio(times, search, "published", whole), "published_sample": len(sample),
        "greatest_difference": float(np.abs(ours - slow).max()) if search == "exact" else np.nan,
        "overlap_of_top_5_percent": float(masks.overlap(maps[search], maps["exact"]).mean()),
    } for search in culling.SEARCHES)  # fmt: skip
