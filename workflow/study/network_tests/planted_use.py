"""Whether a network uses what was planted."""

from __future__ import annotations

from ..job import FOLDER, WITH_TRUTH
from .description import Output, Test, files_of_run

TEST = Test(
    script="measure_planted_use.py",
    message="Testing whether {wildcards.network} uses the planted mask of {wildcards.dataset} (seed {wildcards.seed})",
    outputs={
        "planted_use": Output(
            f"tests/{FOLDER}/planted_use.csv",
            "sets with a known truth: does the network use what was planted? One row a class that has a planted mask: "
            "`positions`, `images`, `tpr_unfiltered`; TPR and FPR with the planted frequencies put into images of the "
            "neutral class (`tpr_planted`, `fpr_planted`), with all others (`_complement`) and with five random masks "
            "of that size (`_random`, means, which decide nothing); `uses`: the first at least 0.7, the second at most "
            "0.3",
            ("class",),
        )
    },
    runs=lambda plan: plan.mapped_runs(*WITH_TRUTH),
    inputs=files_of_run,
    settings=lambda plan: {"settings": plan.section("shortcuts", "split", "images_per_class", "seed")},
)
