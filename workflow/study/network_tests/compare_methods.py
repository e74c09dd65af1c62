"""The maps of every method on one network: their rates, and their scores against a known truth."""

from __future__ import annotations

from ..job import FOLDER
from ..plan import Plan
from .description import Output, Test, files_of_run, run_of

TEST = Test(
    script="compare_methods.py",
    message="Comparing the methods on {wildcards.network}, {wildcards.dataset} ({wildcards.augmentation}, seed "
    "{wildcards.seed})",
    outputs={
        "rates": Output(
            f"tests/{FOLDER}/method_rates.csv",
            "the maps of all methods on one network: one row a `method` (a name of the plan, random_control, or "
            "unfiltered), part (keep, remove), fill, `percent`, class and draw: `positions`, `images`, `negatives`, "
            "TPR, FPR (keep only) with intervals",
            ("class", "part", "fill", "method", "percent"),
        ),
        "scores": Output(
            f"tests/{FOLDER}/method_scores.csv",
            "one row a method, class and truth: `average_precision`, and `_size` (by the absolute value of the "
            "scores); `random` with `_low`, `_high`, of random rankings; `passes`, `seconds`, `resumed`. For "
            "photographs without a known truth one row a method, without scores",
            ("class", "truth", "method"),
        ),
    },
    runs=Plan.compared_runs,
    inputs=lambda plan: {**files_of_run(plan), "maps": lambda wildcards: plan.map_files(**run_of(wildcards))},
    settings=lambda plan: {
        "images": plan.section("shortcuts", "split", "images_per_class"),
        "names": lambda wildcards: plan.methods(**run_of(wildcards)),
        "settings": lambda wildcards: plan.comparison_settings(wildcards.dataset),
    },
    minutes=120,
    memory=4000,
)
