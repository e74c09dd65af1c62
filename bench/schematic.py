"""The schematic of the docs, from the class of the default study whose map is clearest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from frequency_shortcuts.data import stores
from frequency_shortcuts.data.normalisation import normalise
from frequency_shortcuts.evaluation.examples import reduced_images
from frequency_shortcuts.figures.schematic import Example
from frequency_shortcuts.maps.dfm import read_mask
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.predictions import predict
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.spectrum import keep
from frequency_shortcuts.storage.tables import read_table

TRIED = 20  # images of the class, to show one that the network recognises from the map


def tested_percent(study: Path) -> float:
    """The size of the maps that a study tests, in percent of the frequencies."""
    percent: float = yaml.safe_load((study / "config.yaml").read_text())["shortcuts"]["percent"]
    return percent


def strongest(study: Path) -> dict[str, Any]:
    """The class of a network on photographs whose map is furthest above its closest control, strong ones first."""
    tested = read_table(study / "tables" / "shortcuts.csv").query("headline and fill == 'zeros'")
    ranked = tested.assign(strong=tested["verdict"] == "strong")
    row: dict[str, Any] = ranked.sort_values(["strong", "margin_low"], ascending=False, kind="stable").iloc[0].to_dict()
    return row


def example(study: Path) -> Example:
    """The first test image of that class that is recognised both whole and reduced to the map, and what was tested."""
    row, percent = strongest(study), tested_percent(study)
    run = "{dataset}/{network}/{augmentation}/seed{seed}".format(**row)
    weights = study / "networks" / run / "weights.safetensors"
    test = stores.read(
        study / "data" / f"{row['dataset']}.h5", "test", per_class=TRIED, statistics=normalisation(weights)
    )
    number = list(test.classes).index(row["class"])
    mask = read_mask(study / "dfm" / f"{run}.h5", percent)[number]
    pictures = test.images[test.labels == number]
    images = normalise(torch.from_numpy(pictures), test.mean, test.std)
    network = architectures.load(weights)
    right = [(predict(network, seen) == number).numpy() for seen in (images, keep(images, mask))]
    first = int(np.argmax(np.logical_and(*right)))
    spectrum = np.fft.fftshift(np.abs(np.fft.fft2(images[first].numpy())).mean(axis=0))
    return Example(
        name=row["class"],
        image=pictures[first],
        reduced=reduced_images(images[first : first + 1], mask[None])[0],
        amplitude=spectrum,
        mask=mask,
        percent=percent,
        of_map=(row["tpr_dfm"], row["fpr_dfm"]),
        of_random=(row["tpr_radial"], row["fpr_radial"]),
        verdict=str(row["verdict"]),
    )
