"""The picture for a reader in a hurry: an image before and after it got the fine spectrum of a class."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from frequency_shortcuts.figures.panels import Panel, rows_of_panels
from frequency_shortcuts.spectrum.arrays import FloatArray

from .counterfactuals import Counterfactual, FlipTest, clearest_first

CHANGED = {  # kind of change: what stands over the image after it
    "flip": "with the fine spectrum\nof {}",
    "sham": "disturbed as much\nas by {}",
    "own_part": "with the finest part of\nanother of its class",
    "part": "with the finest part\nof an image of {}",
    "away": "with the fine spectrum\nof the other classes",
    "away_sham": "disturbed as much\nas by the other classes",
}


def note(row: Any, n_classes: int) -> str:
    """What the picture shows."""
    return f"The clearest of {n_classes:,} classes: {row['verdict']}."


def draw(test: FlipTest) -> Figure:
    """The image of the clearest class, the same after the change, and the difference made visible."""
    row = clearest_first(test.table).iloc[0]
    made = test.counterfactual(test.classes.index(row["class"]))
    return rows_of_panels({f"class {row['class']}": panels(made, row["class"])}, note(row, len(test.table)))


def panels(made: Counterfactual, name: str) -> list[Panel]:
    """An image before and after it got the spectrum of a class of this name, with both answers, and the difference."""
    answers = [
        f"called {called}\nprobability {_probability(logits)[logits.argmax()]:.2f}"
        for called, logits in ((made.called_before, made.logits_before), (made.called_after, made.logits_after))
    ]
    right = [called == made.label for called in (made.called_before, made.called_after)]
    return [
        Panel(f"image of {made.label}", made.before, answers[0], right[0]),
        Panel(CHANGED[made.kind].format(name), made.after, answers[1], right[1]),
        Panel(f"the difference\n({made.factor:.2g} times)", made.difference, "grey: no change"),
    ]


def _probability(logits: FloatArray) -> FloatArray:
    shifted = np.exp(logits - logits.max())
    probability: FloatArray = shifted / shifted.sum()
    return probability
