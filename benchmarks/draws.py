"""The networks of the benchmarks: their data sets and runs, from a frozen table of what was drawn.

A row of the table is an artefact (`read`). Beside the networks with artefacts, each set and seed has a clean one.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import pandas as pd

from frequency_shortcuts.images.artefacts import CORNER, KINDS, Artefact
from study.job import RUN
from study.runs import folder

CLEAN = "clean"


class Draw(NamedTuple):
    """A network of a set and seed: its name among these, and the artefacts of what it is trained on."""

    suite: str
    seed: int
    network: str
    architecture: str
    artefacts: tuple[Artefact, ...]


def read(path: str, seeds: tuple[int, int] | None = None) -> list[Draw]:
    """The networks that a table draws, in its order, behind the clean one of each set and seed.

    Columns: `set`, `seed`, `network` (its name, from 1 or by the artefact), `architecture`; of an artefact `kind`,
    `level`, `class`, `share`, `others`, see `artefacts.Artefact`; `u`, `v`, the frequency of a wave; `row`, `column`,
    the place of a tag or line. A row without a kind plans a clean network.

    seeds : the first and the last that are read, by default all
    """
    found: dict[tuple[str, int, str], Draw] = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            suite, seed, network = row["set"], int(row["seed"]), row["network"]
            if seeds and not seeds[0] <= seed <= seeds[1]:
                continue
            clean = Draw(suite, seed, CLEAN, row["architecture"], ())
            found.setdefault((suite, seed, CLEAN), clean)
            draw = found.setdefault((suite, seed, network), clean._replace(network=network))
            if row["kind"]:
                found[suite, seed, network] = draw._replace(
                    artefacts=(*draw.artefacts, _artefact(row))
                )
    return list(found.values())


def _artefact(row: Mapping[str, str]) -> Artefact:
    frequency = (int(row["u"]), int(row["v"])) if row["u"] else None
    place = (float(row["row"]), float(row["column"])) if row["row"] else CORNER
    return Artefact(
        row["kind"],
        float(row["level"]),
        int(row["class"]),
        float(row["share"]),
        frequency,
        float(row["others"]),
        place,
    )


def describe(artefact: Artefact) -> str:
    """An artefact in words, by which tables are joined."""
    where = artefact.frequency or (artefact.place if KINDS[artefact.kind].has_place else "")
    return f"{artefact.kind} {artefact.level:g} {where} in {artefact.label}"


def base_of(draw: Draw, named: Mapping[str, Any]) -> str:
    """The data set without artefacts: one for all seeds, or of a source that draws its images, one for each."""
    return f"{draw.suite}_{draw.seed}" if "draw_seed" in named[draw.suite] else draw.suite


def dataset_of(draw: Draw, named: Mapping[str, Any]) -> str:
    """The data set on which a network is trained."""
    name = draw.network.replace(" ", "_")
    return f"{draw.suite}_{draw.seed}_{name}" if draw.artefacts else base_of(draw, named)


def datasets(draws: list[Draw], named: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and settings of the data sets of these networks; named : those of the configuration"""
    for draw in draws:
        base, plain = base_of(draw, named), named[draw.suite]
        if base != draw.suite:
            yield base, {**plain, "draw_seed": draw.seed}
        if draw.artefacts:
            recipe = {"recipe": plain["recipe"]} if "recipe" in plain else {}
            artefacts = [asdict(artefact) for artefact in draw.artefacts]
            yield (
                dataset_of(draw, named),
                {"source": "artefact", "set": base, "artefacts": artefacts, **recipe},
            )


def table(draws: list[Draw], named: Mapping[str, Any], trainings: Sequence[str]) -> pd.DataFrame:
    """The networks as runs, a row for each training.

    named : the data sets of the configuration

    Columns: dataset, network, augmentation, seed, run, as in `runs.table`; `suite`, the set in the table of draws, and
    `set`, the name of the network there; `plain`, the data set without the artefacts; `architecture`; `artefacts`, a
    list of their settings
    """
    rows = []
    for draw in draws:
        dataset = dataset_of(draw, named)
        for training in trainings:
            run = dict(zip(RUN, (dataset, draw.architecture, training, draw.seed), strict=True))
            rows.append(
                {
                    **run,
                    "run": folder(run),
                    "suite": draw.suite,
                    "set": draw.network,
                    "plain": base_of(draw, named),
                    "architecture": draw.architecture,
                    "artefacts": [asdict(artefact) for artefact in draw.artefacts],
                }
            )
    return pd.DataFrame(rows)


def files(networks: pd.DataFrame, pattern: str) -> list[str]:
    """The files of all networks, from their pattern with columns of `table`."""
    return [pattern.format(**row) for row in networks.to_dict("records")]


def tested_artefacts(
    networks: pd.DataFrame, row: Mapping[str, Any], alike: str
) -> list[dict[str, Any]]:
    """The artefacts whose cost to a network is measured: its own ones; of a clean network, those of the others.

    networks : `table`, and one of its rows; alike : the column, beside the set, in which the others are like it
    """
    if row["artefacts"]:
        return list(row["artefacts"])
    like = networks["suite"].eq(row["suite"]) & networks[alike].eq(row[alike])
    artefacts = networks.loc[like, "artefacts"].explode().dropna()
    by_words = {describe(Artefact(**artefact)): artefact for artefact in artefacts}
    return list(by_words.values())


def of_one_class(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The artefacts of a network that tell a class from others."""
    return [artefact for artefact in row["artefacts"] if not artefact["others"]]
