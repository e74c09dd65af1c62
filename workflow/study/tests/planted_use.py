"""Whether networks use what was planted: a table of all runs."""

from ..description import NetworkTest
from ..job import FOLDER, WITH_TRUTH

TEST = NetworkTest(
    runs=lambda plan: plan.mapped_runs(*WITH_TRUTH),
    outputs={"planted_use": f"tests/{FOLDER}/planted_use.csv"},
    tables={"planted_use": None},
    order=3,
)
