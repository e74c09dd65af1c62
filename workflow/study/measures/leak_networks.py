"""The networks of the benchmark: trained on images with artefacts in some classes, and tested.

A seed has one clean network and some whose images have artefacts (`study.leaks`); the same test is made of all of them.
What comes out is one table a seed; `leaks.with_harm` and `leaks.judge` take them joined.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn

from frequency_shortcuts.exchange.answers import Answers, rates
from frequency_shortcuts.exchange.test import collect
from frequency_shortcuts.images.artefacts import KINDS, Artefact
from frequency_shortcuts.images.normalisation import normalise, pixel_statistics
from frequency_shortcuts.images.splits import Split, first_of_each_class
from frequency_shortcuts.intervals import paired
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.predictions import called, predict
from frequency_shortcuts.storage.journal import Work
from study.trainings.training import Protocol

VALIDATION, RANKING, TEST, CHANGED = 100, 200, 200, 33  # images of each class
CLEAN = "clean"


@dataclass(frozen=True)
class Photographs:
    """Images without artefacts: to train on, to take parts of, and to test with."""

    train: Split
    ranking: Split
    test: Split

    def planted(self, artefacts: Sequence[Artefact]) -> "Photographs":
        """The same with artefacts in their classes, normalised by what is trained on."""
        made = [_planted(split, artefacts) for split in (self.train, self.ranking, self.test)]
        mean, std = pixel_statistics(np.asarray(made[0].images[:]))
        return Photographs(*(replace(split, mean=mean, std=std) for split in made))

    @property
    def validation(self) -> Split:
        """The images that choose the epoch of a training: the first ranking images of each class."""
        return self.ranking.subset(first_of_each_class(self.ranking.labels, VALIDATION))

    @property
    def tested(self) -> tuple[Split, Split]:
        """The first ranking and test images of each class, with which a network is tested."""
        return (
            self.ranking.subset(first_of_each_class(self.ranking.labels, RANKING)),
            self.test.subset(first_of_each_class(self.test.labels, TEST)),
        )


def _planted(split: Split, artefacts: Sequence[Artefact]) -> Split:
    images = np.asarray(split.images[:])
    for artefact in artefacts:
        images = artefact.add(images, split.labels)
    return replace(split, images=images)


class Case(NamedTuple):
    """A network of a seed: what it is trained on and tested with, and columns of its rows.

    name : among the networks of the seed; images : with artefacts; plain : test images without
    """

    name: str
    images: Photographs
    plain: Split
    artefacts: Sequence[Artefact]
    columns: Mapping[str, Any]


def measure(
    cases: Iterable[Case],
    others: Sequence[Artefact],
    protocol: Protocol,
    *,
    seed: int,
    weights: str | os.PathLike[str],
    device: torch.device | str = "cpu",
    stop: Callable[[], bool] | None = None,
) -> tuple[pd.DataFrame, dict[str, Answers], pd.DataFrame]:
    """Train and test networks: a row a network and class, the answers, and what artefacts do to the clean network.

    others : artefacts of all seeds of the architecture, whose harm is compared with clean networks
    weights : a folder for those of each network

    Raises `journal.Stopped` if `stop` returns true.
    """
    others = list({describe(artefact): artefact for artefact in others}.values())
    tables, answers, clean = [], dict[str, Answers](), pd.DataFrame(columns=["called", "artefact"])
    for case in cases:
        train = case.images.train
        network, _ = protocol.train(train, case.images.validation, seed=seed, device=device, work=Work(stop=stop))
        form = protocol.form(train)
        architectures.save(Path(weights, f"{case.name}.safetensors"), network.state_dict(), form, {"seed": seed})
        table, answers[case.name] = _test(network, case, seed)
        plain = replace(case.plain, mean=train.mean, std=train.std)
        few = plain.subset(first_of_each_class(plain.labels, CHANGED))
        for artefact in case.artefacts:
            row = table["class"] == artefact.label
            for key in ("kind", "level", "share", "others"):
                table.loc[row, key] = getattr(artefact, key)
            table.loc[row, "artefact"] = describe(artefact)
            harmed = changes(network, few, [artefact])
            table.loc[row, "called"], table.loc[row, "called_variance"] = harmed[["called", "variance"]].iloc[0]
        if case.name == CLEAN:
            clean = changes(network, few, others)[["called"]].assign(artefact=[describe(other) for other in others])
        tables.append(table.assign(**case.columns))
    return pd.concat(tables, ignore_index=True), answers, clean


def _test(network: nn.Module, case: Case, seed: int) -> tuple[pd.DataFrame, Answers]:
    """The exchange test, and accuracy and recall on plain test images, too: a row a class; and the answers."""
    answers = collect(network, *case.images.tested, seed=seed)
    table, test = rates(answers), case.images.test
    plain = replace(case.plain, mean=test.mean, std=test.std)
    hit, as_is = (called(network, split) == split.labels for split in (plain, test))
    own = [plain.labels == c for c in table["class"]]
    return table.assign(
        clean_recall=[float(hit[chosen].mean()) for chosen in own], clean_images=[int(chosen.sum()) for chosen in own],
        accuracy=float(as_is.mean()), clean_accuracy=float(hit.mean()),
    ), answers  # fmt: skip


def changes(network: nn.Module, images: Split, artefacts: Sequence[Artefact]) -> pd.DataFrame:
    """What each artefact does to images of other classes than its own: one row an artefact.

    images : without artefacts

    Returns `called`, the share that is called the class with the artefact minus that before, and its `variance` over
    images.
    """
    before, rows = called(network, images), []
    pixels, everywhere = np.asarray(images.images[:]), np.full(len(images), True)
    for artefact in artefacts:
        others = images.labels != artefact.label
        with_it = torch.from_numpy(artefact.add_to(pixels, everywhere)[others])
        named = predict(network, normalise(with_it, images.mean, images.std)).numpy()
        hits = (named == artefact.label).astype(float) - (before[others] == artefact.label)
        rows.append({"called": float(hits.mean()), "variance": float(paired(hits).variance)})
    return pd.DataFrame(rows, columns=["called", "variance"])


def describe(artefact: Artefact) -> str:
    """An artefact in words, by which tables are joined."""
    where = artefact.frequency or (artefact.place if KINDS[artefact.kind].has_place else "")
    return f"{artefact.kind} {artefact.level:g} {where} in {artefact.label}"
