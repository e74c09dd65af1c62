"""Markdown: tables, lists, the text between the markers of pages, and the templates that it is written from."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
LINE = 120  # characters
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "pages"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters["form"] = format
TEMPLATES.tests["in_part_open"] = lambda sentence: "stays open" in sentence


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; all columns but the first are aligned to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def renew(text: str, name: str, content: str) -> str:
    """The text with `content` between <!-- name --> and <!-- /name -->. Raises ValueError where these are missing."""
    place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not place.search(text):
        raise ValueError(
            f"there is no place marked {name}: write <!-- {name} --> and <!-- /{name} --> on lines of their own"
        )
    return place.sub(lambda match: f"{match[1]}{content}\n{match[2]}", text)


def marks(text: str) -> list[str]:
    """The names of the places that are marked in a page."""
    return re.findall(r"<!-- (\w+) -->", text)


def listed(items: Iterable[str]) -> str:
    """Items as a list of a sentence: a, b and c."""
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last


TEMPLATES.globals["listed"] = listed


def filled(template: str, study: Path, numbers: object) -> dict[str, str]:
    """The blocks of a template by name, with the numbers of a study: what stands between the markers of these names."""
    loaded = TEMPLATES.get_template(f"{template}.md.jinja")
    context = loaded.new_context({"study": study, "numbers": numbers})
    return {name: wrapped("".join(block(context))) for name, block in loaded.blocks.items()}


def wrapped(text: str) -> str:
    """Paragraphs and the points of lists in lines of at most `LINE` characters; tables and code as they are."""
    parts = re.split(r"(\n\s*\n|\n(?=- ))", text.strip())
    for i, part in enumerate(parts):
        if i % 2:
            parts[i] = "\n\n" if part.count("\n") > 1 else "\n"
        elif not part.startswith(("|", "```")):
            parts[i] = textwrap.fill(
                " ".join(part.split()),
                LINE,
                subsequent_indent="  " if part.startswith("- ") else "",
                break_long_words=False,
                break_on_hyphens=False,
            )
    return "".join(parts)
