"""Graded sets: whether a class that stands out more is learned earlier, where we made it stand out.

Each class of a graded set (`data.planted`) has a gain and a ring that are drawn at random. One network is trained for
its first iterations and tested every few of them. The earliness of a class is its mean F1 over these tests.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from tqdm import tqdm

from frequency_shortcuts.images.normalisation import pixel_statistics
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps import adcs
from frequency_shortcuts.networks.instructions import chosen
from frequency_shortcuts.storage.journal import Journal, Work
from study.sources import planted
from study.sources.drawn import NEUTRAL, draw_images
from study.trainings.dynamics import Dynamics
from study.trainings.minibatches import iterations_per_epoch
from study.trainings.training import Protocol

log = logging.getLogger(__name__)

OF_CLASS = ["class", "gain", "ring", "distinctiveness", "images"]  # the same in all tests of a class
SCORES = ["precision", "recall", "f1"]


def measure(
    seeds: Sequence[int],
    constants: Mapping[str, Any],
    protocol: Protocol,
    *,
    iterations: int,
    every: int,
    images: tuple[int, int],
    device: torch.device | str = "cpu",
    work: Work | None = None,
) -> pd.DataFrame:
    """Draw a set for each seed, and train and test a network on it: one row a set, test and class.

    Parameters
    ----------
    seeds : of the sets; the seed of a set also seeds its images and its network
    constants : of `planted.Design`
    protocol : its epochs become as many as the iterations need
    iterations : the last one that is tested; every : iterations between two tests
    images : of each class, to train on and to test with
    work : finished sets are stored; it stops before a set

    Returns the columns seed, iteration, class, gain, ring (low or high), distinctiveness (`adcs.distinctiveness`, of
    the training images), precision, recall, f1 and images (test images of the class). Gain and ring are missing for the
    neutral class.
    """
    work = work or Work()
    how = (protocol, iterations, every, images)
    settings = repr((sorted(constants.items()), how, work.version, torch.device(device).type, chosen()))
    fingerprint, tables = hashlib.sha256(settings.encode()).hexdigest(), []
    shown = tqdm(seeds, desc="graded sets", unit="set", disable=None if work.progress else True)
    with Journal(work.state, fingerprint, stop=work.stop) as journal:
        for seed in shown:
            design = planted.Design("graded", cue_seed=seed, **constants)

            def measured(design: planted.Design = design) -> npt.NDArray[Any]:
                texts = {"class": "U8", "ring": "U4"}  # a journal holds no objects
                return np.asarray(_measure(design, *how, device, work.progress).to_records(False, texts))

            rows = pd.DataFrame.from_records(journal.step(f"set {seed}", measured))
            reached = rows.loc[rows["iteration"] == rows["iteration"].max(), "recall"].mean()
            log.info("set %d: mean recall %.3f after %d iterations", seed, reached, rows["iteration"].max())
            tables.append(rows.assign(seed=seed, ring=rows["ring"].replace("", np.nan)))
    table = pd.concat(tables, ignore_index=True)
    return table[["seed", "iteration", *OF_CLASS[:-1], *SCORES, "images"]]


def _measure(
    design: planted.Design, protocol: Protocol, iterations: int, every: int, images: tuple[int, int],
    device: torch.device | str, progress: bool,
) -> pd.DataFrame:  # fmt: skip
    """One set: a row for each test and class."""
    seed = design.cue_seed
    # Two streams, so that training and test images differ.
    seeds = np.random.SeedSequence(seed).generate_state(2)
    drawn = [draw_images(design, count, int(own)) for count, own in zip(images, seeds, strict=True)]
    mean, std = pixel_statistics(drawn[0][0])
    train, test = (Split(*part, design.classes, mean, std, neutral=NEUTRAL) for part in drawn)
    epochs = math.ceil(iterations / iterations_per_epoch(len(train), protocol.recipe.batch_size))
    _, done = replace(protocol, recipe=replace(protocol.recipe, epochs=epochs)).train(
        train,
        test,  # it only chooses weights, and no weights are kept
        seed=seed,
        device=device,
        dynamics=Dynamics(test, iterations, every, views=("full",)),
        work=Work(progress=progress),
    )
    spectra = adcs.class_spectra(train)
    gains = design.gains.copy()
    gains[NEUTRAL] = np.nan
    of_class = {
        "class": design.classes,
        "gain": gains,
        "ring": design.ring_names,
        "distinctiveness": adcs.distinctiveness(spectra.mean_amplitude, spectra.standard_error),
    }
    rows = done.dynamics[["iteration", "class", *SCORES, "images"]]
    return rows.merge(pd.DataFrame(of_class), on="class", how="left")


def earliness(table: pd.DataFrame) -> pd.DataFrame:
    """One row a set and class, from a table of `measure`.

    Adds to the columns that are the same in all tests `earliness`, the mean F1 over the tests after the first
    iteration, and `recall`, that of the last test.
    """
    keys = ["seed", *OF_CLASS]
    trained = table[table["iteration"] > 0]
    of_classes = trained.groupby(keys, sort=False, dropna=False).agg(
        earliness=("f1", "mean"), recall=("recall", "last")
    )
    return of_classes.reset_index()[[*keys[:-1], "earliness", "recall", "images"]]
