"""The shortcut test, and the test of phases and amplitudes on the same images: hits of every mask and image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..job import FOLDER
from ..plan import Plan
from .description import Output, Test, files_of_run, run_of

METHODS = (
    "group `methods/{name}`, of each method in `shortcuts.methods`: the same with its maps, beside the maps of other "
    "classes and the lowest frequencies; the attribute `maps_of_{name}_sha256` says from which maps"
)
KEYS = ("class", "part", "fill", "filter")
HITS = (
    "the class that the network named, for every mask and image: `labels`, `unfiltered` int16 [image]; `masks` bool "
    "[mask, H, W], the frequencies that an image keeps; `named/{fill}` int16 [mask, image], -1 where no class needed "
    "the image; `donors` int32 [image] of the fill swap; `negatives` bool [class, image], on which FPR is measured "
    "(with swap without those whose donor is of the class); `trials/{column}`, what each mask is for: `class`, `part`, "
    "`filter`, `draw`, `mask` (its index), `positions`, `overlap`; attributes `neutral` (-1 for none) and "
    "`false_positives` (whether FPR was measured under random and low-pass masks, not only under maps)"
)


def settings(plan: Plan) -> dict[str, Any]:
    """The images that are tested, the size of the maps, and the keyword arguments of `shortcuts.collect`."""
    return {**plan.section("shortcuts", "split", "images_per_class", "percent"), "settings": plan.shortcut_settings()}


def of_methods(plan: Plan, fills: Sequence[str]) -> dict[str, Any]:
    """The methods whose maps are tested too, and the keyword arguments of `shortcuts.collect` for these."""
    return {"methods": plan.tested_methods(), "method_settings": plan.advantage_settings(fills=list(fills))}


def deciding(fills: Sequence[str]) -> list[str]:
    """The fill that findings on photographs are about, zeros; if it is not tested, the first one."""
    return ["zeros"] if "zeros" in fills else list(fills[:1])


def maps_of_methods(plan: Plan) -> Callable[[Any], list[str]]:
    """Input: the maps of these methods of the run."""
    return lambda wildcards: plan.tested_maps(run_of(wildcards))


TEST = Test(
    script="measure_shortcuts.py",
    message="Testing the shortcuts of {wildcards.network} on {wildcards.dataset} ({wildcards.augmentation}, seed "
    "{wildcards.seed})",
    outputs={
        "hits": Output(
            f"tests/{FOLDER}/hits.h5",
            f"{HITS}; group `phase`, of the runs of `shortcuts.phase_seeds`: `named/{{region}}/{{kept}}` int16 [class "
            "or 1, image] of the test of phases, `judged` bool [class, image]; "
            f"{METHODS}",
        ),
        "shortcuts": Output(
            f"tests/{FOLDER}/shortcuts.csv",
            "one row a class, part, fill, filter and draw: `class`, `neutral` (whether it is the class without a cue "
            "of its own, if the set has one), `part` (keep: only the mask's frequencies of the image are kept; remove: "
            "only these are removed), `fill` (what stands at the other frequencies: zeros, swap: the coefficients of "
            "another image, its donor), `filter` (unfiltered, dfm, random, radial, low_pass: the lowest frequencies, "
            "other; of remove unfiltered, dfm and random), `draw` (number, or the other class), `positions` in the "
            "mask, `overlap` with the map (intersection over union), `images` of the class, `negatives` (images of "
            "other classes that `fpr` was measured on), `tpr`, `fpr` and their 95 % intervals `_low`, `_high`. The "
            "neutral class has no rows with swap",
            KEYS,
        ),
    },
    runs=Plan.mapped_runs,
    inputs=lambda plan: {**files_of_run(plan, maps=True), "methods": maps_of_methods(plan)},
    settings=lambda plan: {
        **settings(plan),
        **of_methods(plan, plan.config["shortcuts"]["fills"]),
        "phase": lambda wildcards: run_of(wildcards) in plan.phase_runs(),
    },
    minutes=120,
    priority=1,
)
