"""The shortcut test of maps of the published tools, on the same images as our maps."""

from __future__ import annotations

from typing import Any

from ..job import FOLDER, NETWORK
from ..plan import Plan
from .description import Output, Test, files_of_run
from .shortcuts import HITS, KEYS


def _jobs(plan: Plan) -> list[dict[str, Any]]:
    return [
        {**run, "name": entry["name"]}
        for entry in plan.config["published"]
        for run in plan.mapped_runs(**{key: entry[key] for key in NETWORK})
    ]


TEST = Test(
    script="measure_published.py",
    message="Testing the maps {wildcards.name} on {wildcards.network}, {wildcards.dataset} ({wildcards.augmentation}, "
    "seed {wildcards.seed})",
    outputs={
        "hits": Output(f"tests/{FOLDER}/published_{{name}}_hits.h5", f"as `hits.h5`: {HITS.split(':')[0]}"),
        "published": Output(
            f"tests/{FOLDER}/published_{{name}}.csv",
            "as `shortcuts.csv`, for maps of the published tools (`published` in the configuration)",
            KEYS,
        ),
    },
    runs=lambda plan: [{key: value for key, value in job.items() if key != "name"} for job in _jobs(plan)],
    wildcards=_jobs,
    inputs=lambda plan: {
        **files_of_run(plan),
        "maps": lambda wildcards: plan.published_file(wildcards.name, *(wildcards[key] for key in NETWORK)),
    },
    settings=lambda plan: {
        **plan.section("shortcuts", "split", "images_per_class"),
        "settings": plan.shortcut_settings(),
        "order": lambda wildcards: plan.folder_order(wildcards.dataset),
    },
    place=f"{FOLDER}/{{name}}",
    minutes=120,
)
