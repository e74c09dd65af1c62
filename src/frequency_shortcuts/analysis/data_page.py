"""The page of the differences between classes: one HTML file that loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from frequency_shortcuts.evaluation.causes import CAUSES
from frequency_shortcuts.evaluation.fact_scores import TELLS

from . import difference_summary
from .compared import Compared
from .page import cell, embedded, fill

MOST_ROWS, FILES = 100, 10  # rows of a table, and files of a class
SPECTRA = (
    "The area under the curve says how often, of two images, one of the class and one of another, the fine spectrum "
    "picks the right one: 0.5 by chance, with a 95 % interval. Each image is scored by a ridge regression of the other "
    "four fifths. Permuted labels reach the number beside it in 5 of 100 cases. The largest difference of a frequency "
    "is 1 by chance. The likely cause is a hint, by comparison with patterns; natural textures differ in the same ways."
)
FACTS = (
    f"The area under the curve of each fact alone. It tells a class if the lower end reaches {TELLS}: of two images, "
    "the fact then picks the right one nine times in ten. Format, size and the like are never natural; brightness, "
    "contrast, saturation and, of files without loss, bytes per pixel may be."
)


def render(found: Compared, picture: Path) -> str:
    """The page as text, with the picture."""
    return fill(
        "data_page.html.jinja",
        title=f"What differs between the classes of {found.about['name']}",
        summary=difference_summary.sentences(found),
        picture=embedded(picture),
        tables=list(_tables(found)),
        about=found.about,
    )


def _tables(found: Compared) -> Iterator[dict[str, Any]]:
    yield _of_spectra("Fine spectra", found.table, "class") | {"note": SPECTRA}
    if len(found.facts):
        yield _of_facts(found.facts, found.table["class"].tolist())
    if found.sources is not None:
        if found.sources.table is not None:
            note = "The same of sources. A source that holds other classes than the others is told by these."
            yield _of_spectra("Sources", found.sources.table, "source") | {"note": note}
        yield _of_cross(found.sources.cross)
    named = difference_summary.with_cause(found.table).sort_values("auc_low", ascending=False)["class"]
    if len(named):
        best = pd.concat([found.files[found.files["class"] == name].head(FILES) for name in named[:MOST_ROWS]])
        columns = ["path", "class", "cause", "score"]
        rows = best[columns].map(lambda value: value if isinstance(value, str) else f"{value:.3g}").to_numpy().tolist()
        note = f"The {FILES} images of each class that carry its likely cause most clearly; files.csv has all."
        yield {"title": "Files", "headings": ["file", "class", "likely cause", "score"], "rows": rows, "note": note}


def _of_spectra(title: str, table: pd.DataFrame, kind: str) -> dict[str, Any]:
    ordered = table.sort_values("auc_low", ascending=False, kind="stable").head(MOST_ROWS)
    headings = [
        kind, "images", "area under the curve (95\N{NO-BREAK SPACE}% interval)", "permuted labels",
        "largest difference", "likely cause", "images that carry it",
    ]  # fmt: skip
    rows = [
        [
            row[kind], f"{row['images']:,}", _area(row), cell(row["null"]), f"{row['z']:.1f}",
            CAUSES.get(row["cause"], cell(None)),
            cell(None) if pd.isna(row["carriers"]) else f"{100 * row['carriers']:.0f} %",
        ]
        for row in ordered.to_dict("records")
    ]  # fmt: skip
    return {"title": title, "headings": headings, "rows": rows}


def _of_facts(facts: pd.DataFrame, classes: list[str]) -> dict[str, Any]:
    """A row a class, a column a fact."""
    words = {name: words for name, (words, _) in difference_summary.FILE_FACTS.items()}
    words |= difference_summary.CONTENT_FACTS
    text = facts.assign(text=[_area(row) for row in facts.to_dict("records")])
    table = text.pivot_table("text", "class", "fact", aggfunc="first")
    shown = [name for name in words if name in table]
    table = table.reindex(index=classes[:MOST_ROWS], columns=shown)
    rows = [[str(name), *row] for name, row in zip(table.index, table.to_numpy().tolist(), strict=True)]
    return {
        "title": "Facts of files and pictures", "headings": ["class", *(words[name] for name in shown)], "rows": rows,
        "note": FACTS,
    }  # fmt: skip


def _of_cross(cross: pd.DataFrame) -> dict[str, Any]:
    table = cross.pivot_table("images", "class", "source", aggfunc="sum", fill_value=0)
    columns = table.columns[table.sum().to_numpy().argsort(kind="stable")[::-1][:12]]
    rows = [[str(name), *map(str, row)] for name, row in zip(table.index, table[columns].to_numpy(), strict=True)]
    note = "How many images each class has of each source; of many, the twelve largest sources."
    return {"title": "Classes and sources", "headings": ["class", *columns], "rows": rows[:MOST_ROWS], "note": note}


def _area(row: dict[str, Any]) -> str:
    low, high = (f"{row[f'auc_{end}']:.2f}" for end in ("low", "high"))
    return f"{row['auc']:.2f} ({low}\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}{high})"
