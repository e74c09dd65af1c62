"""Drawing of how stable the maps are: their overlap between runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .canvas import PAGE, colour_bar, despine, network_label, style

COMPARED = {
    "seeds": "two seeds",
    "networks": "two networks",
    "augmentations": "two augmentations",
    "images": "two image halves",
    "several": "runs unlike in several ways",  # shown where there is nothing else
}
_LEVELS = {  # column -> colour, line, name
    "iou": ("tab:blue", "o-", "the maps, mean and s.d. over classes"),
    "radial": ("0.35", "x--", "chance, same radii"),
    "random": ("0.6", "+:", "chance, uniform"),
}
MANY = 12  # runs up to which each has a row in a heat map, with numbers


def stability(table: pd.DataFrame, percent: float) -> Figure:
    """Overlap of the maps of all runs of a data set as a heat map, and by the size of the maps beside chance.

    table : rows of `stability.compared` and `compared_halves` of one data set

    In the heat map, of maps of `percent`, overlaps are means over classes; on its diagonal stands the overlap of the
    maps from two halves of the images, where a run has them. With more than `MANY` runs those of one network are taken
    together, and the diagonal is that of its seeds; of one run there is no heat map.
    """
    there = set(table["comparison"])
    kinds = [kind for kind in COMPARED if kind in there and (kind != "several" or there == {"several"})]
    chosen, note = _matrices(table[table["percent"] == percent])
    labels = list(chosen["iou"].index)
    with style():
        alone, beside = len(labels) == 1, len(labels) <= 6
        side = min(3.5, 1.5 + 0.55 * len(labels)) if beside else 1.6 + 0.33 * len(labels)
        per_row = min(len(kinds), 2) if beside else len(kinds)
        rows = -(-len(kinds) // per_row)
        curves = 0.6 + 1.45 * rows
        if alone:
            figure, axes = plt.subplots(1, 1, figsize=(PAGE / 2, curves + 0.6), squeeze=False)
            figure.suptitle(labels[0].replace("\n", ", "), fontsize=8)
        else:
            shape: tuple[int, int] = (1, 2) if beside else (2, 1)
            size = (PAGE, max(side, curves) + 0.3) if beside else (PAGE, side + curves + 0.3)
            ratios: dict[str, Any] = (
                {"width_ratios": [side, PAGE - side]} if beside else {"height_ratios": [side, curves]}
            )
            figure = plt.figure(figsize=size)
            parts = figure.add_gridspec(*shape, **ratios)
            _draw_matrix(figure, figure.add_subplot(parts[0]), chosen, labels, note)
            axes = parts[1].subgridspec(rows, per_row).subplots(sharex=True, sharey=True, squeeze=False)
        for kind, axis in zip(kinds, axes.flat, strict=False):
            _draw_by_size(axis, table[table["comparison"] == kind])
            axis.set_title(COMPARED[kind])
        for axis in axes.flat[len(kinds) :]:
            axis.set_axis_off()
        for column in range(per_row):  # under the last panel of each column that is used
            lowest = max(place for place in range(column, len(kinds), per_row))
            axes.flat[lowest].set_xlabel("size of the maps, %")
            axes.flat[lowest].tick_params(labelbottom=True)
        for axis in axes[:, 0]:
            axis.set_ylabel("overlap (IoU)")
        axes[0, 0].set_ylim(0, None)
        for axis in axes.flat:
            despine([axis])
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2 if alone else 3)
    return figure


def _matrices(table: pd.DataFrame) -> tuple[dict[str, pd.DataFrame], str]:
    """Mean overlap and chance (same radii) between all runs, by their labels, and what is on the diagonal."""
    runs = table.assign(**{end: table[end].str.replace(r"/half\d$", "", regex=True) for end in ("left", "right")})
    names = list(dict.fromkeys([*runs["left"], *runs["right"]]))
    # In the order of the plan: a run that is only ever on the right comes last.
    ends, note = {name: _label(name) for name in names}, "diagonal: two halves of the images"
    if len(names) > MANY:
        runs = runs[runs["comparison"] != "images"]
        ends = {name: _label(name.rpartition("/")[0]) for name in names}
        note = "means over seeds; diagonal: two seeds of the network"
    labels = list(dict.fromkeys(ends.values()))
    runs = runs.assign(left=runs["left"].map(ends), right=runs["right"].map(ends))
    turned = runs.rename(columns={"left": "right", "right": "left"})
    both = pd.concat([runs, turned[turned["left"] != turned["right"]]])
    means = both.groupby(["left", "right"])[["iou", "radial"]].mean()
    matrices = {column: means[column].unstack().reindex(index=labels, columns=labels) for column in means}  # noqa: PD010
    return matrices, note if np.isfinite(np.diag(matrices["iou"])).any() else ""


def _label(run: str) -> str:
    network, augmentation, *seed = run.split("/")
    words = [network_label(network, augmentation), *(part.replace("seed", "seed ") for part in seed)]
    return "\n".join(words)


def _draw_matrix(
    figure: Figure, axis: Axes, matrices: Mapping[str, pd.DataFrame], labels: Sequence[str], note: str
) -> None:
    overlap, chance = (matrices[name].to_numpy() for name in ("iou", "radial"))
    most = max(0.1, np.ceil(np.nanmax(overlap, initial=0) * 10) / 10)
    axis.set_facecolor("0.93")
    axis.imshow(overlap, cmap="viridis", vmin=0, vmax=most, aspect="auto")  # the layout must know its size
    size = 7 if len(labels) <= 6 else 5
    for i, j in np.argwhere(np.isfinite(overlap)):
        colour = "white" if overlap[i, j] < 0.6 * most else "black"
        text = f"{overlap[i, j]:.2f}\n({chance[i, j]:.2f})"
        axis.text(j, i, text, ha="center", va="center", fontsize=size, color=colour)
    axis.set_xticks(range(len(labels)), labels, rotation=90)
    axis.set_yticks(range(len(labels)), labels)
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)
    axis.set_title("mean over classes (in brackets: chance, same radii)")
    axis.set_xlabel(note)
    colour_bar(figure, np.array([axis]), "viridis", 0, most, "overlap (IoU)")


def _draw_by_size(axis: Axes, table: pd.DataFrame) -> None:
    """Overlap by the size of the maps, mean and standard deviation over classes, and what chance gives."""
    per_class = table.groupby(["percent", "class"])[list(_LEVELS)].mean()
    mean, spread = (getattr(per_class.groupby("percent"), name)() for name in ("mean", "std"))
    place = np.arange(len(mean))
    for column, (colour, line, label) in _LEVELS.items():
        axis.plot(place, mean[column], line, color=colour, label=label, markersize=3.5)
    deviation = spread["iou"].fillna(0)
    axis.fill_between(
        place, (mean["iou"] - deviation).clip(lower=0), mean["iou"] + deviation, color=_LEVELS["iou"][0], alpha=0.2,
        linewidth=0,
    )  # fmt: skip
    axis.set_xticks(place, [f"{percent:g}" for percent in mean.index])
    axis.margins(x=0.08)
