"""The exchange test: what a network calls images before and after they got a part that is not the object."""

from ..description import NetworkTest
from ..job import FOLDER

TEST = NetworkTest(
    runs=lambda plan: plan.mapped_runs(),
    outputs={"answers": f"tests/{FOLDER}/flips.h5", "flips": f"tests/{FOLDER}/flips.csv"},
    tables={"flips": None},
    order=0,
)
