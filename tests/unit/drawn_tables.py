"""Small tables with scores at random, for the tests of figures, and what every figure must pass."""

import itertools

import numpy as np
import pandas as pd
from matplotlib.text import Text

from frequency_shortcuts.figures.canvas import SMALL_PRINT
from frequency_shortcuts.storage.tables import CULLING

CLASSES = ("ant", "bee")
KINDS = (("resnet18", "none"), ("vgg16", "augmix"))
FIRST = {"zoo": list(KINDS[0])}
METHODS = (CULLING, "gradient")
PARTS, FILLS = ("keep", "remove"), ("zeros", "swap")
KEYS = ["network", "augmentation", "method", "seed", "fill", "headline"]  # of a cross matrix


def table(**columns):
    """Every combination of network and the columns' values, with scores at random."""
    names = ("network", "augmentation", *columns)
    rows = [(*kind, *values) for kind, *values in itertools.product(KINDS, *columns.values())]
    return pd.DataFrame(rows, columns=names), np.random.default_rng(0)


def verdicts(
    classes=CLASSES,
    seeds=(0, 1),
    kinds=KINDS,
    runs=None,
    parts=PARTS,
    fills=FILLS,
    neutral="",
    draw=0,
):
    """`tables/shortcuts.csv` of networks on the set zoo, or of other runs, with rates at random.

    The first class, the third and so on are strong, unless a control happens to do as well.
    """
    runs = runs or [("zoo", *kind, seed) for kind in kinds for seed in seeds]
    generator = np.random.default_rng(draw)
    names = ["dfm", "random", "radial", "low_pass", "other"]
    headline = "swap" if neutral and "swap" in fills else fills[0]
    rows = []
    for run, (place, name), part, fill in itertools.product(runs, enumerate(classes), parts, fills):
        if fill == "swap" and name == neutral:
            continue
        tpr, fpr = generator.uniform(0, 0.5, 5), generator.uniform(0, 0.1, 5)
        tpr[0] = generator.uniform(0.8, 1) if place % 2 == 0 else tpr[0]
        own, other = tpr[0] - fpr[0], generator.uniform(0, 0.5)
        margins = {"random": tpr[1] - fpr[1], "radial": tpr[2], "other": other}
        best = max(margins, key=margins.get)
        margin, low = own - margins[best], own - (tpr[3] - fpr[3])
        rows.append(
            {
                **dict(zip(("dataset", "network", "augmentation", "seed"), run, strict=True)), "class": name,
                "part": part, "fill": fill, "images": 50, "negatives": 100,
                "tpr_unfiltered": generator.uniform(0.6, 1), "fpr_unfiltered": 0.02,
                **{f"tpr_{kind}": value for kind, value in zip(names, tpr, strict=True)},
                **{f"fpr_{kind}": value for kind, value in zip(names, fpr, strict=True) if kind != "radial"},
                **{f"{rate}_dfm_{end}": np.clip(value[0] + reach, 0, 1)
                   for rate, value in (("tpr", tpr), ("fpr", fpr)) for end, reach in (("low", -0.1), ("high", 0.1))},
                "measure": own, "largest_other": other,
                "largest_other_class": classes[(place + 1) % len(classes)],
                "margin": margin, "margin_low": margin - 0.1, "margin_high": margin + 0.1, "best_control": best,
                "closest_class": classes[(place + 1) % len(classes)] if best == "other" else np.nan,
                "low_pass_margin": low, "low_pass_margin_low": low - 0.1, "low_pass_margin_high": low + 0.1,
                "than_lowest": "better" if low > 0.1 else "worse" if low < -0.1 else "undecided",
                "smallest_effect": 0.15,
                "verdict": ("strong" if place % 2 == 0 else "weak") if margin > 0.1 else "none",
                "headline": part == "keep" and fill == headline and name != neutral,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def texts_of(figure):
    figure.canvas.draw()
    artists = figure.findobj(lambda artist: hasattr(artist, "get_text"))
    return {artist.get_text() for artist in artists if artist.get_visible()}


def check_page(figure):
    """All visible axes, with their labels, lie on the page, and all can be read; returns the visible texts."""
    texts = texts_of(figure)
    small = {
        text.get_text()
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_fontsize() < SMALL_PRINT
    }
    assert small <= {""}
    panels = [
        axis
        for axis in figure.axes
        if axis.axison and not axis.images and axis.get_label() != "<colorbar>"
    ]
    assert len(panels) <= 12
    width, height = figure.canvas.get_width_height()
    for axis in figure.axes:
        box = axis.get_tightbbox()
        if box is not None and axis.get_visible():
            assert box.x0 > -2 and box.y0 > -2 and box.x1 < width + 2 and box.y1 < height + 2, (
                axis.get_title()
            )
    return texts


def check_drawing(figure, *words):
    """The title of a drawing is a question, it lies on its page, and these words can be read on it."""
    shown = check_page(figure)
    assert [
        text for text in words if text not in shown
    ] == [] and figure.get_suptitle().strip().endswith("?")


def has_whole_ticks(axis):
    low, high = sorted(axis.get_view_interval())
    ticks = [tick for tick in axis.get_ticklocs() if low <= tick <= high]
    return len(ticks) > 0 and np.array_equal(ticks, np.rint(ticks))
