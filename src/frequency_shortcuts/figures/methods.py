"""Drawings of the methods side by side: against the truth, by tests of their maps, by cost, and over seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox, BboxBase

from frequency_shortcuts.evaluation.method_scores import CONTROL, UNFILTERED

from .canvas import COLOURS, PAGE, colour_bar, despine, logarithmic, page_of_panels, style, write_numbers

LOW_PASS, RANDOM = "low_pass", "random"
BASELINES = ("gradient", "adcs", "energy", LOW_PASS, RANDOM)  # the simple methods that others must beat
CHOSEN = ("mixture", "culling", "greedy", "learned", "rise_swap", "gradient", "energy")  # which users would take
# The truths of a data set that have a column: what is added to its name, and the colours.
TRUTHS = {"own": ("", "Blues"), "decoy": (": unused cue,\nlow is good", "Oranges")}
# The methods that stand out where many are drawn, by preference, and the look of each; others are grey.
_FIRST = ("mixture", "culling", "rise_swap")
_LOOKS = [{"color": colour, "marker": marker} for colour, marker in zip(COLOURS[:3], "oDs", strict=True)]
_GREY = "0.75"
# Where the name of a mark may stand, by preference: points to the right and up.
_BESIDE = [(x, y) for far in (1, 2, 3) for y in (0, 9, -9) for x in (6, -6) for x, y in [(x * far, y * far)]]


def truth(table: pd.DataFrame, mechanisms: Mapping[str, str], found: float, few: bool = False) -> Figure:
    """Average precision of methods against the planted truth of every data set, as a heat map.

    table : of `method_scores`, of all runs; its scores are means over classes and seeds where the network uses the
        planted mask. mechanisms : data set -> its name in the figure, in order
    found : average precision from which a truth is found (`truth.FOUND`); means from there on are bold
    few : only those of `CHOSEN`, if there are any

    Some data sets have more than one truth: see `truth.planted`. What the network does not use, the decoy, stands last
    and in another colour: there, a high value is bad.
    """
    own = table[table["truth"].isin(list(TRUTHS))].dropna(subset=["average_precision"])
    there = set(zip(own["dataset"], own["truth"], strict=True))
    cells = [(name, truth) for truth in TRUTHS for name in mechanisms if (name, truth) in there]
    methods = [name for name in _in_order(own) if name != RANDOM]  # the last row is the same
    methods = [name for name in methods if few and name in CHOSEN] or methods
    means = own.groupby(["dataset", "truth", "method"])["average_precision"].mean()
    chance = own.groupby(["dataset", "truth"])[["random", "random_low", "random_high"]].mean()
    values = np.array([[means.get((*cell, method), np.nan) for cell in cells] for method in methods])
    random = np.array([[chance.loc[cell, "random"] for cell in cells]])
    shown = np.concatenate([values, random])
    labels = [*methods, "random rankings"]
    with style(10):
        figure, axis = plt.subplots(figsize=(PAGE, 1.4 + 0.26 * len(labels)))
        for truth, (_, colours) in TRUTHS.items():
            others = [which != truth for _, which in cells]
            of_truth = np.ma.masked_invalid(np.where(others, np.nan, shown))
            axis.imshow(of_truth, cmap=colours, vmin=0, vmax=1, aspect="auto")
        axis.set_facecolor("0.93")
        write_numbers(axis, shown, _two_digits, shown > 0.6, fontsize=9)
        for text in axis.texts:
            column, row = (int(place) for place in text.get_position())
            if row < len(methods) and cells[column][1] == "own" and shown[row, column] >= found:
                text.set_fontweight("bold")
        used = own[own["method"] == own["method"].iloc[0]].groupby(["dataset", "truth"]).size()
        names = [f"{mechanisms[name]}{TRUTHS[truth][0]}, n = {used.get((name, truth), 0)}" for name, truth in cells]
        axis.set_xticks(range(len(cells)), names, rotation=35, ha="right", rotation_mode="anchor", fontsize=10)
        axis.set_yticks(range(len(labels)), labels, fontsize=10)
        axis.tick_params(length=0)
        for label, name in zip(axis.get_yticklabels(), labels, strict=True):
            label.set_fontstyle("italic" if name in BASELINES or name == labels[-1] else "normal")
        _print_bold(axis.get_yticklabels())
        for place in _borders(methods):
            axis.axhline(place - 0.5, color="white", linewidth=2)
        axis.axvline(sum(truth == "own" for _, truth in cells) - 0.5, color="white", linewidth=2)
        for spine in axis.spines.values():
            spine.set_visible(False)
        colour_bar(figure, np.array([axis]), "Blues", 0, 1, "average precision").set_ticks([0, 0.5, 1])
    return figure


def _two_digits(value: float) -> str:
    """A number from 0 to 1 in few letters: .97 or 1."""
    return f"{value:.2f}".removeprefix("0").replace("1.00", "1")


def _in_order(table: pd.DataFrame) -> list[str]:
    """The methods in the order of the data set that has most of them, in which each stands at its place."""
    names = [list(dict.fromkeys(of_set)) for _, of_set in table.groupby("dataset", sort=False)["method"]]
    return list(dict.fromkeys([*max(names, key=len), *table["method"]]))


def _borders(methods: Sequence[str]) -> list[int]:
    """The rows that begin the simple methods and the random rankings."""
    first = next((i for i, name in enumerate(methods) if name in BASELINES), None)
    return [*([] if first is None else [first]), len(methods)]


def _print_bold(labels: Iterable[Text]) -> None:
    """The default method and culling, to be found among many."""
    for label in labels:
        if label.get_text() in _FIRST[:2]:
            label.set_fontweight("bold")


def looks(methods: Sequence[str]) -> dict[str, dict[str, str]]:
    """Colour and marker of the methods that stand out: of `_FIRST` those that are there, then others in order."""
    first = sorted(methods, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
    return dict(zip(first, _LOOKS, strict=False))


def rates(table: pd.DataFrame, part: str) -> Figure:
    """By the size of the maps: TPR - FPR with the maps kept, or TPR with the maps removed; a panel a data set and fill.

    table : of `method_rates`, of all data sets to draw; means over classes and seeds. part : keep or remove

    Three methods have colours (see `looks`), others are light grey. Black and dashed stands the best control: of random
    masks of the same size and the lowest frequencies, at each size, the one that does better. With two classes and the
    fill swap there is no FPR, since the donor of each other image is of the class: there, TPR is shown.
    """
    rows = table[(table["part"] == part) & (table["method"] != UNFILTERED) & (table["method"] != RANDOM)]
    rows = rows.assign(shown=rows["measure"] if part == "keep" else rows["tpr"])
    panels = list(dict.fromkeys(zip(rows["dataset"], rows["fill"], strict=True)))
    methods = [name for name in _in_order(rows) if name not in (CONTROL, LOW_PASS)]
    per_row = {4: 2}.get(len(panels), min(3, len(panels)))
    count = -(-len(panels) // per_row)
    with style(10):
        figure, axes = page_of_panels(count, per_row, 1.0 + 1.8 * count)
        look_of = looks(methods)
        for axis, (dataset, fill) in zip(axes.flat, panels, strict=False):
            of_panel = rows[(rows["dataset"] == dataset) & (rows["fill"] == fill)]
            means = of_panel.groupby(["method", "percent"])["shown"].mean().unstack("percent")  # noqa: PD010
            for name in means.index.intersection([name for name in methods if name not in look_of]):
                axis.plot(means.columns, means.loc[name], color=_GREY, linewidth=0.8)
            controls = means.reindex([CONTROL, LOW_PASS])
            best = controls.max() if part == "keep" else controls.min()
            axis.plot(best.index, best, "--", color="0.15", linewidth=1.6, label="best control")
            for name in reversed(look_of):  # the first on top
                if name in means.index:
                    axis.plot(means.columns, means.loc[name], linewidth=1.8, markersize=4, label=name, **look_of[name])
            without_fpr = "\n(TPR alone)" if part == "keep" and of_panel["fpr"].isna().all() else ""
            axis.set_title(f"{dataset}, {fill}{without_fpr}")
            logarithmic(axis.xaxis, sorted(set(of_panel["percent"])))
        for axis in axes.flat[len(panels) :]:
            axis.set_axis_off()
        for axis in axes[:, 0]:
            axis.set_ylabel("TPR - FPR" if part == "keep" else "TPR")
        for axis in axes.flat[max(0, len(panels) - per_row) : len(panels)]:
            axis.set_xlabel("% kept" if part == "keep" else "% removed")
            axis.tick_params(labelbottom=True)
        despine(figure.axes)
        handles = {
            label: handle for axis in axes.flat for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
        }
        if len(methods) > len(look_of):
            (handles["other methods"],) = axes[0, 0].plot([], [], color=_GREY, linewidth=0.8)
        shown = [name for name in (*look_of, "other methods", "best control") if name in handles]
        figure.legend([handles[name] for name in shown], shown, loc="outside lower center", ncols=3, fontsize=10)
    return figure


def cost(scores: pd.DataFrame, rates: pd.DataFrame, percent: float) -> Figure:
    """Quality against forward passes: average precision where the truth is known, and margin over the best control.

    scores, rates : of `method_scores` and `method_rates`; percent : size of the maps of the margin

    Each mark has its name beside it; three methods have colours (see `looks`). Methods that need no pass stand at the
    left end. Passes are those of a run, the mean over runs. A mean over data sets is shown for methods that ran on all
    of them. Of several fills on a set, the first is shown.
    """
    own = scores[scores["truth"] == "own"].dropna(subset=["average_precision"])
    there = own.groupby("method")["dataset"].nunique()
    own = own[own["method"].isin(there[there == there.max()].index)] if len(own) else own
    look_of = looks(_in_order(scores))
    plain = scores[scores["truth"].isna()]
    margins = rates[(rates["percent"] == percent) & (rates["part"] == "keep")]
    panels: list[tuple[str, str, pd.DataFrame]] = []  # title, what is measured, passes and quality by method
    if len(own):
        passes = own.groupby("method", sort=False)["passes"].mean()
        datasets = own.groupby(["method", "dataset"], sort=False)["average_precision"].mean()
        quality = datasets.groupby("method").mean()
        panels.append(("planted truth", "average precision", pd.DataFrame({"passes": passes, "quality": quality})))
    first = margins[margins["dataset"].isin(set(plain["dataset"]))].groupby("dataset", sort=False)["fill"].first()
    for dataset, fill in first.items():
        of_panel = margins[(margins["dataset"] == dataset) & (margins["fill"] == fill)]
        passes = plain[plain["dataset"] == dataset].groupby("method", sort=False)["passes"].mean()
        quality = of_panel.groupby("method")["margin"].mean()
        points = pd.DataFrame({"passes": passes, "quality": quality}).dropna()
        panels.append((f"{dataset}, {fill}, maps of {percent:g} %", "TPR - FPR above\nthe best control", points))
    everything = np.concatenate([points["passes"] for *_, points in panels])
    nothing = 0.3 * min(everything[everything > 0], default=1.0)
    with style(10):
        figure, axes = plt.subplots(
            len(panels), 1, figsize=(PAGE, 0.5 + 2.4 * len(panels)), squeeze=False, sharex=True
        )  # a panel takes the width of a page, for the names
        for axis, (title, measured, points) in zip(axes[:, 0], panels, strict=True):
            points["passes"] = points["passes"].clip(lower=nothing)
            for name, (passes, quality) in points.iterrows():
                axis.scatter(
                    passes, quality, s=32, zorder=2.5 if name in look_of else 2, **look_of.get(name, {"color": "0.7"})
                )
            axis.axvline(nothing * 1.7, color="0.85", linewidth=0.8)
            axis.set_title(title)
            axis.set_ylabel(measured)
            axis.margins(x=0.1, y=0.12)
        logarithmic(axes[0, 0].xaxis)
        axes[-1, 0].set_xlabel("forward passes of one image (left of the line: none)")
        despine(figure.axes)
        figure.draw_without_rendering()  # the names need to know where the marks lie
        for axis, (*_, points) in zip(axes[:, 0], panels, strict=True):
            _write_names(axis, points, {name: look["color"] for name, look in look_of.items()})
    return figure


def _write_names(axis: Axes, points: pd.DataFrame, colours: Mapping[str, str]) -> None:
    """The name of each mark beside it, where it covers least of other names and marks; a line leads to a far one.

    points : index the name, columns x and y; colours : of the names that are not grey, and come first
    """
    places = axis.transData.transform(points.to_numpy())
    point = axis.figure.dpi / 72  # in pixels
    taken = [Bbox.from_bounds(x - 3 * point, y - 3 * point, 6 * point, 6 * point) for x, y in places]
    for i in sorted(range(len(points)), key=lambda i: points.index[i] not in colours):
        name, (x, y) = str(points.index[i]), places[i]
        text = axis.annotate(
            name, points.iloc[i], (0, 0), textcoords="offset points", va="center", fontsize=9, in_layout=False,
            color=colours.get(name, "0.4"), fontweight="bold" if name in colours else "normal",
            arrowprops={"arrowstyle": "-", "color": "0.7", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 3},
        )  # fmt: skip
        size = text.get_window_extent()
        boxes = [
            Bbox.from_bounds(
                x + right * point - (size.width if right < 0 else 0), y + up * point - size.height / 2, size.width,
                size.height,
            )
            for right, up in _BESIDE
        ]  # fmt: skip
        covered = [sum(_common(box, other) for other in taken) - _common(box, axis.bbox) for box in boxes]
        best = int(np.argmin(np.array(covered) / (size.width * size.height) + 0.02 * np.arange(len(boxes))))
        text.set_position(_BESIDE[best])
        if text.arrow_patch is not None:
            text.arrow_patch.set_visible(abs(_BESIDE[best][0]) > 6)
        text.set_horizontalalignment("right" if _BESIDE[best][0] < 0 else "left")
        taken.append(boxes[best])


def _common(one: Bbox, other: BboxBase) -> float:
    """The area, in square pixels, that two boxes share."""
    both = Bbox.intersection(one, other)
    return float(both.width * both.height) if both else 0.0


def overlap(table: pd.DataFrame, percent: float) -> Figure:
    """Overlap of the maps of networks with other seeds, by method: dots are data sets, lines their means.

    table : of `method_overlap`; percent : size of the maps
    """
    rows = table[table["percent"] == percent]
    sets = rows.groupby(["method", "dataset"], sort=False)["overlap"].mean()
    mean = sets.groupby("method").mean().sort_values()
    look_of = looks(list(mean.index))
    with style(10):
        figure, axis = plt.subplots(figsize=(PAGE, 0.8 + 0.25 * len(mean)))
        for place, (name, value) in enumerate(mean.items()):
            colour = look_of.get(str(name), {"color": "0.5"})["color"]
            axis.plot(sets[name], np.full(len(sets[name]), place), "o", color=colour, alpha=0.4, markersize=5)
            axis.plot([value, value], [place - 0.35, place + 0.35], color=colour, linewidth=3)
        axis.set_yticks(range(len(mean)), mean.index, fontsize=10)
        axis.set_xlabel(f"overlap (IoU) of maps of {percent:g} % between seeds")
        axis.set_xlim(0, 1.02)
        axis.margins(y=0.02)
        _print_bold(axis.get_yticklabels())
        despine(figure.axes)
    return figure
