"""Whether a network needs the frequencies of its maps: it is trained anew without them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..description import Figure, NetworkTest
from ..job import FOLDER
from ..plan import Plan


def join(given: Mapping[str, Any], settings: Mapping[str, Any], plan: Plan) -> dict[str, pd.DataFrame]:
    """The means over seeds."""
    from study.measures.reliance import over_seeds

    return {"reliance": over_seeds(given["reliance"])}


TEST = NetworkTest(
    runs=lambda plan: plan.reliance_runs(),
    outputs={"reliance": f"tests/{FOLDER}/reliance.csv"},
    tables={"reliance": None},
    join=join,
    figures={
        "reliance": Figure(
            lambda plan: list(dict.fromkeys(run["dataset"] for run in plan.reliance_runs())),
        )
    },
    order=9,
)
