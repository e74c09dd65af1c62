"""The rates of maps of every size, and of as many of the lowest frequencies, of the first kind of networks."""

from ..description import NetworkTest
from ..job import FOLDER

TEST = NetworkTest(
    runs=lambda plan: [run for name in plan.datasets("photographs") for run in plan.first_kind_runs(dataset=name)],
    outputs={"sizes": f"tests/{FOLDER}/sizes.csv"},
    tables={"sizes": None},
    order=3,
)
