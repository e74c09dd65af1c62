"""The picture for a reader in a hurry: an image before and after it got the fine spectrum of a class."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from frequency_shortcuts.evaluation.flip_rates import FOUND, evidence
from frequency_shortcuts.figures.panels import Panel, rows_of_panels
from frequency_shortcuts.spectrum.arrays import FloatArray

from .counterfactuals import FlipTest, clearest_first

CHANGED = {  # kind of change: what stands over the image after it
    "flip": "with the fine spectrum\nof {}",
    "sham": "disturbed as much\nas by {}",
    "own_part": "with the finest part of\nanother of its class",
    "part": "with the finest part\nof an image of {}",
    "away": "with the fine spectrum\nof the other classes",
    "away_sham": "disturbed as much\nas by the other classes",
}


def note(row: Any, n_classes: int) -> str:
    """What the picture shows, in one sentence."""
    if row["verdict"] in FOUND:
        what = f"the network {row['verdict']} its fine spectrum, texture or artefact"
        what = "a sink, which takes disturbed images" if evidence(row) == "sham" else what
        return f"The clearest of {n_classes:,} classes: {what}."
    return f"None of {n_classes:,} classes clearly follows or needs its fine spectrum. Here: the highest flip rate."


def draw(test: FlipTest) -> Figure:
    """The image of the clearest class, the same after the change, and the difference made visible."""
    row = clearest_first(test.table).iloc[0]
    k = test.classes.index(row["class"])
    made = test.counterfactual(k)
    answers = [
        f"called {name}\nprobability {_probability(logits)[logits.argmax()]:.2f}"
        for name, logits in ((made.called_before, made.logits_before), (made.called_after, made.logits_after))
    ]
    right = [name == made.label for name in (made.called_before, made.called_after)]
    panels = [
        Panel(f"image of {made.label}", made.before, answers[0], right[0]),
        Panel(CHANGED[made.kind].format(row["class"]), made.after, answers[1], right[1]),
        Panel(f"the difference\n({made.factor:.2g} times)", made.difference, "grey: no change"),
    ]
    return rows_of_panels({f"class {row['class']}": panels}, note(row, len(test.table)))


def _probability(logits: FloatArray) -> FloatArray:
    shifted = np.exp(logits - logits.max())
    probability: FloatArray = shifted / shifted.sum()
    return probability
