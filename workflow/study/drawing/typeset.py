"""Tables as they are shown: LaTeX for print (booktabs), and HTML that sorts without asking the network for anything."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd

from frequency_shortcuts.figures.canvas import MISSING
from study import columns

MOST = (
    2000  # rows that are shown; what is longer is not read but computed with, and stays in its CSV
)
_WRAPPED = 40  # letters from which a cell may take several lines
_TEX = str.maketrans(
    {
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "\\": r"\textbackslash{}",
        "±": r"$\pm$",
        MISSING: "--",
        "…": r"\ldots{}",
    }
)
PAGES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)


def heading(name: str, unit: str = "") -> str:
    """A column's name for a reader: `tpr_dfm` is "TPR dfm", `wall_s` with its unit "wall, s"."""
    words = name.removesuffix(f"_{unit.lower()}" if unit else "").split("_")
    text = " ".join(
        word.upper() if word in ("tpr", "fpr", "sd", "adcs") else word for word in words
    )
    return f"{text}, {unit}" if unit else text


def _drawn(table: pd.DataFrame) -> list[str]:
    """The columns that are shown: a spread stands beside its mean."""
    means = {f"{str(name).removesuffix('_mean')}_sd" for name in table}
    return [name for name in table if name not in means]


def cells(table: pd.DataFrame, units: Mapping[str, str] = {}) -> pd.DataFrame:
    """The table as text, with headings: every column of numbers with one precision, a missing value as a dash.

    Two columns x_mean and x_sd (or x and x_sd) become one, "0.90 ± 0.02"; a spread that is missing is left out.

    units: of columns that have one
    """
    out: dict[str, pd.Series] = {}
    for name in _drawn(table):
        stem = str(name).removesuffix("_mean")
        text = _texts(table[name])
        if f"{stem}_sd" in table:
            spread = _texts(table[f"{stem}_sd"], like=table[name])
            text = text.where(spread == MISSING, text + " ± " + spread)
        out[heading(stem, units.get(name, ""))] = text
    return pd.DataFrame(out, index=table.index)


def _texts(values: pd.Series, like: pd.Series | None = None) -> pd.Series:
    """Values as text, numbers with the decimals that suit the whole column (or the column `like`)."""
    if not _numeric(values):
        return values.map(lambda value: MISSING if pd.isna(value) else str(value))
    finite = np.abs((values if like is None else like).to_numpy(float, na_value=np.nan))
    finite, decimals = finite[np.isfinite(finite)], 0
    if (finite != np.rint(finite)).any():  # three digits of the greatest number
        decimals = int(np.clip(2 - np.floor(np.log10(finite.max())), 1, 3))
    return values.map(lambda value: MISSING if pd.isna(value) else _number(float(value), decimals))


def _number(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    if value and np.isfinite(value) and float(text) == 0:
        return f"{value:.1e}"  # too small for the column, but not nothing
    return text


def _numeric(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def latex(table: pd.DataFrame, caption: str, label: str) -> str:
    r"""LaTeX for the package booktabs, in small print: escaped, numbers to the right, text to the left."""
    style = (
        cells(table)
        .style.hide(axis="index")
        .format(_escaped)
        .format_index(_escaped, axis="columns")
    )
    aligned = "".join("r" if _numeric(table[name]) else "l" for name in _drawn(table))
    text: str = style.to_latex(
        column_format=aligned,
        caption=_escaped(caption),
        label=label,
        hrules=True,
        position_float="centering",
    )
    return "% needs \\usepackage{booktabs}\n" + text.replace(
        r"\centering", r"\centering\scriptsize", 1
    )


def _escaped(text: str) -> str:
    """A text in which no letter has a meaning to LaTeX."""
    return text.translate(_TEX)


def table_page(table: pd.DataFrame, title: str, path: str, notes: Sequence[str] = ()) -> str:
    """A whole HTML page: a click on a heading sorts by that column, and a field above filters the rows.

    path: where the table's CSV lies, named on the page; it tells what the columns mean. notes: sentences above the
    table. Of more than `MOST` rows the first are shown, and the page says so. Headings are buttons, say how they sort
    (aria-sort), and show what the column means. The page loads nothing from the network.
    """
    about = {name: columns.column(path, name) for name in table}
    units = {name: column.unit for name, column in about.items()}
    drawn = _drawn(table)
    return PAGES.get_template("table.html.jinja").render(
        table=cells(table.head(MOST), units),
        numbers=[_numeric(table[name]) for name in drawn],
        meanings=[about[name].text.replace("`", "") for name in drawn],
        n_rows=len(table),
        notes=notes,
        title=title,
        path=path,
        wrap_from=_WRAPPED,
    )
