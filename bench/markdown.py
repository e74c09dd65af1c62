"""Text of README and docs that is written from tables: the blocks of texts.md.jinja, between markers of their names."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from frequency_shortcuts.storage.tables import read_table

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", *sorted(DOCS.glob("*.md")))
LINE = 120  # characters


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; all columns but the first are aligned to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def shown(value: Any, form: str = "") -> str:
    """A cell of a table; empty where it is missing."""
    return "" if pd.isna(value) else format(value, form)


def cells(rows: pd.DataFrame, columns: dict[str, str]) -> Iterator[list[str]]:
    """The cells of the chosen columns, as {name: "heading|format"}."""
    for row in rows.to_dict("records"):
        yield [shown(row[name], text.partition("|")[2]) for name, text in columns.items()]


def columns_of(rows: pd.DataFrame, columns: dict[str, str]) -> str:
    """A table of the chosen columns, as {name: "heading|format"}."""
    return table([text.partition("|")[0] for text in columns.values()], cells(rows, columns))


def listed(items: Iterable[str]) -> str:
    """Items as a list of a sentence: a, b and c."""
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last


def marks(text: str) -> list[str]:
    """The names of the places that are marked in a page."""
    return re.findall(r"<!-- (\w+) -->", text)


def renew(text: str, name: str, content: str) -> str:
    """The text with `content` between <!-- name --> and <!-- /name -->. Raises ValueError where these are missing."""
    place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not place.search(text):
        raise ValueError(
            f"there is no place marked {name}: write <!-- {name} --> and <!-- /{name} --> on lines of their own"
        )
    return place.sub(lambda match: f"{match[1]}{content}\n{match[2]}", text)


def wrapped(text: str) -> str:
    """Paragraphs and the points of lists in lines of at most `LINE` characters; tables and code as they are."""
    parts = re.split(r"(\n\s*\n|\n(?=- ))", text.strip())
    for i, part in enumerate(parts):
        if i % 2:
            parts[i] = "\n\n" if part.count("\n") > 1 else "\n"
        elif not part.startswith(("|", "```")):
            indent = "  " if part.startswith("- ") else ""
            how = {"break_long_words": False, "break_on_hyphens": False}
            parts[i] = textwrap.fill(" ".join(part.split()), LINE, subsequent_indent=indent, **how)
    return "".join(parts)


def texts(folder: Path) -> dict[str, str]:
    """The blocks of texts.md.jinja by name, from the files of studies in a folder; without those that lack a file."""
    from . import numbers

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["form"] = format
    environment.globals |= vars(numbers) | {
        "read": lambda path: read_table(folder / f"{path}.csv"),
        "stored": lambda path: (folder / f"{path}.csv").exists(),
        "load": lambda path: yaml.safe_load((folder / path).read_text()),  # also JSON
        "content": lambda path: (folder / path).read_text(),
    }
    template, found = environment.get_template("texts.md.jinja"), dict[str, str]()
    for name, block in template.blocks.items():
        try:
            found[name] = wrapped("".join(block(template.new_context())))
        except FileNotFoundError:
            continue
    return found


def renew_pages(folder: Path, pages: Iterable[Path] = PAGES) -> list[str]:
    """Renew the marked places of pages from the files in a folder. Returns the names of those that lack a file."""
    written, missing = texts(folder), []
    for page in pages:
        text = page.read_text()
        for name in marks(text):
            text = renew(text, name, written[name]) if name in written else text
        page.write_text(text)
        missing += [name for name in marks(text) if name not in written]
    return missing
