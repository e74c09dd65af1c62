"""The band-stop test of Syn_1 to Syn_4: the confusion matrix without two bands of frequencies."""

from __future__ import annotations

from ..job import FOLDER
from .description import Output, Test, files_of_run

TEST = Test(
    script="measure_bandstop.py",
    message="Removing bands from {wildcards.dataset} for {wildcards.network} (seed {wildcards.seed})",
    outputs={
        "bandstop": Output(
            f"tests/{FOLDER}/bandstop.csv",
            "one row two removed bands, true class and called class: `removed`, `true_class`, `called_class`, "
            "`original`, `filtered` (counts), `delta_percent` (of the images of the true class)",
            ("removed", "true_class", "called_class"),
        )
    },
    runs=lambda plan: plan.runs_on("synthetic"),
    inputs=files_of_run,
    settings=lambda plan: {"band_edges": plan.config["synthesis"]["band_edges"]},
)
