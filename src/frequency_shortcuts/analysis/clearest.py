"""The picture for a reader in a hurry: the class with the clearest shortcut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from frequency_shortcuts.evaluation.examples import reduced_images
from frequency_shortcuts.figures.canvas import control_label
from frequency_shortcuts.figures.panels import Panel, rows_of_panels
from frequency_shortcuts.figures.shortcuts import VERDICTS
from frequency_shortcuts.spectrum import fills

if TYPE_CHECKING:
    from .result import Analysis


def clearest_maps_first(verdicts: pd.DataFrame) -> pd.DataFrame:
    """The verdicts of maps, a row a class: strong before weak before others, and then by the margin."""
    rank = verdicts["verdict"].map({"strong": 0, "weak": 1}).fillna(2)
    order = verdicts.assign(_rank=rank).sort_values(["_rank", "margin"], ascending=[True, False], kind="stable")
    return order.drop(columns="_rank")


def clearest_class(table: pd.DataFrame) -> dict[str, Any]:
    """The row of the class to show, from all verdicts."""
    row: dict[str, Any] = clearest_maps_first(table[table["headline"]]).iloc[0].to_dict()
    return row


def note(row: dict[str, Any], n_classes: int) -> str:
    """What the picture shows."""
    return f"The clearest of {n_classes:,} classes: {VERDICTS.get(row['verdict'], 'no verdict')}."


def draw(result: Analysis) -> Figure:
    """A test image of the class, its map, and what the map and its closest control leave of the image.

    Under each stands the class that the network names for this image, and TPR and FPR on all test images. The image is
    the first with which the network does what it does with most, unfiltered and filtered.
    """
    hits, row = result.tested(), clearest_class(result.table)
    c, fill, kind = result.classes.index(row["class"]), row["fill"], row["best_control"]
    trials = hits.trials[(hits.trials["class"] == c) & (hits.trials["part"] == "keep")]
    own, control = (trials[trials["filter"] == name] for name in ("dfm", kind))
    rates = {name: (row[f"tpr_{name}"], row.get(f"fpr_{name}", np.nan)) for name in ("unfiltered", "dfm", kind)}
    if kind == "other":
        closest = result.classes.index(row["closest_class"])
        control = control[control["draw"] == closest]
        rates[kind] = _rates_of_map(result, c, fill, closest)
    chosen = [int(of_kind["mask"].iloc[0]) for of_kind in (own, control)]

    places = np.flatnonzero(hits.labels == c)
    named = np.stack([hits.unfiltered, *hits.predicted[fill][chosen]])[:, places]
    usual = np.array([[tpr >= 0.5] for tpr, _ in rates.values()])
    first = int(np.argmax(((named == c) == usual).all(axis=0)))  # the first image of all, if none is typical
    shown = [int(places[first])]
    donors = None
    if fills.named(fill).needs_donors and hits.donors is not None:
        donors = result.test_images([int(hits.donors[shown[0]])] * 2)[1]
    pictures, images = result.test_images(shown)
    masks = hits.masks[chosen]
    filtered = reduced_images(images.repeat(2, 1, 1, 1), masks, donors)

    size = f"{masks[0].sum():,} of {masks[0].size:,} frequencies"
    left = "all that the map leaves\nof the image" if donors is None else "the map's frequencies\nin another image"
    draws = f"\n(mean of {len(control)} draws)" if len(control) > 1 else ""
    below = [
        f"predicted: {result.classes[int(name)]}\n{_text(*rate)}"
        for name, rate in zip(named[:, first], rates.values(), strict=True)
    ]
    right = [bool(name == c) for name in named[:, first]]
    panels = [
        Panel("test image", pictures[0], below[0], right[0]),
        Panel("its map\n(black: kept)", masks[0].astype(float), size),
        Panel(left, filtered[0], below[1], right[1]),
        Panel(
            f"closest control:\n{control_label(kind, row['closest_class'])}", filtered[1], below[2] + draws, right[2]
        ),
    ]
    return rows_of_panels({f"class {row['class']}": panels}, note(row, len(result.classes)))


def _rates_of_map(result: Analysis, c: int, fill: str, m: int) -> tuple[float, float]:
    """TPR and FPR of a class when only the map of another one is kept."""
    assert result.rates is not None  # the maps were tested
    of_maps = result.rates.query("`class` == @c and part == 'keep' and fill == @fill and filter == 'other'")
    row = of_maps.set_index("draw").loc[m]
    return float(row["tpr"]), float(row["fpr"])


def _text(tpr: float, fpr: float) -> str:
    return f"TPR {tpr:.2f}" + ("" if np.isnan(fpr) else f", FPR {fpr:.2f}")
