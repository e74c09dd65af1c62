"""The networks of the benchmarks: their data sets and runs, from a frozen table of what was drawn, and of graded sets.

A row of the table is an artefact (`read`). Beside the networks with artefacts, each set and seed has a clean one.
"""

import csv
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from frequency_shortcuts.images.artefacts import CORNER, KINDS, Artefact

CLEAN = "clean"
GRADED_CLASSES = 5


class Draw(NamedTuple):
    """A network of a set and seed: its name among these, and the artefacts of what it is trained on.

    tuned : whether a setting was chosen on the artefact
    """

    suite: str
    seed: int
    network: str
    architecture: str
    artefacts: tuple[Artefact, ...]
    tuned: bool = False

    @property
    def matched(self) -> bool:
        """Whether all images of all classes have the artefact."""
        return any(artefact.share == artefact.others == 1 for artefact in self.artefacts)


def read(path: str | None) -> list[Draw]:
    """The networks that a table draws, in its order, behind the clean one of each set and seed; none without a table.

    Columns: `set`, `seed`, `network` (its name, from 1 or by the artefact), `architecture`; of an artefact `kind`,
    `level`, `class`, `share`, `others`, see `artefacts.Artefact`; `u`, `v`, the frequency of a wave; `row`, `column`,
    the place of a tag or line; `tuned`, if a setting was chosen on it. A row without a kind plans a clean network.

    Raises OSError without the file, and ValueError for a row that is not possible.
    """
    found: dict[tuple[str, int, str], Draw] = {}
    with open(path or os.devnull, newline="") as file:
        for line, row in enumerate(csv.DictReader(file, restval=""), 2):
            try:
                _add(row, found)
            except KeyError as error:
                raise ValueError(f"{path} has no column {error}") from None
            except ValueError as error:
                raise ValueError(f"{path}, line {line}: {error}") from None
    return list(found.values())


def _add(row: Mapping[str, str], found: dict[tuple[str, int, str], Draw]) -> None:
    """Add a row of a table to the networks that are found, by set, seed and name."""
    suite, seed, network, architecture = row["set"], int(row["seed"]), row["network"], row["architecture"]
    clean = found.setdefault((suite, seed, CLEAN), Draw(suite, seed, CLEAN, architecture, ()))
    draw = found.setdefault((suite, seed, network), clean._replace(network=network))
    if clean.architecture != architecture:
        raise ValueError(f"architecture {architecture!r}: expected {clean.architecture!r}, as above for set and seed")
    if row["kind"]:
        artefact = _artefact(row)
        if artefact.label in [other.label for other in draw.artefacts]:
            raise ValueError(f"class {artefact.label} of network {network!r}: expected one artefact a class")
        artefacts = *draw.artefacts, artefact
        found[suite, seed, network] = draw._replace(artefacts=artefacts, tuned=row.get("tuned") == "True")


def _artefact(row: Mapping[str, str]) -> Artefact:
    frequency = (int(row["u"]), int(row["v"])) if row["u"] else None
    place = (float(row["row"]), float(row["column"])) if row["row"] else CORNER
    return Artefact(
        row["kind"], float(row["level"]), int(row["class"]), float(row["share"]), frequency, float(row["others"]), place
    )


def describe(artefact: Artefact) -> str:
    """An artefact in words, by which tables are joined."""
    where = artefact.frequency or (artefact.place if KINDS[artefact.kind].has_place else "")
    return f"{artefact.kind} {artefact.level:g} {where} in {artefact.label}"


def base_of(draw: Draw, datasets: Mapping[str, Any]) -> str:
    """The data set without artefacts: one for all seeds, or of a source that draws its images, one for each."""
    return f"{draw.suite}_{draw.seed}" if "draw_seed" in datasets[draw.suite] else draw.suite


def dataset_of(draw: Draw, datasets: Mapping[str, Any]) -> str:
    """The data set on which a network is trained."""
    name = draw.network.replace(" ", "_")
    return f"{draw.suite}_{draw.seed}_{name}" if draw.artefacts else base_of(draw, datasets)


def drawn_datasets(draws: list[Draw], datasets: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and settings of the data sets of these networks; datasets : those of the configuration"""
    for draw in draws:
        base, plain = base_of(draw, datasets), datasets[draw.suite]
        if base != draw.suite:
            yield base, {**plain, "draw_seed": draw.seed}
        if draw.artefacts:
            recipe = {"recipe": plain["recipe"]} if "recipe" in plain else {}
            artefacts = [asdict(artefact) for artefact in draw.artefacts]
            yield dataset_of(draw, datasets), {"source": "artefact", "set": base, "artefacts": artefacts, **recipe}


def graded_datasets(config: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and settings of the graded sets, each with cues and images of its own, and tests of how it is learned."""
    settings, first = config["graded"], config["graded"]["first_seed"]
    planting = config["planting"] | config["planting"]["mechanisms"].get("graded", {})
    images = planting["images_per_class"]["train"]
    counts = {"train": images} | dict.fromkeys(("validation", "test"), settings["test_images_per_class"])
    batches = math.ceil((images * GRADED_CLASSES - 1) / settings["batch_size"])
    recipe = {"batch_size": settings["batch_size"], "epochs": math.ceil(settings["iterations"] / batches)}
    for seed in range(first, first + settings["sets"]):
        yield f"graded_{seed}", {
            "source": "planted", "mechanism": "graded", "cue_seed": seed, "images_per_class": counts, "recipe": recipe,
            "dynamics": {**{key: settings[key] for key in ("iterations", "every")},
                         "images_per_class": None, "views": ["full"]},
        }  # fmt: skip
