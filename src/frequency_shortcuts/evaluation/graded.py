"""Graded sets: whether a class that stands out more is learned earlier, where we made it stand out.

Each class of a graded set (`data.planted`) has a gain and a ring that are drawn at random. One network is trained for
its first iterations and tested every few of them. The earliness of a class is its mean F1 over these tests.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from tqdm import tqdm

from frequency_shortcuts.data import planted, synthetic
from frequency_shortcuts.data.normalisation import pixel_statistics
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.maps import adcs
from frequency_shortcuts.networks import architectures, training
from frequency_shortcuts.networks.augmentation import Augmentation
from frequency_shortcuts.networks.dynamics import Dynamics
from frequency_shortcuts.networks.instructions import chosen
from frequency_shortcuts.networks.minibatches import iterations_per_epoch
from frequency_shortcuts.networks.recipe import Recipe
from frequency_shortcuts.storage.journal import Journal, Work

log = logging.getLogger(__name__)

OF_CLASS = ["class", "gain", "ring", "distinctiveness", "images"]  # the same in all tests of a class
SCORES = ["precision", "recall", "f1"]


@dataclass(frozen=True)
class Protocol:
    """How the network of each set is trained and tested.

    network: name, width and stem of its `architectures.Architecture`. recipe: of its training; the epochs are as many
    as the iterations need. iterations: the last one that is tested. every: iterations between two tests.
    train_images, test_images: of each class.
    """

    network: Mapping[str, Any]
    recipe: Recipe
    augmentation: Augmentation
    iterations: int
    every: int
    train_images: int
    test_images: int


def measure(
    seeds: Sequence[int],
    constants: Mapping[str, Any],
    protocol: Protocol,
    *,
    device: torch.device | str = "cpu",
    work: Work | None = None,
) -> pd.DataFrame:
    """Draw a set for each seed, and train and test a network on it: one row a set, test and class.

    Parameters
    ----------
    seeds : of the sets; the seed of a set also seeds its images and its network
    constants : those of `planted.design` that differ from the defaults
    work : finished sets are stored; it stops before a set

    Returns the columns seed, iteration, class, gain, ring (low or high), distinctiveness (`adcs.distinctiveness`, of
    the training images), precision, recall, f1 and images (test images of the class). Gain and ring are missing for the
    neutral class.
    """
    work = work or Work()
    settings = repr((sorted(constants.items()), protocol, work.version, torch.device(device).type, chosen()))
    fingerprint, tables = hashlib.sha256(settings.encode()).hexdigest(), []
    shown = tqdm(seeds, desc="graded sets", unit="set", disable=None if work.progress else True)
    with Journal(work.state, fingerprint, stop=work.stop) as journal:
        for seed in shown:
            design = planted.design("graded", cue_seed=seed, **constants)

            def measured(design: planted.Design = design) -> npt.NDArray[Any]:
                texts = {"class": "U8", "ring": "U4"}  # a journal holds no objects
                return np.asarray(_measure(design, protocol, device, work.progress).to_records(False, texts))

            rows = pd.DataFrame.from_records(journal.step(f"set {seed}", measured))
            reached = rows.loc[rows["iteration"] == rows["iteration"].max(), "recall"].mean()
            log.info("set %d: mean recall %.3f after %d iterations", seed, reached, rows["iteration"].max())
            tables.append(rows.assign(seed=seed, ring=rows["ring"].replace("", np.nan)))
    table = pd.concat(tables, ignore_index=True)
    return table[["seed", "iteration", *OF_CLASS[:-1], *SCORES, "images"]]


def _measure(design: planted.Design, protocol: Protocol, device: torch.device | str, progress: bool) -> pd.DataFrame:
    """One set: a row for each test and class."""
    seed = design.cue_seed
    # Two streams, so that training and test images differ.
    of_train, of_test = map(int, np.random.SeedSequence(seed).generate_state(2))
    train_images = planted.images(design, protocol.train_images, of_train)
    mean, std = pixel_statistics(train_images[0])
    train, test = (
        Split(*images, design.classes, mean, std, neutral=synthetic.NEUTRAL)
        for images in (train_images, planted.images(design, protocol.test_images, of_test))
    )
    architecture = architectures.Architecture(
        **protocol.network, n_classes=len(design.classes), channels=design.channels, size=design.size
    )
    per_epoch = iterations_per_epoch(len(train), protocol.recipe.batch_size)
    done = training.train(
        architectures.build(architecture, seed).to(device),
        train,
        test,  # it only chooses weights, and no weights are kept
        replace(protocol.recipe, epochs=math.ceil(protocol.iterations / per_epoch)),
        seed=seed,
        augmentation=protocol.augmentation,
        dynamics=Dynamics(test, protocol.iterations, protocol.every, views=("full",)),
        work=Work(progress=progress),
    )
    spectra = adcs.class_spectra(train)
    gains = design.gains.copy()
    gains[synthetic.NEUTRAL] = np.nan
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

    >>> earliness(measure(range(12), {}, protocol))
    """
    keys = ["seed", *OF_CLASS]
    trained = table[table["iteration"] > 0]
    of_classes = trained.groupby(keys, sort=False, dropna=False).agg(
        earliness=("f1", "mean"), recall=("recall", "last")
    )
    return of_classes.reset_index()[[*keys[:-1], "earliness", "recall", "images"]]
