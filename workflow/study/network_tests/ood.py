"""The shortcut test on renditions of the test images."""

from __future__ import annotations

from typing import Any

from ..job import FOLDER
from ..plan import Plan
from .description import IMAGES, Output, Test, files_of_run
from .shortcuts import HITS, KEYS, METHODS, deciding, maps_of_methods, of_methods


def _settings(plan: Plan) -> dict[str, Any]:
    fills = plan.config["ood"]["fills"]
    return {
        "percent": plan.config["shortcuts"]["percent"],
        "settings": plan.shortcut_settings(parts=["keep"], fills=fills),
        **of_methods(plan, deciding(fills)),
    }


TEST = Test(
    script="measure_ood.py",
    message="Testing {wildcards.network} ({wildcards.augmentation}, seed {wildcards.seed}) on renditions of "
    "{wildcards.dataset}",
    outputs={
        "hits": Output(
            f"tests/{FOLDER}/ood_hits.h5",
            f"a group for each rendition, as `hits.h5`: {HITS.split(':')[0]}. Random and low-pass masks are shown to "
            f"images of the class alone; {METHODS}",
        ),
        "ood": Output(
            f"tests/{FOLDER}/ood.csv",
            "as `shortcuts.csv`, with `rendition`, of the part keep: without `negatives` and `fpr`",
            (*KEYS, "rendition"),
        ),
    },
    runs=lambda plan: [run for run in plan.mapped_runs() if run["dataset"] in plan.ood_datasets()],
    inputs=lambda plan: {
        **files_of_run(plan, maps=True),
        # What all others were made from: they are only compared with it.
        "photographs": f"{plan.results}/{IMAGES}",
        "images": lambda wildcards: plan.rendition_files(wildcards.dataset),
        "methods": maps_of_methods(plan),
    },
    settings=_settings,
    minutes=120,
)
