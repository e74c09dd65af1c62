"""Markdown: tables, and the text between the markers of a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = ROOT / "README.md"


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
