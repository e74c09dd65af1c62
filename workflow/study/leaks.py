"""The benchmark of the counterfactual test: which artefacts are drawn for each seed, and the images of its parts.

A seed has one clean network and two networks whose images have artefacts in two classes each. Sixteen artefacts, each
kind weak and strong, are dealt to four seeds, in an order drawn for these four; of the four of a seed, two are in all
images of their class, one in half and one in a quarter of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from frequency_shortcuts.data import crops
from frequency_shortcuts.data.artefacts import KINDS, Artefact, draw_frequency
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.evaluation import leak_networks
from frequency_shortcuts.evaluation.counterfactual import Flips
from frequency_shortcuts.evaluation.leak_networks import Photographs
from frequency_shortcuts.networks.training import Protocol

from .photographs import read
from .trainings import protocol_of

# The order of the deal. It stays as it is, whatever kinds there are: a kind more would give all seeds other artefacts.
DEALT = ("wave", "jpeg", "resized", "blurred", "noise", "sharpened", "checkerboard", "brightness")
SHARES = (1.0, 1.0, 0.5, 0.25)
SEEDS_OF_A_DEAL = 2 * len(DEALT) // len(SHARES)

# Photographs: what is put into class 1.
CASES: Mapping[str, tuple[Artefact, ...]] = {
    "none": (),
    "jpeg 75": (Artefact("jpeg", 75, 1),),
    "jpeg 90": (Artefact("jpeg", 90, 1),),
    "resized": (Artefact("resized", 0.5, 1),),
    "noise": (Artefact("noise", 4 / 255, 1),),
}
SIDE, EACH = 48, 60  # pixels of a crop, and crops of a photograph
TEXTURE, PERIOD = 0.15, 4  # of the made pair: share of the brightness, pixels


class Leaks(NamedTuple):
    """What is drawn for a seed: the artefacts of its two networks, and which architecture they have."""

    sets: tuple[tuple[Artefact, Artefact], tuple[Artefact, Artefact]]
    small: bool


def draw(seed: int, n_classes: int, height: int, width: int) -> Leaks:
    """The artefacts of a seed, for images of this size."""
    deal, place = divmod(seed, SEEDS_OF_A_DEAL)
    dealt = [(kind, level) for kind in DEALT for level in KINDS[kind].levels]
    of_deal = np.random.default_rng([18, deal]).permutation(len(dealt))
    chosen = of_deal[place * len(SHARES) : (place + 1) * len(SHARES)]
    generator = np.random.default_rng([18, deal, place])
    shares = generator.permutation(SHARES)
    classes = np.concatenate([generator.choice(n_classes, 2, replace=False) for _ in range(2)])
    artefacts = []
    for number, share, label in zip(chosen, shares, classes, strict=True):
        kind, level = dealt[number]
        frequency = draw_frequency(generator, height, width) if KINDS[kind].has_frequency else None
        artefacts.append(Artefact(kind, level, int(label), float(share), frequency))
    return Leaks(((artefacts[0], artefacts[1]), (artefacts[2], artefacts[3])), small=seed % 3 == 1)


class Case(NamedTuple):
    """A network of a part: its name among the hits, its images, plain test images, and columns of its rows."""

    name: str
    images: Photographs
    plain: Split
    columns: dict[str, Any]


def measure(
    part: str, given: str, settings: Mapping[str, Any], *, seed: int, **how: Any
) -> tuple[pd.DataFrame, dict[str, Flips], pd.DataFrame]:
    """Train and test the networks of one seed of a part: what `leak_networks.measure` returns.

    given : the store or folder of the images; settings : of `Plan.leak_settings`
    """

    def protocol(network: str) -> Protocol:
        return protocol_of(settings["networks"][network], settings["recipes"][part], settings["geometry"])

    if part == "clothing":
        images = read(given, settings)
        shape = len(images.test.classes), *images.test.images.shape[2:]
        leaks = draw(seed, *shape)
        others = [
            artefact for other in settings["seeds"] if (drawn := draw(other, *shape)).small == leaks.small
            for artefacts in drawn.sets for artefact in artefacts
        ]  # fmt: skip
        network = settings["small_network"] if leaks.small else settings["network"]
        sets: dict[str, Any] = {"clean": (), "first": leaks.sets[0], "second": leaks.sets[1]}
        compare = seed in settings["compared"]
        table, hits, clean = leak_networks.measure(
            images, sets, others, protocol(network), seed=seed, compare=compare, **how
        )
        return table.assign(architecture=network), hits, clean.assign(architecture=network)
    tables, hits = [], {}
    of_part = protocol(settings["network" if part == "pairs" else "small_network"])
    for case in {"pairs": _pairs, "photographs": _photographs, "textures": _textures}[part](given, settings, seed):
        of_case = of_part if part == "pairs" or case.columns["set"] == "dealt" else _shorter(of_part)
        _, table, hits[case.name] = leak_networks.measure_one(case.images, case.plain, of_case, seed=seed, **how)
        if part != "pairs":
            case.columns["name"] = [case.plain.classes[c] for c in table["class"]]
        tables.append(table.assign(**case.columns))
    return pd.concat(tables, ignore_index=True), hits, pd.DataFrame(columns=["called", "artefact"])


def _shorter(protocol: Protocol) -> Protocol:
    """Half the epochs: what groups of photographs have in common is learned sooner than a faint trace."""
    return replace(protocol, recipe=replace(protocol.recipe, epochs=protocol.recipe.epochs // 2))


def _pairs(store: str, settings: Mapping[str, Any], _: int) -> Iterator[Case]:
    """Two sets of two classes: two that are alike, and one class of which half has a texture of its own."""
    images, pair = read(store, settings), settings["pair"]
    splits = images.train, images.ranking, images.test
    alike, one = ([_only(split, names) for split in splits] for names in (pair, pair[:1]))
    for name, of_pair in (("alike", alike), ("texture", [_textured(split) for split in one])):
        made = Photographs(*of_pair).planted(())
        yield Case(name, made, made.test, {"set": name})


def _photographs(folder: str, _: Mapping[str, Any], seed: int) -> Iterator[Case]:
    """Crops of photographs, dealt to two classes at random, and in their groups; one class has an artefact, or none."""
    groups = _crops(folder, seed)
    dealt = [
        replace(of, labels=np.random.default_rng([seed, i]).permutation(len(of)) % 2, classes=("without", "with"))
        for i, of in enumerate(groups)
    ]
    for kind, artefacts in CASES.items():
        for name, splits in (("dealt", dealt), ("groups", groups)):
            made = Photographs(*splits).planted(artefacts)
            yield Case(f"{name}, {kind}", made, splits[-1], {"set": name, "kind": kind})


def _textures(folder: str, _: Mapping[str, Any], seed: int) -> Iterator[Case]:
    """Crops of real textures: a class each, which a network rightly recognises by its fine spectrum."""
    made = Photographs(*_crops(folder, seed)).planted(())
    yield Case("textures", made, made.test, {"set": "textures"})


def _crops(folder: str, seed: int) -> list[Split]:
    """Crops of the photographs of a folder, to train on, to rank, and to test with; a class each group."""
    pictures, groups, names = crops.read_photographs(folder)
    return [
        Split(
            crops.crops(pictures[of], SIDE, EACH, 10 * seed + number), np.repeat(groups[of], EACH), names, np.zeros(3),
            np.ones(3),
        )
        for number, of in enumerate(crops.split_photographs(groups, seed).values())
    ]  # fmt: skip


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
