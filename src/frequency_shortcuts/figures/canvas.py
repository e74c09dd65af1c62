"""What every drawing shares: the theme, colours, planes of frequencies, names of classes and notes."""

import io
import os
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Circle
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, NullLocator
from matplotlib.transforms import Bbox
from PIL import Image

from frequency_shortcuts.storage.files import replacing

Panels = npt.NDArray[Any]  # of axes, as plt.subplots returns them
PAGE = 7.2  # inches, the width of two printed columns
SMALL_PRINT = 7  # points, of any text
BANDS = "circles: edges of the bands"
MISSING = "\N{EN DASH}"  # of a value
NAME = 18  # letters of a class's name, where classes are many
CONTROL_WORDS = {  # what a map is compared with, in words
    "other": "maps of other classes",
    "radial": "random masks, same radii",
    "random": "random masks, uniform",
    "low_pass": "lowest frequencies",
}
# Axes are placed on a grid, since the solver of the layout gives other last digits each time. Its steps are a power of
# two: decimal steps have ties where the layout puts axes, such as 1 - 0.04167 / 7.2 = 0.9942125.
_GRID = 2**20
# seaborn's palette "colorblind" and, of `_STYLE`, its theme "ticks": seaborn itself takes a job a second to import.
COLOURS = (
    "#0173b2",
    "#de8f05",
    "#029e73",
    "#d55e00",
    "#cc78bc",
    "#ca9161",
    "#fbafe4",
    "#949494",
    "#ece133",
    "#56b4e9",
)
_STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": ".15",
    "axes.labelcolor": ".15",
    "lines.solid_capstyle": "round",
    "patch.edgecolor": "w",
    "patch.force_edgecolor": True,
    "text.color": ".15",
    "xtick.color": ".15",
    "ytick.color": ".15",
    "grid.color": ".8",
    "font.sans-serif": [
        "Arial",
        "DejaVu Sans",
        "Liberation Sans",
        "Bitstream Vera Sans",
        "sans-serif",
    ],
    "figure.constrained_layout.use": True,
    "figure.dpi": 110,
    "savefig.dpi": 200,
    "legend.frameon": False,
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "lines.linewidth": 1.3,
    "text.parse_math": False,  # a name may hold dollars
    "svg.hashsalt": "frequency-shortcuts",  # the same figure gives the same file
}


@contextmanager
def style(points: float = 8) -> Iterator[None]:
    """The one theme of all figures, inside the block, whatever is set outside.

    points : size of titles and labels, ticks are a point less
    """
    larger = points - _STYLE["font.size"]
    sizes = {name: value + larger for name, value in _STYLE.items() if name.endswith("size")}
    with plt.style.context(["default", _STYLE | sizes]):
        yield


def save(figure: Figure, stem: str | os.PathLike[str]) -> None:
    """Write <stem>.svg and <stem>.png, without a date, so that the same figure gives the same bytes."""
    with style():
        figure.canvas.draw()
        # Laid out once: doing it again for each file would move things a little.
        figure.set_layout_engine("none")
        for axis in figure.axes:
            corners = axis.get_position(original=True).get_points()
            axis.set_position(Bbox(np.round(corners * _GRID) / _GRID))
        with replacing(Path(f"{stem}.png")) as temporary:
            figure.savefig(temporary, metadata={"Software": None})
        dots_per_pixel = mpl.rcParams["savefig.dpi"] / figure.dpi
        for axis in figure.axes:
            for picture in axis.images:
                _keep_pixels(picture, dots_per_pixel)
        with replacing(Path(f"{stem}.svg")) as temporary:
            figure.savefig(temporary, metadata={"Date": None})


def _keep_pixels(picture: AxesImage, dots_per_pixel: float) -> None:
    """Let an SVG hold the pixels of a picture themselves, where these are fewer than those it would draw."""
    place = picture.get_window_extent()
    height, width = picture.get_size()
    if width <= place.width * dots_per_pixel and height <= place.height * dots_per_pixel:
        picture.set_interpolation("none")


def reduced(path: str | os.PathLike[str], width: int = 1000) -> bytes:
    """A picture at most `width` pixels wide, with few colours, as the bytes of a small PNG: for pages that embed it."""
    with Image.open(path, formats=["PNG"]) as picture:
        small = picture.convert("RGB")
    if small.width > width:
        small = small.resize((width, round(small.height * width / small.width)))
    # By coverage: the usual choice, by frequency, gives the colour of a few small marks to those of many. The means of
    # what gets each colour then keep grey grey.
    few = small.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    target = io.BytesIO()
    few.save(target, "PNG", optimize=True)
    return target.getvalue()


def class_colours(classes: Sequence[str]) -> dict[str, Any]:
    """A colour a class, by its place in the list: the same in every figure."""
    if len(classes) <= len(COLOURS):
        return dict(zip(classes, COLOURS, strict=False))
    from seaborn import color_palette  # here, since it takes a job a second to import

    return dict(zip(classes, color_palette("husl", len(classes)), strict=True))


def despine(axes: Iterable[Axes], left: bool = False) -> None:
    """Hide the frame of some axes at the top and to the right, and also to the left."""
    hidden = ["top", "right", "left"] if left else ["top", "right"]
    for axis in axes:
        axis.spines[hidden].set_visible(False)


def titles(axes: Panels, above: Sequence[str], below: str = "") -> None:
    """Titles over the first row of axes, one label under each of the last."""
    for axis, title in zip(axes[0], above, strict=True):
        axis.set_title(title)
    plt.setp(axes[-1], xlabel=below)


def write_title(figure: Figure, question: str, *lines: str) -> None:
    """The question of a figure in bold, and below it lines such as a claim or which classes are shown.

    Without a question, the lines alone; empty lines are left out.
    """
    size = mpl.rcParams["axes.labelsize"]
    letters = int(1.15 * figure.get_figwidth() / _width(size)) - 2
    bold = textwrap.wrap(question, letters)
    plain = [text for line in lines for text in textwrap.wrap(line, letters)]
    if not bold and not plain:
        return
    height = figure.get_figheight() + 0.08 + size / 60 * len(bold + plain)
    figure.set_figheight(height)
    # The layout makes room for a suptitle alone; the other lines stand in its empty ones.
    question_lines = [*bold, *[" "] * len(plain)]
    other_lines = [*[" "] * len(bold), *plain]
    figure.suptitle("\n".join(question_lines), x=0.01, ha="left", fontsize=size, weight="bold")
    layout = figure.get_layout_engine()
    assert layout is not None  # `style` sets one
    top = 1 - layout.get()["h_pad"] / height
    figure.add_artist(Text(0.01, top, "\n".join(other_lines), va="top", fontsize=size))


def abbreviate(name: str, note: str, letters: int = NAME) -> str:
    """A class's name; among many, where nobody chose the names to be short, its two ends."""
    if not note or len(name) <= letters:
        return name
    length = letters // 3
    start = name[: letters - length - 1].rstrip(" ,")
    end = name[-length:].lstrip(" ,")
    return f"{start}…{end}"


def class_ticks(
    set_ticks: Callable[..., Any],
    classes: Sequence[str],
    note: str,
    letters: int = NAME,
) -> None:
    """Names of classes along an axis: `set_ticks` is its set_xticks or set_yticks; `note` as for `abbreviate`."""
    names = [abbreviate(name, note, letters) for name in classes]
    set_ticks(range(len(classes)), names)


def class_titles(axes: Panels, classes: Sequence[str], note: str) -> None:
    """The classes over columns that are narrower than their names."""
    figure = axes[0, 0].figure
    letters = max(8, int(figure.get_figwidth() / len(classes) / _width(9.5)))
    most_lines = 2  # that figures have room for
    for axis, name in zip(axes[0], classes, strict=True):
        title = textwrap.fill(abbreviate(name, note), 10) if note else wrap(name, letters)
        axis.set_title(title)
        most_lines = max(most_lines, title.count("\n") + 1)
    shrink_titles(axes[0], note)
    figure.set_figheight(figure.get_figheight() + 0.16 * (most_lines - 2))


def shrink_titles(axes: Iterable[Axes], note: str) -> None:
    """Titles in small print where there are as many panels as a page holds, as the note says."""
    if note:
        for axis in axes:
            axis.title.set_fontsize(SMALL_PRINT)


def network_label(network: str, augmentation: str, between: str = "\n") -> str:
    """A network and, by default on a second line, its augmentation if it has one."""
    return network if augmentation == "none" else f"{network}{between}{augmentation}"


def control_label(kind: str, other: object = None) -> str:
    """A control of a map in words; other : the name of the class whose map it is, where it is that of another class."""
    if kind == "other" and isinstance(other, str):
        return f"the map of {other}"
    return CONTROL_WORDS[kind]


def row_labels(
    axes: Panels,
    labels: Sequence[str],
    row: float,
    size: float = 8,
) -> None:
    """Labels beside rows of axes that are `row` inches high: long lines are broken, and rows raised to a long word."""
    letters = max(12, int(row / _width(size)))
    longest = 0
    for axis, label in zip(axes[:, 0], labels, strict=True):
        text = "\n".join(break_line(line, letters) for line in label.splitlines())
        axis.set_ylabel(text, fontsize=size)
        longest = max(longest, *map(len, text.splitlines()))
    missing = max(0, longest * _width(size) - row)
    figure = axes[0, 0].figure
    figure.set_figheight(figure.get_figheight() + missing * len(labels))


def rates_label(tpr: float, fpr: float) -> str:
    """TPR / FPR in two digits, TPR alone where no FPR was measured, or that this was not tested."""
    if np.isnan(tpr):
        return "not tested"
    return f"{tpr:.2f}" if np.isnan(fpr) else f"{tpr:.2f} / {fpr:.2f}"


def break_line(line: str, letters: int) -> str:
    """A line on several, if it is long, that end where its words do, or else anywhere."""
    lines = [""]
    for word in re.findall(rf"[^-_/ ]{{0,{letters}}}[-_/ ]*", line):
        if len(lines[-1] + word.rstrip()) > letters:
            lines.append("")
        lines[-1] += word
    return "\n".join(lines).strip()


def _width(size: float) -> float:
    """Inches that a letter takes, on average, in print of so many points."""
    return 0.6 * size / 72


def wrap(name: str, letters: int = 8) -> str:
    """A name on as many short lines as it has words."""
    return textwrap.fill(name, letters, break_long_words=False, break_on_hyphens=False)


def show_picture(axis: Axes, image: npt.NDArray[Any]) -> None:
    """An image [channels, H, W], uint8 or of numbers from 0 to 1, in grey for one channel, or the mean of many."""
    white = 255 if image.dtype == np.uint8 else 1
    pixels = image.transpose(1, 2, 0) if len(image) == 3 else image.mean(axis=0)
    axis.imshow(pixels, cmap="gray", vmin=0, vmax=white)


def show_plane(
    axis: Axes,
    plane: npt.NDArray[Any],
    cmap: str | Colormap,
    norm: Normalize | None = None,
) -> None:
    """A centred plane with its axes in whole cycles per image; by default its colours span its values."""
    height, width = plane.shape
    left = -(width // 2) - 0.5
    bottom = -(height // 2) - 0.5
    axis.imshow(
        plane,
        cmap=cmap,
        norm=norm,
        extent=(left, left + width, bottom, bottom + height),
        origin="lower",
        interpolation="nearest",
    )
    whole_ticks(axis.xaxis, axis.yaxis, at_least=2)


def whole_ticks(*axes: Axis, at_least: int = 1) -> None:
    """Ticks at whole numbers, for axes of what is counted; on a long enough axis at least so many."""
    steps = [1, 2, 2.5, 5, 10]
    for axis in axes:
        axis.set_major_locator(MaxNLocator("auto", integer=True, steps=steps, min_n_ticks=at_least))


def logarithmic(axis: Axis, ticks: Sequence[float] = ()) -> None:
    """A logarithmic axis with plain numbers, at powers of ten or at `ticks` alone.

    matplotlib's own numbers are mathematics, which `style` does not set, since a name may hold dollars.
    """
    if axis is axis.axes.xaxis:
        axis.axes.set_xscale("log")
    else:
        axis.axes.set_yscale("log")
    axis.set_major_formatter(FuncFormatter(lambda value, place: _plain_number(value)))
    axis.set_minor_formatter(NullFormatter())
    if ticks:
        axis.set_ticks(ticks)
        axis.set_minor_locator(NullLocator())


def _plain_number(value: float) -> str:
    """A number such as 0.01, 10,000 or 1e6."""
    return f"{value:,g}".replace("e+0", "e").replace("e+", "e")


def colour_bar(
    figure: Figure,
    axes: Panels,
    cmap: str,
    low: float,
    high: float,
    label: str,
) -> Colorbar:
    """One bar for all axes: they share the scale."""
    scale = ScalarMappable(Normalize(low, high), cmap)
    bar = figure.colorbar(scale, ax=axes, fraction=0.02, pad=0.01)
    bar.set_label(label, parse_math=True)
    return bar


def few_frequency_ticks(axis: Axes) -> None:
    """Ticks of a small `show_plane` at the zero frequency and half way to the ends; numbers at the figure's edge."""
    for side in (axis.xaxis, axis.yaxis):
        low, high = side.get_view_interval()
        quarter = round(high - low) // 4
        side.set_ticks([-quarter, 0, quarter], [f"\N{MINUS SIGN}{quarter}", "", f"{quarter}"])
    axis.tick_params(labelsize=SMALL_PRINT, length=2, pad=1)
    axis.label_outer()


def draw_circles(axis: Axes, radii: Sequence[float], colour: str) -> None:
    """Circles of these radii, in cycles per image, about the zero frequency."""
    for radius in radii:
        axis.add_patch(
            Circle((0, 0), radius, fill=False, edgecolor=colour, linewidth=0.5, alpha=0.8)
        )


def page_of_panels(
    rows: int,
    columns: int,
    height: float,
    width: float = PAGE,
    used: int | None = None,
    sharex: bool = True,
    sharey: bool = True,
) -> tuple[Figure, Panels]:
    """A figure so many inches high, by default as wide as the page, with panels that share their axes.

    used : how many of the panels are drawn; by default all
    """
    figure, axes = plt.subplots(
        rows, columns, figsize=(width, height), squeeze=False, sharex=sharex, sharey=sharey
    )
    for axis in axes.flat[used or axes.size :]:
        axis.set_axis_off()
    return figure, axes


def finish(
    figure: Figure,
    axis: Axes,
    columns: int,
    question: str,
    *lines: str,
    left: bool = False,
) -> None:
    """No frames, the legend of one panel in columns below the figure, and its title; see `despine`, `write_title`."""
    despine(figure.axes, left)
    legend_below(figure, axis, columns)
    write_title(figure, question, *lines)


def legend_below(figure: Figure, axis: Axes, columns: int) -> None:
    """A legend of one panel, for all of them, below the figure."""
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=columns)
