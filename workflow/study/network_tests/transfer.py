"""The shortcut test of the maps of one network on another, of all planned pairs in one job."""

from __future__ import annotations

from typing import Any

from ..plan import Plan
from .description import IMAGES, MAPS, WEIGHTS, Output, Test
from .shortcuts import HITS, KEYS, METHODS, deciding, of_methods, settings


def _inputs(plan: Plan) -> dict[str, Any]:
    def files(path: str, end: int) -> list[str]:
        return [f"{plan.results}/{path.format(**pair[end])}" for pair in plan.transfers()]

    return {
        "images": files(IMAGES, 1),
        "dfm": files(MAPS, 0),
        "made_with": files(WEIGHTS, 0),
        "weights": files(WEIGHTS, 1),
        "methods": [path for source, _ in plan.transfers() for path in plan.tested_maps(source)],
    }


TEST = Test(
    script="measure_transfer.py",
    message="Testing the maps of one network on another",
    outputs={
        "hits": Output(
            "tests/transfer_hits.h5",
            "a group for each pair of networks, with the attributes `dataset`, `maps_of`, `tested_on`, as `hits.h5`: "
            f"{HITS.split(':')[0]}; {METHODS.partition('; ')[0]}",
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
    settings=lambda plan: {
        **settings(plan),
        "settings": plan.advantage_settings(),
        **of_methods(plan, deciding(plan.config["shortcuts"]["fills"])),
    },
    place="transfer",
    minutes=120,
    priority=1,
)
