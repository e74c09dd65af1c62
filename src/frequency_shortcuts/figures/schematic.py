"""The whole idea in one row: image, spectrum, map, test, verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .canvas import COLOURS, PAGE, despine, printable, show_picture, show_plane, style, wrap

POINTS = 11.5  # of the print, which stays readable at half the size
LETTERS = 13  # in a line below a panel
GRID = {"width_ratios": [1, 1, 1, 1, 1.15], "wspace": 0.16}  # with room for the arrows
_TPR, _FPR = COLOURS[0], COLOURS[3]


@dataclass(frozen=True)
class Example:
    """What the row shows of one class of a network.

    image : [channels, H, W], as `canvas.show_picture` takes it; reduced : from the frequencies of the map alone
    amplitude : of the image's spectrum, [H, W], centred
    mask : the map of the class, bool [H, W], centred; percent : its size
    of_map, of_random : TPR and FPR of the class from its map, and from random masks of the map's size
    """

    name: str
    image: npt.NDArray[Any]
    reduced: npt.NDArray[Any]
    amplitude: npt.NDArray[np.float64]
    mask: npt.NDArray[np.bool_]
    percent: float
    of_map: tuple[float, float]
    of_random: tuple[float, float]
    verdict: str


def schematic(example: Example) -> Figure:
    """Five panels with an arrow from each to the next; a word above each, three to seven words below it."""
    steps = {
        "image": f"test image of {printable(example.name)}",
        "spectrum": "its amplitude by frequency",
        "map": f"{example.percent:g} % that the class needs most",
        "test": "network sees only the map",
        "verdict": f"{example.verdict}: above all controls" if example.verdict == "strong" else example.verdict,
    }
    with style(POINTS):
        figure, axes = plt.subplots(1, len(steps), figsize=(PAGE, 2.25), gridspec_kw=GRID)
        image, spectrum, mask, test, verdict = axes
        show_picture(image, example.image)
        show_plane(spectrum, np.log10(np.maximum(example.amplitude, 1e-2)), "viridis")
        show_plane(mask, example.mask.astype(float), "Greys", 0, 1)
        show_picture(test, example.reduced)
        _draw_rates(verdict, example)
        for axis, (title, below) in zip(axes, steps.items(), strict=True):
            axis.set_title(title, fontweight="bold", fontsize=POINTS + 1)
            axis.text(
                0.5, -0.06 if axis is not verdict else -0.24, wrap(below, LETTERS), ha="center", va="top",
                transform=axis.transAxes,
            )  # fmt: skip
        for axis in axes[:-1]:
            axis.set(xticks=[], yticks=[])
            axis.set_zorder(2)  # the arrow would be behind the next panel
            axis.annotate(
                "", (1.19, 0.5), (1.01, 0.5), xycoords="axes fraction", in_layout=False,
                arrowprops={"arrowstyle": "-|>", "color": "0.15", "linewidth": 1.8, "mutation_scale": 14,
                            "shrinkA": 0, "shrinkB": 0},
            )  # fmt: skip
    return figure


def _draw_rates(axis: Axes, example: Example) -> None:
    """Bars of TPR and FPR, of the map and of random masks."""
    rates = np.array([example.of_map, example.of_random])
    for which, (colour, label) in enumerate(((_TPR, "TPR"), (_FPR, "FPR"))):
        axis.bar(np.arange(2) + 0.36 * (which - 0.5), np.maximum(rates[:, which], 0.012), 0.34, color=colour)
        axis.text(0.98, 0.98 - 0.21 * which, label, color=colour, ha="right", va="top", transform=axis.transAxes)
    axis.set(xlim=(-0.5, 1.5), ylim=(0, 1), yticks=[0, 1], xticks=[])
    axis.set_xticks([0, 1], ["map", "random"])
    axis.tick_params(axis="x", length=0, pad=2)
    axis.set_box_aspect(1 / 1.15)
    despine([axis])
