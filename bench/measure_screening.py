"""Screened culling: how much of the exact maps it finds, for how many forward passes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from frequency_shortcuts.maps.methods import gradients
from frequency_shortcuts.maps.methods.culling import screening
from frequency_shortcuts.maps.methods.culling.evaluator import ClassEvaluator
from frequency_shortcuts.maps.methods.culling.features import FeatureCollector
from frequency_shortcuts.maps.methods.workspace import Workspace
from frequency_shortcuts.spectrum.masks import positions, top_pairs
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from .subjects import TRAINED, Subject, accuracy, subject

PERCENTS = (1, 5, 10, 20)
TARGETS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999)
IMAGES = {32: 20, 64: 30}  # a class, by side; the exact map has to be found, too


def overlaps(folder: Path, device: torch.device) -> pd.DataFrame:
    """A row for each network, class, map size and target recall.

    All increments of all groups of images are evaluated once, which is the exact culling; screening then
    reads from them what it needs, so that its curve costs no further passes.
    """
    curve = []
    for name in tqdm(TRAINED, desc="screening", unit="network", disable=None):
        of = subject(name, folder, IMAGES[TRAINED[name][3]], device)
        pairs = ConjugatePairs(*of.images.shape[-2:])
        workspace = Workspace(of.network, of.images, of.labels, of.n_classes)
        about = _about(of)
        classes = [ClassEvaluator(workspace, c) for c in range(of.n_classes)]
        for c, one in enumerate(classes):
            known = np.stack(
                [one.group_sums(np.full(len(pairs), g), np.arange(len(pairs))) for g in range(len(one.bounds) - 1)]
            )
            exact, features = known.sum(axis=0), FeatureCollector(one).collect()
            for percent in PERCENTS:
                wanted = positions(pairs.height, pairs.width, percent)
                truth = set(top_pairs(exact, pairs.size, wanted))
                for target in TARGETS:
                    found = screening.screen(
                        features,
                        lambda group, index, known=known: known[group, index],
                        pairs,
                        wanted,
                        target_recall=target,
                        patience=20,
                        seed=0,
                    )
                    chosen = np.where(found.evaluated, found.increment, -np.inf)
                    top = set(top_pairs(chosen, pairs.size, wanted))
                    curve.append(
                        {
                            **about,
                            "class": c,
                            "percent": percent,
                            "target_recall": target,
                            "filtered_share": found.cost,
                            "share_of_passes": found.cost + gradients.passes(len(pairs)) / len(pairs),
                            "overlap": len(truth & top) / len(truth | top),
                            "recall": len(truth & top) / len(truth),
                            "expected_recall": found.expected_recall,
                            "audited": found.audited,
                            "missed": found.missed,
                        }
                    )
    return pd.DataFrame(curve).assign(device=device.type)


def _about(of: Subject) -> dict[str, object]:
    side, count = of.images.shape[-1], len(of.labels) // of.n_classes
    about = {"network": of.name, "side": side, "classes": of.n_classes, "images_per_class": count}
    return {**about, "accuracy": accuracy(of)}
