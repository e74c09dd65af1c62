"""The shortcut test, and the test of phases and amplitudes on the same images: hits of every mask and image."""

from collections.abc import Sequence

from ..description import NetworkTest
from ..job import FOLDER


def deciding(fills: Sequence[str]) -> list[str]:
    """The fill that findings on photographs are about, zeros; if it is not tested, the first one."""
    return ["zeros"] if "zeros" in fills else list(fills[:1])


TEST = NetworkTest(
    runs=lambda plan: plan.mapped_runs(),
    outputs={"hits": f"tests/{FOLDER}/hits.h5", "shortcuts": f"tests/{FOLDER}/shortcuts.csv"},
    tables={
        **dict.fromkeys(("shortcuts", "shortcuts_over_seeds", "cross_matrix", "own_map_advantage")),
        "phase": lambda plan: plan.phase_runs(),
    },
    order=2,
)
