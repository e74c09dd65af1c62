"""The networks and their trainings, of which there is nothing to measure but what the trainings wrote."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..description import WEIGHTS, NetworkTest
from ..job import FOLDER
from ..plan import Plan


def join(given: Mapping[str, Any], settings: Mapping[str, Any], plan: Plan) -> dict[str, pd.DataFrame]:
    """One row a network, and the learning dynamics of all that were trained."""
    from study.findings.study_tables import network_table

    trained = plan.trained_runs()
    networks = network_table(given["history"] if trained else None, given["weights"])
    return {"networks": networks} | ({"dynamics": given["dynamics"]} if trained else {})


TEST = NetworkTest(
    runs=lambda plan: plan.runs(),
    tables={"networks": None, "dynamics": lambda plan: plan.trained_runs()},
    join=join,
    join_inputs=lambda plan: {
        "weights": plan.files(WEIGHTS, plan.runs()),
        **{name: plan.files(f"networks/{FOLDER}/{name}.csv", plan.trained_runs()) for name in ("history", "dynamics")},
    },
    order=13,
)
