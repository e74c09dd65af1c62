"""What a class looks like to a network: its ADCS, scores and map, and an image reduced to the map, in one row.

And rows of panels: images beside what a map and a control, or the exchange test, make of them.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import FuncNorm, Normalize
from matplotlib.figure import Figure

from frequency_shortcuts.spectrum.fills import named
from frequency_shortcuts.spectrum.masks import low_pass_mask

from . import canvas

if TYPE_CHECKING:
    from frequency_shortcuts.shortcuts.examples import Cards

# Of seaborn's palette for colour-blind readers; the words say the same.
RIGHT, WRONG, NEITHER = "#0173b2", "#c44e00", "#333333"
LETTERS = 24  # in a line over or under a panel, where four stand beside each other


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
    most = max(1, n_classes - 1)
    planes = [
        _Planes("ADCS", cards.adcs, Normalize(-most, most), "RdBu_r", "black", "classes", most),
        _Planes("map,\nblack: kept", cards.masks, Normalize(0, 1), "Greys", "tab:blue"),
    ]
    if cards.increment is not None:
        greatest = np.abs(cards.increment).max(axis=(1, 2), keepdims=True)
        share = cards.increment / np.maximum(greatest, np.finfo(np.float32).tiny)
        # A few increments are far greater than all others.
        planes.insert(
            1, _Planes(score, share, _SIGNED_ROOT, "RdBu_r", "black", "of the largest", 1)
        )
    pictures: dict[str, npt.NDArray[Any]] = {
        "test\nimage": cards.unfiltered,
        "from\nits map": cards.filtered,
        "from lowest\nfrequencies": cards.controlled,
    }
    with canvas.style(10):
        columns = len(planes) + len(pictures)
        side = (canvas.PAGE - 0.5) / columns + (0 if rates is None else 0.06)
        height = 1.2 + (side + 0.04) * len(classes)
        figure, axes = canvas.page_of_panels(
            len(classes), columns, height, sharex=False, sharey=False
        )
        for c, line in enumerate(axes):
            for axis, shown in zip(line, planes, strict=False):
                canvas.show_plane(axis, np.asarray(shown.values[c], float), shown.cmap, shown.norm)
                canvas.draw_circles(axis, band_edges, shown.ink)
                axis.set(xticks=[], yticks=[])
            for axis, shots in zip(line[len(planes) :], pictures.values(), strict=True):
                canvas.show_picture(axis, shots[c])
                axis.set_axis_off()
            for axis, pair in zip(line[-3:], () if rates is None else rates[c], strict=False):
                axis.text(
                    0.5,
                    -0.03,
                    canvas.rates_label(*pair),
                    transform=axis.transAxes,
                    ha="center",
                    va="top",
                    fontsize=9,
                )
        canvas.row_labels(
            figure,
            axes,
            [canvas.wrap(canvas.abbreviate(name, note)) for name in classes],
            side + 0.04,
            10,
        )
        canvas.titles(axes, [*(shown.title for shown in planes), *pictures])
        for shown, axis in zip(planes, axes[-1], strict=False):
            if shown.most:
                place = axis.inset_axes((0, -0.13, 1, 0.07))
                bar = figure.colorbar(
                    ScalarMappable(shown.norm, shown.cmap), cax=place, orientation="horizontal"
                )
                bar.set_ticks(
                    [-shown.most, 0, shown.most], labels=[f"-{shown.most}", "0", f"{shown.most}"]
                )
                bar.set_label(shown.unit)
        fill = f", at other frequencies {named(cards.fill).words.removesuffix(' elsewhere')}"
        key = f"below images: TPR / FPR{fill}" if rates is not None else ""
        circles = canvas.BANDS if len(band_edges) else ""
        canvas.write_title(
            figure,
            "What is each class recognised from?",
            "; ".join(filter(None, (key, circles))),
            note,
        )
    return figure


class _Planes(NamedTuple):
    """A column of planes [class, H, W]; it has a colour bar from -most to most, unless this is 0."""

    title: str
    values: npt.NDArray[Any]
    norm: Normalize
    cmap: str
    ink: str
    unit: str = ""
    most: int = 0


_SIGNED_ROOT = FuncNorm(
    (lambda x: np.sign(x) * np.sqrt(np.abs(x)), lambda x: np.sign(x) * x**2), -1, 1
)


class Panel(NamedTuple):
    """One panel: an image [channels, H, W], or a plane of frequencies [H, W] from 0 (not kept) to 1.

    above, below : what stands over and under it; right : whether the network names the class, if it names one
    """

    above: str
    values: npt.NDArray[Any]
    below: str
    right: bool | None = None


def rows_of_panels(
    rows: Mapping[str, Sequence[Panel]], note: str = "", question: str = ""
) -> Figure:
    """A row of panels for each name, which stands beside it; a question and a note above them all."""
    with canvas.style():
        columns = max(len(panels) for panels in rows.values())
        texts = [
            [_lines(getattr(one, side)) for one in line]
            for line in rows.values()
            for side in ("above", "below")
        ]
        # A row has room for two lines.
        more = sum(max(0, *(text.count("\n") - 1 for text in line)) for line in texts)
        high, wide = next(iter(rows.values()))[0].values.shape[-2:]
        height = min(2.55, 0.8 + canvas.PAGE / columns * high / wide) * len(rows) + 0.16 * more
        figure, axes = canvas.page_of_panels(len(rows), columns, height, sharex=False, sharey=False)
        for line, (name, panels) in zip(axes, rows.items(), strict=True):
            line[0].set_ylabel(_lines(name), fontsize=9, fontweight="bold")
            for axis, panel in zip(line, panels, strict=True):
                draw_panel(axis, panel)
        canvas.write_title(figure, question, note)
    return figure


def one_shortcut(
    card: "Cards", name: str, rates: Mapping[str, float], percent: float, networks: str
) -> Figure:
    """An image, the map of its class, the image reduced to it, and the same with as many of the lowest frequencies.

    card : of this class alone; rates : by the columns of `verdicts`; networks : what they are means of, in words
    """

    def below(kept: str) -> str:
        text = (
            f"recognised: {rates[f'tpr_{kept}']:.0%}\nfalse positives: {rates[f'fpr_{kept}']:.0%}"
        )
        return text.replace("nan%", "\N{EN DASH}").replace("%", " %")

    lowest, key = low_pass_mask(card.masks[0]), "black: kept\ncentre: zero"
    panels = [
        Panel(
            f"image of\n{canvas.abbreviate(name, 'in a panel')}",
            card.unfiltered[0],
            below("unfiltered"),
        ),
        Panel(f"its map: {percent:g} % of\nthe frequencies", card.masks[0].astype(float), key),
        Panel("reduced to\nits map", card.filtered[0], below("dfm")),
        Panel("as many of the\nlowest frequencies", lowest.astype(float), key),
        Panel("reduced to\nthese", card.controlled[0], below("low_pass")),
    ]
    other = (
        ""
        if np.isnan(rates["largest_other"])
        else f", {rates['largest_other']:.2f} from the best of another class"
    )
    note = f"TPR - FPR: {rates['measure']:.2f} from its own map{other} ({named(card.fill).words}); {networks}"
    return rows_of_panels(
        {"": panels}, note, f"Is {name} recognised from {percent:g} % of the frequencies?"
    )


def draw_panel(axis: Axes, panel: Panel) -> None:
    """Draw one panel on axes, also of a user, whose style may read dollars in names as mathematics."""
    if panel.values.ndim == 2:
        canvas.show_plane(axis, panel.values, "Greys", Normalize(0, 1))
    else:
        canvas.show_picture(axis, panel.values)
    colour = {True: RIGHT, False: WRONG, None: NEITHER}[panel.right]
    words: dict[str, Any] = {"fontsize": 9, "parse_math": False}
    axis.set(xticks=[], yticks=[])
    axis.set_title(_lines(panel.above), **words)
    axis.set_xlabel(_lines(panel.below), color=colour, **words)
    for spine in axis.spines.values():
        spine.set(visible=True, color=colour, linewidth=1.5 if panel.right is not None else 0.8)


def _lines(text: str) -> str:
    """A text with no line longer than a panel is wide."""
    return "\n".join(canvas.break_line(line, LETTERS) for line in text.splitlines())
