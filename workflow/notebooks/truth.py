"""Drawings of maps scored against the planted truth, and of methods: how well each ranks it, and what that costs."""

from itertools import cycle

import pandas as pd
from IPython.display import display
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from frequency_shortcuts.figures.canvas import COLOURS, PAGE, finish, logarithmic, page_of_panels, style
from study.measures.truth import FOUND

RANKINGS = {  # of `truth.score`: label, mark and colour
    "dfm": ("map", "o", COLOURS[0], COLOURS[0]),
    "adcs": ("|ADCS|, as published", "s", "none", COLOURS[3]),
    "adcs_significant": ("|ADCS|, significant", "^", "none", COLOURS[2]),
}
PER_ROW, MARKERS = 3, "oDs^vP<>Xp"  # of the panels of methods


def draw_truth(truth: pd.DataFrame) -> Figure:
    """Maps scored against the planted truth

    The table holds the average precision against what was planted for the class itself, mean over classes, networks and
    seeds. Marks are means over the networks that use the planted mask.
    """
    own = truth[truth["truth"] == "own"]
    whole = own[own["cut"] == "percent"]
    display(whole.pivot_table("average_precision", "ranking", "dataset", sort=False).round(2))
    own = own[own["uses"].eq(True)]
    # The average precision is over the whole ranking, the same for maps of all sizes.
    score = "average_precision"
    means = own.groupby(["dataset", "class", "ranking"], sort=False)[[score, f"{score}_low", f"{score}_high"]].mean()
    rows = list(dict.fromkeys(means.index.droplevel("ranking")))
    with style(9):
        figure, axis = plt.subplots(figsize=(PAGE, 1.0 + 0.25 * len(rows)))
        for place, row in enumerate(rows):
            _, low, high = means.loc[(*row, "random")]
            axis.barh(place, high - low, left=low, height=0.8, color="0.85", zorder=1)
            for shift, (ranking, (_, mark, face, colour)) in zip((0, -0.25, 0.25), RANKINGS.items(), strict=True):
                if (*row, ranking) in means.index:
                    value = means.loc[(*row, ranking), score]
                    axis.scatter(value, place + shift, s=22, marker=mark, facecolor=face, edgecolor=colour, zorder=3)
            if place and rows[place - 1][0] != row[0]:
                axis.axhline(place - 0.5, color="0.6", linewidth=0.8)
        axis.set_yticks(range(len(rows)), [f"{name}, {label}" for name, label in rows])
        axis.set(xlabel="average precision of the ranking", xlim=(-0.02, 1.05), ylim=(max(1, len(rows)) - 0.5, -0.5))
        for label, mark, face, colour in RANKINGS.values():
            axis.scatter([], [], s=26, marker=mark, facecolor=face, edgecolor=colour, label=label)
        axis.barh(0, 0, color="0.85", label="random rankings, 95 %")
        finish(figure, axis, 4, "Do maps and ADCS find the frequencies that were planted for a class?")
    return figure


def draw_methods(methods: pd.DataFrame) -> Figure:
    """Methods against the planted truth

    The table holds the mean average precision, and the passes and seconds of a network, means over the data sets.
    """
    own = methods[methods["truth"] == "own"]
    of_set = own.groupby(["method", "dataset"], sort=False).mean(numeric_only=True)
    display(of_set["average_precision"].unstack().round(2))  # noqa: PD010
    display(of_set.groupby("method", sort=False)[["passes", "seconds"]].mean().round(1))
    scored = own.dropna(subset=["average_precision"])
    sets, names = list(dict.fromkeys(methods["dataset"])), list(dict.fromkeys(methods["method"]))
    means = scored.groupby(["dataset", "method"])[["passes", "average_precision"]].mean()
    none = 0.3 * min(scored.loc[scored["passes"] > 0, "passes"], default=1.0)  # where methods stand that take no pass
    free = list(dict.fromkeys(scored.loc[scored["passes"] == 0, "method"]))
    rows = -(-len(sets) // PER_ROW)
    with style(10):
        figure, axes = page_of_panels(rows, min(PER_ROW, len(sets)), 1.3 + 2.0 * rows, used=len(sets))
        for name, axis in zip(sets, axes.flat, strict=False):
            for method, colour, marker in zip(names, cycle(COLOURS), cycle(MARKERS), strict=False):
                if (name, method) in means.index:
                    passes, value = means.loc[(name, method)]
                    at = passes or none * 1.15 ** (free.index(method) - len(free) / 2)  # beside each other
                    axis.plot(at, value, marker, color=colour, markersize=5.5, label=method)
            count = len(scored[(scored["dataset"] == name) & (scored["method"] == names[0])])
            axis.set_title(f"{name}, n = {count}")
            axis.axvline(2 * none, color="0.85", linewidth=0.8, zorder=0)
            axis.axhline(FOUND, color="0.7", linewidth=0.8, linestyle="--", zorder=0)
        axes[0, 0].set_ylim(-0.04, 1.04)
        logarithmic(axes[0, 0].xaxis)
        plt.setp(axes[:, 0], ylabel="average precision")
        for axis in axes.flat[max(0, len(sets) - PER_ROW) : len(sets)]:
            axis.set_xlabel("forward passes")
            axis.tick_params(labelbottom=True)
        key = f"left of the line: no forward pass; dashed: found, {FOUND:g}; n: classes that have a score"
        finish(figure, axes[0, 0], 5, "Which methods find the planted frequencies, and at what cost?", key)
    return figure
