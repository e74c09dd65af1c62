"""Does a network need the frequencies that it relies on?

A network whose recall falls when the frequencies of its maps are those of another class relies on them. If the same
network, trained anew on images without them, recognises the class as well as before, it did not need them: the shortcut
could have been avoided. columns.yaml says at `reliance.csv` what is measured and how it is read, which was fixed before
any result was seen, but for the loss at test time: at first zeros stood at the frequencies, and nine of ten classes
lost everything at once, because the network named the tenth class for all images.

- Removed are the union of the maps of all classes, and controls of the same size: random pairs, drawn once for each
  network, and the lowest frequencies. For the network trained anew zeros stand there, in all training, validation and
  test images, after normalisation; it has the same initial weights, recipe and images. Where nothing is removed, it has
  another seed (`OTHER_SEED` is added), and the loss is what training anew changes by itself.
- At test time both images are mixtures of two, so that the loss is that of the class's own frequencies, and not of
  strange images.
- A network that names one class for everything loses no recall of that class. So the share of other images called the
  class stands beside each recall, and the row of all images beside the classes. With frequencies of another class,
  images count whose donor is not of the class.
- The interval of one network is over its images (`intervals.paired`); that of several follows
  `intervals.over_networks`.
"""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd

from frequency_shortcuts.intervals import joined, over_networks, paired
from frequency_shortcuts.shortcuts.verdict import RECOGNISED_TPR
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray
from frequency_shortcuts.spectrum.masks import check_mask, control_mask, low_pass_mask
from frequency_shortcuts.storage.tables import NETWORK

OTHER_SEED = 1000
ALL_IMAGES = "(all)"  # in the column `class`: all test images
LARGE, SMALL = 0.2, 0.1
AVOIDABLE, NEEDED, NOT_RELIED_ON, OPEN = "avoidable", "needed", "not relied on", "open"
VIEWS = ("", "_same", "_without", "_after")  # of the images, as ends of the names of columns
# Recall in the first view minus second.
LOSSES = {"lost_at_test": ("_same", "_without"), "lost_after": ("", "_after")}


def removed_masks(maps: BoolArray, seed: int) -> dict[str, BoolArray]:
    """What is removed from all images, each bool [H, W].

    maps : bool [class, H, W], centred and symmetric; seed : of the random mask

    The lowest frequencies may be one position more.
    """
    union = np.asarray(check_mask(maps, "maps").any(axis=0))
    return {
        "maps": union,
        "random": control_mask(union, "random", seed),
        "low_pass": low_pass_mask(union),
        "nothing": np.zeros_like(union),
    }


def seed_of(removed: str, seed: int) -> int:
    """The seed of the network that is trained anew, from that of the first network."""
    return seed if removed != "nothing" else seed + OTHER_SEED


def losses(
    labels: IntArray,
    called: Mapping[str, Mapping[str, IntArray]],
    positions: Mapping[str, int],
    *,
    donors: IntArray,
    classes: Sequence[str],
) -> pd.DataFrame:
    """What one network loses, a row for each removal and class, and for all images (class `ALL_IMAGES`).

    labels : [n]; donors : the class of the images of other classes [n]
    called : by removal and view (of `VIEWS`), the class that is named for each image [n]: by the network for the images
        as they are, with the frequencies of another image of their class, and with those of an image of another class;
        by the network trained anew for the images without them
    positions : how many are removed

    results/README.md says what the columns are, at `reliance.csv`. `fpr`, ... are missing for all images.
    """
    rows = []
    for (name, views), (c, label) in product(called.items(), enumerate([*classes, ALL_IMAGES])):
        own = (labels == c) | (label == ALL_IMAGES)
        row = {"removed": name, "class": label, "positions": positions[name], "images": own.sum()}
        hits = {key: (named == labels)[own].astype(float) for key, named in views.items()}
        row |= {f"tpr{key}": hit.mean() for key, hit in hits.items()}
        for key, named in views.items():
            others = ~own & (donors != c) if key == "_without" else ~own
            row[f"fpr{key}"] = (named == c)[others].mean() if others.any() else np.nan
        for loss, (key, other) in LOSSES.items():
            ends = map(float, joined(paired(hits[key] - hits[other])))
            row |= zip((loss, f"{loss}_low", f"{loss}_high"), ends, strict=True)
        rows.append(row)
    return pd.DataFrame(rows)


def over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """The losses of networks of one kind: a row for each data set, network, augmentation, removal and class.

    table : rows of `losses` behind the run of each network

    Adds `seeds`, `interval` (of what it is: networks, or these networks) and `reading` (`AVOIDABLE`, `NEEDED`,
    `NOT_RELIED_ON` or `OPEN`; missing where there is none); all other numbers are means.
    """
    keys = [*NETWORK, "removed", "class"]
    rows = []
    for values, group in table.groupby(keys, sort=False):
        row = dict(zip(keys, values, strict=True))
        row |= {"seeds": len(group), "images": group["images"].iloc[0]}
        row |= group.filter(regex="^(positions|tpr|fpr)").mean()
        for name in LOSSES:
            half_widths = (group[f"{name}_high"] - group[f"{name}_low"]) / 2
            columns = name, f"{name}_low", f"{name}_high", "interval"
            row |= zip(columns, over_networks(group[name], half_widths), strict=True)
        has_one = row["removed"] != "nothing" and min(row["tpr"], row["tpr_same"]) >= RECOGNISED_TPR
        rows.append(row | {"reading": reading(row) if has_one else None})
    return pd.DataFrame(rows)


def reading(row: Mapping[str, float]) -> str:
    """What the losses of a class say, from their ends; see columns.yaml."""
    if row["lost_at_test_high"] < LARGE:
        return NOT_RELIED_ON
    if row["lost_at_test_low"] < LARGE:
        return OPEN
    if row["lost_after_high"] < SMALL:
        return AVOIDABLE
    return NEEDED if row["lost_after_low"] >= SMALL else OPEN
