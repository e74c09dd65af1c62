"""The claims as a picture: each class beside its controls, and the one number of each network of the other claims."""

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from IPython.display import display
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

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
LEFT, RIGHT = 1.75, 1.85  # inches beside the axes: of the claims, and of their words
CLASS_ROW, NUMBER_ROW = 0.85, 0.36  # inches
ABOVE, BELOW = 0.75, 0.55  # inches above all, and below each block
NAMED = 4  # names in a row of a panel, above or below the marks


def draw_claims(
    claims: pd.DataFrame, claims_by_class: pd.DataFrame, claim_numbers: pd.DataFrame
) -> Figure:
    """Which claims are seen in this study?

    Definitions, thresholds and bounds are those of `findings/definitions.py`, the same at every scale.
    """
    display(claims.drop(columns=["of", "says", "published", "figure"]).round(3))
    of_classes = claims_by_class[
        claims_by_class["variant"].isna() & claims_by_class["control"].notna()
    ]
    kinds = list(of_classes.groupby(["claim", "networks_of"], sort=False))
    kinds = sorted(kinds, key=lambda kind: list(CLAIMS).index(kind[0][0]))
    with_number = claims[claims["control"].isna() & (claims["networks"] > 0)].to_dict("records")
    blocks = {
        measure: [row for row in with_number if CLAIMS[row["claim"]].measure == measure]
        for measure in AXES
    }
    blocks = {measure: rows for measure, rows in blocks.items() if rows}
    height_of_classes = len(kinds) * CLASS_ROW + BELOW if kinds else 0
    heights = [len(rows) * NUMBER_ROW + BELOW for rows in blocks.values()]
    height = ABOVE + height_of_classes + sum(heights) + 0.2
    with canvas.style():
        figure = plt.figure(figsize=(canvas.PAGE, height), layout="none")
        _write_head(figure, height, int(claims["networks"].max()))
        top = height - ABOVE
        if kinds:
            _draw_classes(figure, kinds, top, height)
            top -= height_of_classes
        for (measure, rows), block in zip(blocks.items(), heights, strict=True):
            _draw_numbers(figure, measure, rows, claim_numbers, top, height)
            top -= block
        _draw_key(figure)
    return figure


def _write_head(figure: Figure, height: float, networks: int) -> None:
    figure.text(
        0.01, 1 - 0.05 / height, "Which claims are seen here?", va="top", fontsize=9, weight="bold"
    )
    if networks < FEWEST_DECIDED:
        text = undecided(networks).replace("`", "")
        figure.text(0.01, 1 - 0.21 / height, text, va="top", fontsize=9)


def _draw_classes(figure: Figure, kinds: list[Any], top: float, height: float) -> None:
    """A row for each claim and kind of networks, a panel for each control, a mark for each class."""
    width = (canvas.PAGE - LEFT - 0.1) / len(HEADS)
    rows = len(kinds)
    for column, (control, head) in enumerate(HEADS.items()):
        left = (LEFT + column * width) / canvas.PAGE
        box = (
            left,
            (top - rows * CLASS_ROW) / height,
            (width - 0.12) / canvas.PAGE,
            rows * CLASS_ROW / height,
        )
        axis = figure.add_axes(box)
        for place, ((letter, networks_of), table) in enumerate(kinds):
            _draw_marks(axis, place, table[table["control"] == control])
            if not column:
                says = textwrap.fill(f"({letter}) {CLAIMS[letter].says}", 30)
                label = f"{says}\n{networks_of}"
                start = (0.07 - LEFT) / (width - 0.12)
                axis.text(start, place, label, va="center", transform=axis.get_yaxis_transform())
        for line in np.arange(1, rows) - 0.5:
            axis.axhline(line, color="0.9", linewidth=0.8, zorder=0)
        axis.axvline(0, color="0.25", linestyle=(0, (2, 1.5)), linewidth=1, zorder=0)
        axis.set(ylim=(rows - 0.5, -0.5), yticks=[], title=head)
        axis.set(
            xticks=[-0.5, 0, 0.5, 1], xlim=(-0.4, 1.05) if control == PUBLISHED else (-0.95, 0.95)
        )
        axis.spines[["top", "right", "left"]].set_visible(False)


def _draw_marks(axis: Axes, place: int, table: pd.DataFrame) -> None:
    """The classes of one row: those that are better or count are blue and named above, worse ones orange and below."""
    spread = np.linspace(-0.16, 0.16, len(table))
    for (_, row), aside in zip(table.sort_values("value").iterrows(), spread, strict=True):
        at = place + aside
        ink = GOOD if row["word"] in (BETTER, COUNTS) else BAD if row["word"] == WORSE else NEITHER
        if np.isfinite(row["low"]):
            axis.hlines(at, row["low"], row["high"], color=ink, linewidth=0.8, alpha=0.6)
        face = "none" if ink == NEITHER else ink
        axis.plot(row["value"], at, "o", color=ink, markersize=4, markerfacecolor=face)
    for words, side, ink in (((BETTER, COUNTS), -1, GOOD), ((WORSE,), 1, BAD)):
        named = table[table["word"].isin(words)].sort_values("value", ascending=False)
        names = [canvas.abbreviate(str(name), "beside many", 11) for name in named["class"][:NAMED]]
        more = len(named) - len(names)
        text = ", ".join([*names, *([f"{more} more"] if more else [])])
        text = textwrap.fill(text, 30)
        across = axis.get_yaxis_transform()
        align = "bottom" if side < 0 else "top"
        axis.text(
            0.99,
            place + side * 0.22,
            text,
            ha="right",
            va=align,
            color=ink,
            fontsize=7,
            transform=across,
        )


def _draw_numbers(
    figure: Figure,
    measure: str,
    rows: list[dict[Any, Any]],
    numbers: pd.DataFrame,
    top: float,
    height: float,
) -> None:
    """The claims with one number a network, of one measure."""
    left = LEFT + 0.75
    width = canvas.PAGE - left - RIGHT
    size = len(rows) * NUMBER_ROW
    axis = figure.add_axes(
        (left / canvas.PAGE, (top - size) / height, width / canvas.PAGE, size / height)
    )
    for place, row in enumerate(rows):
        _draw_row(axis, place, row, numbers, left / width)
    axis.set(ylim=(len(rows) - 0.5, -0.5), yticks=[], xlabel=AXES[measure])
    axis.spines[["top", "right", "left"]].set_visible(False)
    if measure != DIFFERENCE:
        low = -1 if measure == CORRELATION else 0
        axis.set(xlim=(low - 0.05, 1.05), xticks=np.linspace(low, 1, 5))


def _draw_row(
    axis: Axes, place: int, row: Mapping[Any, Any], numbers: pd.DataFrame, left: float
) -> None:
    claim, across = CLAIMS[row["claim"]], axis.get_yaxis_transform()
    ink = INK.get(row["word"], "#595959")
    says = textwrap.fill(f"({row['claim']}) {claim.says}", 42)
    axis.text(-left + 0.02, place, says, va="center", transform=across)
    weight = "bold" if row["decided"] else "normal"
    word = row["word"] if isinstance(row["word"], str) else ""
    axis.text(1.04, place - 0.2, word, color=ink, va="center", transform=across, weight=weight)
    axis.text(
        1.04, place + (0.2 if word else 0), shown(row), va="center", fontsize=7, transform=across
    )
    if claim.bound is not None:
        axis.fill_betweenx(
            (place - 0.45, place + 0.45),
            -claim.bound,
            claim.bound,
            color="0.9",
            linewidth=0,
            zorder=0,
        )
    if claim.word is None:
        axis.vlines(
            claim.threshold,
            place - 0.45,
            place + 0.45,
            color="0.25",
            linestyle=(0, (2, 1.5)),
            linewidth=1,
        )
    if np.isfinite(row["low"]):
        axis.hlines(place, row["low"], row["high"], color=ink, linewidth=2.5)
    axis.plot(row["value"], place, "o", color=ink, markersize=5.5)
    if claim.measure != SHARE:
        own = numbers[(numbers["claim"] == row["claim"]) & numbers["variant"].isna()].dropna(
            subset="value"
        )
        own = own[own["networks_of"] == row["networks_of"]]
        at = np.full(len(own), place + 0.28)
        axis.plot(
            own["value"],
            at,
            "o",
            color="0.35",
            markersize=3,
            markerfacecolor="none",
            markeredgewidth=0.6,
        )


def _draw_key(figure: Figure) -> None:
    handles = {
        "class: better, or counts": Line2D(
            [], [], color=GOOD, marker="o", markersize=4, linewidth=0.8
        ),
        "worse": Line2D([], [], color=BAD, marker="o", markersize=4, linewidth=0.8),
        "neither": Line2D(
            [], [], color=NEITHER, marker="o", markersize=4, linewidth=0.8, markerfacecolor="none"
        ),
        "one network": Line2D(
            [], [], color="0.35", marker="o", markersize=3, markerfacecolor="none", linestyle=""
        ),
        "threshold": Line2D([], [], color="0.25", linestyle=(0, (2, 1.5)), linewidth=1),
    }
    figure.legend(
        list(handles.values()),
        list(handles),
        loc="lower center",
        ncols=5,
        columnspacing=1.2,
        handlelength=1.6,
    )
