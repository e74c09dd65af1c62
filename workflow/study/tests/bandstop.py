"""The band-stop test of Syn_1 to Syn_4: the confusion matrix without two bands of frequencies."""

from typing import Any

from frequency_shortcuts.spectrum import masks

from ..description import Figure, NetworkTest
from ..job import FOLDER, run_name


def measure(step: Any, created_by: str) -> None:
    """One row per fill, pair of bands, true class and called class."""
    from frequency_shortcuts.shortcuts.test import band_stop
    from frequency_shortcuts.storage.tables import write_table

    from ..tested_networks import read_inputs, with_names

    network, data, run = read_inputs(step, "test")
    height, width = data.images.shape[-2:]
    bands = masks.bands(height, width, step.params.band_edges)
    table = band_stop(network, data, bands, seed=step.params.seed, run=run_name(run))
    write_table(with_names(table, data.classes, "true_class", "called_class"), step.output[0], **run)


TEST = NetworkTest(
    message="Removing bands from {wildcards.dataset} for {wildcards.network} (seed {wildcards.seed})",
    runs=lambda plan: [run for run in plan.runs() if plan.kind_of(run["dataset"]) == "synthetic"],
    measure=measure,
    outputs={"bandstop": f"tests/{FOLDER}/bandstop.csv"},
    settings=lambda plan: {"band_edges": plan.config["synthesis"]["band_edges"], **plan.section("shortcuts", "seed")},
    tables={"bandstop": None},
    figures={
        "bandstop": Figure(
            lambda plan: plan.datasets("synthetic"),
        )
    },
    order=1,
)
