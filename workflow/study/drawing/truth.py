"""The figure of maps and ADCS, scored against what was planted."""

import pandas as pd
from IPython.display import display
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from frequency_shortcuts.figures.canvas import COLOURS, PAGE, finish, style

RANKINGS = {  # of `truth.score`: label, mark and colour
    "dfm": ("map", "o", COLOURS[0], COLOURS[0]),
    "adcs": ("|ADCS|, as published", "s", "none", COLOURS[3]),
    "adcs_significant": ("|ADCS|, significant", "^", "none", COLOURS[2]),
}


def draw_truth(truth: pd.DataFrame) -> Figure:
    """Maps scored against the planted truth

    The table holds the average precision against what was planted for the class itself, mean over classes, networks and
    seeds. Marks are means over the networks that use the planted mask.
    """
    score = "average_precision"
    display(truth.pivot_table(score, "ranking", "dataset", sort=False).round(2))
    used = truth[truth["uses"].eq(True)]
    means = used.groupby(["dataset", "class", "ranking"], sort=False)[
        [score, f"{score}_low", f"{score}_high"]
    ].mean()
    rows = list(dict.fromkeys(means.index.droplevel("ranking")))
    with style(9):
        figure, axis = plt.subplots(figsize=(PAGE, 1.0 + 0.25 * len(rows)))
        for place, row in enumerate(rows):
            _, low, high = means.loc[(*row, "random")]
            axis.barh(place, high - low, left=low, height=0.8, color="0.85", zorder=1)
            for shift, (ranking, (_, mark, face, colour)) in zip(
                (0, -0.25, 0.25), RANKINGS.items(), strict=True
            ):
                if (*row, ranking) in means.index:
                    value = means.loc[(*row, ranking), score]
                    axis.scatter(
                        value,
                        place + shift,
                        s=22,
                        marker=mark,
                        facecolor=face,
                        edgecolor=colour,
                        zorder=3,
                    )
            if place and rows[place - 1][0] != row[0]:
                axis.axhline(place - 0.5, color="0.6", linewidth=0.8)
        axis.set_yticks(range(len(rows)), [f"{name}, {label}" for name, label in rows])
        axis.set(
            xlabel="average precision of the ranking",
            xlim=(-0.02, 1.05),
            ylim=(max(1, len(rows)) - 0.5, -0.5),
        )
        for label, mark, face, colour in RANKINGS.values():
            axis.scatter([], [], s=26, marker=mark, facecolor=face, edgecolor=colour, label=label)
        axis.barh(0, 0, color="0.85", label="random rankings, 95 %")
        finish(
            figure, axis, 4, "Do maps and ADCS find the frequencies that were planted for a class?"
        )
    return figure
