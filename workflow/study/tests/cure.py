"""The benchmark of trainings: which of them cures what an artefact in the images of one class costs?"""

from ..description import NetworkTest
from .harm import TRAININGS, drawn_runs

TEST = NetworkTest(
    runs=drawn_runs(TRAININGS),
    tables={"cure": None, "cure_networks": None},
    order=22,
)
