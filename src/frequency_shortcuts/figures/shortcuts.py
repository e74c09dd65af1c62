"""Drawings of shortcut tests: on images like those of the training, out of distribution, of phase and amplitude."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from frequency_shortcuts.intervals import over_networks, wilson
from frequency_shortcuts.shortcuts.verdict import RECOGNISED_TPR, TOO_FEW
from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.spectrum.fills import named

from . import canvas
from .selection import kinds_of, of_kind

VERDICTS = {  # in words
    "strong": "strong shortcut", "weak": "weak shortcut", "none": "no shortcut shown",
    TOO_FEW: "too few images to tell",
}  # fmt: skip
MOST, PER_ROW = 12, 4  # panels
_LONGEST = 40  # letters of a class's name
_BLUE, _ORANGE, _GREEN = canvas.COLOURS[:3]
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


def shortcuts(
    table: pd.DataFrame,
    classes: Sequence[str],
    note: str = "",
    *,
    parameters: Mapping[tuple[str, str], float] | None = None,
    claims: Sequence[str] = (),
) -> Figure:
    """TPR - FPR of every class from its map and from two controls, mean over networks: a panel a kind, a line a class.

    Drawn is the headline: the map alone is kept, under the primary fill. The controls, both of the map's size, are the
    best map of another class and the lowest frequencies. The bar is the 95 % interval of the map. Names of classes
    that are strong in most networks are bold, those of classes that the network does not recognise in unfiltered
    images, which have no verdict, are grey. Of several kinds, names stand beside the first panel of a row, and are
    black.

    table : `verdicts.over_seeds` of one data set; parameters : of the kinds, the largest of which are drawn first
    claims : what stands below the question. `classes` may be some of those in the table, which the note then says.
    """
    headline, sizes = table[table["headline"]], parameters or {}
    kinds = sorted(kinds_of(headline), key=lambda kind: -sizes.get(kind, 0))[:MOST]
    one = len(kinds) == 1
    columns = min(len(kinds), PER_ROW)
    rows = -(-len(kinds) // columns)
    place = np.arange(len(classes))
    with canvas.style(9):
        height = 0.9 + (0.5 + 0.27 * len(classes)) * rows
        figure, axes = canvas.page_of_panels(rows, columns, height, canvas.PAGE * (0.9 if one else 1), len(kinds))
        of_kinds = {kind: of_kind(headline, kind) for kind in kinds}
        chosen = [of.set_index("class").reindex(list(classes)) for of in of_kinds.values()]
        lowest = min(_draw_tests(axis, of) for axis, of in zip(axes.flat, chosen, strict=False))
        canvas.class_ticks(axes[0, 0].set_yticks, classes, note or "in full", canvas.NAME if note else _LONGEST)
        axes[0, 0].set(xlim=(min(-0.1, lowest - 0.05), 1.05), ylim=(len(classes) - 0.4, -0.6), xticks=[0, 0.5, 1])
        for axis, (kind, of) in zip(axes.flat, of_kinds.items(), strict=False):
            axis.tick_params(axis="y", length=0)
            axis.hlines(place, *axis.get_xlim(), color="0.92", linewidth=0.8, zorder=0)
            axis.axvline(0, color="0.75", linewidth=0.8, zorder=0)
            size = sizes.get(kind, 0)
            words = f"{size / 1e6:.3g} million" if size >= 1e6 else f"{size:,.0f}"
            count = [f"{words} parameters"] if size else []
            networks = [f"{of['seeds'].max()} networks"] if of["seeds"].max() > 1 else []
            label = canvas.break_line(canvas.network_label(*kind).replace("\n", ", "), 80 if one else 20)
            axis.set_title(
                "\n".join([label, *count, *networks] if not one else [", ".join([label, *count, *networks])])
            )
        first = next(iter(of_kinds.values()))
        measure = "TPR" if first["fpr_dfm_mean"].isna().all() else "TPR - FPR"
        for axis in axes.flat[max(0, len(kinds) - columns) : len(kinds)]:
            axis.set_xlabel(measure)
            axis.tick_params(labelbottom=True)
        lines = [*claims, *(_mark_names(axes[0, 0], chosen[0]) if one else ())]
        lines += _sentence(first) if one else ()
        question = f"Which classes are recognised from their map alone ({named(first['fill'].iloc[0]).words})?"
        canvas.finish(figure, axes[0, 0], 3, question, *lines, note, left=True)
    return figure


def _mark_names(axis: Axes, rows: pd.DataFrame) -> list[str]:
    """Mark the names of classes that are strong, and of those without a verdict; returns a line that says so."""
    strong = (rows["strong_seeds"] > rows["seeds"] / 2).to_numpy()
    unknown = (rows["tpr_unfiltered_mean"] < RECOGNISED_TPR).to_numpy()
    for label, bold, grey in zip(axis.get_yticklabels(), strong, unknown, strict=True):
        label.set(fontweight="bold" if bold else "normal", **({"color": "0.55"} if grey else {}))
    bold = "bold: strong shortcut" + (" in most networks" if rows["seeds"].max() > 1 else "")
    grey = f"grey: unfiltered TPR below {RECOGNISED_TPR}, no verdict"
    key = [text for text, there in ((bold, strong.any()), (grey, unknown.any())) if there]
    return ["; ".join(key)] if key else []


def _sentence(rows: pd.DataFrame) -> list[str]:
    """In how many classes each control does at least as well as the own map; empty where none was tested."""
    own = rows["measure_mean"].to_numpy(float)
    parts: list[str] = []
    for subject, values in (
        ("the best map of another class does", _column(rows, "largest_other_mean")),
        ("as many of the lowest frequencies do", _low_pass(rows)),
    ):
        tested = ~np.isnan(values - own)
        as_well = "so" if parts else "at least as well as the own map"
        count = f"{(values >= own - 1e-6)[tested].sum():,} of {tested.sum():,}"  # tables are rounded
        if tested.any():
            parts.append(f"{subject} {as_well} in {count}{'' if parts else ' classes'}")
    sentence = ", ".join(parts)
    return [sentence[0].upper() + sentence[1:]] if parts else []


def _draw_tests(axis: Axes, rows: pd.DataFrame) -> float:
    """The marks of `shortcuts`, of classes in the order of their lines; returns the lowest value."""
    place = np.arange(len(rows))
    own, low, high = (rows[f"measure_{end}"].to_numpy(float) for end in ("mean", "low", "high"))
    axis.hlines(place, low, high, color=_BLUE, linewidth=2, alpha=0.6, zorder=2)
    over = "over networks" if (rows["interval"] == "networks").any() else "over images"
    marks = {
        f"own map, 95 % interval {over}": (own, "o", _BLUE, _BLUE, 30),
        "best map of another class": (_column(rows, "largest_other_mean"), "^", "none", _ORANGE, 24),
        canvas.CONTROLS["low_pass"]: (_low_pass(rows), "s", "none", _GREEN, 18),
    }
    for order, (label, (values, marker, face, colour, size)) in enumerate(marks.items()):
        if not np.isnan(values).all():
            axis.scatter(
                values, place + (0, 0.28, -0.28)[order], s=size, marker=marker, facecolor=face,
                edgecolor=colour, linewidth=1.1, label=label, zorder=7 + order,
            )  # fmt: skip
    for c in np.flatnonzero(np.isnan(own)):
        axis.text(0.02, float(c), "not tested", color="0.45", fontsize=canvas.SMALLEST, style="italic", va="center")
    return float(np.nanmin([low, *(values for values, *_ in marks.values())], initial=0))


def _low_pass(rows: pd.DataFrame) -> FloatArray:
    """TPR - FPR of the lowest frequencies, or TPR where the map has no FPR [class]; NaN where this was not tested."""
    fpr = np.where(rows["fpr_dfm_mean"].isna(), 0, _column(rows, "fpr_low_pass_mean"))
    return _column(rows, "tpr_low_pass_mean") - fpr


def _column(rows: pd.DataFrame, name: str) -> FloatArray:
    return rows[name].to_numpy(float) if name in rows else np.full(len(rows), np.nan)


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
        canvas.class_ticks(axes[0, 0].set_yticks, order, note or "in full", canvas.NAME if note else _LONGEST)
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
