"""The networks and their trainings, of which there is nothing to measure but what the trainings wrote."""

from ..description import NetworkTest

TEST = NetworkTest(
    runs=lambda plan: plan.runs(),
    tables={"networks": None, "dynamics": lambda plan: plan.trained_runs()},
    order=13,
)
