"""What networks learn first, which bands they then need, and what they lose without their maps."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from IPython.display import display
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures.selection import kinds_of, of_kind, select_classes
from study.drawing.study import first_kinds

LEARNED = 0.5  # F1 from which on a class counts as learned
HIDDEN = "high-pass"  # the view that is not drawn: so early, nearly no class passes
LINES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (4, 1, 1, 1)))  # of classes, with the marks
MARKS = "os^D"
# What stands in the place of removed bands.
FILLED = {
    "swap": "swap: C0 there",
    "zeros": "zeros there",
}
# In the table of `reliance`.
REMOVED = {
    "maps": "the maps",
    "random": "random masks",
    "low_pass": "the lowest",
}
AFTER = "#0173b2"
LOSSES = (
    ("lost_at_test", "#d55e00", -0.14, "at test time"),
    ("lost_after", AFTER, 0.14, "after training anew"),
)


def draw_dynamics(
    datasets: list[str],
    dynamics: pd.DataFrame,
    first: dict[str, list[str]],
    most: int,
    classes: Sequence[str] = (),
) -> Figure:
    """What is learned first

    The table holds F1 averaged over these iterations and networks: the higher, the earlier a class is learned.
    """
    rows = first_kinds(dynamics[dynamics["dataset"].isin(datasets)], first)
    display(rows.pivot_table("f1", ["dataset", "class"], "view", sort=False).round(2))
    if not classes:
        return curves(rows)
    full = rows[rows["view"] == rows["view"].iloc[0]]  # the images as they are
    means = full.groupby("class")["f1"].mean().reindex(list(classes))
    shown = select_classes(means, most, "learned first and last", both_ends=True)
    hidden = rows["view"] == HIDDEN
    return learned(rows[~hidden], shown.names(classes), [_count_passed(rows[hidden])], shown.note)


def _count_passed(table: pd.DataFrame) -> str:
    """In how many cases F1 passes `LEARNED` in a view that is not drawn; empty where it was not tested."""
    best = table.groupby(["class", "seed"])["f1"].max()
    cases = f"in {(best >= LEARNED).sum()} of {len(best)} cases (each a class of one network)"
    return (
        f"not drawn: {HIDDEN} images, on which F1 passes {LEARNED:g} {cases}" if len(best) else ""
    )


def learned(
    table: pd.DataFrame, classes: Sequence[str], claims: Sequence[str], note: str
) -> Figure:
    """When each class is learned: the tested iteration at which F1 first passes `LEARNED`; a panel a view.

    The bar is the median, of an even number of networks the later of the two in the middle. Classes are sorted by it.
    """
    views, seeds = list(dict.fromkeys(table["view"])), list(dict.fromkeys(table["seed"]))
    last = table["iteration"].max()
    never = 1.12 * last
    passed = table[table["f1"] >= LEARNED].groupby(["view", "class", "seed"])["iteration"].min()
    every = pd.MultiIndex.from_product([views, classes, seeds])
    first = passed.reindex(every).fillna(never)
    ranked = first[views[0]].groupby(level=0).agg(middle=_middle, mean="mean")
    order = ranked.sort_values(["middle", "mean"], kind="stable").index
    spread = np.linspace(-0.32, 0.32, len(seeds)) if len(seeds) > 1 else np.zeros(1)
    # Of marks, points squared, and of a class, inches.
    size, row = (16, 0.27) if len(seeds) <= 8 else (7, 0.42)
    marks: dict[str, Any] = {"s": size, "edgecolor": AFTER, "linewidth": 0.8}
    with canvas.style(9):
        figure, axes = canvas.page_of_panels(1, len(views), 0.9 + row * len(order))
        for view, axis in zip(views, axes[0], strict=True):
            for place, name in enumerate(order):
                at = first.loc[(view, name, slice(None))].to_numpy()
                for reached, look in ((at <= last, AFTER), (at > last, "none")):
                    axis.scatter(at[reached], place + spread[reached], color=look, **marks)
                axis.plot(
                    [_middle(at)] * 2, [place - 0.42, place + 0.42], color="black", linewidth=1.6
                )
            axis.hlines(
                np.arange(len(order) - 1) + 0.5, 0, never, color="0.92", linewidth=0.8, zorder=0
            )
            axis.axvline((last + never) / 2, color="0.6", linewidth=0.8, linestyle=":")
            canvas.whole_ticks(axis.xaxis)
            axis.set_xlim(-0.03 * last, never + 0.05 * last)
            ticks = [tick for tick in axis.get_xticks() if 0 <= tick < last * 0.95]
            axis.set_xticks([*ticks, never], [*(f"{tick:.0f}" for tick in ticks), "never"])
        canvas.class_ticks(axes[0, 0].set_yticks, order, note)
        axes[0, 0].set_ylim(len(order) - 0.5, -0.5)
        canvas.titles(axes, [f"{view} images" for view in views], "iteration")
        for look, label in (
            (AFTER, "a network"),
            ("none", f"a network, never within {last:,} iterations"),
        ):
            axes[0, 0].scatter([], [], color=look, label=label, **marks)
        axes[0, 0].plot([], [], color="black", linewidth=1.6, label="median")
        canvas.finish(
            figure,
            axes[0, 0],
            3,
            f"When does F1 of each class first pass {LEARNED:g}?",
            *claims,
            note,
        )
    return figure


def _middle(at: npt.ArrayLike) -> float:
    """The median, of an even number the greater of the two in the middle: no mean with the place of never."""
    return float(np.quantile(np.asarray(at), 0.5, method="higher"))


def curves(table: pd.DataFrame) -> Figure:
    """F1 of every class over the first iterations, on images as they are: a panel a data set."""
    table = table[table["view"] == table["view"].iloc[0]]
    sets = list(dict.fromkeys(table["dataset"]))[:12]
    rows = -(-len(sets) // (4 if len(sets) % 3 else 3))
    colours = canvas.class_colours(list(dict.fromkeys(table["class"])))
    with canvas.style(9):
        figure, axes = canvas.page_of_panels(
            rows, -(-len(sets) // rows), 0.6 + 1.9 * rows, used=len(sets)
        )
        for axis, name in zip(axes.flat, sets, strict=False):
            of_set = table[table["dataset"] == name]
            for (label, colour), line, mark in zip(
                colours.items(), cycle(LINES), cycle(MARKS), strict=False
            ):
                of_class = of_set[of_set["class"] == label].pivot_table("f1", "iteration", "seed")
                if of_class.shape[1] > 1:
                    axis.plot(of_class, color=colour, linewidth=0.7, alpha=0.5)
                axis.plot(
                    of_class.mean(axis=1),
                    color=colour,
                    linestyle=line,
                    linewidth=1.8,
                    marker=mark,
                    markersize=4,
                    markerfacecolor="white",
                    label=label,
                )
            axis.set_title(name)
        axes[0, 0].set_ylim(-0.03, 1.03)
        canvas.whole_ticks(axes[0, 0].xaxis)
        plt.setp(axes[:, 0], ylabel="F1")
        plt.setp(axes[-1], xlabel="iteration")
        networks = table.groupby("dataset")["seed"].nunique()
        count = " or ".join(map(str, sorted(set(networks), reverse=True)))
        lines = (
            f"thick: mean of {count} networks, thin: each"
            if networks.max() > 1
            else "one network a set"
        )
        canvas.finish(figure, axes[0, 0], 6, "Which class is learned first?", lines)
    return figure


def draw_graded(graded: pd.DataFrame) -> Figure:
    """Is what stands out more learned earlier?

    The table holds means over the sets, by ring.
    """
    display(
        graded.groupby("ring")[["gain", "distinctiveness", "earliness", "recall"]].mean().round(2)
    )
    table = graded.dropna(subset=["gain"]).sort_values("gain")
    marks = {"low": ("o", "C0"), "high": ("^", "C1")}
    with canvas.style():
        figure, axis = plt.subplots(figsize=(canvas.PAGE, 2.8))
        for i, (_, rows) in enumerate(table.groupby("seed")):
            label = "" if i else "classes of one set"
            axis.plot(
                rows["gain"], rows["earliness"], color="0.85", linewidth=0.8, zorder=0, label=label
            )
        for ring, (mark, colour) in marks.items():
            rows = table[table["ring"] == ring]
            axis.plot(
                rows["gain"],
                rows["earliness"],
                mark,
                color=colour,
                markersize=4,
                label=f"{ring} ring",
            )
        least, greatest = table["gain"].min(), table["gain"].max()
        ticks = [gain for gain in (1, 1.5, 2, 3, 4, 6, 8) if least <= gain * 1.1 <= 1.21 * greatest]
        canvas.logarithmic(axis.xaxis, ticks)
        axis.set(xlabel="gain (amplitude)", ylabel="earliness (mean F1)", ylim=(0, 1))
        canvas.finish(figure, axis, 3, "Is a class learned earlier if it stands out more?")
    return figure


def draw_bandstop(
    classes: Sequence[str],
    bandstop: pd.DataFrame,
    first: dict[str, list[str]],
    most: int,
) -> Figure:
    """Removing two of four bands"""
    table = first_kinds(bandstop, first)
    own = table[table["true_class"] == table["called_class"]]
    change = own["delta_percent"].abs().groupby(own["true_class"]).mean().reindex(list(classes))
    most = min(most, 6) if len(classes) > most else most  # names beside a sixth of a page
    shown = select_classes(change, most, "whose recognition changes most")
    classes, note = shown.names(classes), shown.note
    mean = table.groupby(["fill", "removed", "true_class", "called_class"], sort=False)[
        "delta_percent"
    ].mean()
    fills, removed = (list(dict.fromkeys(table[name])) for name in ("fill", "removed"))
    with canvas.style():
        figure, axes = canvas.page_of_panels(len(fills), len(removed), 0.55 + 1.0 * len(fills))
        for fill, line in zip(fills, axes, strict=True):
            for stop, axis in zip(removed, line, strict=True):
                matrix = mean[fill, stop].unstack().reindex(index=classes, columns=classes)  # noqa: PD010
                axis.imshow(matrix, cmap="RdBu_r", vmin=-100, vmax=100)
                if not note:
                    values = matrix.to_numpy(float)
                    canvas.write_numbers(
                        axis, values, "{:z.0f}".format, abs(values) > 60, fontsize=canvas.SMALLEST
                    )
                canvas.class_ticks(axis.set_xticks, classes, note, 12, rotation=90 if note else 0)
                canvas.class_ticks(axis.set_yticks, classes, note, 12)
                axis.tick_params(length=0)
        canvas.row_labels(
            figure, axes, [f"{FILLED.get(fill, fill)}\ntrue class" for fill in fills], 1.0
        )
        canvas.titles(axes, [f"without {stop}" for stop in removed], "called")
        canvas.shrink_titles(axes[0], note)
        canvas.colour_bar(figure, axes, "RdBu_r", -100, 100, "change, % of class")
        question = "Which classes are still recognised without two of four bands?"
        canvas.write_title(figure, question, note)
    return figure


def draw_reliance(reliance: pd.DataFrame) -> Figure:
    """Are the frequencies of the maps needed?

    The table holds both losses with their 95 % intervals; `interval` says of what they are.
    """
    display(reliance.drop(columns=["dataset", "augmentation"]).round(3))
    kinds = kinds_of(reliance)
    classes = list(dict.fromkeys(reliance["class"].astype(str)))
    with canvas.style(10):
        height = 0.8 + (0.5 + 0.25 * len(classes)) * len(kinds)
        figure, axes = canvas.page_of_panels(len(kinds), len(REMOVED), height)
        for kind, line in zip(kinds, axes, strict=True):
            rows = of_kind(reliance, kind)
            for removed, axis in zip(REMOVED, line, strict=True):
                lost = rows[rows["removed"] == removed]
                axis.axvline(0, color="0.8", linewidth=0.8)
                for name, colour, shift, words in LOSSES:
                    ends = [lost[name] - lost[f"{name}_low"], lost[f"{name}_high"] - lost[name]]
                    axis.errorbar(
                        lost[name],
                        np.arange(len(classes)) + shift,
                        xerr=ends,
                        fmt="o",
                        color=colour,
                        markersize=4.5,
                        linewidth=1.2,
                        label=words,
                    )
            line[0].set_yticks(range(len(classes)), classes)
            of_maps = rows[rows["removed"] == "maps"]
            avoidable = set(of_maps.loc[of_maps["reading"] == "avoidable", "class"].astype(str))
            for label in line[0].get_yticklabels():
                label.set_fontweight("bold" if label.get_text() in avoidable else "normal")
            if len(kinds) > 1:
                line[0].set_ylabel(canvas.network_label(*kind))
        axes[0, 0].invert_yaxis()
        axes[0, 0].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        canvas.titles(axes, list(REMOVED.values()), "recall lost")
        key = "panels: what is removed; bold: a class that could have avoided the frequencies of the maps"
        canvas.finish(
            figure, axes[0, 0], 2, "Does a network need the frequencies of its maps?", key
        )
    return figure
