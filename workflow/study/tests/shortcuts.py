"""The shortcut test, and the test of phases and amplitudes on the same images: hits of every mask and image."""

from collections.abc import Sequence
from typing import Any

from ..description import MAPS, WEIGHTS, Figure, NetworkTest, of_photographs
from ..job import FOLDER
from ..plan import Plan


def deciding(fills: Sequence[str]) -> list[str]:
    """The fill that findings on photographs are about, zeros; if it is not tested, the first one."""
    return ["zeros"] if "zeros" in fills else list(fills[:1])


def _texture_inputs(plan: Plan, name: str) -> dict[str, Any]:
    """Weights and maps of the smallest seed of the first kind of networks, whose images are pictured."""
    network, augmentation = plan.first_kinds[name]
    (run,) = plan.first_seed_runs(dataset=name, network=network, augmentation=augmentation)
    return {"weights": WEIGHTS.format(**run), "maps": MAPS.format(**run)}


TEST: NetworkTest = NetworkTest(
    runs=lambda plan: plan.mapped_runs(),
    outputs={"hits": f"tests/{FOLDER}/hits.h5", "shortcuts": f"tests/{FOLDER}/shortcuts.csv"},
    tables={
        **dict.fromkeys(("shortcuts", "shortcuts_over_seeds", "cross_matrix", "own_map_advantage")),
        "phase": lambda plan: plan.phase_runs(),
    },
    figures={
        "shortcuts": Figure(lambda plan: plan.mapped_datasets(), shown=of_photographs),
        "cross": Figure(lambda plan: plan.mapped_datasets(), shown=of_photographs),
        "texture": Figure(lambda plan: plan.mapped_datasets("photographs"), _texture_inputs),
    },
    order=2,
)
