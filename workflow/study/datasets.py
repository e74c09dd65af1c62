"""The data sets of a configuration, and what is known of them before their images are there.

The functions take a complete configuration (`complete`) and the name of a data set.
"""

import math
from collections.abc import Mapping
from typing import Any

from .job import WITH_TRUTH
from .sources import source_of
from .sources.planted import constants

GRADED_CLASSES = 5


def complete(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with all data sets: also the graded ones, and those that a benchmark draws."""
    return {**config, "datasets": {**config["datasets"], **config["drawn"], **graded(config)}}


def graded(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The graded sets, each with cues and images of its own, and tests of how it is learned."""
    settings = config["graded"]
    planted = constants(config, "graded")
    images = planted["images_per_class"]["train"]
    batches = math.ceil((images * GRADED_CLASSES - 1) / settings["batch_size"])
    tested = settings["test_images_per_class"]
    common = {
        "source": "planted",
        "mechanism": "graded",
        "images_per_class": {"train": images, "validation": tested, "test": tested},
        "recipe": {
            "batch_size": settings["batch_size"],
            "epochs": math.ceil(settings["iterations"] / batches),
        },
        "dynamics": {
            "iterations": settings["iterations"],
            "every": settings["every"],
            "images_per_class": None,
            "views": ["full"],
        },
    }
    seeds = range(settings["first_seed"], settings["first_seed"] + settings["sets"])
    return {f"graded_{seed}": {**common, "cue_seed": seed} for seed in seeds}


def kind_of(config: Mapping[str, Any], name: str) -> str:
    """Whether a data set is synthetic, planted, or holds photographs."""
    return source_of(config, name).kind


def has_truth(config: Mapping[str, Any], name: str) -> bool:
    """Whether it is known which frequencies were planted."""
    return source_of(config, name).has_truth


def renditions(config: Mapping[str, Any], name: str) -> list[str]:
    """The renditions of a data set: those of its twin, or the synthetic ones."""
    twin = config["datasets"][name].get("ood")
    return list((twin or config["ood"])["renditions"])


def parts_of_culling(config: Mapping[str, Any], name: str) -> int:
    """The number of jobs that find the maps of a network: no more than there are classes, where these are known."""
    parts: int = config["culling"]["parts"]
    made = kind_of(config, name) in WITH_TRUTH
    return min(parts, len(source_of(config, name).inspect().classes)) if made else parts


def normalisation_of(config: Mapping[str, Any], names: set[str]) -> dict[str, Any] | None:
    """Mean and std of some external networks, a number for each channel; None if they differ or have none."""
    networks = [config["networks"][name] for name in names]
    statistics = {
        (tuple(network.get("mean") or ()), tuple(network.get("std") or ())) for network in networks
    }
    mean, std = statistics.pop() if len(statistics) == 1 else ((), ())
    return {"mean": mean, "std": std} if mean else None
