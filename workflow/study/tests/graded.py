"""Graded sets: is a class that stands out more learned earlier, where we made it stand out?"""

from ..description import Figure, NetworkTest

TEST: NetworkTest = NetworkTest(
    runs=lambda plan: plan.graded_runs,
    tables={"graded": None, "graded_dynamics": None},
    figures={
        "graded": Figure(
            lambda plan: ["all"] if TEST.runs(plan) else [],
        )
    },
    order=14,
)
