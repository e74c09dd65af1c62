"""The band-stop test of Syn_1 to Syn_4: the confusion matrix without two bands of frequencies."""

from ..description import NetworkTest
from ..job import FOLDER

TEST = NetworkTest(
    runs=lambda plan: [run for run in plan.runs() if plan.kind_of(run["dataset"]) == "synthetic"],
    outputs={"bandstop": f"tests/{FOLDER}/bandstop.csv"},
    tables={"bandstop": None},
    order=1,
)
