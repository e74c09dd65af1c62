"""The shortcut test, and the test of phases and amplitudes on the same images: hits of every mask and image."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from ..description import MAPS, WEIGHTS, Figure, NetworkTest, of_photographs
from ..job import FOLDER, run_of_path
from ..plan import Plan


def join(given: Mapping[str, Any], settings: Mapping[str, Any], plan: Plan) -> dict[str, pd.DataFrame]:
    """Verdicts, the cross matrix, the own-map advantage and phases, from the hits of all runs.

    One file is read at a time, since the hits of thousands of classes take gigabytes.
    """
    from frequency_shortcuts.shortcuts.cross import cross_matrix, own_map_advantage
    from frequency_shortcuts.shortcuts.hits import read_hits_of_methods
    from frequency_shortcuts.shortcuts.verdict import over_seeds, verdicts
    from frequency_shortcuts.storage.hdf5 import read_hdf5
    from frequency_shortcuts.storage.tables import CULLING
    from study.findings import study_tables
    from study.measures.phase import phase_verdicts, read_phase_hits

    strong = settings["strong"]
    parts: dict[str, list[pd.DataFrame]] = {}
    for path in given["hits"]:
        with read_hdf5(path) as file:
            classes, hits_of = list(file.attrs["classes"]), read_hits_of_methods(file)
            phases = read_phase_hits(file["phase"]) if "phase" in file else None
        run = run_of_path(path)
        found = [("shortcuts", run, verdicts(hits_of[CULLING], strong))]
        found += [("phase", run, phase_verdicts(phases, strong))] if phases else []
        for method, hits in hits_of.items():
            for measured in (cross_matrix, own_map_advantage):
                found.append((measured.__name__, {**run, "method": method}, measured(hits)))
        for name, about, table in found:
            parts.setdefault(name, []).append(study_tables.of_run(table, about, classes))
    tables = {name: pd.concat(tables, ignore_index=True) for name, tables in parts.items()}
    return {**tables, "shortcuts_over_seeds": over_seeds(tables["shortcuts"])}


def measured_by_group(
    paths: Iterable[str], about: Callable[[str, Any], Mapping[str, Any]], order: Callable[[str], Any] = str
) -> dict[str, pd.DataFrame]:
    """The cross matrix and the own-map advantage with the maps of each `method`, of the groups of hits in some files.

    about : the columns that say of what a group of a file is; order : of their names
    """
    from frequency_shortcuts.shortcuts.cross import cross_matrix, own_map_advantage
    from frequency_shortcuts.shortcuts.hits import read_hits_of_methods
    from frequency_shortcuts.storage.hdf5 import read_hdf5
    from study.findings.study_tables import of_run

    tables: dict[str, list[pd.DataFrame]] = {"cross_matrix": [], "advantage": []}
    for path in paths:
        with read_hdf5(path) as file:
            for name in sorted(file, key=order):
                group = file[name]
                classes = list(group.attrs["classes"])
                for method, hits in read_hits_of_methods(group).items():
                    columns = {**about(path, group), "method": method}
                    tables["cross_matrix"].append(of_run(cross_matrix(hits), columns, classes))
                    tables["advantage"].append(of_run(own_map_advantage(hits), columns, classes))
    return {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}


def deciding(fills: Sequence[str]) -> list[str]:
    """The fill that findings on photographs are about, zeros; if it is not tested, the first one."""
    return ["zeros"] if "zeros" in fills else list(fills[:1])


def _texture_inputs(plan: Plan, name: str) -> dict[str, Any]:
    """Weights and maps of the smallest seed of the first kind of networks, whose images are pictured."""
    network, augmentation = plan.first_kinds[name]
    (run,) = plan.first_seed_runs(dataset=name, network=network, augmentation=augmentation)
    return {"weights": WEIGHTS.format(**run), "maps": MAPS.format(**run)}


TEST: NetworkTest = NetworkTest(
    runs=lambda plan: plan.mapped_runs(),
    outputs={"hits": f"tests/{FOLDER}/hits.h5", "shortcuts": f"tests/{FOLDER}/shortcuts.csv"},
    tables={
        **dict.fromkeys(("shortcuts", "shortcuts_over_seeds", "cross_matrix", "own_map_advantage")),
        "phase": lambda plan: plan.phase_runs(),
    },
    join=join,
    join_inputs=lambda plan: {"hits": TEST.files(plan, "hits")},
    join_settings=lambda plan: plan.section("shortcuts", "strong"),
    figures={
        "shortcuts": Figure(lambda plan: plan.mapped_datasets(), shown=of_photographs),
        "cross": Figure(lambda plan: plan.mapped_datasets(), shown=of_photographs),
        "texture": Figure(lambda plan: plan.mapped_datasets("photographs"), _texture_inputs),
    },
    order=2,
)
