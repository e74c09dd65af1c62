"""Markdown: tables, lists, and the text between the markers of a page."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
LINE = 120  # characters
UNBROKEN = {"break_long_words": False, "break_on_hyphens": False}


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; all columns but the first are aligned to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def renew(text: str, name: str, content: str) -> str:
    """The text with `content` between <!-- name --> and <!-- /name -->. Raises ValueError where these are missing."""
    found = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not found.search(text):
        raise ValueError(
            f"there is no place marked {name}: write <!-- {name} --> and <!-- /{name} --> on lines of their own"
        )
    return found.sub(lambda match: f"{match[1]}{content}\n{match[2]}", text)


def listed(items: Iterable[str]) -> str:
    """Items as a list of a sentence: a, b and c."""
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last


def points(*texts: str) -> str:
    """A list, in lines of at most `LINE` characters."""
    return "\n".join(textwrap.fill(f"- {text}", LINE, subsequent_indent="  ", **UNBROKEN) for text in texts)


def paragraphs(*texts: str) -> str:
    """Texts, each in lines of at most `LINE` characters; those that are points of a list are indented."""
    return "\n".join(
        textwrap.fill(text, LINE, subsequent_indent="  " if text.startswith("- ") else "", **UNBROKEN) for text in texts
    )
