"""The band-stop test of Syn_1 to Syn_4: the confusion matrix without two bands of frequencies."""

from typing import Any

from frequency_shortcuts.spectrum import masks

from ..description import Figure, NetworkTest, Output, Result, Table, of_first_kind, store
from ..job import FOLDER
from ..shortcut_tests import run_name


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
    outputs={"bandstop": Output(f"tests/{FOLDER}/bandstop.csv")},
    settings=lambda plan: {"band_edges": plan.config["synthesis"]["band_edges"], **plan.section("shortcuts", "seed")},
    tables={
        "bandstop": Table(
            "one row a `fill` (swap: the bands of an image of the neutral class C0 in place of the removed ones; "
            "zeros: nothing, as published), two removed bands, true class and called class: `removed`, `true_class`, "
            "`called_class`, `original` and `filtered` (counts), `delta_percent` (of the images of the true class)"
        )
    },
    figures={
        "bandstop": Figure(
            Result("classes without two bands", "dynamics", "Figure 3"),
            lambda plan: plan.datasets("synthetic"),
            lambda plan, name: {**store(name), "table": "tables/bandstop.csv", "claims": ["claims/bandstop.csv"]},
            of_first_kind,
            caption="Change of the confusion matrix, in percent of the images of the true class ({{ "
            "config.synthesis.images_per_class.test }} test images a class), when two of {{ "
            "config.synthesis.band_edges | length + 1 }} bands (edges at {{ config.synthesis.band_edges | join(', ') "
            "}} cycles per image) are removed, mean over networks ({{ seeds() }}). In their place stand the bands of "
            "an image of the neutral class C0 (*swap*) or, as published, nothing (*zeros*): such images look like "
            "those of C3, which has no energy in the control band ({{ control_bands() }}). A class whose diagonal "
            "stays near 0 has a shortcut in the frequencies that are left.",
        )
    },
    order=1,
)
