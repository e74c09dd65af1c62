"""What a class looks like to a network: its ADCS, scores and map, and an image reduced to the map, in one row.

And rows of panels: images beside what a map and a control, or the exchange test, make of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import FuncNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from frequency_shortcuts.spectrum.fills import named
from frequency_shortcuts.spectrum.masks import low_pass_mask

from . import canvas
from .canvas import Panels

if TYPE_CHECKING:
    from frequency_shortcuts.shortcuts.examples import Cards

# Of seaborn's palette for colour-blind readers; the words say the same.
RIGHT, WRONG, NEITHER = "#0173b2", "#c44e00", "#333333"
LETTERS = 24  # in a line over or under a panel, where four stand beside each other
PANELS = ["map,\nblack: kept", "test\nimage", "from\nits map", "from lowest\nfrequencies"]


def class_cards(
    cards: "Cards",
    classes: Sequence[str],
    n_classes: int,
    band_edges: Sequence[float] = (),
    note: str = "",
    *,
    score: str = "loss\nincrement",
    rates: npt.NDArray[Any] | None = None,
) -> Figure:
    """A row a class: ADCS, loss increments, map, and an image as it is, from the map and from the lowest frequencies.

    classes : of the cards, some of the n_classes classes of the data set, as the note then says (`ClassSelection`)
    score : title of the increments, or of the scores that stand in their place
    rates : [class, 3, 2], TPR and FPR, written below the three images; NaN where they are not tested

    Zero frequency is in the centre of each plane.
    """
    titles = ["ADCS", *PANELS]
    if cards.increment is not None:
        titles.insert(1, score)
    keys = []
    row = (canvas.PAGE - 0.5) / len(titles) + 0.04
    if rates is not None:
        row += 0.06
        elsewhere = named(cards.fill).words.removesuffix(" elsewhere")
        keys.append(f"below images: TPR / FPR, at other frequencies {elsewhere}")
    if len(band_edges):
        keys.append(canvas.BANDS)
    most = max(1, n_classes - 1)
    with canvas.style(10):
        height = 1.2 + row * len(classes)
        figure, axes = canvas.page_of_panels(
            len(classes), len(titles), height, sharex=False, sharey=False
        )
        planes, maps, pictures = np.split(axes, [-4, -3], axis=1)
        _draw_signed(planes[:, 0], cards.adcs, Normalize(-most, most), "classes")
        if cards.increment is not None:
            _draw_scores(planes[:, 1], cards.increment)
        for axis in planes.flat:
            canvas.draw_circles(axis, band_edges, "black")
        for axis, mask in zip(maps.flat, cards.masks, strict=True):
            canvas.show_plane(axis, mask.astype(float), "Greys", Normalize(0, 1))
            canvas.draw_circles(axis, band_edges, "tab:blue")
        plt.setp(axes, xticks=[], yticks=[])
        _draw_images(pictures[:, 0], cards.unfiltered)
        _draw_images(pictures[:, 1], cards.filtered)
        _draw_images(pictures[:, 2], cards.controlled)
        if rates is not None:
            _write_rates(pictures, rates)
        names = [canvas.wrap(canvas.abbreviate(name, note)) for name in classes]
        canvas.row_labels(axes, names, row, 10)
        canvas.titles(axes, titles)
        canvas.write_title(figure, "What is each class recognised from?", "; ".join(keys), note)
    return figure


def _draw_images(column: Panels, images: npt.NDArray[Any]) -> None:
    """Draw images [class, channels, H, W] in a column of axes [class]."""
    for axis, image in zip(column, images, strict=True):
        canvas.show_picture(axis, image)
        axis.set_axis_off()


def _draw_signed(
    column: Panels,
    planes: npt.NDArray[Any],
    norm: Normalize,
    unit: str,
) -> None:
    """Draw planes [class, H, W] in a column of axes [class], with a colour bar below the last one."""
    for axis, plane in zip(column, planes, strict=True):
        canvas.show_plane(axis, np.asarray(plane, float), "RdBu_r", norm)
    place = axis.inset_axes((0, -0.13, 1, 0.07))
    scale = ScalarMappable(norm, "RdBu_r")
    bar = axis.figure.colorbar(scale, cax=place, orientation="horizontal")
    most = f"{norm.vmax:.0f}"
    bar.set_ticks(
        [norm.vmin, 0, norm.vmax],
        labels=[f"-{most}", "0", most],
    )
    bar.set_label(unit)


def _draw_scores(column: Panels, scores: npt.NDArray[Any]) -> None:
    """Draw scores [class, H, W] as shares of the largest of their class."""
    largest = np.abs(scores).max(axis=(1, 2), keepdims=True)
    shares = scores / np.maximum(largest, np.finfo(np.float32).tiny)
    # A few scores are far greater than all others.
    norm = FuncNorm((_root, _square), -1, 1)
    _draw_signed(column, shares, norm, "of the largest")


def _root(values: Any) -> Any:
    return np.sign(values) * np.sqrt(np.abs(values))


def _square(values: Any) -> Any:
    return np.sign(values) * values**2


def _write_rates(axes: Panels, rates: npt.NDArray[Any]) -> None:
    """Write TPR / FPR [class, image, 2] below the images in axes [class, image]."""
    for axis, (tpr, fpr) in zip(axes.flat, rates.reshape(-1, 2), strict=True):
        axis.text(
            0.5,
            -0.03,
            canvas.rates_label(tpr, fpr),
            transform=axis.transAxes,
            ha="center",
            va="top",
            fontsize=9,
        )


class Panel(NamedTuple):
    """One panel: an image [channels, H, W], or a plane of frequencies [H, W] from 0 (not kept) to 1.

    above, below : what stands over and under it; right : whether the network names the class, if it names one
    box : rows and columns of a rectangle that gets a line around it
    """

    above: str
    values: npt.NDArray[Any]
    below: str
    right: bool | None = None
    box: tuple[range, range] | None = None


def rows_of_panels(
    rows: Mapping[str, Sequence[Panel]], note: str = "", question: str = ""
) -> Figure:
    """A row of panels for each name, which stands beside it; a question and a note above them all."""
    columns = max(len(panels) for panels in rows.values())
    lines = 0  # for which a row has no room
    for panels in rows.values():
        lines += _lines_beyond_two(panel.above for panel in panels)
        lines += _lines_beyond_two(panel.below for panel in panels)
    first = next(iter(rows.values()))[0]
    high, wide = first.values.shape[-2:]
    row = min(2.55, 0.8 + canvas.PAGE / columns * high / wide)
    height = row * len(rows) + 0.16 * lines
    with canvas.style():
        figure, axes = canvas.page_of_panels(len(rows), columns, height, sharex=False, sharey=False)
        for line, (name, panels) in zip(axes, rows.items(), strict=True):
            line[0].set_ylabel(_broken(name), fontsize=9, fontweight="bold")
            for axis, panel in zip(line, panels, strict=True):
                draw_panel(axis, panel)
        canvas.write_title(figure, question, note)
    return figure


def _lines_beyond_two(texts: Iterable[str]) -> int:
    """How many lines more than two the longest text has."""
    return max(0, *(_broken(text).count("\n") - 1 for text in texts))


def one_shortcut(
    card: "Cards",
    name: str,
    rates: Mapping[str, float],
    percent: float,
    networks: str,
) -> Figure:
    """An image, the map of its class, the image reduced to it, and the same with as many of the lowest frequencies.

    card : of this class alone; rates : by the columns of `verdicts`; networks : what they are means of, in words
    """
    image_of = f"image of\n{canvas.abbreviate(name, 'in a panel')}"
    its_map = f"its map: {percent:g} % of\nthe frequencies"
    mask = card.masks[0]
    lowest = low_pass_mask(mask)
    key = "black: kept\ncentre: zero"
    panels = [
        Panel(image_of, card.unfiltered[0], _rates_below(rates, "unfiltered")),
        Panel(its_map, mask.astype(float), key),
        Panel("reduced to\nits map", card.filtered[0], _rates_below(rates, "dfm")),
        Panel("as many of the\nlowest frequencies", lowest.astype(float), key),
        Panel("reduced to\nthese", card.controlled[0], _rates_below(rates, "low_pass")),
    ]
    note = f"TPR - FPR: {rates['measure']:.2f} from its own map"
    if not np.isnan(rates["largest_other"]):
        note += f", {rates['largest_other']:.2f} from the best of another class"
    note += f" ({named(card.fill).words}); {networks}"
    question = f"Is {name} recognised from {percent:g} % of the frequencies?"
    return rows_of_panels({"": panels}, note, question)


def _rates_below(rates: Mapping[str, float], kept: str) -> str:
    """What stands below an image: the rates with the frequencies that it keeps."""
    tpr = rates[f"tpr_{kept}"]
    fpr = rates[f"fpr_{kept}"]
    text = f"recognised: {tpr:.0%}\nfalse positives: {fpr:.0%}"
    return text.replace("nan%", canvas.MISSING).replace("%", " %")


def draw_panel(axis: Axes, panel: Panel) -> None:
    """Draw one panel on axes, also of a user, whose style may read dollars in names as mathematics."""
    if panel.values.ndim == 2:
        canvas.show_plane(axis, panel.values, "Greys", Normalize(0, 1))
    else:
        canvas.show_picture(axis, panel.values)
    axis.set(xticks=[], yticks=[])
    if panel.box is not None:
        rows, columns = panel.box
        corner = (columns.start - 0.5, rows.start - 0.5)
        around = Rectangle(corner, len(columns), len(rows), fill=False, color=WRONG, linewidth=1.5)
        axis.add_patch(around)
    colour = {True: RIGHT, False: WRONG, None: NEITHER}[panel.right]
    width = 0.8 if panel.right is None else 1.5
    axis.set_title(_broken(panel.above), fontsize=9, parse_math=False)
    axis.set_xlabel(_broken(panel.below), fontsize=9, parse_math=False, color=colour)
    for spine in axis.spines.values():
        spine.set(visible=True, color=colour, linewidth=width)


def _broken(text: str) -> str:
    """A text with no line longer than a panel is wide."""
    return "\n".join(canvas.break_line(line, LETTERS) for line in text.splitlines())
