"""Drawings of shortcut tests: out of distribution, on another network, by size of map, of phase and amplitude."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures.selection import kinds_of, of_kind
from frequency_shortcuts.figures.shortcuts import LONGEST, PER_ROW
from frequency_shortcuts.intervals import over_networks, wilson

_BLUE, _ORANGE, _GREEN = canvas.COLOURS[:3]
NUMBERED, MATRICES = 5, 3  # classes up to which each cell of a matrix shows its number, and matrices in a row
ITSELF = "itself"
TRANSFERRED = {  # label, mark, colour of its face and of the rest
    ITSELF: ("map of the class, found on the tested network itself", "D", "white", "0.35"),
    "dfm": ("map of the class, found on the other network", "o", _BLUE, _BLUE),
    "other": ("maps of other classes, found on the other network (mean)", "^", "white", _ORANGE),
    "low_pass": (f"as many of the {canvas.CONTROLS['low_pass']}", "s", "white", _GREEN),
}
MEAN = "all classes, mean"
KEPT = {  # label, mark and colour
    "both": ("amplitudes and phases", "o", "#222222"),
    "amplitude": ("amplitudes alone (texture)", "s", _ORANGE),
    "phase": ("phases alone (shape)", "^", _BLUE),
}


def out_of_distribution(
    table: pd.DataFrame, classes: Sequence[str], claims: Sequence[str] = (), note: str = ""
) -> Figure:
    """TPR and FPR of every class in every rendition, unfiltered and with the own map: a row a kind of network.

    A mark is the mean over networks, TPR filled and FPR open, and the line reaches from the lowest to the highest
    network.

    table : that of `ood`, of one fill. `classes` may be some of those in the table, which the note then says
    (`ClassSelection`). The first two kinds and the first six renditions are drawn.
    """
    kinds, renditions = kinds_of(table)[:2], list(dict.fromkeys(table["rendition"]))[:6]
    looks = {"unfiltered": ("unfiltered", "0.35", -0.21), "dfm": ("own map", _BLUE, 0.21)}
    with canvas.style(9):
        height = 0.8 + (0.3 + 0.29 * len(classes)) * len(kinds)
        figure, axes = canvas.page_of_panels(len(kinds), len(renditions), height)
        for kind, line in zip(kinds, axes, strict=True):
            groups = of_kind(table, kind).groupby(["rendition", "filter", "class"])[["tpr", "fpr"]]
            statistics = groups.mean(), groups.min(), groups.max()
            for rendition, axis in zip(renditions, line, strict=True):
                for name, (words, colour, shift) in looks.items():
                    for rate, face, apart in (("tpr", colour, -0.1), ("fpr", "white", 0.1)):
                        values, *ends = (of.loc[(rendition, name), rate].reindex(classes) for of in statistics)
                        at = np.arange(len(classes)) + shift + apart
                        axis.hlines(at, *ends, color=colour, linewidth=1, alpha=0.6)
                        label = f"{rate.upper()}, {words}"
                        axis.scatter(values, at, s=16, color=face, edgecolor=colour, zorder=3, label=label)
                for place in range(len(classes) - 1):
                    axis.axhline(place + 0.5, color="0.92", linewidth=0.8, zorder=0)
                canvas.class_ticks(axis.set_yticks, classes, note)
                axis.tick_params(axis="y", length=0)
            axes[0, 0].set(xlim=(-0.03, 1.03), ylim=(len(classes) - 0.5, -0.5))
            axes[0, 0].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        canvas.row_labels(figure, axes, [canvas.network_label(*kind) for kind in kinds], 0.29 * len(classes))
        canvas.titles(axes, renditions, "rate")
        counts = {of_kind(table, kind)["seed"].nunique() for kind in kinds}
        networks = " or ".join(map(str, sorted(counts, reverse=True)))
        spread = f"marks: mean of {networks} networks, lines: from the lowest to the highest"
        question = "Does the map of a class still work in other renditions?"
        canvas.finish(figure, axes[0, 0], 4, question, *claims, spread if max(counts) > 1 else "", note, left=True)
    return figure


def transfer(
    table: pd.DataFrame, verdicts: pd.DataFrame, classes: Sequence[str], claims: Sequence[str] = (), note: str = ""
) -> Figure:
    """TPR - FPR of every class from maps that were found on another network: a panel a direction, the mean first.

    A mark is the mean over networks, the line its 95 % interval, and a stroke is one network.

    table : that of `transfer` of one data set; verdicts : its `shortcuts`, with the fill to quote and the networks' own
    maps. `classes` may be some of those in the tables. The first four directions are drawn.
    """
    rows, order = _transferred(table, verdicts), [MEAN, *classes]
    directions = list(dict.fromkeys(rows["direction"]))[:4]
    columns = min(2, len(directions))
    lines = -(-len(directions) // columns)
    with canvas.style(9):
        height = 0.6 + (0.6 + 0.36 * len(order)) * lines
        figure, axes = canvas.page_of_panels(lines, columns, height, used=len(directions))
        for direction, axis in zip(directions, axes.flat, strict=False):
            for shift, (kept, (label, mark, face, colour)) in zip(
                (-0.3, -0.1, 0.1, 0.3), TRANSFERRED.items(), strict=True
            ):
                drawn = rows[(rows["direction"] == direction) & (rows["filter"] == kept)].groupby("class")
                for at, of in ((order.index(name) + shift, of) for name, of in drawn if name in order):
                    value, low, high, _ = over_networks(of["measure"], of["half"])
                    axis.hlines(at, low, high, color=colour, linewidth=1.3)
                    axis.scatter(of["measure"], [at] * len(of), s=22, marker="|", color=colour, linewidth=0.8)
                    axis.scatter(value, at, s=16, marker=mark, color=face, edgecolor=colour, zorder=3, label=label)
                    label = ""
            axis.axhspan(-0.5, 0.5, color="0.95", zorder=0)
            axis.hlines(np.arange(len(order)) + 0.5, -1, 2, color="0.88", linewidth=0.8, zorder=0)
            axis.axvline(0, color="0.75", linewidth=0.8, zorder=0)
            axis.set(title=direction, xlabel="TPR - FPR")
            axis.tick_params(axis="y", length=0)
        canvas.class_ticks(axes[0, 0].set_yticks, order, note or "in full", canvas.NAME if note else LONGEST)
        axes[0, 0].set(xlim=(min(-0.1, rows["measure"].min() - 0.03), 1.03), ylim=(len(order) - 0.5, -0.5))
        axes[0, 0].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        key = "line: 95 % interval of the mean; strokes: single networks"
        question = "Do maps found on one kind of network work on another?"
        canvas.finish(figure, axes[0, 0], 2, question, *claims, key, note, left=True)
    return figure


def _transferred(table: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """`direction`, `filter`, `class`, `measure` and the `half` width of its interval, a row each, with means."""
    pair = ["maps_of", "tested_on"]
    own = verdicts[verdicts["headline"]].rename(columns={"tpr_dfm": "tpr", "fpr_dfm": "fpr"}).assign(filter=ITSELF)
    own["tested_on"] = own["network"] + "/" + own["augmentation"] + "/seed" + own["seed"].astype(str)
    tested = table[(table["part"] == "keep") & (table["fill"] == own["fill"].iloc[0])]
    rows = pd.concat([tested, tested[pair].drop_duplicates().merge(own, on="tested_on")], ignore_index=True)
    ends = rows[pair].replace("(/none)?/seed[0-9]+$", "", regex=True)
    of_fpr = wilson(rows["fpr"], rows["negatives"].where(rows["fpr"].notna()))
    widths = np.subtract(*wilson(rows["tpr"], rows["images"])), np.nan_to_num(np.subtract(*of_fpr))
    direction = "maps of " + ends["maps_of"] + "\ntested on " + ends["tested_on"]
    rows = rows.assign(direction=direction, measure=rows["tpr"] - rows["fpr"].fillna(0), half=np.hypot(*widths) / 2)
    groups = rows.groupby(["direction", *pair, "filter"], sort=False)
    means = groups[["measure"]].mean().assign(half=groups["half"].agg(np.linalg.norm) / groups.size())
    return pd.concat([means.reset_index().assign(**{"class": MEAN}), rows])


def sizes(table: pd.DataFrame, classes: Sequence[str], note: str = "") -> Figure:
    """TPR - FPR of every class by the size of its map, beside as many of the lowest frequencies: a panel a class.

    Lines are means over networks with their 95 % intervals.

    table : of `sizes`, of one kind of network. `classes`, at most `MOST`, may be some of those in the table.
    """
    looks = {
        "dfm": ("own map", "o", _BLUE, _BLUE, 0.96),
        "low_pass": (canvas.CONTROLS["low_pass"], "s", "white", _GREEN, 1.04),
    }
    columns = min(len(classes), 5 if len(classes) in (5, 9, 10) else PER_ROW)
    rows = -(-len(classes) // columns)
    with canvas.style(9):
        figure, axes = canvas.page_of_panels(rows, columns, 0.7 + 1.55 * rows, used=len(classes))
        percents = sorted(set(table["percent"]))
        for axis, name in zip(axes.flat, classes, strict=False):
            for kept, (label, mark, face, colour, aside) in looks.items():
                of = table[(table["class"] == name) & (table["filter"] == kept)].groupby("percent")
                found = [
                    over_networks(rows["measure"], (rows["measure_high"] - rows["measure_low"]) / 2) for _, rows in of
                ]
                value, low, high = np.clip([one[:3] for one in found], -1, 1).T
                at = np.array(list(of.groups)) * aside  # beside each other
                axis.vlines(at, low, high, color=colour, linewidth=1.2)
                axis.plot(at, value, color=colour, marker=mark, markersize=4.5, markerfacecolor=face, label=label)
            axis.axhline(0, color="0.75", linewidth=0.8, zorder=0)
            axis.set_title(canvas.abbreviate(name, note))
        axes[0, 0].set(ylim=(-0.25, 1.08), yticks=[0, 0.5, 1])
        canvas.logarithmic(axes[0, 0].xaxis, percents)
        plt.setp(axes[:, 0], ylabel="TPR - FPR")
        plt.setp(axes[-1], xlabel="% of spectrum")
        question = "How large must a map be, and do as many of the lowest frequencies do as well?"
        (kind,), networks = kinds_of(table), table["seed"].nunique()
        drawn = (
            f"{', '.join(canvas.network_label(*kind).splitlines())}; mean of {networks} networks with 95 % intervals"
        )
        canvas.finish(figure, axes[0, 0], 2, question, drawn, note)
    return figure


def texture(table: pd.DataFrame, pictures: Mapping[str, Sequence[npt.NDArray[Any]]], note: str = "") -> Figure:
    """Whether amplitudes or phases inside the map suffice: a row a class, with an image, also reduced to its map.

    Marks are TPR - FPR of images that keep both, their amplitudes or their phases inside the map, all else from another
    image, means over networks with 95 % intervals. The grey tick is half of the value with both, above which a part
    suffices. The verdict stands at the end of the row, if there is one.

    table : of `phase_verdicts` of one kind of network, with the names of the classes; pictures : of the classes that
    are drawn, two images [channels, H, W] each
    """
    with canvas.style(9):
        count = len(pictures)
        figure = plt.figure(figsize=(canvas.PAGE, 1.0 + 0.56 * count))
        figure.set_layout_engine("constrained", h_pad=0.01, hspace=0)
        grid = figure.add_gridspec(count, 3, width_ratios=[0.56, 0.56, 4])
        axis = figure.add_subplot(grid[:, 2])
        for place, (name, shown) in enumerate(pictures.items()):
            rows = table[table["class"] == name]
            for column, picture in enumerate(shown):
                tile = figure.add_subplot(grid[place, column], xticks=[], yticks=[])
                canvas.show_picture(tile, picture)
                if not place:
                    tile.set_title(("image", "its map")[column], pad=8)
                if not column:
                    tile.set_ylabel(canvas.wrap(canvas.abbreviate(name, note)), rotation=0, ha="right", va="center")
            for shift, (kept, (label, mark, colour)) in zip((-0.24, 0, 0.24), KEPT.items(), strict=True):
                value, low, high = _measure(rows, kept)
                axis.hlines(place + shift, low, high, color=colour, linewidth=1.6)
                axis.plot(value, place + shift, mark, color=colour, markersize=5, label=label if not place else "_")
                if kept == "both":
                    axis.plot([value / 2] * 2, [place - 0.4, place + 0.4], color="0.6", linewidth=1.2, zorder=1,
                              label="half of both" if not place else "_")  # fmt: skip
            words = rows["verdict"].dropna().value_counts()
            several = f" ({words.max()} of {len(rows)})" if len(rows) > 1 else ""
            word, ink = (f"{words.idxmax()}{several}", "black") if len(words) else ("map does\nnot suffice", "0.5")
            axis.text(1.02, place, word, va="center", color=ink, transform=axis.get_yaxis_transform())
            axis.axhline(place + 0.5, color="0.92", linewidth=0.8, zorder=0)
        axis.axvline(0, color="0.75", linewidth=0.8, zorder=0)
        axis.set(ylim=(count - 0.5, -0.5), yticks=[], xlabel="TPR - FPR, with 95 % interval")
        axis.set_xlim(right=1.05)
        canvas.despine([axis], left=True)
        canvas.legend_below(figure, axis, 4)
        (kind,) = kinds_of(table)
        networks = ", ".join(canvas.network_label(*kind).splitlines())
        canvas.write_title(figure, "Is it the texture or the shape inside the map that suffices?", networks, note)
    return figure


def _measure(rows: pd.DataFrame, kept: str) -> tuple[float, float, float]:
    """TPR - FPR of a class over its networks, with its 95 % interval."""
    fpr, of_tpr = rows[f"fpr_{kept}"], rows[f"tpr_{kept}_high"] - rows[f"tpr_{kept}_low"]
    low, high = wilson(fpr, rows["negatives"].where(fpr.notna()))  # two classes have no FPR
    half = np.hypot(of_tpr, np.nan_to_num(high - low)) / 2
    return over_networks(rows[f"tpr_{kept}"] - fpr.fillna(0), half)[:3]


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
    rows = -(-len(kinds) // MATRICES)
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
