"""The shortcut test on renditions of the test images."""

from ..description import NetworkTest
from ..job import FOLDER

TEST = NetworkTest(
    runs=lambda plan: plan.ood_runs(),
    outputs={"hits": f"tests/{FOLDER}/ood_hits.h5", "ood": f"tests/{FOLDER}/ood.csv"},
    tables={"ood": None, "ood_advantage": None, "ood_cross_matrix": None},
    order=4,
)
