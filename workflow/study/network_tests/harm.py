"""Photographs with a wave in one class: what the shortcut costs."""

from __future__ import annotations

from typing import Any

from ..job import FOLDER
from ..plan import Plan
from .description import Output, Test, run_of
from .shortcuts import TEST as SHORTCUTS
from .wave import plain_and_waved


def _inputs(plan: Plan) -> dict[str, Any]:
    return {**plain_and_waved(plan), "hits": f"{plan.results}/{SHORTCUTS.outputs['hits'].path}"}


TEST = Test(
    script="measure_harm.py",
    message="Measuring what the wave of {wildcards.dataset} costs {wildcards.network} (seed {wildcards.seed})",
    outputs={
        "harm": Output(
            f"tests/{FOLDER}/harm.csv",
            "photographs with a wave in one `class`, one row a `method` that finds maps (culling, and those of "
            "`shortcuts.methods`, which have no verdict): `share` of its images with the wave; `verdict`, `tpr_dfm`, "
            "`fpr_dfm` of the shortcut test; `in_map`, whether the map of the class holds the wave; `advantage`, TPR - "
            "FPR with its own map minus the mean with the maps of other classes; the same for all methods: `images`, "
            "`tpr_with`, `tpr_without`, recall with the wave in all images of the class and in none, and `lost`, their "
            "difference; `negatives`, `fpr_with`, `fpr_without`, share of the images of other classes called this "
            "class, with the wave in them and without, and `called`, their difference; `_low`, `_high`, 95 % intervals "
            "over images; `costs`: the lower end of `lost` or of `called` is at least 0.1",
            ("class", "method"),
        )
    },
    runs=Plan.waved_runs,
    inputs=_inputs,
    settings=lambda plan: {
        "split": plan.config["shortcuts"]["split"],
        "strong": plan.config["shortcuts"]["strong"],
        "wave": lambda wildcards: plan.store_settings(run_of(wildcards)["dataset"]),
    },
)
