"""Photographs with a wave in one class: what the shortcut costs."""

from __future__ import annotations

from typing import Any

from ..categories import Result
from ..description import Figure, NetworkTest, Output, Table, files_of_run, run_of, table
from ..job import FOLDER
from ..shortcut_tests import HITS_FILE


def measure(step: Any, created_by: str) -> None:
    """One row a method: the class with the wave, its shortcut, and its harm."""
    from frequency_shortcuts.evaluation.harm import harm
    from frequency_shortcuts.evaluation.hits import read_hits, read_hits_of_methods
    from frequency_shortcuts.storage.checksums import read_hdf5
    from frequency_shortcuts.storage.tables import write_table

    from ..artefacts import wave_of
    from ..job import run_of_path
    from ..tested_networks import load_network, read_with_and_without, with_names

    params, given, output = step.params, step.input, step.output[0]
    network, run = load_network(given.weights, params.device), run_of_path(output)
    _, plain = read_with_and_without(
        given.images, given.plain, params.split, weights=given.weights, workers=step.threads
    )
    with read_hdf5(given.hits) as file:
        hits = {"culling": read_hits(file), **read_hits_of_methods(file)}
    table = harm(network, plain, wave_of(params.wave, plain.classes), hits, params.strong)
    write_table(with_names(table, plain.classes), output, **run)


TEST = NetworkTest(
    message="Measuring what the wave of {wildcards.dataset} costs {wildcards.network} (seed {wildcards.seed})",
    runs=lambda plan: plan.waved_runs(),
    measure=measure,
    outputs={
        "harm": Output(
            f"tests/{FOLDER}/harm.csv",
            "photographs with a wave in one `class`, one row a `method` that finds maps (culling, and those of "
            "`shortcuts.methods`, which have no verdict): `share` of its images with the wave; `verdict`, `tpr_dfm`, "
            "`fpr_dfm` of the shortcut test; `in_map`, whether the map of the class holds the wave; `advantage`, TPR - "
            "FPR with its own map minus the mean with the maps of other classes; the same for all methods: `images`, "
            "`tpr_with`, `tpr_without`, recall with the wave in all images of the class and in none, and `lost`, their "
            "difference; `negatives`, `fpr_with`, `fpr_without`, share of the images of other classes called this "
            "class, with the wave in them and without, and `called`, their difference; `_low`, `_high`, 95 % intervals "
            "over images; `costs`: the lower end of `lost` or of `called` is at least 0.1",
            ("class", "method"),
        )
    },
    inputs=lambda plan: {**files_of_run(plan, plain=True), "hits": f"{plan.results}/{HITS_FILE}"},
    settings=lambda plan: {
        "split": plan.config["shortcuts"]["split"],
        "strong": plan.config["shortcuts"]["strong"],
        "wave": lambda wildcards: plan.store_settings(run_of(wildcards)["dataset"]),
    },
    tables={
        "harm": Table(
            Result("what a strong shortcut costs", "beyond"),
            "What a shortcut costs: a plane wave in a share of the images of one class, a row for each network and "
            "method that finds maps (only culling has a verdict). ``lost``: recall of the class with the wave in all "
            "its images minus that without it. ``called``: the same difference of the share of other classes' images "
            "that are called this class. ``costs``: the lower end of one of them is at least 0.1. ``in_map``: the map "
            "of the class holds the wave. Intervals are over the images of the network.",
            "the tests of all runs joined",
        )
    },
    figures={
        "harm": Figure(
            Result("what a strong shortcut costs", "beyond"),
            lambda plan: ["all"] if plan.waved_runs() else [],
            table("harm"),
            lambda plan, name: {},
            caption="What a shortcut costs. A plane wave is added to a share of the images of one class. Left, black: "
            "recall of the class with the wave in all its {{ config.shortcuts.split }} images minus that without it; "
            "grey: share of the images of other classes that are called this class once they carry the wave, minus "
            "that without it. Right: TPR - FPR of the class from its own map minus the mean of that from the maps of "
            "the other classes, for each method that finds maps. Each mark is a network; lines join their means. The "
            "table ``harm`` has the intervals, and whether the map of the class holds the wave.",
        )
    },
    order=10,
)
