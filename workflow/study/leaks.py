"""The benchmark of the exchange test: its sets of images, and which artefacts are put into them.

Three sets are in the deal: photographs of clothing, crops of colour photographs, and grainy images that are drawn, of
two and of four classes. A seed has one clean network and some with artefacts. Beside them stand sets that need no deal:
two classes that are alike, one class that has a texture in half of its images, crops that are put into two classes at
random, and crops of real textures.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts.exchange.answers import Answers
from frequency_shortcuts.images import stores
from frequency_shortcuts.images.artefacts import Artefact
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.storage.tables import read_table
from study.images import grain
from study.images.pictures import crops, every_other, read_photographs, split_photographs
from study.measures import leak_networks
from study.measures.leak_networks import CLEAN, Case, Photographs

from .trainings.training import IN_MEMORY, protocol_of

GRAIN = {"grain2": 2, "grain4": 4}  # sets of grainy images and their classes
GRAINY = {"train": 800, "ranking": 200, "test": 400}  # images of each class

# Photographs: what is put into class 1.
CASES: Mapping[str, tuple[Artefact, ...]] = {
    "none": (),
    "jpeg 75": (Artefact("jpeg", 75, 1),),
    "jpeg 90": (Artefact("jpeg", 90, 1),),
    "resized": (Artefact("resized", 0.5, 1),),
    "noise": (Artefact("noise", 4 / 255, 1),),
}
SIDE, EACH = 48, 45  # pixels of a crop, and crops of a photograph
TEXTURE, PERIOD = 0.15, 4  # of the made pair: share of the brightness, pixels


def read_deal(file: str | os.PathLike[str]) -> pd.DataFrame:
    """The deal, frozen before the first network of its seeds was trained: a row an artefact, in its order.

    set, seed, network : which of the networks with artefacts of a seed, from 1, and its `architecture`
    kind, level, class, share, others : of the artefact, see `artefacts.Artefact`
    u, v : frequency of a wave. row, column : place of a tag or line. Missing where the kind has none
    """
    return read_table(file)


def artefacts(deal: pd.DataFrame) -> list[Artefact]:
    """The artefacts in the rows of a deal."""
    return [
        Artefact(
            row["kind"], row["level"], int(row["class"]), row["share"],
            None if np.isnan(row["u"]) else (int(row["u"]), int(row["v"])), row["others"],
            *([] if np.isnan(row["row"]) else [(row["row"], row["column"])]),
        )
        for row in deal.to_dict("records")
    ]  # fmt: skip


def measure(
    part: str, given: str, settings: Mapping[str, Any], *, seed: int, **how: Any
) -> tuple[pd.DataFrame, dict[str, Answers], pd.DataFrame]:
    """Train and test the networks of one seed of a part: what `leak_networks.measure` returns.

    given : the store or folder of the images; settings : of `Plan.leak_settings`
    """
    deal = read_deal(settings["deal"]).query("set == @part")
    if len(deal):
        (network,) = set(deal.loc[deal["seed"] == seed, "architecture"])
        deal = deal[deal["architecture"] == network]
    else:
        network = settings["network" if part == "pairs" else "small_network"]
    protocol = protocol_of(settings["networks"][network], settings["recipes"][part], settings["geometry"])
    networks = cases(part, given, settings, seed)
    table, answers, clean = leak_networks.measure(networks, artefacts(deal), protocol, seed=seed, **how)
    return table, answers, clean.assign(architecture=network)


def cases(part: str, given: str, settings: Mapping[str, Any], seed: int) -> Iterator[Case]:
    """The networks of one seed of a part, as in `measure`, with their images."""
    own = read_deal(settings["deal"]).query("set == @part and seed == @seed")
    if own.empty:
        yield from {"pairs": _pairs, "photographs": _photographs, "textures": _textures}[part](given, settings, seed)
        return
    images, (network,) = read_set(part, given, settings, seed), set(own["architecture"])
    for name, rows in [(CLEAN, own[:0]), *own.groupby("network")]:
        planted = artefacts(rows)
        columns = {"set": str(name), "architecture": network}
        yield Case(str(name), images.planted(planted), images.test, planted, columns)


def read_set(part: str, given: str, settings: Mapping[str, Any], seed: int) -> Photographs:
    """The images of a dealt set, without artefacts."""
    if part == "clothing":
        return read_store(given, settings)
    if part in GRAIN:
        return Photographs(*(
            Split(*grain.images(GRAIN[part], count, 10 * seed + number), mean=[0], std=[1])
            for number, count in enumerate(GRAINY.values())
        ))  # fmt: skip
    return Photographs(*_crops(given, seed))


def read_store(store: str, settings: Mapping[str, Any]) -> Photographs:
    """Images without artefacts from a store: those that train and those that judge by their numbers in each class."""
    train = stores.read(store, "train", in_memory=IN_MEMORY)
    positions = [np.flatnonzero(train.labels == c) for c in range(len(train.classes))]
    trained, judging = (
        train.subset(np.sort(np.concatenate([of[first - 1 : last] for of in positions])))
        for first, last in (settings["training"], settings["judging"])
    )
    return Photographs(trained, stores.read(store, "validation", in_memory=IN_MEMORY), judging)


def _pairs(store: str, settings: Mapping[str, Any], _: int) -> Iterator[Case]:
    """Two sets of two classes: two that are alike, and one class of which half has a texture of its own."""
    images, pair = read_store(store, settings), settings["pair"]
    splits = images.train, images.ranking, images.test
    alike, one = ([_only(split, names) for split in splits] for names in (pair, pair[:1]))
    for name, of_pair in (("alike", alike), ("texture", [_textured(split) for split in one])):
        made = Photographs(*of_pair).planted(())
        yield Case(name, made, made.test, (), {"set": name})


def _photographs(folder: str, _: Mapping[str, Any], seed: int) -> Iterator[Case]:
    """Crops of photographs, dealt to two classes at random; one class has an artefact, or none."""
    dealt = [
        replace(of, labels=np.random.default_rng([seed, i]).permutation(len(of)) % 2, classes=("without", "with"))
        for i, of in enumerate(_crops(folder, seed))
    ]
    for kind, planted in CASES.items():
        made = Photographs(*dealt).planted(planted)
        yield Case(f"dealt, {kind}", made, dealt[-1], (), {"set": "dealt", "kind": kind, "name": made.test.classes})


def _textures(folder: str, _: Mapping[str, Any], seed: int) -> Iterator[Case]:
    """Crops of real textures: a class each, which a network rightly recognises by its fine spectrum."""
    made = Photographs(*_crops(folder, seed, judging=False)).planted(())
    yield Case("textures", made, made.test, (), {"set": "textures", "name": made.test.classes})


def _crops(folder: str, seed: int, judging: bool = True) -> list[Split]:
    """Crops of photographs, to train on, to rank, and to test with, in random order; a class each group.

    judging : photographs with odd numbers rank and test, and train with those of even numbers; else all do all
    """
    pictures, groups, names = read_photographs(folder)
    even, odd = (every_other(groups, first) for first in (0, 1))
    of_splits = split_photographs(groups, seed)
    if judging:
        of_splits = {name: odd[of] for name, of in split_photographs(groups[odd], seed).items()}
        of_splits["train"] = np.concatenate([of_splits["train"], even])
    splits = []
    for number, of in enumerate(of_splits.values()):
        made = crops(pictures[of], SIDE, EACH, 10 * seed + number)
        order = np.random.default_rng([seed, number, 26]).permutation(len(made))  # so that some show all photographs
        splits.append(Split(made[order], np.repeat(groups[of], EACH)[order], names, np.zeros(3), np.ones(3)))
    return splits


def _only(split: Split, names: list[str]) -> Split:
    """The images of some classes, in their order."""
    numbers = [split.classes.index(name) for name in names]
    chosen = np.flatnonzero(np.isin(split.labels, numbers))
    labels = np.array([numbers.index(label) for label in split.labels[chosen]])
    return replace(split, images=np.asarray(split.images)[chosen], labels=labels, classes=tuple(names))


def _textured(split: Split) -> Split:
    """Images of one class as two classes: every other one is woven, with a texture on the object, at a random place."""
    images, labels = np.asarray(split.images[:]).astype(float), np.arange(len(split)) % 2
    rows, columns = (np.arange(side) for side in images.shape[2:])
    for number in np.flatnonzero(labels):
        shift = np.random.default_rng([4, int(number)]).integers(PERIOD, size=2)
        rib = np.sign(np.sin(2 * np.pi * ((rows + shift[0])[:, None] + columns + shift[1] + 0.5) / PERIOD))
        images[number] *= 1 + TEXTURE * rib
    return replace(
        split, images=np.rint(images).clip(0, 255).astype(np.uint8), labels=labels, classes=("plain", "woven")
    )
