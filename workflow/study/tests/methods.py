"""Methods that find maps, scored against what was planted."""

from ..description import Figure, NetworkTest

TEST = NetworkTest(
    runs=lambda plan: plan.scored_runs(),
    tables={"methods": None},
    figures={"methods": Figure(lambda plan: ["all"] if plan.scored_runs() else [])},
    order=12,
)
