"""The shortcut test of the maps of one network on another, of all planned pairs in one job."""

from __future__ import annotations

from typing import Any

from ..plan import Plan
from .description import IMAGES, MAPS, WEIGHTS, Output, Test
from .shortcuts import HITS, KEYS, settings


def _inputs(plan: Plan) -> dict[str, Any]:
    def files(path: str, end: int) -> list[str]:
        return [f"{plan.results}/{path.format(**pair[end])}" for pair in plan.transfers()]

    return {
        "images": files(IMAGES, 1),
        "dfm": files(MAPS, 0),
        "made_with": files(WEIGHTS, 0),
        "weights": files(WEIGHTS, 1),
    }


TEST = Test(
    script="measure_transfer.py",
    message="Testing the maps of one network on another",
    outputs={
        "hits": Output(
            "tests/transfer_hits.h5",
            "a group for each pair of networks, with the attributes `dataset`, `maps_of`, `tested_on`, as `hits.h5`: "
            f"{HITS.split(':')[0]}",
        ),
        "transfer": Output(
            "tests/transfer.csv",
            "as `shortcuts.csv`, of the part keep and without random masks, with `maps_of` and `tested_on`, two "
            "networks of one data set",
            ("maps_of", "tested_on", *KEYS),
        ),
    },
    runs=lambda plan: [tested for _, tested in plan.transfers()],
    wildcards=lambda plan: [{}] if plan.transfers() else [],
    inputs=_inputs,
    # The own-map advantage compares with the maps of other classes: random masks would only cost time.
    settings=lambda plan: {**settings(plan), "settings": plan.shortcut_settings(parts=["keep"], controls=0, radial=0)},
    place="transfer",
    minutes=120,
    priority=1,
)
