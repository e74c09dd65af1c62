"""Maps and ADCS of all sets with a known truth, scored against the planted truth."""

from ..description import NetworkTest
from ..job import WITH_TRUTH

TEST = NetworkTest(
    runs=lambda plan: plan.mapped_runs(*WITH_TRUTH),
    tables={"truth": None},
    order=11,
)
