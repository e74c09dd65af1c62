"""What a shortcut costs: a class whose images carry a plane wave, in a share of them.

Fixed before any result was seen:

- The class has the wave in the same share of its training, validation and test images. Its own-map advantage and its
  verdict come from the shortcut test on the test images as they are in the set.
- The harm is measured on the photographs of the test split, to which the wave is added or not. `lost`: the recall of
  the class with the wave in all its images minus that without it. `called`: the share of the images of other classes
  that are called this class with the wave in them, minus that without it.
- Where no image of the class carries the wave (share 0), both say what the wave does to a network that has no shortcut
  by it: the control of the others.
- The own-map advantage of the class is its TPR - FPR with its own map minus the mean of that with the maps of the
  other classes, under the fill to quote. A network that reads the wave alone has TPR, and this advantage, of about the
  share at most: images without the wave cannot be recognised by it.
- A shortcut *costs* if the lower end of `lost` or that of `called` is at least `COST`. The word strong is tied to a
  harm if every shortcut that is called strong, and whose map holds the wave, costs; if there is none, nothing is said.
- Added after the first results, in which the maps of culling did not hold the wave: the own-map advantage with the maps
  of other methods that the study tests. They are tested without random masks, so that they have no verdict.
- All intervals are over the images of one network (`intervals.paired`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.data.waved import Wave, WavedImages
from frequency_shortcuts.intervals import Estimate, joined, paired
from frequency_shortcuts.networks.predictions import called

from .cross import advantage_of_class, maps_of_classes
from .hits import Hits, rates
from .verdicts import verdicts

COST = 0.1


def harm(network: nn.Module, plain: Split, wave: Wave, hits: Mapping[str, Hits], strong: float) -> pd.DataFrame:
    """The shortcut of the class with the wave, and its harm: one row a method that finds maps.

    plain : photographs without the wave, normalised as the network needs it
    hits : method -> hits of the shortcut test of the network on the set with the wave, with the maps of the method; the
        first has the random masks that a verdict needs
    strong : see `verdicts.verdicts`

    Returns `class`, `method`, `share`, `verdict`, `tpr_dfm`, `fpr_dfm`, `in_map` (whether the map holds the pair of the
    wave), `images`, `tpr_with`, `tpr_without`, `negatives`, `fpr_with`, `fpr_without`, and `advantage`, `lost` and
    `called` with the ends of their 95 % intervals `_low` and `_high`; `costs`, whether the shortcut costs. The harm is
    that of the network, and the same for all methods.

    >>> harm(network, plain, wave, {"culling": hits}, strong=0.6)["lost"]
    """
    harmed = _harm_of_network(network, plain, wave)
    rows: list[dict[str, Any]] = []
    for name, of_method in hits.items():
        of_maps = _shortcut(of_method, wave, strong if not rows else None)
        rows.append({"class": wave.label, "method": name, "share": wave.share, **of_maps, **harmed})
    return pd.DataFrame(rows)


def _harm_of_network(network: nn.Module, plain: Split, wave: Wave) -> dict[str, Any]:
    """Rates with the wave in all photographs and in none, their differences, and whether these cost."""
    with_wave = replace(plain, images=WavedImages(plain.images, np.full(len(plain), True), wave))
    is_called = {
        name: called(network, data.images, mean=data.mean, std=data.std) == wave.label
        for name, data in (("with", with_wave), ("without", plain))
    }
    own = plain.labels == wave.label
    row: dict[str, Any] = {}
    for harmed, rate, count, images in (("lost", "tpr", "images", own), ("called", "fpr", "negatives", ~own)):
        row[count] = int(images.sum())
        row |= {f"{rate}_{name}": float(is_hit[images].mean()) for name, is_hit in is_called.items()}
        difference = is_called["with"][images].astype(float) - is_called["without"][images]
        row |= _with_ends(harmed, joined(paired(difference)))
    return row | {"costs": bool(row["lost_low"] >= COST or row["called_low"] >= COST)}


def _shortcut(hits: Hits, wave: Wave, strong: float | None) -> dict[str, Any]:
    """The verdict on the class with the wave (none without `strong`), and the own-map advantage of its map."""
    label = wave.label
    if strong is None:
        table = rates(hits).query("part == 'keep' and filter == 'dfm'")
        table = table[table["fill"] == hits.primary_fill]
        table = table.assign(verdict=None, tpr_dfm=table["tpr"], fpr_dfm=table["fpr"])
    else:
        table = verdicts(hits, strong).query("headline")
    of_class = table.set_index("class").loc[label]
    pair = wave.masks(hits.n_classes, *hits.masks.shape[1:])["truth"][label]
    row = {name: of_class[name] for name in ("verdict", "tpr_dfm", "fpr_dfm")}
    row["in_map"] = bool(hits.masks[maps_of_classes(hits)[label][label]][pair].all())
    return row | _with_ends("advantage", advantage_of_class(hits, label))


def _with_ends(name: str, estimate: Estimate) -> dict[str, float]:
    return {name + end: float(value) for end, value in zip(("", "_low", "_high"), estimate, strict=True)}
