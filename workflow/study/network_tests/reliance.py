"""Whether a network needs the frequencies of its maps: it is trained anew without them."""

from __future__ import annotations

from typing import Any

from ..job import FOLDER
from ..plan import Plan
from .description import Output, Test, files_of_run


def _settings(plan: Plan) -> dict[str, Any]:
    return {
        "split": plan.config["shortcuts"]["split"],
        "percent": plan.config["shortcuts"]["percent"],
        "architecture": lambda wildcards: plan.config["networks"][wildcards.network],
        "recipe": lambda wildcards: plan.recipe(plan.kind_of(wildcards.dataset), wildcards.network),
        "training": lambda wildcards: plan.training_settings(plan.kind_of(wildcards.dataset), wildcards.augmentation),
    }


TEST = Test(
    script="measure_reliance.py",
    message="Training {wildcards.network} on {wildcards.dataset} anew without the frequencies of its maps (seed "
    "{wildcards.seed})",
    outputs={
        "reliance": Output(
            f"tests/{FOLDER}/reliance.csv",
            "runs with `reliance` in the plan, one row for what is `removed` from all images (maps: the union of the "
            "maps of all classes; random, low_pass: as many random pairs, or lowest frequencies; nothing) and class "
            "(and all images, `(all)`): `positions` removed, `images`, recall of the network on the images as they are "
            "(`tpr`), on images without these frequencies (`tpr_without`), and of the network trained anew on such "
            "images (`tpr_after`; where nothing is removed, with another seed); `fpr`, `fpr_without`, `fpr_after`, the "
            "share of the other images called the class; `lost_at_test`, `lost_after`, how much less the second and "
            "the third recall are than the first, with 95 % intervals over images `_low`, `_high`",
            ("removed", "class"),
        )
    },
    runs=Plan.reliance_runs,
    inputs=lambda plan: files_of_run(plan, maps=True),
    settings=_settings,
    minutes=240,
    memory=8000,
    priority=2,
)
