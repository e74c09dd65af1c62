"""Screened culling: how much of the exact maps it finds, for how many forward passes."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from tqdm import tqdm

from frequency_shortcuts.figures.canvas import COLOURS, PAGE, despine, style
from frequency_shortcuts.maps.methods import gradients
from frequency_shortcuts.maps.methods.culling import screening
from frequency_shortcuts.maps.methods.culling.evaluator import ClassEvaluator
from frequency_shortcuts.maps.methods.workspace import Workspace
from frequency_shortcuts.networks.predictions import accuracy
from frequency_shortcuts.spectrum.masks import positions, top_pairs

from .subjects import TRAINED, subject

AIM = 0.98  # of the figure
TARGETS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999)
IMAGES = {"32": 20, "64": 30}  # a class, by side; the exact map has to be found, too


def overlaps(folder: Path, device: torch.device) -> pd.DataFrame:
    """A row for each network, class and target recall, of the top 5 % map.

    All increments of all groups of images are evaluated once, which is the exact culling; screening then
    reads from them what it needs, so that its curve costs no further passes.
    """
    curve = []
    for name in tqdm(TRAINED, desc="screening", unit="network", disable=None):
        network, _, seen = subject(name, folder, IMAGES[name[-2:]], device)
        workspace = Workspace(network, seen)
        pairs, n_classes, every = workspace.pairs, workspace.n_classes, np.arange(len(workspace.pairs))
        wanted = positions(pairs.height, pairs.width, 5)
        about = {"network": name, "side": pairs.height, "classes": n_classes, "accuracy": accuracy(network, seen),
                 "images_per_class": len(seen) // n_classes}  # fmt: skip
        for c in range(n_classes):
            evaluator = ClassEvaluator(workspace, c)
            groups = range(len(evaluator.bounds) - 1)
            known = np.stack([evaluator.group_sums(np.full(len(pairs), group), every) for group in groups])
            exact, features = known.sum(axis=0), evaluator.features()
            for target in TARGETS:
                screened = screening.screen(
                    features, lambda group, index, known=known: known[group, index], pairs, wanted,
                    target_recall=target, patience=20, seed=0,
                )  # fmt: skip
                chosen = np.where(screened.evaluated, screened.increment, -np.inf)
                truth, top = (set(top_pairs(scores, pairs.size, wanted)) for scores in (exact, chosen))
                share = screened.cost + 2 * (1 + gradients.noisy_copies(len(pairs))) / len(pairs)  # a gradient is two
                curve.append(about | {"class": c, "target_recall": target, "share_of_passes": share,
                                      "overlap": len(truth & top) / len(truth | top)})  # fmt: skip
    return pd.DataFrame(curve).assign(device=device.type)


def overlap_figure(curve: pd.DataFrame) -> Figure:
    """Overlap of screened with exact top 5 % maps over the share of passes, a line a size of image, a mark a target.

    Means over networks and their classes.
    """
    of_networks = curve.groupby(["side", "network", "target_recall"])
    means = of_networks[["share_of_passes", "overlap"]].mean().groupby(["side", "target_recall"]).mean()
    with style(10):
        figure, axis = plt.subplots(figsize=(0.8 * PAGE, 2.9))
        axis.axhline(AIM, color="0.6", linestyle="--", linewidth=1.2, zorder=0)
        axis.text(0, AIM, f" aim: {AIM}", va="bottom", fontsize=10, color="0.4", transform=axis.get_yaxis_transform())
        for (side, of_side), colour, marker in zip(means.groupby("side"), COLOURS, "oD", strict=False):
            line = of_side.sort_values("share_of_passes")
            axis.plot(
                100 * line["share_of_passes"], line["overlap"], marker=marker, color=colour, markersize=5,
                linewidth=1.8, label=f"{side} x {side} pixels",
            )  # fmt: skip
        axis.set(xlabel="forward passes, % of exact culling", ylabel="overlap with\nthe exact map")
        axis.legend(loc="lower right", fontsize=10)
        despine([axis])
    return figure
