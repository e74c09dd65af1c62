"""Which trainings cure what an artefact costs: networks are trained in several ways, with it in all images of a class.

Each network is tested for what is lost and what is back: the recall of the class on images without the artefact, and
the share of other images that are called the class when they get it.

Fixed before any result of the seeds that judge. A training *cures* an artefact if, on average over its networks, one a
seed,

- of the recall of the class on images without the artefact, at least 0.7 of what the artefact cost is back. The cost
  is the recall of the network that was trained plainly on clean data, minus that of the one trained plainly on the
  artefact. The share that is back decides by its value; its interval beside it is Fieller's, with Student's t over the
  networks;
- other images are no longer called the class when they get the artefact: `called`, minus that of the network trained
  plainly on clean data with the same seed, has an upper end below 0.1;
- on clean data, the training lowers the accuracy by at most 0.02: the same number for all artefacts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from frequency_shortcuts.data.artefacts import CASES, KINDS, Artefact, Pixels, draw_frequency, put
from frequency_shortcuts.data.normalisation import normalise
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.intervals import over_networks, ratio
from frequency_shortcuts.networks.predictions import called, predict
from frequency_shortcuts.networks.training import Protocol
from frequency_shortcuts.spectrum.filters import keep
from frequency_shortcuts.spectrum.masks import low_pass
from frequency_shortcuts.storage.journal import Work

from .leak_networks import Photographs

CLEAN = "clean"
NONE, SWAP_FINE, LOW_PASS, SAVED_ALIKE = "none", "swap_fine", "low_pass", "saved_alike"
TRAININGS = (NONE, SWAP_FINE, LOW_PASS, SAVED_ALIKE)
ALIKE = 75  # quality of JPEG in which all images are saved
DEAL = 5  # seeds in which a case has five different classes
LOW_PASS_RADIUS = 6.5  # cycles per image: about the radius that `SwapFine` finds on Fashion-MNIST
LIMITS = {"back": 0.7, "called": 0.1, "accuracy_loss": 0.02}


def draw(seed: int, case: str, classes: Sequence[int], size: tuple[int, int]) -> Artefact:
    """The artefact of a case in a seed: its class, its level, and the frequency of a wave.

    case : of `artefacts.CASES`; classes : those that may get it, at least five; size : (H, W) of the images
    """
    deal, place = divmod(seed, DEAL)
    kind, number, levels = CASES[case]
    order = np.random.default_rng([19, number, deal])
    label = int(order.permutation(classes)[place])
    level = levels[(place + int(order.integers(len(levels)))) % len(levels)]
    own = np.random.default_rng([19, number, deal, place])
    return Artefact(kind, level, label, frequency=draw_frequency(own, *size) if KINDS[kind].has_frequency else None)


def measure(
    photographs: Photographs,
    case: str,
    artefacts: Mapping[str, Artefact],
    trainings: Sequence[str],
    protocol: Protocol,
    *,
    seed: int,
    device: torch.device | str = "cpu",
    stop: Callable[[], bool] | None = None,
) -> pd.DataFrame:
    """Train networks in several ways on images with an artefact, or on clean ones: a row a training and artefact.

    photographs : without artefacts, not normalised
    case : whose artefact is in the images that are trained on, in all of its class; or `CLEAN`
    artefacts : of the seed by case; networks of clean images have a row for each of them, others one for their own
    trainings : of TRAININGS

    Columns: `case`, `training`, `cue` (the case whose artefact the row is about), `label`, `level`; `accuracy` on test
    images without artefacts; `recall` of the class there; `called`, the share of the other images that are called the
    class when they get the artefact, minus before. Raises `journal.Stopped` if `stop` returns true.
    """
    rows = []
    for training in trainings:
        prepare = PREPARATIONS.get(training, np.asarray)
        images = _prepared(photographs, artefacts.get(case), prepare)
        of_training = protocol
        if training == SWAP_FINE:
            of_training = replace(protocol, augmentation=replace(protocol.augmentation, name=training))
        network, _ = of_training.train(images.train, images.validation, seed=seed, device=device, work=Work(stop=stop))
        for cue in artefacts if case == CLEAN else (case,):
            artefact = artefacts[cue]
            recalls = _recalls(network, photographs.test, artefact, prepare, images.test)
            rows.append({"case": case, "training": training, "cue": cue, "label": artefact.label,
                         "level": artefact.level, **recalls})  # fmt: skip
    return pd.DataFrame(rows)


def _without_fine(images: Pixels) -> Pixels:
    """Images of which only the coarse spectrum is left."""
    height, width = images.shape[2:]
    mask = low_pass(height, width, LOW_PASS_RADIUS)
    left: Pixels = keep(torch.from_numpy(images).float(), mask).round_().clamp_(0, 255).to(torch.uint8).numpy()
    return left


# What happens to all images before a training, and to all images that its network sees; nothing before others.
PREPARATIONS: Mapping[str, Callable[[Pixels], Pixels]] = {
    SAVED_ALIKE: lambda images: put("jpeg", ALIKE, images), LOW_PASS: _without_fine
}  # fmt: skip


def _prepared(photographs: Photographs, artefact: Artefact | None, prepare: Callable[[Pixels], Pixels]) -> Photographs:
    """Images to train and to choose the epoch by, with the artefact, and test images without, normalised alike."""
    planted = photographs.planted([] if artefact is None else [artefact])
    splits = planted.train, planted.ranking, photographs.test
    return Photographs(*(replace(one, images=prepare(np.asarray(one.images[:]))) for one in splits)).planted(())


def _recalls(
    network: nn.Module, plain: Split, artefact: Artefact, prepare: Callable[[Pixels], Pixels], prepared: Split
) -> dict[str, float]:
    """What a network calls test images without the artefact, and the others when they get it.

    plain : test images; prepared : the same as the network sees them
    """
    before, other = called(network, prepared), plain.labels != artefact.label
    with_it = torch.from_numpy(prepare(artefact.add_to(np.asarray(plain.images[:]), other)[other]))
    named = predict(network, normalise(with_it, prepared.mean, prepared.std)).numpy() == artefact.label
    return {
        "accuracy": float((before == plain.labels).mean()),
        "recall": float((before[~other] == artefact.label).mean()),
        "called": float(named.mean() - (before[other] == artefact.label).mean()),
    }


def judge(networks: pd.DataFrame) -> pd.DataFrame:
    """One row a case and training: what is back, and whether the training cures.

    networks : of `measure`, of all seeds: `seed`, `case` of the training images, `training`, `cue` (the
        case whose artefact and class the row is about), `accuracy`, `recall`, `called`

    Returns `case`, `training`, `networks`; means of `recall_clean` (trained plainly on clean data), `recall_none`
    (trained plainly on the artefact), `recall` and `accuracy` (on test images without artefacts); `back`, the share of
    the cost that is back, `called` and `accuracy_loss`, each with `_low` and `_high`; `cured`. Below five networks, or
    where the cost may be 0, an interval has no ends (NaN): no training cures then.

    Raises KeyError if a network on clean data of one of the seeds is missing.
    """
    clean = networks[networks["case"] == CLEAN]
    plain = clean[clean["training"] == NONE].set_index(["cue", "seed"])
    accuracy = clean.drop_duplicates(["training", "seed"]).set_index(["training", "seed"])["accuracy"]
    planted, rows = networks[networks["case"] != CLEAN], []
    without = planted[planted["training"] == NONE].set_index(["case", "seed"])["recall"]
    for (case, training), found in planted.groupby(["case", "training"], sort=False):
        seeds = found["seed"].tolist()
        of_clean, recall_none = plain.loc[[(case, seed) for seed in seeds]], without.loc[[(case, s) for s in seeds]]
        gained = found["recall"].to_numpy() - recall_none.to_numpy()
        cost = of_clean["recall"].to_numpy() - recall_none.to_numpy()
        lost = [accuracy.loc[(NONE, seed)] - accuracy.loc[(str(training), seed)] for seed in seeds]
        numbers = {
            "back": ratio(gained, cost),
            "called": over_networks(found["called"].to_numpy() - of_clean["called"].to_numpy()),
            "accuracy_loss": over_networks(lost),
        }
        row: dict[str, Any] = {
            "case": case, "training": training, "networks": len(found),
            "recall_clean": of_clean["recall"].mean(), "recall_none": recall_none.mean(),
            "recall": found["recall"].mean(), "accuracy": found["accuracy"].mean(),
        }  # fmt: skip
        for name, (value, low, high, _) in numbers.items():
            row |= {name: value, f"{name}_low": low, f"{name}_high": high}
        costs = cost.mean() > 0 and pd.notna(row["back_low"])
        is_back, called = gained.mean() >= LIMITS["back"] * cost.mean(), row["called_high"] < LIMITS["called"]
        cheap = round(row["accuracy_loss"], 6) <= LIMITS["accuracy_loss"]
        rows.append(row | {"cured": bool(costs and is_back and called and cheap)})
    return pd.DataFrame(rows)
