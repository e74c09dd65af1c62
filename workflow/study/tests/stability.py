"""The maps of a network beside those of the other seeds of the same network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..categories import Result
from ..description import IMAGES, MAPS, WEIGHTS, NetworkTest, Table

if TYPE_CHECKING:
    from ..plan import Plan


def join(given: Mapping[str, Any], settings: Mapping[str, Any], plan: Plan) -> dict[str, Iterator[pd.DataFrame]]:
    """One row per pair of seeds, percentage and class; in parts, since they are many."""
    from frequency_shortcuts.evaluation.stability import compare_seeds

    return {"stability": compare_seeds(plan.stability_runs(), given["dfm"], **settings)}


TEST = NetworkTest(
    message="Comparing the maps of every two seeds of a network",
    runs=lambda plan: plan.stability_runs(),
    tables={
        "stability": Table(
            "one row a pair of seeds of a network, `percent` and class: `left_positions`, `right_positions` and `iou` "
            "of their maps (intersection over union); `random`, `radial`, its mean with random masks of the right "
            "map's size, uniform or with its radial distribution",
            Result("how stable the maps are", "beyond"),
            caption="How much the maps of two seeds of a network overlap (intersection over union), beside random "
            "masks of their size and with their radii.",
        )
    },
    join=join,
    join_inputs=lambda plan: {  # the maps, and what they must have been made from
        name: list(dict.fromkeys(plan.files(pattern, plan.stability_runs())))
        for name, pattern in {"dfm": MAPS, "stores": IMAGES, "weights": WEIGHTS}.items()
    },
    join_settings=lambda plan: plan.section("dfm") | plan.section("stability"),
)
