"""The rates of maps of every size, and of as many of the lowest frequencies, of the first kind of networks."""

from typing import Any

from ..description import Figure, NetworkTest, files_of_run
from ..job import FOLDER, run_name


def measure(step: Any, created_by: str) -> None:
    """One row per class, percent and filter."""
    from frequency_shortcuts.maps import dfm
    from frequency_shortcuts.shortcuts.test import measure_sizes
    from frequency_shortcuts.storage.tables import write_table

    from ..tested_networks import read_inputs, with_names

    params = step.params
    network, data, run = read_inputs(step, params.split, params.images_per_class)
    maps = {percent: dfm.read_mask(step.input.dfm, percent) for percent in params.percents}
    table = measure_sizes(network, data, maps, run=run_name(run), progress=True, **params.settings)
    write_table(with_names(table, data.classes), step.output[0], **run)


TEST: NetworkTest = NetworkTest(
    message="Testing maps of every size of {wildcards.network} on {wildcards.dataset} (seed {wildcards.seed})",
    runs=lambda plan: [run for name in plan.datasets("photographs") for run in plan.first_kind_runs(dataset=name)],
    measure=measure,
    outputs={"sizes": f"tests/{FOLDER}/sizes.csv"},
    inputs=lambda plan: files_of_run(plan, maps=True),
    settings=lambda plan: {
        **plan.section("shortcuts", "split", "images_per_class"),
        **plan.section("dfm", "percents"),
        "settings": plan.section("shortcuts", "negatives", "seed"),
    },
    tables={"sizes": None},
    figures={"sizes": Figure(lambda plan: list(dict.fromkeys(run["dataset"] for run in TEST.runs(plan))))},
    order=3,
)
