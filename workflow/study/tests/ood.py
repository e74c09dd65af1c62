"""The shortcut test on renditions of the test images."""

from ..description import Figure, NetworkTest
from ..job import FOLDER
from .shortcuts import deciding

TEST = NetworkTest(
    runs=lambda plan: plan.ood_runs(),
    outputs={"hits": f"tests/{FOLDER}/ood_hits.h5", "ood": f"tests/{FOLDER}/ood.csv"},
    tables={"ood": None, "ood_advantage": None, "ood_cross_matrix": None},
    figures={
        "ood": Figure(
            lambda plan: plan.ood_datasets(),
            parameters=lambda plan, name: {"fill": deciding(plan.config["ood"]["fills"])[0]},
        )
    },
    order=4,
)
