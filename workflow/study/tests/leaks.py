"""The benchmark of the exchange test: does it warn of artefacts that cost, and only there, and name their causes?"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ..description import Figure, NetworkTest
from ..draws import CLEAN
from ..job import FOLDER, RUN
from ..plan import Plan
from .harm import THE_TEST, drawn_runs

KEY = ["suite", "set", "architecture", "seed"]  # of a network
OF_ARTEFACT = ["artefact", "kind", "level", "share", "others", "called", "called_variance"]
# The sets of the judge; of all others, with their suite, networks are counted.
SUITES = {"alike": "pairs", "texture": "pairs", "dealt": "photographs", "textures": "textures"}


def join(given: Mapping[str, Any], settings: Mapping[str, Any], plan: Plan) -> dict[str, pd.DataFrame]:
    """The networks with what artefacts cost them, the aims, and the sets that are counted."""
    from study.measures import leaks

    drawn = [{**dict(zip(RUN, run, strict=True)), "suite": draw.suite, "set": draw.network,
              "architecture": draw.architecture} for run, draw in plan.drawn.items()]  # fmt: skip
    flips, harm, data = (given[name].merge(pd.DataFrame(drawn), on=RUN).drop(columns=RUN[:-1])
                         for name in ("flips", "harm", "data"))  # fmt: skip
    clean = harm["set"] == CLEAN
    own = harm.drop(columns="called_with")
    own.loc[clean, OF_ARTEFACT] = None
    networks = flips.fillna({"follows": ""}).merge(own.drop_duplicates([*KEY, "class"]), on=[*KEY, "class"])
    counted = networks["suite"].isin(SUITES)
    beside, judged = networks[counted], leaks.with_harm(networks[~counted], harm[clean])
    judged = leaks.with_version_2(judged, given["version_2"] if len(given["version_2"]) else None)
    planted = data.groupby(KEY)["kind"].transform("count") > 0
    data = data[(planted | (data["set"] == CLEAN)) & (data["suite"] == leaks.CLOTHING)]
    return {
        "leaks_data": data,
        "leaks_data_aims": leaks.judge_data(data),
        "leaks": judged,
        "leaks_aims": leaks.judge(judged),
        "leaks_sets": leaks.judge_sets(beside.assign(
            suite=beside["suite"].map(SUITES), set=beside["suite"],
            kind=beside["set"].where(beside["suite"] == "dealt", "").replace(CLEAN, "none"),
        )),
    }  # fmt: skip


TEST: NetworkTest = NetworkTest(
    runs=drawn_runs(THE_TEST),
    outputs={
        "answers": f"tests/{FOLDER}/flips.h5",
        "flips": f"tests/{FOLDER}/flips.csv",
        "data": f"tests/{FOLDER}/data.csv",
    },
    tables=dict.fromkeys(("leaks", "leaks_aims", "leaks_sets", "leaks_data", "leaks_data_aims")),
    join=join,
    join_inputs=lambda plan: {
        "flips": TEST.files(plan, "flips"),
        "data": TEST.files(plan, "data"),
        "harm": plan.files(f"tests/{FOLDER}/harm.csv", TEST.runs(plan)),
        "version_2": [path for path in [plan.config["harm"]["version_2"]] if path and Path(path).exists()],
    },
    figures={"leaks": Figure(lambda plan: ["all"] if TEST.runs(plan) else [])},
    order=21,
)
