"""The shortcut test of the maps of one network on another, of all planned pairs in one job."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import pandas as pd

from ..description import IMAGES, WEIGHTS, Figure, NetworkTest
from ..job import FOLDER, run_of_path
from ..plan import Plan, Run
from .shortcuts import deciding, measure_maps, measured_by_group, settings_of


def measure(step: Any, created_by: str) -> None:
    """The class named for every planned pair of networks, mask and image, and a table of rates."""
    from frequency_shortcuts.storage.files import replacing_hdf5
    from frequency_shortcuts.storage.tables import write_table
    from study.findings.study_tables import with_columns

    from ..tested_networks import load_network, read_images

    params, given, output = step.params, step.input, step.output
    tables = []
    with replacing_hdf5(output.hits) as file:
        files, maps = zip(given.made_with, given.weights, given.images, params.methods, strict=True), iter(given.maps)
        for i, (made_with, weights, store, methods) in enumerate(files):
            source, target = (FOLDER.format(**run_of_path(end)) for end in (made_with, weights))
            network = load_network(weights, params.device)
            data = read_images(store, params.split, params.images_per_class, weights=weights, workers=step.threads)
            dataset, maps_of = source.split("/", 1)
            pair = {"dataset": dataset, "maps_of": maps_of, "tested_on": target.split("/", 1)[1]}
            group, tested = file.create_group(f"pair{i}"), list(islice(maps, 1 + len(methods)))
            table = measure_maps(group, network, data, tested, f"{source} on {target}", params, methods)
            group.attrs.update(pair)
            tables.append(with_columns(table, pair))
        file.attrs.update(percent=params.percent, split=params.split, created_by=created_by)
        write_table(pd.concat(tables), output.transfer)


def join(given: Mapping[str, Any], settings: Mapping[str, Any], plan: Plan) -> dict[str, pd.DataFrame]:
    """The rates of all pairs, draws averaged, the cross matrices and the own-map advantages."""
    from study.findings.study_tables import mean_over_draws

    pair = ["dataset", "maps_of", "tested_on"]

    def about(path: str, group: Any) -> dict[str, Any]:
        return {key: str(group.attrs[key]) for key in pair}

    of_hits = measured_by_group(given["hits"], about, order=len)
    return {
        "transfer": mean_over_draws(given["transfer"], pair),
        "transfer_advantage": of_hits["advantage"],
        "transfer_cross_matrix": of_hits["cross_matrix"],
    }


def _tested(plan: Plan) -> list[Run]:
    return [tested for _, tested in plan.transfers()]


TEST = NetworkTest(
    message="Testing the maps of one network on another",
    runs=_tested,
    measure=measure,
    outputs={"hits": "tests/transfer_hits.h5", "transfer": "tests/transfer.csv"},
    wildcards=lambda plan: [{}] if plan.transfers() else [],
    inputs=lambda plan: {
        "images": plan.files(IMAGES, _tested(plan)),
        "made_with": plan.files(WEIGHTS, [source for source, _ in plan.transfers()]),
        "weights": plan.files(WEIGHTS, _tested(plan)),
        "maps": [path for source, _ in plan.transfers() for path in plan.tested_maps(source)],
    },
    settings=lambda plan: {
        **settings_of(plan, deciding(plan.config["shortcuts"]["fills"])),
        **plan.section("shortcuts", "split", "images_per_class"),
        "settings": plan.advantage_settings(),
        "methods": [plan.tested_methods(source) for source, _ in plan.transfers()],
    },
    place="transfer",
    minutes=120,
    priority=1,
    tables={"transfer": None, "transfer_advantage": None, "transfer_cross_matrix": None},
    join=join,
    figures={
        "transfer": Figure(
            lambda plan: list(dict.fromkeys(tested["dataset"] for tested in _tested(plan))),
        )
    },
    order=5,
)
