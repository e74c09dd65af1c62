"""Whether a network uses what was planted."""

from typing import Any

from ..description import NetworkTest, Output, Result, Table
from ..job import FOLDER, WITH_TRUTH
from ..shortcut_tests import run_name


def measure(step: Any, created_by: str) -> None:
    """TPR from the planted mask, from its complement, and from random masks of its size, one row per class."""
    from frequency_shortcuts.storage.hdf5 import read_hdf5
    from frequency_shortcuts.storage.tables import write_table
    from study.measures import truth

    from ..tested_networks import read_inputs, with_names

    settings = step.params.settings
    with read_hdf5(step.input.images) as file:
        planted = truth.planted(file)["own"]
    network, data, run = read_inputs(step, settings["split"], settings["images_per_class"])
    table = truth.planted_use(network, data, planted, seed=settings["seed"], run=run_name(run), progress=True)
    write_table(with_names(table, data.classes), step.output[0], **run)


TEST = NetworkTest(
    message="Testing whether {wildcards.network} uses the planted mask of {wildcards.dataset} (seed {wildcards.seed})",
    runs=lambda plan: plan.mapped_runs(*WITH_TRUTH),
    measure=measure,
    outputs={"planted_use": Output(f"tests/{FOLDER}/planted_use.csv")},
    settings=lambda plan: {"settings": plan.section("shortcuts", "split", "images_per_class", "seed")},
    tables={
        "planted_use": Table(
            "of sets with a known truth, one row a class with a planted mask: `positions`, `images`, `tpr_unfiltered`; "
            "TPR and FPR with the planted frequencies put into images of the neutral class (`_planted`), with all "
            "others (`_complement`) and with five random masks of that size (`_random`, means); `uses`: `tpr_planted` "
            "is at least 0.7, and `tpr_complement` at most 0.3",
            Result("is the planted mask used?", "beyond"),
            caption="TPR and FPR when the planted frequencies are put into images of the neutral class, and all "
            "others, or random ones of that size. A network *uses* them if they give a TPR of at least 0.7, and all "
            "others at most 0.3.",
        )
    },
    order=3,
)
