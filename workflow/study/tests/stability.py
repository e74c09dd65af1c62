"""The maps of every two runs of a data set beside each other, and those from two halves of the images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..categories import Result
from ..description import IMAGES, MAPS, WEIGHTS, Figure, NetworkTest, Table, percent, table
from ..job import FOLDER

if TYPE_CHECKING:
    import pandas as pd

    from ..plan import Plan


def join(given: Mapping[str, Any], settings: Mapping[str, Any], plan: Plan) -> dict[str, Iterator[pd.DataFrame]]:
    """One row per comparison, percentage and class; in parts, since they are many."""
    from frequency_shortcuts.evaluation.stability import compare_files

    runs = plan.stability_runs(), plan.halved_runs()
    return {"stability": compare_files(runs[0], given["dfm"], runs[1], given["halves"], **settings)}


def _join_inputs(plan: Plan) -> dict[str, Any]:
    return {
        "dfm": [f"{plan.results}/{MAPS.format(**run)}" for run in plan.stability_runs()],
        "halves": [f"{plan.results}/stability/{FOLDER.format(**run)}.h5" for run in plan.halved_runs()],
        "stores": [f"{plan.results}/{IMAGES.format(dataset=name)}" for name in plan.stability_datasets()],
        "weights": [f"{plan.results}/{WEIGHTS.format(**run)}" for run in plan.stability_runs()],
    }


TEST = NetworkTest(
    message="Comparing the maps of every two runs of a data set",
    runs=lambda plan: plan.stability_runs(),
    tables={
        "stability": Table(
            Result("how stable the maps are", "beyond"),
            "Overlap (intersection over union) of the maps of every two runs of a data set{% if "
            "config.stability.halves %}, and of maps found on two halves of the images{% endif %}, for every class and "
            "size of map, beside the mean overlap with {{ config.stability.draws }} random masks of equal size, drawn "
            "uniformly and with the same radial distribution.",
            "overlap of maps: one row a pair of runs of a data set (or of halves of the images), percentage and "
            "class. `comparison`: what `left` and `right` differ in (seeds, networks, augmentations, several, or "
            "images: the two halves); `left_positions`, `right_positions` (they may differ by one, where a map ends "
            "with a frequency that is its own partner); `iou`, intersection over union; `random`, `radial`, its mean "
            "with random masks of the right map's size, uniform or with its radial distribution",
        )
    },
    join=join,
    join_inputs=_join_inputs,
    join_settings=lambda plan: plan.section("dfm") | plan.section("stability", "draws", "seed"),
    rule="stability",
    figures={
        "stability": Figure(
            Result("stability of the maps", "beyond"),
            lambda plan: plan.stability_datasets(),
            table("stability"),
            lambda plan, name: {"dataset": name, **percent(plan)},
            caption="How much the dominant frequency maps of a class overlap: intersection over union of the maps of "
            "two runs. In the heat map, maps of the top {{ parameters.percent }} % of every two runs, mean over "
            "classes, and in brackets what the one map shares with random masks of the other one's size and radial "
            "distribution (mean of {{ config.stability.draws }} draws): overlap above this value is more than, for "
            "example, that of two maps of low frequencies. {% if config.stability.halves %}Two halves: the run of each "
            "network's smallest seed was culled again on two disjoint halves of the {{ config.culling.images_per_class "
            "or '' }} {{ config.culling.split }} images a class that ranked its frequencies, so that each of these "
            "maps rests on half as many images. {% endif -%} The curves show the mean and standard deviation over "
            "classes by the size of the maps, averaged over pairs of runs{% if config.culling.method == 'screened' %}; "
            "screened culling looks for the top {{ config.culling.percent }} %, and larger maps hold predictions{% "
            "endif %}. For a single run there are only the curves.",
        )
    },
    order=12,
)
