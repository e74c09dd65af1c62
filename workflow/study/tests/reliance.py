"""Whether a network needs the frequencies of its maps: it is trained anew without them."""

from ..description import NetworkTest
from ..job import FOLDER

TEST = NetworkTest(
    runs=lambda plan: plan.reliance_runs(),
    outputs={"reliance": f"tests/{FOLDER}/reliance.csv"},
    tables={"reliance": None},
    order=9,
)
