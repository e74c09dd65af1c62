"""Drawing of what a shortcut costs against how strong it is."""

from __future__ import annotations

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .canvas import COLOURS, PAGE, despine, style

HARMS = {  # of `evaluation.harm`
    "lost": "recall lost without the wave",
    "called": "other images called this class\nonce they carry the wave",
}


def harm(table: pd.DataFrame) -> Figure:
    """Both harms of every network against the own-map advantage of the class with the wave, with 95 % intervals.

    table : rows of `evaluation.harm.harm`, one a network

    Colours are shares of the images of the class with the wave; a filled dot is a strong shortcut by it: its map holds
    the wave.
    """
    shares = sorted(table["share"].unique())
    is_strong = (table["verdict"] == "strong") & table["in_map"].astype(bool)
    with style():
        figure, axes = plt.subplots(1, len(HARMS), figsize=(PAGE, 2.9), sharex=True, sharey=True)
        for (name, title), axis in zip(HARMS.items(), axes, strict=True):
            for share, colour in zip(shares, COLOURS, strict=False):
                for strong in (True, False):
                    rows = table[(table["share"] == share) & (is_strong == strong)]
                    axis.errorbar(
                        rows["advantage"], rows[name], color=colour, fmt="o", markersize=5, linewidth=0.8,
                        xerr=[rows["advantage"] - rows["advantage_low"], rows["advantage_high"] - rows["advantage"]],
                        yerr=[rows[name] - rows[f"{name}_low"], rows[f"{name}_high"] - rows[name]],
                        markerfacecolor=colour if strong else "white",
                    )  # fmt: skip
            axis.axhline(0, color="0.8", linewidth=0.8)
            axis.set_title(title)
            axis.set_xlabel("own-map advantage of the class")
        axes[0].set_ylabel("difference of shares")
        for share, colour in zip(shares, COLOURS, strict=False):
            axes[1].plot([], [], "o", color=colour, label=f"wave in {share:.0%} of the class")
        axes[1].plot([], [], "o", color="0.4", markerfacecolor="white", label="not strong")
        figure.legend(loc="outside right center")
        despine(figure.axes)
    return figure
