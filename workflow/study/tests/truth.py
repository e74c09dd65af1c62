"""Maps and ADCS of all sets with a known truth, scored against the planted truth."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..description import IMAGES, MAPS, WEIGHTS, Figure, NetworkTest
from ..job import WITH_TRUTH
from ..plan import Plan, Run


def join(given: Mapping[str, Any], settings: Mapping[str, Any], plan: Plan) -> dict[str, pd.DataFrame]:
    """One row per run, class, truth, ranking and size; without scores if the network does not use the planted mask."""
    from frequency_shortcuts.maps import dfm
    from frequency_shortcuts.storage.hdf5 import read_hdf5
    from study.findings.study_tables import of_run
    from study.measures import truth

    tables, percents = [], settings["percents"]
    settings = {key: value for key, value in settings.items() if key != "percents"}
    for run, maps, store, spectra in zip(_runs(plan), given["dfm"], given["stores"], given["spectra"], strict=True):
        with read_hdf5(spectra) as file:
            adcs, significant = file["adcs"][:], file["adcs_significant"][:]
        frequency_maps, truths = dfm.read(maps), truth.planted(store)
        masks = {percent: dfm.read_mask(maps, percent) for percent in percents}
        of_maps = {"increments": frequency_maps.score, "significant": significant}
        table = truth.score(frequency_maps.rank, adcs, masks, truths, **of_maps, **settings)
        tables.append(of_run(table, run, frequency_maps.attributes["classes"]))
    return {"truth": truth.only_where_used(pd.concat(tables), given["use"])}


def _runs(plan: Plan) -> list[Run]:
    return plan.mapped_runs(*WITH_TRUTH)


TEST = NetworkTest(
    runs=_runs,
    tables={"truth": None},
    join=join,
    join_inputs=lambda plan: {
        "dfm": plan.files(MAPS, _runs(plan)),
        "stores": plan.files(IMAGES, _runs(plan)),
        "spectra": plan.files("adcs/{dataset}.h5", _runs(plan)),
        "weights": plan.files(WEIGHTS, _runs(plan)),
        "use": f"{plan.results}/tables/planted_use.csv",
    },
    join_settings=lambda plan: plan.section("truth") | plan.section("dfm"),
    figures={"truth": Figure(lambda plan: ["synthetic"] if _runs(plan) else [])},
    order=11,
)
