"""More views of a network: filtered images, single plane waves, common corruptions."""

from __future__ import annotations

from ..job import FOLDER
from ..plan import Plan
from .description import Output, Test, files_of_run

TEST = Test(
    script="measure_robustness.py",
    message="Filtering, perturbing and corrupting {wildcards.dataset} for {wildcards.network} "
    "({wildcards.augmentation}, seed {wildcards.seed})",
    outputs={
        "curves": Output(
            f"tests/{FOLDER}/curves.csv",
            "recall on filtered images, one row a filter and class: `filter` (unfiltered, low-pass, high-pass, "
            "band-stop), `low`, `high` (cycles per image: low-pass keeps r < high, high-pass r >= low, band-stop "
            "removes low <= r < high; empty where there is no limit), `class`, `images`, `tpr` (the recall) with its "
            "95 % interval `tpr_low`, `tpr_high`, `fpr`, `accuracy` (over all classes, the same in all rows of a "
            "filter)",
            ("class", "filter", "low", "high"),
        ),
        "corruptions": Output(
            f"tests/{FOLDER}/corruptions.csv",
            "as `curves.csv`, under corruptions: `corruption` (`none`, noise, blur, contrast, jpeg, pixelation) and "
            "`strength` (0 for `none`, else 1 to 5) instead of the filter",
            ("class", "corruption", "strength"),
        ),
        "sensitivity": Output(
            f"tests/{FOLDER}/sensitivity.h5",
            "`error` float32 [class, H, W] under the plane wave of each frequency (NaN where it was not evaluated), "
            "`unperturbed_error` [class], `count` [class]; attributes `norm` and `rms` of the wave (pixels from 0 to "
            "1), `split`, `classes`",
        ),
    },
    runs=Plan.robustness_runs,
    inputs=files_of_run,
    settings=lambda plan: {
        "settings": {key: value for key, value in plan.section("robustness").items() if key != "seeds"}
    },
    minutes=240,
    memory=4000,
)
