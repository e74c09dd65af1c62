"""Methods that find maps, scored against what was planted."""

from ..description import NetworkTest

TEST = NetworkTest(
    runs=lambda plan: plan.scored_runs(),
    tables={"methods": None},
    order=12,
)
