"""The page of the differences between classes: one HTML file that loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from frequency_shortcuts.data.artefacts import CAUSES
from frequency_shortcuts.evaluation.fact_scores import TELLS

from . import difference_summary
from .difference_summary import Compared
from .page import embedded, fill
from .wording import cell

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
    """Title, table and note of each part."""
    yield {"title": "Fine spectra", "table": _of_spectra(found.table, "class"), "note": SPECTRA}
    if len(found.facts):
        yield {"title": "Facts of files and pictures", "table": _of_facts(found), "note": FACTS}
    if found.sources is not None:
        if found.sources.table is not None:
            note = "The same of sources. A source that holds other classes than the others is told by these."
            yield {"title": "Sources", "table": _of_spectra(found.sources.table, "source"), "note": note}
        table = found.sources.cross.pivot_table("images", "class", "source", aggfunc="sum", fill_value=0)
        largest = table.columns[table.sum().to_numpy().argsort(kind="stable")[::-1][:12]]
        note = "How many images each class has of each source; of many, the twelve largest sources."
        table = table[largest].head(MOST_ROWS).reset_index()
        yield {"title": "Classes and sources", "table": table, "note": note}
    named = difference_summary.with_cause(found.table).sort_values("auc_low", ascending=False)["class"]
    if len(named):
        best = pd.concat([found.files[found.files["class"] == name].head(FILES) for name in named[:MOST_ROWS]])
        table = best.rename(columns={"path": "file", "cause": "likely cause"})[
            ["file", "class", "likely cause", "score"]
        ]
        note = f"The {FILES} images of each class that carry its likely cause most clearly; files.csv has all."
        yield {"title": "Files", "table": table.assign(score=table["score"].map("{:.3g}".format)), "note": note}


def _of_spectra(table: pd.DataFrame, kind: str) -> pd.DataFrame:
    """A row a class or source."""
    rows = table.sort_values("auc_low", ascending=False, kind="stable").head(MOST_ROWS)
    return pd.DataFrame({
        kind: rows[kind], "images": rows["images"].map("{:,}".format),
        "area under the curve (95\N{NO-BREAK SPACE}% interval)": _areas(rows),
        "permuted labels": rows["null"].map(cell),
        "largest difference": rows["z"].map("{:.1f}".format),
        "likely cause": [CAUSES.get(cause, cell(None)) for cause in rows["cause"]],
        "images that carry it": [cell(None) if pd.isna(c) else f"{100 * c:.0f} %" for c in rows["carriers"]],
    })  # fmt: skip


def _of_facts(found: Compared) -> pd.DataFrame:
    """A row a class, a column a fact."""
    words = {name: words for name, (words, _) in difference_summary.FILE_FACTS.items()}
    words |= difference_summary.CONTENT_FACTS
    table = found.facts.assign(area=_areas(found.facts)).pivot_table("area", "class", "fact", aggfunc="first")
    table = table.reindex(index=found.table["class"][:MOST_ROWS], columns=[name for name in words if name in table])
    return table.rename(columns=words).reset_index()


def _areas(rows: pd.DataFrame) -> list[str]:
    ends = zip(*(rows[name].map("{:.2f}".format) for name in ("auc", "auc_low", "auc_high")), strict=True)
    return [f"{value} ({low}\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}{high})" for value, low, high in ends]
