"""Methods that find maps, scored against what was planted."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..description import IMAGES, Figure, NetworkTest
from ..job import FOLDER, WITH_TRUTH
from ..plan import Plan

COST = ("passes", "seconds", "resumed")


def join(given: Mapping[str, Any], settings: Mapping[str, Any], plan: Plan) -> dict[str, pd.DataFrame]:
    """One row per run, class, truth and method; without scores if the network does not use the planted mask."""
    from frequency_shortcuts.maps import dfm
    from study.findings.study_tables import of_run
    from study.measures import truth

    tables, files = [], iter(given["maps"])
    for run, store in zip(plan.scored_runs(), given["stores"], strict=True):
        found = {name: dfm.read(next(files)) for name in plan.methods(**run)}
        truths = {name: masks for name, masks in truth.planted(store).items() if name != "any"}
        ranked = {name: maps.score.astype(float) for name, maps in found.items()}
        cost = [{"method": name, **{key: maps.attributes[key] for key in COST}} for name, maps in found.items()]
        scores = truth.score_methods(ranked, truths, **settings)
        scores = scores.merge(pd.DataFrame(cost), on="method", validate="many_to_one")
        tables.append(of_run(scores, run, next(iter(found.values())).attributes["classes"]))
    scores = pd.concat(tables)
    if len(given["use"]):
        tested = scores["dataset"].isin(given["use"]["dataset"])
        scores = pd.concat([truth.only_where_used(scores[tested], given["use"]), scores[~tested]])
    return {"methods": scores}


TEST = NetworkTest(
    runs=lambda plan: plan.scored_runs(),
    tables={"methods": None},
    join=join,
    join_inputs=lambda plan: {
        "maps": [file for run in plan.scored_runs() for file in plan.map_files(**run)],
        "stores": plan.files(IMAGES, plan.scored_runs()),
        "use": plan.files(
            f"tests/{FOLDER}/planted_use.csv",
            [run for run in plan.scored_runs() if plan.kind_of(run["dataset"]) in WITH_TRUTH],
        ),
    },
    join_settings=lambda plan: plan.section("truth"),
    figures={"methods": Figure(lambda plan: ["all"] if plan.scored_runs() else [])},
    order=12,
)
