"""The shortcut test of the maps of one network on another, of all planned pairs in one job."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..description import Figure, NetworkTest
from ..plan import Plan
from .shortcuts import measured_by_group


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


TEST = NetworkTest(
    runs=lambda plan: plan.transfer_targets(),
    outputs={"hits": "tests/transfer_hits.h5", "transfer": "tests/transfer.csv"},
    wildcards=lambda plan: [{}] if plan.transfers() else [],
    tables={"transfer": None, "transfer_advantage": None, "transfer_cross_matrix": None},
    join=join,
    figures={
        "transfer": Figure(
            lambda plan: list(dict.fromkeys(tested["dataset"] for tested in plan.transfer_targets())),
        )
    },
    order=5,
)
