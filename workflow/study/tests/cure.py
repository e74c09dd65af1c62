"""The benchmark of trainings: which of them cures what an artefact in the images of one class costs?"""

from ..description import Figure, NetworkTest
from .harm import TRAININGS, drawn_runs

TEST: NetworkTest = NetworkTest(
    runs=drawn_runs(TRAININGS),
    tables={"cure": None, "cure_networks": None},
    figures={"cure": Figure(lambda plan: ["all"] if TEST.runs(plan) else [])},
    order=22,
)
