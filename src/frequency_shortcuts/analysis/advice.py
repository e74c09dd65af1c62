"""What to do about parts that are followed: what restored the recall on images of the same kind, by `make cure`."""

from collections.abc import Mapping, Sequence

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

KINDS = {
    "flat": "images with a flat background",
    "photograph": "photographs",
    "grain": "grainy images",
}
CLASSES, IMAGES = 10, 100  # whose images tell the kind, and of each
# Share of the pixels of an image that have one value, and of the images that are flat so.
COMMON, FLAT = (
    0.3,
    0.9,
)
SHORT, GRAIN = 4.0, 0.25  # pixels: shorter waves are grain; their share of the energy
TRAININGS = {"swap": "fs.Swap()", "processed": "random size, noise and JPEG"}
# Kind of images and part -> training -> artefacts whose recall it restored, and of how many; kind and training -> the
# accuracy that it cost, at most: docs/data/cure/tables/cure.csv. Nothing was shown on photographs.
RESTORED: Mapping[tuple[str, str], Mapping[str, tuple[int, int]]] = {
    ("flat", "fine"): {"matched": (2, 2), "swap": (1, 2), "processed": (0, 2)},
    ("flat", "field"): {"swap": (0, 1), "processed": (0, 1)},
    ("flat", "patch"): {"swap": (0, 1), "processed": (0, 1)},
    ("grain", "fine"): {"matched": (2, 2), "swap": (2, 2), "processed": (1, 2)},
    ("grain", "field"): {"swap": (1, 1), "processed": (0, 1)},
    ("grain", "patch"): {"swap": (1, 1), "processed": (0, 1)},
}
COST: Mapping[tuple[str, str], float] = {
    ("flat", "matched"): 0.02,
    ("flat", "swap"): 0.03,
    ("flat", "processed"): 0.02,
    ("grain", "matched"): 0.01,
    ("grain", "swap"): 0.06,
    ("grain", "processed"): 0.0,
}
FACTS = "Their files differ: {facts}."
MATCHED = f"{SENTENCES[MATCH]} Train and test on these{{}}."
SWAP_FAILED = "fs.Swap did not remove what is followed."
TRAINED = "Trainings on {} like these: {}."
NOTHING = "No {}training was shown to restore the recall on {} like these."


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
        shares.append(
            (float((common >= COMMON).double().mean()), float(fine.square().sum() / energy))
        )
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


def advice(
    kind: str, parts: Sequence[str], *, facts: Sequence[str], of_files: bool, swapped: bool
) -> str:
    """What to do about parts that are followed on images of a kind, in fixed sentences.

    facts : by which files of classes differ, in words. of_files : whether images have the trace of a kind of file
    swapped : whether the network was trained with `fs.Swap`
    """
    said = [FACTS.format(facts=few(facts))] if facts else []
    if facts or of_files:
        matched = _restored(kind, "fine", "matched")
        said.append(MATCHED.format(f" ({matched} on {KINDS[kind]})" if matched else ""))
    if swapped:
        said.append(SWAP_FAILED)
    trainings = {
        name: words for name, words in TRAININGS.items() if not (swapped and name == "swap")
    }
    shown = {}
    for part in parts:
        restored = {words: _restored(kind, part, name) for name, words in trainings.items()}
        shown[part] = ", ".join(f"{words} {found}" for words, found in restored.items() if found)
    if any(shown.values()):
        best = "; ".join(f"of {part} artefacts, {words or 'none'}" for part, words in shown.items())
        said.append(TRAINED.format(KINDS[kind], best))
    else:
        said.append(NOTHING.format("other " * swapped, KINDS[kind]))
    return " ".join(said)


def _restored(kind: str, part: str, training: str) -> str:
    """Of how many artefacts a training restored the recall on images of a kind, and at what cost; empty for none."""
    back, count = RESTORED.get((kind, part), {}).get(training, (0, 0))
    if not back:
        return ""
    return (
        f"restored the recall in {back} of {count} for {COST[kind, training]:.2f} of the accuracy"
    )
