"""What to do about parts that are followed: what cured artefacts on images of the same kind, by `make cure`."""

from collections.abc import Mapping, Sequence
from operator import itemgetter

import numpy as np
import pandas as pd
import torch

from frequency_shortcuts.data_check.comparison import share_facts
from frequency_shortcuts.data_check.file_facts import file_facts
from frequency_shortcuts.exchange.fine import shorter
from frequency_shortcuts.images.folders import few
from frequency_shortcuts.images.pictures import ImageFiles
from frequency_shortcuts.images.source import Pixels, fitting_batch
from frequency_shortcuts.images.splits import Split

from .data_summary import FILE_FACTS, MATCH, SENTENCES, SETS_APART

KINDS = {"flat": "images with a flat background", "photograph": "photographs", "grain": "grainy images"}
CLASSES, IMAGES = 10, 100  # whose images tell the kind, and of each
COMMON, FLAT = 0.3, 0.9  # share of the pixels of an image that have one value, and of the images that are flat so
SHORT, GRAIN = 4.0, 0.25  # pixels: shorter waves are grain; their share of the energy
TRAININGS = {"swap": "fs.Swap()", "processed": "random size, noise and JPEG"}
# Kind of images and part -> training -> artefacts that it cured, whose recall it restored, of how many, and what it
# cost on these images: docs/data/cure/tables/cure.csv. A cure costs no more accuracy than `study.measures.cure` allows.
CURED: Mapping[tuple[str, str], Mapping[str, tuple[int, int, int]]] = {
    ("flat", "fine"): {"matched": (2, 2, 2), "swap": (1, 1, 2), "processed": (0, 0, 2)},
    ("flat", "field"): {"swap": (1, 1, 1), "processed": (0, 0, 1)},
    ("flat", "patch"): {"swap": (0, 0, 1), "processed": (0, 0, 1)},
    ("photograph", "fine"): {"matched": (1, 1, 1), "swap": (1, 1, 2), "processed": (0, 0, 2)},
    ("photograph", "field"): {"swap": (1, 1, 1), "processed": (0, 0, 1)},
    ("photograph", "patch"): {"swap": (1, 1, 1), "processed": (0, 0, 1)},
    ("grain", "fine"): {"matched": (2, 2, 2), "swap": (0, 2, 2), "processed": (1, 1, 2)},
    ("grain", "field"): {"swap": (0, 1, 1), "processed": (0, 0, 1)},
    ("grain", "patch"): {"swap": (0, 1, 1), "processed": (0, 0, 1)},
}
COST = {"flat": 0.03, "photograph": 0.05, "grain": 0.06}  # of `fs.Swap`, in accuracy
FACTS = "Their files differ: {facts}."
MATCHED = f"{SENTENCES[MATCH]} Train and test on these (cured {{}} of {{}} artefacts on {{kind}})."
SWAP_FAILED = "fs.Swap did not remove what is followed."
CURES = "Trainings on {kind} like these: {cures}."
NOTHING = "No {other}training was shown to cure this on {kind} like these."


def kind_of_images(pixels: Pixels) -> str:
    """The kind of images, a key of `KINDS`, by at most 100 images of each of ten classes.

    `flat`: in at least 9 of 10 images, 30 % of the pixels have one value. `grain`: else, if waves shorter than four
    pixels have a quarter of the energy (the sum of squares without the mean of each image). `photograph`: else. Both
    shares are the upper median of the classes, since one class may have lost either.
    """
    size, most = torch.Size(pixels.shape[2:]), min(IMAGES, fitting_batch(pixels.shape[1:]))
    shares = []
    for c in np.unique(pixels.labels)[:CLASSES]:
        images = pixels.take(np.flatnonzero(pixels.labels == c)[:most]).cpu()
        grey = (255 * images.mean(dim=1)).round().flatten(1)
        common = (grey == grey.mode(dim=1, keepdim=True)[0]).double().mean(dim=1)
        fine = torch.fft.irfft2(torch.fft.rfft2(images) * shorter(size, SHORT), s=size)
        energy = (images - images.mean(dim=(2, 3), keepdim=True)).square().sum().clamp(min=1e-9)
        shares.append((float((common >= COMMON).double().mean()), float(fine.square().sum() / energy)))
    flat, fine_share = np.quantile(shares, 0.5, axis=0, method="higher")
    return "flat" if flat >= FLAT else "grain" if fine_share >= GRAIN else "photograph"


def facts_apart(split: Split) -> dict[str, str]:
    """What sets the files of a class apart, in words, by its name; no classes without; see `comparison.share_facts`."""
    if not isinstance(split.images, ImageFiles):
        return {}
    heads = pd.DataFrame([file_facts(file) for file in split.images.files])
    heads["size"] = heads["width"].astype(str) + " x " + heads["height"].astype(str)
    facts = share_facts(heads[["format", "quality", "size"]], split.labels, len(split.classes))
    apart = facts[(facts["own"] - facts["others"] >= SETS_APART) & (facts["value"] != "none")]
    words = apart["fact"].map(FILE_FACTS) + " " + apart["value"]
    return {split.classes[k]: " and ".join(own) for k, own in words.groupby(apart["class"])}


def advice(kind: str, parts: Sequence[str], *, facts: Sequence[str], of_files: bool, swapped: bool) -> str:
    """What to do about parts that are followed on images of a kind, in fixed sentences.

    facts : by which files of classes differ, in words. of_files : whether images have the trace of a kind of file
    swapped : whether the network was trained with `fs.Swap`
    """
    cures, others = {}, {name: words for name, words in TRAININGS.items() if not (swapped and name == "swap")}
    for part in parts:
        counts = [(CURED[kind, part][name], words) for name, words in others.items()]
        cures[part] = ", ".join(
            f"{words} cured {cured} of {count}"
            if cured == back  # else it cost too much
            else f"{words} restored the recall in {back} of {count}, but cost {COST[kind]:.2f} of the accuracy"
            for (cured, back, count), words in sorted(counts, key=itemgetter(0), reverse=True)
            if back
        )
    words = CURES if any(cures.values()) else NOTHING
    said = [FACTS] * bool(facts) + [MATCHED] * (bool(facts) or of_files) + [SWAP_FAILED] * swapped + [words]
    return " ".join(said).format(
        *CURED[kind, "fine"]["matched"][::2], facts=few(facts), kind=KINDS[kind], other="other " * swapped,
        cures="; ".join(f"of {part} artefacts, {best or 'none'}" for part, best in cures.items()),
    )  # fmt: skip
