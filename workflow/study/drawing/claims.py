"""The claims as a picture: each class beside its controls, and the one number of each network of the other claims."""

import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas
from study.findings.answers import undecided
from study.findings.claims import shown
from study.findings.definitions import (
    BETTER,
    CLAIMS,
    CORRELATION,
    COUNTS,
    DIFFERENCE,
    FEWEST_DECIDED,
    LOWEST,
    NOT_SEEN,
    OTHERS,
    PUBLISHED,
    SEEN,
    SHARE,
    WORSE,
)

GOOD, BAD, NEITHER = "#0173b2", "#d55e00", "#8c8c8c"
INK = {SEEN: GOOD, NOT_SEEN: BAD}
COLOURS = {BETTER: GOOD, COUNTS: GOOD, WORSE: BAD}
THRESHOLD: dict[str, Any] = {"color": "0.25", "linestyle": (0, (2, 1.5)), "linewidth": 1}
HEADS = {
    PUBLISHED: "as published:\nTPR - FPR",
    LOWEST: "own map minus\nthe lowest frequencies",
    OTHERS: "own map minus the\nclosest other map",
}
AXES = {
    CORRELATION: "rank correlation",
    SHARE: "share of networks",
    DIFFERENCE: "difference of TPR - FPR, of (n) of recall",
}
NEUTRAL = "#595959"  # a claim without a verdict
CLASS_ROW, NUMBER_ROW = 0.85, 0.45  # inches
KEY = (
    "blue: a class that is better or counts, or a claim that is seen; orange: worse, or not seen; "
    "dashed: threshold; grey area: within the bound; small: single networks"
)


def draw_claims(
    claims: pd.DataFrame, claims_by_class: pd.DataFrame, claim_numbers: pd.DataFrame
) -> Figure:
    """Which claims are seen in this study?

    Definitions, thresholds and bounds are those of `findings/definitions.py`, the same at every scale.
    """
    tested = claims_by_class["variant"].isna() & claims_by_class["control"].notna()
    order = list(CLAIMS)
    of_classes = claims_by_class[tested].sort_values(
        "claim", key=lambda letters: letters.map(order.index), kind="stable"
    )
    kinds = list(of_classes.groupby(["claim", "networks_of"], sort=False))
    with_number = claims[claims["control"].isna() & (claims["networks"] > 0)]
    measures = with_number["claim"].map(lambda letter: CLAIMS[letter].measure)
    blocks = {
        measure: with_number[measures == measure] for measure in AXES if measure in set(measures)
    }
    heights = [max(1, len(kinds)) * CLASS_ROW]
    heights += [0.4 + len(rows) * NUMBER_ROW for rows in blocks.values()]
    networks = int(claims["networks"].max())
    few = undecided(networks).replace("`", "") if networks < FEWEST_DECIDED else ""
    with canvas.style():
        figure = plt.figure(figsize=(canvas.PAGE, 0.5 + sum(heights)))
        grid = figure.add_gridspec(len(heights), len(HEADS), height_ratios=heights)
        for column, control in enumerate(HEADS):
            axis = figure.add_subplot(grid[0, column])
            _draw_classes(axis, control, kinds)
        for line, (measure, rows) in enumerate(blocks.items(), 1):
            # Words and numbers stand in the last column.
            axis = figure.add_subplot(grid[line, :-1], xlabel=AXES[measure])
            _draw_numbers(axis, rows, claim_numbers[claim_numbers["variant"].isna()])
        canvas.despine(figure.axes, left=True)
        canvas.write_title(figure, "Which claims are seen here?", few, KEY)
    return figure


def _label(letter: str) -> str:
    return textwrap.fill(f"({letter}) {CLAIMS[letter].says}", 30)


def _lines(axis: Axes, labels: list[str]) -> None:
    """One line of a panel for each label, from above."""
    axis.set_yticks(range(len(labels)), labels)
    axis.set_ylim(len(labels) - 0.5, -0.5)
    axis.tick_params(axis="y", length=0)


def _draw_classes(axis: Axes, control: str, kinds: list[Any]) -> None:
    """A line for each claim and kind of networks, with a mark for each class."""
    for place, (_, table) in enumerate(kinds):
        rows = table[table["control"] == control].sort_values("value")
        at = place + np.linspace(-0.35, 0.35, len(rows))
        colours = rows["word"].map(COLOURS).fillna(NEITHER)
        axis.hlines(at, rows["low"], rows["high"], color=colours, linewidth=0.8, alpha=0.6)
        axis.scatter(rows["value"], at, s=12, color=colours)
    axis.axvline(0, zorder=0, **THRESHOLD)
    first = control == PUBLISHED
    _lines(axis, [f"{_label(letter)}\n{name}" if first else "" for (letter, name), _ in kinds])
    axis.set(title=HEADS[control], xlim=(-0.4, 1.05) if first else (-0.95, 0.95))


def _draw_numbers(axis: Axes, rows: pd.DataFrame, numbers: pd.DataFrame) -> None:
    """A line for each claim with one number a network, and beside it the word for it."""
    for place, row in enumerate(rows.to_dict("records")):
        claim, ink = CLAIMS[row["claim"]], INK.get(row["word"], NEUTRAL)
        below, above = place - 0.45, place + 0.45
        if claim.bound is not None:
            axis.fill_betweenx([below, above], -claim.bound, claim.bound, color="0.9", zorder=0)
        if claim.word is None:
            axis.vlines(claim.threshold, below, above, **THRESHOLD)
        axis.hlines(place, row["low"], row["high"], color=ink, linewidth=2.5)
        axis.plot(row["value"], place, "o", color=ink, markersize=5.5)
        if claim.measure != SHARE:
            of_claim = numbers["claim"].eq(row["claim"])
            own = numbers.loc[of_claim & numbers["networks_of"].eq(row["networks_of"]), "value"]
            axis.scatter(own, np.full(len(own), place + 0.28), s=6, color=NEITHER)
        word = row["word"] if isinstance(row["word"], str) else ""
        axis.text(
            1.04,
            place,
            "\n".join([word, shown(row).replace("], ", "],\n")]).strip(),
            color=ink,
            va="center",
            fontsize=canvas.SMALL_PRINT,
            weight="bold" if row["decided"] else "normal",
            transform=axis.get_yaxis_transform(),
            in_layout=False,
        )
    _lines(axis, [_label(letter) for letter in rows["claim"]])
