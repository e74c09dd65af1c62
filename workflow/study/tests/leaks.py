"""The benchmark of the exchange test: does it warn of artefacts that cost, and only there, and name their causes?"""

from ..description import NetworkTest
from ..job import FOLDER
from .harm import THE_TEST, drawn_runs

TEST = NetworkTest(
    runs=drawn_runs(THE_TEST),
    outputs={
        "answers": f"tests/{FOLDER}/flips.h5",
        "flips": f"tests/{FOLDER}/flips.csv",
        "data": f"tests/{FOLDER}/data.csv",
    },
    tables=dict.fromkeys(("leaks", "leaks_aims", "leaks_sets", "leaks_data", "leaks_data_aims")),
    order=21,
)
