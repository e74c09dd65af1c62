"""The matrix of classes: every class with the map of every class."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures.selection import kinds_of, of_kind
from frequency_shortcuts.intervals import over_networks

PER_ROW = 3  # panels
NUMBERED = 5  # classes up to which each cell shows its number


def cross_matrix(table: pd.DataFrame, advantage: pd.DataFrame, classes: Sequence[str], note: str = "") -> Figure:
    """TPR - FPR of every class from the map of every class, mean over seeds: a panel a kind of network.

    Rows are classes, columns their maps in the same order, so that the own maps lie on the diagonal. Grey: not tested.
    A map that would serve any class gives its column one colour; maps that are specific to their class stand out on the
    diagonal. Below the name of a network is its own-map advantage: the mean of the diagonal minus that of the rest,
    over all classes.

    table, advantage: the tables `cross_matrix` and `own_map_advantage` of one data set, of which the headline rows are
    drawn. `classes` may be some of those in the table, which the note then says (`ClassSelection`); those without a
    row, such as a neutral class, are left out.
    """
    table, advantage = table[table["headline"]], advantage[advantage["headline"]]
    classes = [name for name in classes if name in set(table["class"])]
    kinds = kinds_of(table)
    means = table.groupby(["network", "augmentation", "class", "map"])["measure"].mean()
    rows = -(-len(kinds) // PER_ROW)
    columns = -(-len(kinds) // rows)
    labels = [canvas.abbreviate(name, "beside many cells", canvas.NAME if columns < 3 else 14) for name in classes]
    longest = max(map(len, labels))
    size = 10 if columns < 3 else 8
    names = 0.0094 * size * longest  # inches
    side = min((canvas.PAGE - 1.0 - names) / max(columns, 2), 0.6 + 0.5 * len(classes))
    with canvas.style(size):
        height = 0.35 + names + rows * (side + (0.55 if columns < 3 else 0.53))
        figure, axes = canvas.page_of_panels(
            rows, columns, height, 1.0 + names + columns * side, sharex=False, sharey=False
        )
        for axis in axes.flat[len(kinds) :]:
            axis.set_axis_off()
        for i, (kind, axis) in enumerate(zip(kinds, axes.flat, strict=False)):
            values = means[kind].unstack().reindex(index=classes, columns=classes).to_numpy(float)  # noqa: PD010
            axis.set_facecolor("0.85")
            axis.imshow(np.ma.masked_invalid(values), cmap="Blues", vmin=0, vmax=1)
            for c in range(len(values)):
                axis.add_patch(Rectangle((c - 0.5, c - 0.5), 1, 1, fill=False, edgecolor="black", linewidth=0.8))
            axis.tick_params(length=0)
            if len(values) <= NUMBERED:
                canvas.write_numbers(axis, values, "{:z.2f}".format, values > 0.6)
            left, last = i % columns == 0, i // columns == rows - 1
            axis.set_yticks(range(len(classes)), labels if left else [])
            axis.set_xticks(range(len(classes)), labels if last else [], rotation=90 if longest > 3 else 0)
            axis.set(xlabel="map of" if last else "", ylabel="images of" if left else "")
            label = canvas.network_label(*kind).replace("\n", ", ")
            rows_of_kind = of_kind(advantage, kind)
            letters = max(18, int(side / (0.0085 * size)))
            lines = (
                canvas.break_line(label, letters),
                "own-map advantage",
                canvas.wrap(_advantage(rows_of_kind), letters),
            )
            axis.set_title("\n".join(lines), fontsize=size - 1)
        bar = canvas.colour_bar(figure, axes, "Blues", 0, 1, "TPR - FPR (0: or less)")
        bar.set_ticks([0, 0.5, 1])
        bar.ax.set_box_aspect(15 if len(axes) == 1 else 30)
        canvas.write_title(figure, "Is a class recognised from its own map (framed), or from any?", note)
    return figure


def _advantage(rows: pd.DataFrame) -> str:
    """The own-map advantage of a kind of network with its interval and its networks, from the rows of these."""
    if rows["advantage"].isna().all():
        return "not measured"
    half_widths = (rows["advantage_high"] - rows["advantage_low"]) / 2
    value, low, high, of = over_networks(rows["advantage"].to_numpy(), half_widths.to_numpy())
    n = len(rows)
    networks = f"{n} networks" if of == "networks" else "this network" if n == 1 else f"these {n} networks"
    parts = (f"{value:.2f} [{low:.2f}, {high:.2f}],", networks)
    return " ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts)  # a line breaks between the parts
