"""Whether a network uses what was planted: the planted mask is tested like a map.

Its frequencies are moved from an image into a donor image (of the neutral class, if the set has one), and so are all
others. A network *uses* the mask if it is sufficient and necessary. The random masks decide nothing: what they leave
depends on the size of the mask.
"""

from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts.spectrum.arrays import BoolArray
from frequency_shortcuts.spectrum.fills import SWAP

from ..description import NetworkTest
from ..job import FOLDER, WITH_TRUTH, run_name

PLANTED, OTHERWISE = 0.7, 0.3  # least TPR with the cue, greatest TPR without it
DRAWS = 5  # of random masks beside the planted one


def measure(step: Any, created_by: str) -> None:
    """TPR from the planted mask, from its complement, and from random masks of its size, one row per class."""
    from frequency_shortcuts.storage.tables import write_table
    from study.measures import truth

    from ..tested_networks import read_inputs, with_names

    settings = step.params.settings
    masks = truth.planted(step.input.images)["own"]
    network, data, run = read_inputs(step, settings["split"], settings["images_per_class"])
    table = use(network, data, masks, settings["seed"], run=run_name(run), progress=True)
    write_table(with_names(table, data.classes), step.output[0], **run)


def use(network: Any, split: Any, masks: BoolArray, seed: int = 0, **options: Any) -> pd.DataFrame:
    """Rates with the planted mask of each class, bool [class, H, W], and whether the network uses it.

    One row for each class that has one; options : as in `shortcuts.collect`
    """
    from frequency_shortcuts.shortcuts.test import measure
    from frequency_shortcuts.shortcuts.trials import PARTS, Trials

    table = measure(network, split, masks, Trials(PARTS, [SWAP.name], DRAWS, 1, 1, seed=seed), **options)
    there = np.flatnonzero(masks.any(axis=(1, 2)))
    images = table.groupby("class")["images"].first()[there].to_numpy()
    out = pd.DataFrame({"class": there, "positions": masks[there].sum(axis=(1, 2)), "images": images})
    means = table.groupby(["part", "filter", "class"])[["tpr", "fpr"]].mean()
    out["tpr_unfiltered"] = means.loc[("keep", "unfiltered"), "tpr"][there].to_numpy()
    which = {"planted": ("keep", "dfm"), "complement": ("remove", "dfm"), "random": ("keep", "random")}
    for name, key in which.items():
        out[[f"tpr_{name}", f"fpr_{name}"]] = means.loc[key].loc[there].to_numpy()
    return out.assign(uses=(out["tpr_planted"] >= PLANTED) & (out["tpr_complement"] <= OTHERWISE))


TEST = NetworkTest(
    message="Testing whether {wildcards.network} uses the planted mask of {wildcards.dataset} (seed {wildcards.seed})",
    runs=lambda plan: plan.mapped_runs(*WITH_TRUTH),
    measure=measure,
    outputs={"planted_use": f"tests/{FOLDER}/planted_use.csv"},
    settings=lambda plan: {"settings": plan.section("shortcuts", "split", "images_per_class", "seed")},
    tables={"planted_use": None},
    order=3,
)
