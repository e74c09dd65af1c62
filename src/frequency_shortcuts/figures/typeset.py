"""Tables as they are shown: LaTeX for print (booktabs), and HTML that sorts without asking the network for anything."""

from __future__ import annotations

import base64
import html as markup
import re
from typing import Any

import numpy as np
import pandas as pd

MOST = 2000  # rows that are shown; what is longer is not read but computed with, and stays in its CSV
MISSING = "\N{EN DASH}"
_WRAPPED = 40  # letters from which a cell may take several lines
_BROAD = 8  # columns that a page holds in its usual size of letters
_LONG = 45  # rows that fit on a printed page
_EMBEDDED = 2**19  # bytes of a CSV that is carried inside the page
_UNITS = {"s": "s", "h": "h", "mib": "MiB", "percent": "%", "px": "pixels"}
_TEX = str.maketrans({
    "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}", "\\": r"\textbackslash{}", "±": r"$\pm$", MISSING: "--", "…": r"\ldots{}",
})  # fmt: skip


def heading(column: str) -> str:
    """A column's name for a reader: `tpr_dfm` is "TPR dfm", `wall_s` is "wall, s"."""
    words = str(column).split("_")
    unit = _UNITS.get(words[-1]) if len(words) > 1 else None
    words = words[:-1] if unit else words
    text = " ".join(word.upper() if word in ("tpr", "fpr", "sd", "adcs") else word for word in words)
    return f"{text}, {unit}" if unit else text


def cells(table: pd.DataFrame) -> pd.DataFrame:
    """The table as text, with headings: every column of numbers with one precision, a missing value as a dash.

    Two columns x_mean and x_sd (or x and x_sd) become one, "0.90 ± 0.02"; a spread that is missing is left out.
    """
    out: dict[str, pd.Series] = {}
    for name in table:
        stem = str(name).removesuffix("_mean")
        if str(name).endswith("_sd") and {f"{name[:-3]}_mean", name[:-3]} & set(table):
            continue
        text = _texts(table[name])
        if f"{stem}_sd" in table:
            spread = _texts(table[f"{stem}_sd"], like=table[name])
            text = text.where(spread == MISSING, text + " ± " + spread)
        out[heading(stem)] = text
    return pd.DataFrame(out, index=table.index)


def _texts(values: pd.Series, like: pd.Series | None = None) -> pd.Series:
    """Values as text, numbers with the decimals that suit the whole column (or the column `like`)."""
    if not _numeric(values):
        return values.map(lambda value: MISSING if _missing(value) else str(value))
    decimals = _decimals(values if like is None else like)
    return values.map(lambda value: MISSING if _missing(value) else _number(float(value), decimals))


def _decimals(values: pd.Series) -> int:
    """Three digits of the greatest number (none for whole numbers)."""
    finite = np.abs(values.to_numpy(float, na_value=np.nan))
    finite = finite[np.isfinite(finite)]
    if len(finite) == 0 or (finite == np.rint(finite)).all():
        return 0
    return int(np.clip(2 - np.floor(np.log10(finite.max())), 1, 3))


def _number(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    if value and np.isfinite(value) and float(text) == 0:
        return f"{value:.1e}"  # too small for the column, but not nothing
    return text


def _numeric(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA


def latex(table: pd.DataFrame, caption: str, label: str, most: int = MOST) -> str:
    r"""LaTeX for the packages booktabs and longtable: escaped, numbers to the right, text to the left.

    A table of more rows than a page holds becomes a longtable with its head on every page. Of more than `most`
    rows the first are given, and the caption says so.
    """
    shown = cells(table.head(most))
    if len(table) > most:
        caption = f"{caption} (the first {most} of {len(table)} rows)"
    numbers = _columns_of_numbers(table)
    places = "".join("r" if numbers[name] else "l" for name in shown)
    head = " & ".join(str(name).translate(_TEX) for name in shown) + r" \\"
    rows = [" & ".join(text.translate(_TEX) for text in row) + r" \\" for row in shown.itertuples(index=False)]
    title = rf"\caption{{{caption.translate(_TEX)}}}\label{{{label}}}"
    small = r"\scriptsize\setlength{\tabcolsep}{3pt}" if shown.shape[1] > _BROAD else ""
    if len(shown) <= _LONG:
        parts = [r"\begin{table}", r"\centering" + small, title, rf"\begin{{tabular}}{{{places}}}", r"\toprule", head]
        parts += [r"\midrule", *rows, r"\bottomrule", r"\end{tabular}", r"\end{table}"]
    else:
        parts = [
            r"\begingroup" + small,
            rf"\begin{{longtable}}{{{places}}}",
            title + r" \\",
            r"\toprule",
            head,
            r"\midrule",
            r"\endfirsthead",
        ]
        parts += [
            r"\toprule",
            head,
            r"\midrule",
            r"\endhead",
            r"\bottomrule",
            r"\endfoot",
            *rows,
            r"\end{longtable}",
            r"\endgroup",
        ]
    return "\n".join(["% needs \\usepackage{booktabs, longtable}", *parts, ""])


def _columns_of_numbers(table: pd.DataFrame) -> dict[str, bool]:
    """Whether a column that is shown (by its heading) holds numbers."""
    return {heading(str(name).removesuffix("_mean")): _numeric(table[name]) for name in table}


def page(table: pd.DataFrame, title: str, path: str, csv: bytes = b"", most: int = MOST) -> str:
    """A whole HTML page: a click on a heading sorts by that column, and a field above filters the rows.

    path: where the table's CSV lies, named on the page. csv: its bytes; those of a small one are carried along, to
    be saved from the page. Of more than `most` rows the first are shown, and the page says so. Headings are
    buttons, and tell how they sort (aria-sort); nothing is asked of the network.
    """
    shown, numbers = cells(table.head(most)), _columns_of_numbers(table)
    count = f"{len(shown)} of {len(table)} rows, the first ones" if len(table) > most else f"{len(table)} rows"
    save = ""
    if 0 < len(csv) <= _EMBEDDED:
        data = base64.b64encode(csv).decode()
        save = f'; <a download="{_text(re.split("[/]", path)[-1])}" href="data:text/csv;base64,{data}">save the CSV</a>'
    head = "".join(
        f'<th scope="col" aria-sort="none" class="{"number" if numbers[name] else "text"}">'
        f'<button type="button">{_text(name)}</button></th>'
        for name in shown
    )
    places = [i for i, name in enumerate(shown, 1) if numbers[name]]
    to_the_right = ", ".join(["th.number", *(f"td:nth-child({i})" for i in places)])
    rows = "\n".join(
        "<tr>"
        + "".join(f"<td{' class=long' if len(text) > _WRAPPED else ''}>{_text(text)}</td>" for text in row)
        + "</tr>"
        for row in shown.itertuples(index=False)
    )
    return _PAGE.format(
        title=_text(title), count=count, path=_text(path), save=save, head=head, rows=rows, right=to_the_right
    )


def _text(value: object) -> str:
    return markup.escape(str(value))


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 14px/1.4 system-ui, sans-serif; margin: 1.2rem; color: #222; background: #fff }}
h1 {{ font-size: 1.2rem; margin: 0 0 .3rem }}
p {{ margin: 0 0 .8rem; color: #555 }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums }}
th {{ position: sticky; top: 0; background: #fff; border-top: 2px solid #222; border-bottom: 1px solid #222 }}
th button {{ all: unset; cursor: pointer; font-weight: 600; padding: .3rem .6rem; white-space: nowrap }}
th button:focus-visible {{ outline: 2px solid #0a6ebd }}
th button::after {{ content: " \\2195"; color: #999 }}
th[aria-sort=ascending] button::after {{ content: " \\2191"; color: #222 }}
th[aria-sort=descending] button::after {{ content: " \\2193"; color: #222 }}
td {{ padding: .15rem .6rem; border-bottom: 1px solid #eee; white-space: nowrap }}
tbody tr:hover {{ background: #f3f6fa }}
th, td {{ text-align: left }}
{right} {{ text-align: right }}
td.long {{ white-space: normal; min-width: 26rem }}
label {{ white-space: nowrap }}
</style>
<h1>{title}</h1>
<p>{count}; {path}{save}. <label>Show rows with <input type="search"></label></p>
<table>
<thead><tr>{head}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
<script>
const body = document.querySelector("tbody"), headings = [...document.querySelectorAll("th")];
headings.forEach((heading, column) => heading.querySelector("button").addEventListener("click", () => {{
  const down = heading.ariaSort === "ascending", sign = down ? -1 : 1;
  headings.forEach(other => other.setAttribute("aria-sort", "none"));
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  const number = heading.className === "number";
  const key = row => row.cells[column].textContent;
  const compare = (a, b) => number ? parseFloat(a) - parseFloat(b) : a.localeCompare(b, "en", {{numeric: true}});
  const gone = text => number ? isNaN(parseFloat(text)) : text === "\\u2013";
  const rows = [...body.rows].sort((x, y) => {{
    const [a, b] = [key(x), key(y)];
    return gone(a) || gone(b) ? gone(a) - gone(b) : sign * compare(a, b);  // missing values stay last
  }});
  body.append(...rows);
}}));
document.querySelector("input").addEventListener("input", event => {{
  const wanted = event.target.value.toLowerCase();
  for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
}});
</script>
</html>
"""
