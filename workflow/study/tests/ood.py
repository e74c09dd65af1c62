"""The shortcut test on renditions of the test images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ..description import Figure, NetworkTest
from ..job import FOLDER, RUN, run_of_path
from ..plan import Plan
from .shortcuts import deciding, measured_by_group


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
    runs=lambda plan: plan.ood_runs(),
    outputs={"hits": f"tests/{FOLDER}/ood_hits.h5", "ood": f"tests/{FOLDER}/ood.csv"},
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
