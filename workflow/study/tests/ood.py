"""The shortcut test on renditions of the test images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ..description import Figure, NetworkTest, files_of_run
from ..job import FOLDER, RUN, run_name, run_of, run_of_path
from ..plan import Plan
from .shortcuts import deciding, measure_maps, measured_by_group, settings_of


def measure(step: Any, created_by: str) -> None:
    """The class named for every rendition, mask and image, and the rates of every class, fill, filter and draw."""
    from frequency_shortcuts.storage.files import replacing_hdf5
    from frequency_shortcuts.storage.tables import write_table

    from ..tested_networks import load_network, read_images

    params, given, output = step.params, step.input, step.output
    network, run = load_network(given.weights, params.device), run_of_path(output.hits)
    name, tables = run_name(run), {}
    with replacing_hdf5(output.hits) as file:
        for path in given.images:
            data, rendition = read_images(path, "test", weights=given.weights, workers=step.threads), Path(path).stem
            group = file.create_group(rendition)
            tables[rendition] = measure_maps(group, network, data, given.maps, name, params, params.methods)
        about = {"percent": params.percent, "seed_of_draws": params.settings["seed"], "created_by": created_by}
        file.attrs.update(about, **run)
    write_table(pd.concat(tables, names=["rendition"]).reset_index(level="rendition"), output.ood, **run)


def join(given: Mapping[str, Any], settings: Mapping[str, Any], plan: Plan) -> dict[str, pd.DataFrame]:
    """The rates of all runs, draws averaged, the cross matrices and the own-map advantages."""
    from study.findings.study_tables import mean_over_draws

    def about(path: str, group: Any) -> dict[str, Any]:
        return {**run_of_path(path), "rendition": Path(group.name).name}

    of_hits = measured_by_group(given["hits"], about)
    return {
        "ood": mean_over_draws(given["ood"], [*RUN, "rendition"]),
        "ood_advantage": of_hits["advantage"],
        "ood_cross_matrix": of_hits["cross_matrix"],
    }


TEST = NetworkTest(
    message="Testing {wildcards.network} ({wildcards.augmentation}, seed {wildcards.seed}) on renditions of "
    "{wildcards.dataset}",
    runs=lambda plan: plan.ood_runs(),
    measure=measure,
    outputs={"hits": f"tests/{FOLDER}/ood_hits.h5", "ood": f"tests/{FOLDER}/ood.csv"},
    inputs=lambda plan: {
        **files_of_run(plan),
        # What all others were made from: they are only compared with it.
        "images": lambda wildcards: plan.rendition_files(wildcards.dataset),
        "maps": lambda wildcards: plan.tested_maps(run_of(wildcards)),
    },
    settings=lambda plan: {
        **settings_of(plan, deciding(plan.config["ood"]["fills"])),
        "settings": plan.shortcut_settings(
            parts=["keep"], radial=plan.config["shortcuts"]["controls"], **plan.section("ood", "fills")
        ),
    },
    minutes=120,
    tables={"ood": None, "ood_advantage": None, "ood_cross_matrix": None},
    join=join,
    figures={
        "ood": Figure(
            lambda plan: plan.ood_datasets(),
            parameters=lambda plan, name: {"fill": deciding(plan.config["ood"]["fills"])[0]},
        )
    },
    order=4,
)
