"""Photographs with a wave: whether a network needs it."""

from __future__ import annotations

from typing import Any

from ..description import NetworkTest, Output, Table, files_of_run
from ..job import FOLDER


def measure(step: Any, created_by: str) -> None:
    """TPR of the class with the wave; without it (the photographs as they were); and with masks of it."""
    from frequency_shortcuts.evaluation.usage import wave_rates
    from frequency_shortcuts.storage.hdf5 import read_hdf5
    from frequency_shortcuts.storage.tables import write_table

    from ..job import run_of_path
    from ..shortcut_tests import run_name
    from ..tested_networks import load_network, read_with_and_without, with_names

    params, given, output = step.params, step.input, step.output[0]
    network, run = load_network(given.weights, params.device), run_of_path(output)
    chosen = params.images["split"], params.images["images_per_class"]
    waved, plain = read_with_and_without(
        given.images, given.plain, *chosen, weights=given.weights, workers=step.threads
    )
    with read_hdf5(given.images) as file:
        wave, harmonics = file["planted/truth"][:], file["planted/harmonics"][:]
    table = wave_rates(network, waved, plain, wave, harmonics, run=run_name(run), **params.settings)
    write_table(with_names(table, waved.classes), output, **run)


TEST = NetworkTest(
    message="Testing whether {wildcards.network} needs the wave of {wildcards.dataset} (seed {wildcards.seed})",
    runs=lambda plan: plan.waved_runs(),
    measure=measure,
    outputs={
        "wave": Output(
            f"tests/{FOLDER}/wave.csv",
            "photographs with a wave: TPR of its class without the wave, and with the wave's frequencies, with and "
            "without harmonics, kept or removed under each fill, beside random masks",
        )
    },
    inputs=lambda plan: files_of_run(plan, plain=True),
    settings=lambda plan: {
        "images": plan.section("shortcuts", "split", "images_per_class"),
        "settings": plan.section("shortcuts", "controls", "seed"),
    },
    minutes=60,
    tables={"wave": Table(holds="the tests of all runs joined")},
    rule="wave_table",
    in_study=False,
    order=8,
)
