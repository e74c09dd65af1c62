"""Maps and ADCS of all sets with a known truth, scored against the planted truth."""

from ..description import Figure, NetworkTest
from ..job import WITH_TRUTH

TEST = NetworkTest(
    runs=lambda plan: plan.mapped_runs(*WITH_TRUTH),
    tables={"truth": None},
    figures={"truth": Figure(lambda plan: ["synthetic"] if plan.mapped_runs(*WITH_TRUTH) else [])},
    order=11,
)
