"""What artefacts cost a network: recall without them, and images of other classes that are called the class."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from frequency_shortcuts.images.artefacts import Artefact
from frequency_shortcuts.images.normalisation import normalise
from frequency_shortcuts.images.splits import Split, first_of_each_class
from frequency_shortcuts.intervals import paired
from frequency_shortcuts.networks.predictions import called, predict

from .draws import describe

FEW = 33  # images of each class that get the artefacts where the exchange test is judged, those of all seeds


def harm(
    network: nn.Module,
    test: Split,
    plain: Split,
    artefacts: Sequence[Artefact],
    images_per_class: int | None = None,
) -> pd.DataFrame:
    """One row a class and artefact of it; a class without one has a row, too.

    network : normalised images [n, channels, H, W] -> logits [n, classes]
    test : images as those that it was trained on; plain : the same without artefacts
    images_per_class : test images that get the artefacts; by default all

    Columns: `class`; `clean_recall` of it on so many `clean_images` without artefacts; `accuracy` on `test` and
    `clean_accuracy` on `plain`; of an artefact `artefact` (in words), `kind`, `level`, `share`, `others`;
    `called_with`, the share of images of other classes that are called the class with it; `called`, minus that before,
    and its variance over images, `called_variance`.
    """
    before = called(network, plain)
    accuracy, clean = (
        float((answers == plain.labels).mean()) for answers in (called(network, test), before)
    )
    few = first_of_each_class(plain.labels, images_per_class)
    pixels, labels, everywhere = (
        np.asarray(plain.images[few]),
        plain.labels[few],
        np.full(len(few), True),
    )
    rows = []
    for c in range(len(plain.classes)):
        own = plain.labels == c
        about: dict[str, Any] = {
            "class": c,
            "clean_recall": float((before[own] == c).mean()),
            "clean_images": int(own.sum()),
            "accuracy": accuracy,
            "clean_accuracy": clean,
        }
        of_class = [artefact for artefact in artefacts if artefact.label == c]
        rows += [about] if not of_class else []
        for artefact in of_class:
            others = labels != c
            with_it = torch.from_numpy(artefact.add_to(pixels, everywhere)[others])
            after = predict(network, normalise(with_it, plain.mean, plain.std)).numpy()
            hits = (after == c).astype(float)
            difference = paired(hits - (before[few][others] == c))
            rows.append(
                {
                    **about,
                    "artefact": describe(artefact),
                    "kind": artefact.kind,
                    "level": artefact.level,
                    "share": artefact.share,
                    "others": artefact.others,
                    "called_with": float(hits.mean()),
                    "called": float(difference.value),
                    "called_variance": float(difference.variance),
                }
            )
    return pd.DataFrame(rows)
