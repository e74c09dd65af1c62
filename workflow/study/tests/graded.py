"""Graded sets: is a class that stands out more learned earlier, where we made it stand out?"""

from ..description import NetworkTest

TEST = NetworkTest(
    runs=lambda plan: plan.graded_runs,
    tables={"graded": None, "graded_dynamics": None},
    order=14,
)
