"""Photographs with a wave: whether a network needs it."""

from __future__ import annotations

from typing import Any

from ..job import FOLDER
from ..plan import Plan
from .description import Output, Test, files_of_run


def plain_and_waved(plan: Plan) -> dict[str, Any]:
    """The inputs of a test of one network on photographs with a wave, and on the same without it."""
    datasets = plan.config["datasets"]
    return {
        **files_of_run(plan),
        "plain": lambda wildcards: f"{plan.results}/data/{datasets[wildcards.dataset]['of']}.h5",
    }


TEST = Test(
    script="measure_wave.py",
    message="Testing whether {wildcards.network} needs the wave of {wildcards.dataset} (seed {wildcards.seed})",
    outputs={
        "wave": Output(
            f"tests/{FOLDER}/wave.csv",
            "photographs with a wave: TPR of its class without the wave, and with the wave's frequencies, with and "
            "without harmonics, kept or removed under each fill, beside random masks",
            ("test", "part", "fill"),
        )
    },
    runs=Plan.waved_runs,
    inputs=plain_and_waved,
    settings=lambda plan: {
        "images": plan.section("shortcuts", "split", "images_per_class"),
        "settings": plan.section("shortcuts", "controls", "seed"),
    },
    minutes=60,
)
