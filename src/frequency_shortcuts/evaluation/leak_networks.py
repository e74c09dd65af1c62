"""The networks of the benchmark: trained on images with artefacts in some classes, and tested.

A seed has one clean network and two networks whose images have artefacts in two classes each (`study.leaks`); the same
test is made of all of them. What comes out is one table a seed; `leaks.with_harm` and `leaks.judge` take them joined.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from torch import nn

from frequency_shortcuts.data.artefacts import KINDS, Artefact
from frequency_shortcuts.data.normalisation import normalise, pixel_statistics
from frequency_shortcuts.data.pixels import in_pixels
from frequency_shortcuts.data.splits import Split, first_of_each_class
from frequency_shortcuts.intervals import paired
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import find
from frequency_shortcuts.networks.predictions import called, predict
from frequency_shortcuts.networks.training import Protocol
from frequency_shortcuts.spectrum.fills import ZEROS
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.journal import Work

from .class_statistics import class_statistics
from .counterfactual import Flips, collect
from .cross import advantage_of_class
from .data_check import name_causes
from .flip_rates import rates
from .shortcuts import collect as collect_hits
from .trials import Trials
from .verdicts import verdicts

VALIDATION, RANKING, TEST, CHANGED, MAPS = 100, 200, 200, 33, 20  # images of each class


@dataclass(frozen=True)
class Photographs:
    """Images without artefacts: to train on, to take statistics of, and to test with."""

    train: Split
    ranking: Split
    test: Split

    def planted(self, artefacts: Sequence[Artefact]) -> Photographs:
        """The same with artefacts in their classes, normalised by what is trained on."""
        made = [_planted(split, artefacts) for split in (self.train, self.ranking, self.test)]
        mean, std = pixel_statistics(np.asarray(made[0].images[:]))
        return Photographs(*(replace(split, mean=mean, std=std) for split in made))

    @property
    def validation(self) -> Split:
        """The images that choose the epoch of a training: the first ranking images of each class."""
        return self.ranking.subset(first_of_each_class(self.ranking.labels, VALIDATION))


def _planted(split: Split, artefacts: Sequence[Artefact]) -> Split:
    images = np.asarray(split.images[:])
    for artefact in artefacts:
        images = artefact.add(images, split.labels)
    return replace(split, images=images)


def measure(
    photographs: Photographs,
    sets: Mapping[str, Sequence[Artefact]],
    others: Sequence[Artefact],
    protocol: Protocol,
    *,
    seed: int,
    compare: bool = False,
    device: torch.device | str = "cpu",
    stop: Callable[[], bool] | None = None,
) -> tuple[pd.DataFrame, dict[str, Flips], pd.DataFrame]:
    """Train and test the networks of a seed: a row a network and class, hits, and what artefacts do to the clean one.

    photographs : without artefacts
    sets : name of each network -> its artefacts, none for `clean`, which comes first
    others : artefacts of all seeds of the architecture, whose harm is compared with clean networks
    compare : also find maps, and give the verdict of the shortcut test and the own-map advantage of each class

    Raises `journal.Stopped` if `stop` returns true.
    """
    tables, hits, clean = [], dict[str, Flips](), pd.DataFrame()
    for name, artefacts in sets.items():
        images = photographs.planted(artefacts)
        plain = replace(photographs.test, mean=images.test.mean, std=images.test.std)
        network, table, hits[name] = measure_one(images, plain, protocol, seed=seed, device=device, stop=stop)
        by_clean = rates(replace(hits[name], comparable=next(iter(hits.values())).comparable))
        for number in ("flip", "verdict"):
            table.insert(table.columns.get_loc("clean_recall"), f"{number}_clean_filter", by_clean[number])
        few = plain.subset(first_of_each_class(plain.labels, CHANGED))
        for artefact in artefacts:
            row = table["class"] == artefact.label
            for key in ("kind", "level", "share", "others"):
                table.loc[row, key] = getattr(artefact, key)
            table.loc[row, "artefact"] = describe(artefact)
            harmed = changes(network, few, [artefact])
            table.loc[row, "called"], table.loc[row, "called_variance"] = harmed[["called", "variance"]].iloc[0]
        if name == "clean":
            clean = changes(network, few, others)[["called"]].assign(artefact=[describe(other) for other in others])
        if compare:
            table = table.merge(_maps(network, images, seed), on="class", how="left")
        tables.append(table.assign(set=name))
    return pd.concat(tables, ignore_index=True), hits, clean


def measure_one(
    images: Photographs,
    plain: Split,
    protocol: Protocol,
    *,
    seed: int,
    device: torch.device | str = "cpu",
    stop: Callable[[], bool] | None = None,
) -> tuple[nn.Module, pd.DataFrame, Flips]:
    """Train and test one network: the counterfactual test and the likely cause, a row a class, and the flips.

    plain : test images without artefacts, on which recall and accuracy are measured, too
    """
    network, _ = protocol.train(images.train, images.validation, seed=seed, device=device, work=Work(stop=stop))
    ranking = images.ranking.subset(first_of_each_class(images.ranking.labels, RANKING))
    tested = images.test.subset(first_of_each_class(images.test.labels, TEST))
    flips = collect(network, ranking, tested, seed=seed)
    table = rates(flips)
    pixels, _ = in_pixels(ranking, tested, torch.device("cpu"))
    causes = name_causes(pixels, class_statistics(pixels, len(ranking.classes)), seed=seed)
    plain = replace(plain, mean=images.test.mean, std=images.test.std)
    hit, as_is = (called(network, split) == split.labels for split in (plain, images.test))
    own = [plain.labels == c for c in table["class"]]
    return network, table.assign(
        cause=[causes[c].name if c in causes else "" for c in table["class"]],
        clean_recall=[float(hit[chosen].mean()) for chosen in own], clean_images=[int(chosen.sum()) for chosen in own],
        accuracy=float(as_is.mean()), clean_accuracy=float(hit.mean()),
    ), flips  # fmt: skip


def changes(network: nn.Module, images: Split, artefacts: Sequence[Artefact]) -> pd.DataFrame:
    """What each artefact does to images of other classes than its own: one row an artefact.

    images : without artefacts

    Returns `called`, the share that is called the class with the artefact minus that before, and its `variance` over
    images.

    >>> changes(network, images, [Artefact("jpeg", 90, label=6)])["called"]
    """
    before, rows = called(network, images), []
    pixels, everywhere = np.asarray(images.images[:]), np.full(len(images), True)
    for artefact in artefacts:
        others = images.labels != artefact.label
        with_it = torch.from_numpy(artefact.add_to(pixels, everywhere)[others])
        named = predict(network, normalise(with_it, images.mean, images.std)).numpy()
        hits = (named == artefact.label).astype(float) - (before[others] == artefact.label)
        rows.append({"called": float(hits.mean()), "variance": float(paired(hits).variance)})
    return pd.DataFrame(rows)


def describe(artefact: Artefact) -> str:
    """An artefact in words, by which tables are joined."""
    where = artefact.frequency or (artefact.place if KINDS[artefact.kind].has_place else "")
    return f"{artefact.kind} {artefact.level:g} {where} in {artefact.label}"


def _maps(network: nn.Module, images: Photographs, seed: int) -> pd.DataFrame:
    """The verdict of the shortcut test by maps of culling, and the own-map advantage with `culling` and `mixture`."""
    ranking = images.ranking.subset(first_of_each_class(images.ranking.labels, MAPS))
    tested = images.test.subset(first_of_each_class(images.test.labels, 50))
    table = pd.DataFrame({"class": range(len(ranking.classes))})
    for name in ("culling", "mixture"):
        method, settings = registry.resolve(name)
        if name == "culling":
            settings["search"] = "screened"  # as the study has it
        found = find(registry.load(method), network, ranking, seed=seed, **settings)
        masks = dfm.dominant(found.score, ConjugatePairs(*ranking.images.shape[2:]), 5)
        hits = collect_hits(network, tested, masks, Trials(fills=[ZEROS.name], controls=5, negatives=450, seed=seed))
        table[f"advantage_{name}"] = [float(advantage_of_class(hits, c).value) for c in table["class"]]
        if name == "culling":
            headline = verdicts(hits).query("headline").set_index("class")["verdict"]
            table["map_verdict"] = headline.reindex(table["class"]).to_numpy()
    return table
