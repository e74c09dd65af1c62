"""What tables of a study hold, and what their columns mean: columns.yaml, for pages, heads of tables and captions."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

_DESCRIBED = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text())
SHARED: Mapping[str, Any] = _DESCRIBED["shared"]
FILES: Mapping[str, Mapping[str, Any]] = _DESCRIBED["files"]


class Column(NamedTuple):
    """A column: its meaning in one line, its unit if it has one, and where it is described.

    place : the key in `FILES` (or "shared"), and the name or pattern there
    """

    text: str = ""
    unit: str = ""
    place: tuple[str, str] = ("", "")


def described(path: str) -> str:
    """The key in `FILES` of a file, with any folders before it; "" if it is not described."""
    names = ((key, name) for key in FILES for name in key.split(", "))
    return next(
        (key for key, name in names if re.fullmatch(f"(.*/)?{_expression(name)}", path)), ""
    )


def column(path: str, name: str) -> Column:
    """A column of the table at a path; an empty one if it is not described.

    A name comes before a pattern, and a pattern whose end is given before any other; then, a column of the table itself
    before that of a table which it is like, and this before a shared one.
    """
    fits = [
        (pattern, place, given, found)
        for place, columns in _sections(described(path))
        for names, given in columns.items()
        for pattern in names.split(", ")
        if (found := re.fullmatch(_expression(pattern), name))
    ]
    if not fits:
        return Column()
    pattern, place, given, found = min(fits, key=lambda fit: ("{" in fit[0], fit[0].endswith("}")))
    text, unit = (given["text"], given["unit"]) if isinstance(given, dict) else (given, "")
    return Column(text.format(**found.groupdict()), unit, (place, pattern))


def _sections(key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The columns of a table, of those that it is like, and shared ones, each with the place."""
    while key:
        yield key, FILES[key].get("columns", {})
        key = described(FILES[key].get("like", ""))
    yield "shared", SHARED


def _expression(pattern: str) -> str:
    """A regular expression for a name in which names in braces stand for any text."""
    return re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(pattern))
