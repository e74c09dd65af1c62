"""Tables and sentences as plain text, pages that load nothing, and the values of tables by flat names, for trackers."""

import base64
import html
import io
import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from frequency_shortcuts import __version__
from frequency_shortcuts.exchange.answers import BOUND, CANNOT_TELL, NOT_RECOGNISED, PARTS
from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures.canvas import MISSING
from frequency_shortcuts.images.artefacts import CAUSES, LOST, RAISED

LINE = 100  # characters of a sentence in a line
MOST = 12  # rows of a table in a summary, and classes of a drawing
PAIR = "Of two classes, either may be the one that was processed: if one is blurred, the other looks sharpened."
# Causes: of two classes, what one has lost is raised in the other.
MIRRORED = {
    LOST: RAISED,
    RAISED: LOST,
}
_PAGES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)
_PAGES.globals |= {"version": __version__, "parts": PARTS, "bound": BOUND}


def as_lines(sentences: Sequence[str]) -> str:
    """A sentence in each line; long ones go on in lines that begin with spaces."""
    # Of commands.
    wrapper = textwrap.TextWrapper(LINE, subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join(map(wrapper.fill, sentences))


def as_table(title: str, table: pd.DataFrame) -> str:
    """A title, and the first rows of a table of cells in aligned columns."""
    rows = [table.columns.tolist(), *table.head(MOST).to_numpy().tolist()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    more = [f"and {len(table) - MOST:,} more rows"] if len(table) > MOST else []
    return "\n".join([title, *lines, *more])


def cell(value: Any) -> str:
    """A cell: rates with two decimals, what is true or false as yes or no, what is missing as a dash."""
    if value is None or value is pd.NA or value != value:
        return MISSING
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def percent(value: float) -> str:
    """A share in percent, without a decimal; what is missing as a dash."""
    return MISSING if value != value else f"{100 * value:z.0f}"


def with_interval(table: pd.DataFrame, name: str) -> list[str]:
    """A column of shares with the ends of their intervals, from the columns of this name, `_low` and `_high`."""
    ends = zip(
        *(table[f"{name}{end}"].clip(-1, 1).map(percent) for end in ("", "_low", "_high")),
        strict=True,
    )
    return [value if value == MISSING else f"{value} [{low}, {high}]" for value, low, high in ends]


def reason(row: Mapping[Any, Any]) -> str | None:
    """Why a class has no verdict, from its row of `FlipTest.table`: recall and FPR, or what is open.

    Of open parts: how many images they have, and about how many would decide at the same numbers, since the width of an
    interval goes with one over their root. A number between bound and threshold is decided by none.
    """
    opened = {part: kind.threshold for part, kind in PARTS.items() if row[f"{part}_high"] >= BOUND}
    # One of two, and is not recognised.
    reached = any(row[f"{part}_low"] >= least for part, least in opened.items())
    if row["verdict"] == NOT_RECOGNISED or (row["verdict"] == CANNOT_TELL and reached):
        return f"recall {percent(row['recall'])}, FPR {percent(row['false_positives'])}"
    if row["verdict"] != CANNOT_TELL:
        return None
    apart = {part: max(row[part] - least, BOUND - row[part]) for part, least in opened.items()}
    said = [
        f"{part} between {percent(BOUND)} and {percent(opened[part])}"
        for part, gap in apart.items()
        if gap <= 0
    ]
    reach = {
        part: (row[f"{part}_high"] - row[f"{part}_low"]) / 2 / gap
        for part, gap in apart.items()
        if gap > 0
    }
    if reach:
        needed = max(row["images"] + 1, math.ceil(row["images"] * max(reach.values()) ** 2))
        step = 10 ** max(0, len(f"{needed:.0f}") - 2)  # two digits, rounded up
        said.append(
            f"{', '.join(reach)}: {row['images']:.0f} of {-(-needed // step) * step:,.0f} images"
        )
    return "; ".join(said) or None


def of_pair(named: Mapping[int, str], classes: Sequence[str]) -> str:
    """The causes of both of two classes as one, in words: what sets one apart can be in the other."""
    mirrored = {1 - k: MIRRORED[name] for k, name in named.items() if name in MIRRORED}
    both = {**named, **{k: name for k, name in mirrored.items() if k not in named}}
    return ", or ".join(f"{classes[k]}: {CAUSES[name]}" for k, name in both.items())


def filled(table: pd.DataFrame) -> pd.DataFrame:
    """A table of values as cells, without columns that hold nothing."""
    text = table.map(cell)
    return text.loc[:, (text != MISSING).any()]


def flat_values(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """All values of some tables but missing ones: the name is that of the table, those of the row, and the column."""
    found: dict[str, Any] = {}
    for kind, table in tables.items():
        for row in table.to_dict("records"):
            prefix = "/".join(
                [kind, *(row.pop(name) for name in ("fact", "class", "source") if name in row)]
            )
            found |= {f"{prefix}/{name}": value for name, value in row.items() if pd.notna(value)}
    return found


def only_numbers(named: Mapping[str, Any]) -> dict[str, float]:
    """The values that are numbers, as floats; yes is 1, and no is 0."""
    return {
        name: float(value) for name, value in named.items() if isinstance(value, bool | int | float)
    }


def fill(template: str, about: Mapping[str, Any], **content: Any) -> str:
    """A page as text; about : how it was made."""
    stated = {name: value for name, value in about.items() if value != ""}
    return _PAGES.get_template(template).render(about=stated, percent=percent, **content)


def as_html(title: str, table: pd.DataFrame, figure: Figure) -> str:
    """A title, the first rows of a table of cells and a picture, for notebooks."""
    figure.savefig(file := io.BytesIO(), format="png", dpi=80, bbox_inches="tight")
    plt.close(figure)
    picture = base64.b64encode(file.getvalue()).decode()
    rows = table.head(MOST).to_html(index=False, border=0)
    return f'<p>{html.escape(title)}</p>{rows}<img alt="{html.escape(title)}" src="data:image/png;base64,{picture}">'


def save_figures(figures: Mapping[str, Callable[[], Figure]], folder: Path) -> dict[str, str]:
    """Write figures as SVG and PNG to a folder. Returns each for a page: name -> picture of 1,400 pixels in base64."""
    for name, draw in figures.items():
        figure = draw()
        canvas.save(figure, folder / name)
        plt.close(figure)
    return {
        name: base64.b64encode(canvas.reduced(folder / f"{name}.png", 1400)).decode()
        for name in figures
    }
