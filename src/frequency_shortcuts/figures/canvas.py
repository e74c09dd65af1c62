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
from matplotlib.colors import Colormap, Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.text import Annotation
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, NullLocator
from matplotlib.transforms import Bbox
from PIL import Image

from frequency_shortcuts.storage.files import replacing

PAGE = 7.2  # inches, the width of two printed columns
SMALLEST = 7  # points, of any text
BANDS = "circles: edges of the bands"
MISSING = "\N{EN DASH}"  # of a value
NAME = 18  # letters of a class's name, where classes are many
CONTROLS = {  # what a map is compared with, in words
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
    sizes = {name: value + points - 8 for name, value in _STYLE.items() if name.endswith("size")}
    with plt.style.context(["default", {**_STYLE, **sizes}]):
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
        # An SVG holds the pixels of pictures themselves, where these are fewer than those it would draw.
        scale = mpl.rcParams["savefig.dpi"] / figure.dpi
        for picture in (picture for axis in figure.axes for picture in axis.images):
            place, (height, width) = picture.get_window_extent(), picture.get_size()
            if width <= place.width * scale and height <= place.height * scale:
                picture.set_interpolation("none")
        with replacing(Path(f"{stem}.svg")) as temporary:
            figure.savefig(temporary, metadata={"Date": None})


def reduced(path: str | os.PathLike[str], width: int = 1000) -> bytes:
    """A picture at most `width` pixels wide, with few colours, as the bytes of a small PNG: for pages that embed it."""
    with Image.open(path, formats=["PNG"]) as picture:
        width = min(width, picture.width)
        small = picture.convert("RGB").resize(
            (width, round(picture.height * width / picture.width))
        )
    target = io.BytesIO()
    # By coverage: the usual choice, by frequency, gives the colour of a few small marks to those of many. The means of
    # what gets each colour then keep grey grey.
    few = small.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    few.save(target, "PNG", optimize=True)
    return target.getvalue()


def class_colours(classes: Sequence[str]) -> dict[str, tuple[float, float, float]]:
    """A colour a class, by its place in the list: the same in every figure."""
    if len(classes) <= len(COLOURS):
        return dict(zip(classes, map(to_rgb, COLOURS), strict=False))
    from seaborn import color_palette  # here, since it takes a job a second to import

    return dict(zip(classes, color_palette("husl", len(classes)), strict=True))


def despine(axes: Iterable[Axes], left: bool = False) -> None:
    """Hide the frame of some axes at the top and to the right, and also to the left."""
    for axis in axes:
        axis.spines[["top", "right", *(["left"] if left else [])]].set_visible(False)


def titles(axes: npt.NDArray[Any], above: Sequence[str], below: str = "") -> None:
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
    above = textwrap.wrap(question, letters)
    below = [text for line in lines for text in textwrap.wrap(line, letters)]
    if above or below:
        figure.set_figheight(figure.get_figheight() + 0.08 + size / 60 * (len(above) + len(below)))
        # The layout makes room for a suptitle alone; the other lines stand in its empty ones.
        text = "\n".join([*above, *([" "] * len(below))])
        figure.suptitle(text, x=0.01, ha="left", fontsize=size, weight="bold")
        place: dict[str, Any] = {
            "xycoords": "figure fraction",
            "textcoords": "offset points",
            "va": "top",
        }
        text = "\n".join([*([" "] * len(above)), *below])
        pad = -72 * figure.get_layout_engine().get()["h_pad"]  # type: ignore[union-attr]
        figure.add_artist(
            Annotation(text, (0.01, 1), (0, pad), fontsize=size, annotation_clip=False, **place)
        )


def abbreviate(name: str, note: str, letters: int = NAME) -> str:
    """A class's name; among many, where nobody chose the names to be short, its two ends."""
    if not note or len(name) <= letters:
        return name
    end = letters // 3
    return f"{name[: letters - end - 1].rstrip(' ,')}…{name[-end:].lstrip(' ,')}"


def class_ticks(
    set_ticks: Callable[..., Any],
    classes: Sequence[str],
    note: str,
    letters: int = NAME,
    **options: Any,
) -> None:
    """Names of classes along an axis: `set_ticks` is its set_xticks or set_yticks; `note` as for `abbreviate`."""
    set_ticks(range(len(classes)), [abbreviate(name, note, letters) for name in classes], **options)


def class_titles(axes: npt.NDArray[Any], classes: Sequence[str], note: str) -> None:
    """The classes over columns that are narrower than their names."""
    figure = axes[0, 0].figure
    letters = max(8, int(figure.get_figwidth() / len(classes) / _width(9.5)))
    names = [abbreviate(name, note) for name in classes]
    above = [textwrap.fill(name, 10) if note else wrap(name, letters) for name in names]
    titles(axes, above)
    shrink_titles(axes[0], note)
    more = max(text.count("\n") for text in above) - 1  # figures have room for two lines
    figure.set_figheight(figure.get_figheight() + 0.16 * max(0, more))


def shrink_titles(axes: Iterable[Axes], note: str) -> None:
    """Titles in small print where there are as many panels as a page holds."""
    for axis in axes if note else ():
        axis.title.set_fontsize(SMALLEST)


def network_label(network: str, augmentation: str, between: str = "\n") -> str:
    """A network and, by default on a second line, its augmentation if it has one."""
    return network if augmentation == "none" else f"{network}{between}{augmentation}"


def control_label(kind: str, other: object = None) -> str:
    """A control of a map in words; other : the name of the class whose map it is, where it is that of another class."""
    if kind == "other" and isinstance(other, str):
        return f"the map of {other}"
    return CONTROLS[kind]


def row_labels(
    figure: Figure, axes: npt.NDArray[Any], labels: Sequence[str], row: float, size: float = 8
) -> None:
    """Labels beside rows of axes that are `row` inches high: long lines are broken, and rows raised to a long word."""
    letters = max(12, int(row / _width(size)))
    labels = [
        "\n".join(break_line(line, letters) for line in label.splitlines()) for label in labels
    ]
    longest = max(len(line) for label in labels for line in label.splitlines())
    figure.set_figheight(
        figure.get_figheight() + max(0, longest * _width(size) - row) * len(labels)
    )
    for axis, label in zip(axes[:, 0], labels, strict=True):
        axis.set_ylabel(label, fontsize=size)


def rates_label(tpr: float, fpr: float) -> str:
    """TPR / FPR in two digits, TPR alone where no FPR was measured, or that this was not tested."""
    there = [rate for rate in (tpr, fpr) if not np.isnan(rate)]
    return "not tested" if np.isnan(tpr) else " / ".join(f"{rate:.2f}" for rate in there)


def break_line(line: str, letters: int) -> str:
    """A line on several, if it is long, that end where its words do, or else anywhere."""
    lines = [""]
    for part in re.findall(rf"[^-_/ ]{{0,{letters}}}[-_/ ]*", line):
        if len(lines[-1] + part.rstrip()) > letters:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines).strip()


def _width(size: float) -> float:
    """Inches that a letter takes, on average, in print of so many points."""
    return 0.6 * size / 72


def wrap(name: str, letters: int = 8) -> str:
    """A name on as many short lines as it has words."""
    return textwrap.fill(name, letters, break_long_words=False, break_on_hyphens=False)


def show_picture(axis: Axes, image: npt.NDArray[Any]) -> None:
    """An image [channels, H, W], uint8 or of numbers from 0 to 1, in grey for one channel, or the mean of many."""
    pixels = (image if len(image) in (1, 3) else image.mean(axis=0, keepdims=True)).transpose(
        1, 2, 0
    )
    most = 255 if image.dtype == np.uint8 else 1
    axis.imshow(pixels[..., 0] if pixels.shape[-1] == 1 else pixels, cmap="gray", vmin=0, vmax=most)


def show_plane(
    axis: Axes, plane: npt.NDArray[Any], cmap: str | Colormap, norm: Normalize | None = None
) -> None:
    """A centred plane with its axes in whole cycles per image; by default its colours span its values."""
    height, width = plane.shape
    left, top = -(width // 2) - 0.5, -(height // 2) - 0.5
    axis.imshow(
        plane,
        cmap=cmap,
        norm=norm,
        extent=(left, left + width, top, top + height),
        origin="lower",
        interpolation="nearest",
    )
    whole_ticks(axis.xaxis, axis.yaxis, at_least=2)


def whole_ticks(*axes: Axis, at_least: int = 1) -> None:
    """Ticks at whole numbers, for axes of what is counted; on a long enough axis at least so many."""
    for axis in axes:
        axis.set_major_locator(
            MaxNLocator("auto", integer=True, steps=[1, 2, 2.5, 5, 10], min_n_ticks=at_least)
        )


def logarithmic(axis: Axis, ticks: Sequence[float] = ()) -> None:
    """A logarithmic axis with plain numbers, at powers of ten or at `ticks` alone.

    matplotlib's own numbers are mathematics, which `style` does not set, since a name may hold dollars.
    """
    set_scale = axis.axes.set_xscale if axis is axis.axes.xaxis else axis.axes.set_yscale
    set_scale("log")
    axis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:,g}".replace("e+0", "e").replace("e+", "e"))
    )
    axis.set_minor_formatter(NullFormatter())
    if ticks:
        axis.set_ticks(ticks)
        axis.set_minor_locator(NullLocator())


def colour_bar(
    figure: Figure, axes: npt.NDArray[Any], cmap: str, low: float, high: float, label: str
) -> Colorbar:
    """One bar for all axes: they share the scale."""
    scale = ScalarMappable(Normalize(low, high), cmap)
    bar = figure.colorbar(scale, ax=axes, fraction=0.02, pad=0.01)
    bar.set_label(label, parse_math=True)
    return bar


def few_frequency_ticks(axis: Axes) -> None:
    """Ticks of a small `show_plane` at the zero frequency and half way to the ends; numbers at the figure's edge."""
    place = axis.get_subplotspec()
    assert place is not None  # a panel of plt.subplots has one
    (left_end, right_end), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    for set_ticks, size in (
        (axis.set_xticks, right_end - left_end),
        (axis.set_yticks, top - bottom),
    ):
        quarter = round(size) // 4
        set_ticks([-quarter, 0, quarter], [f"\N{MINUS SIGN}{quarter}", "", f"{quarter}"])
    axis.tick_params(
        labelsize=SMALLEST,
        length=2,
        pad=1,
        labelbottom=place.is_last_row(),
        labelleft=place.is_first_col(),
    )


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
    **options: Any,
) -> tuple[Figure, npt.NDArray[Any]]:
    """A figure so many inches high, by default as wide as the page, with panels that share their axes.

    used : how many of the panels are drawn; by default all
    """
    options = {"sharex": True, "sharey": True, **options}
    figure, axes = plt.subplots(rows, columns, figsize=(width, height), squeeze=False, **options)
    for axis in axes.flat[used or axes.size :]:
        axis.set_axis_off()
    return figure, axes


def write_numbers(
    axis: Axes,
    values: npt.NDArray[Any],
    text: Callable[[float], str],
    dark: npt.NDArray[np.bool_],
    **options: Any,
) -> None:
    """The numbers of a heat map [rows, columns] in its cells, white where these are dark; a missing one is left out."""
    for i, j in np.argwhere(np.isfinite(values)):
        ink = "white" if dark[i, j] else "black"
        axis.text(j, i, text(values[i, j]), ha="center", va="center", color=ink, **options)


def finish(
    figure: Figure, axis: Axes, columns: int, question: str, *lines: str, left: bool = False
) -> None:
    """No frames, the legend of one panel in columns below the figure, and its title; see `despine`, `write_title`."""
    despine(figure.axes, left)
    legend_below(figure, axis, columns)
    write_title(figure, question, *lines)


def legend_below(figure: Figure, axis: Axes, columns: int) -> None:
    """A legend of one panel, for all of them, below the figure."""
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=columns)
