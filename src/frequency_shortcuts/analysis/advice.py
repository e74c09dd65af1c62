"""What to do about parts that are followed: what restored the recall on images of the same kind, by `make cure`."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from frequency_shortcuts.data_check.comparison import SETS_APART, share_facts
from frequency_shortcuts.data_check.file_facts import FILE_FACTS, file_facts
from frequency_shortcuts.exchange.fine import shorter
from frequency_shortcuts.images.pictures import ImageFiles
from frequency_shortcuts.images.source import Pixels, fitting_batch
from frequency_shortcuts.images.splits import Split

KINDS_OF_IMAGES = {
    "flat": "images with a flat background",
    "photograph": "images without a flat background or grain",
    "grain": "grainy images",
}
FIRST_CLASSES = 10  # whose images tell the kind
IMAGES_OF_CLASS = 100  # of each
COMMON = 0.3  # share of the pixels of a flat image that have one value
FLAT = 0.9  # share of the images that are flat so
SHORT_WAVES = 4.0  # pixels: shorter waves are grain
GRAIN = 0.25  # share of the energy in them
MATCHED = "files made alike (data --match)"
SWAPPING = "training with fs.Swap"
REFITTING = "fs.refit"
NOTHING = "no training was shown to help"
# On which kind of images a remedy restored the recall of a class that follows a part, of how many artefacts that harm,
# and the accuracy that it cost, at most: docs/data/cure, with scenes as photographs.
REMEDIES = pd.DataFrame(
    [
        ("flat", "fine", MATCHED, 2, 2, 0.02),
        ("flat", "fine", SWAPPING, 1, 2, 0.02),
        ("flat", "fine", REFITTING, 0, 2, 0.01),
        ("flat", "field", SWAPPING, 1, 1, 0.02),
        ("flat", "field", REFITTING, 0, 1, 0.01),
        ("flat", "patch", SWAPPING, 1, 1, 0.02),
        ("flat", "patch", REFITTING, 0, 1, 0.01),
        ("grain", "fine", MATCHED, 2, 2, 0.01),
        ("grain", "fine", SWAPPING, 2, 2, 0.06),
        ("grain", "fine", REFITTING, 1, 2, 0.01),
        ("grain", "field", SWAPPING, 1, 1, 0.06),
        ("grain", "field", REFITTING, 0, 1, 0.01),
        ("grain", "patch", SWAPPING, 1, 1, 0.06),
        ("grain", "patch", REFITTING, 0, 1, 0.01),
        ("photograph", "patch", SWAPPING, 1, 1, 0.03),
        ("photograph", "patch", REFITTING, 0, 1, 0.01),
    ],
    columns=["images", "part", "remedy", "restored", "artefacts", "cost"],
)


def kind_of_images(pixels: Pixels) -> str:
    """The kind of images, a key of `KINDS_OF_IMAGES`, by at most 100 images of each of ten classes.

    `flat`: in at least 9 of 10 images, 30 % of the pixels have one value. `grain`: else, if waves shorter than four
    pixels have a quarter of the energy (the sum of squares without the mean of each image). `photograph`: else. Both
    shares are the upper median of the classes, since one class may have lost either.
    """
    most = min(IMAGES_OF_CLASS, fitting_batch(pixels.shape[1:]))
    flat = []
    fine = []
    for c in np.unique(pixels.labels)[:FIRST_CLASSES]:
        images = pixels.take(np.flatnonzero(pixels.labels == c)[:most]).cpu()
        flat.append(_share_of_flat(images))
        fine.append(_share_of_short_waves(images))
    if np.quantile(flat, 0.5, method="higher") >= FLAT:
        return "flat"
    return "grain" if np.quantile(fine, 0.5, method="higher") >= GRAIN else "photograph"


def _share_of_flat(images: Tensor) -> float:
    """The share of images of which many pixels have one value."""
    grey = (255 * images.mean(dim=1)).round().flatten(1)
    most_common = grey.mode(dim=1, keepdim=True)[0]
    common = (grey == most_common).double().mean(dim=1)
    return float((common >= COMMON).double().mean())


def _share_of_short_waves(images: Tensor) -> float:
    """The share of the energy of images in short waves."""
    size = images.shape[2:]
    spectra = torch.fft.rfft2(images) * shorter(size, SHORT_WAVES)
    fine = torch.fft.irfft2(spectra, s=size)
    without_mean = images - images.mean(dim=(2, 3), keepdim=True)
    return float(fine.square().sum() / without_mean.square().sum().clamp(min=1e-9))


def facts_apart(split: Split) -> dict[str, str]:
    """What sets the files of a class apart, in words, by its name; no classes without; see `comparison.share_facts`."""
    if not isinstance(split.images, ImageFiles):
        return {}
    heads = pd.DataFrame([file_facts(file) for file in split.images.files])
    heads["size"] = heads["width"].astype(str) + " x " + heads["height"].astype(str)
    facts = share_facts(heads[["format", "quality", "size"]], split.labels, len(split.classes))
    is_apart = (facts["own"] - facts["others"] >= SETS_APART) & (facts["value"] != "none")
    apart = facts[is_apart]
    words = apart["fact"].map(FILE_FACTS) + " " + apart["value"]
    by_class = words.groupby(apart["class"]).agg(" and ".join)
    return {split.classes[k]: facts_of_class for k, facts_of_class in by_class.items()}


def advice(kind: str, parts: Sequence[str], *, of_files: bool, swapped: bool) -> pd.DataFrame:
    """What restored the recall where a part was followed, on images of this kind: the rows of `REMEDIES`.

    A part for which nothing did has a row that says so. of_files : whether files differ, or images have the trace of a
    kind of file. swapped : whether the network was trained with `fs.Swap`, which then is not advised again
    """
    useless = []
    if not of_files:
        useless.append(MATCHED)
    if swapped:
        useless.append(SWAPPING)
    is_useful = (REMEDIES["restored"] > 0) & ~REMEDIES["remedy"].isin(useless)
    is_about_this = (REMEDIES["images"] == kind) & REMEDIES["part"].isin(parts)
    rows = REMEDIES[is_useful & is_about_this].to_dict("records")
    helped = {row["part"] for row in rows}
    for part in parts:
        if part not in helped:
            rows.append({"images": kind, "part": part, "remedy": NOTHING})
    return pd.DataFrame(rows, columns=REMEDIES.columns)
