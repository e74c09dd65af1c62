"""Write config/README.md, the reference of all keys, and the lists in other pages: `make docs`."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

import yaml
from jinja2 import Template

from frequency_shortcuts.storage.contents import DATASETS

from .columns import FILES, SHARED
from .job import ROOT
from .schema import DEFAULTS, SCHEMA, allowed, resolve, schema

PAGE = SCHEMA.with_name("README.md")
RESULTS = ROOT / "results" / "README.md"


def page() -> str:
    """The text of config/README.md, from its template and the schema: a section of keys for each part of it."""
    parts, defaults = schema()["properties"], yaml.safe_load(DEFAULTS.read_text())
    names = [name for name, part in parts.items() if part.get("type") in ("object", "array")]
    top = {"properties": {name: part for name, part in parts.items() if name not in names}}
    template = Template(PAGE.with_name("README.md.jinja").read_text(), keep_trailing_newline=True)
    text: str = template.render(
        links=_prose(
            f"Sections: {', '.join(f'[{name}](#{name})' for name in names)}; [examples](#examples)."
        ),
        top=_table(top, {"": defaults}),
        sections="\n".join(_section(name, parts[name], defaults[name]) for name in names),
    )
    return text


def _section(name: str, part: Mapping[str, Any], default: Any) -> str:
    heading = f"## `{name}`\n\n{_prose(part['description'])}"
    if part["type"] == "array":
        return f"{heading}\n{_table(part['items'], {})}"
    if "properties" in part:
        return f"{heading}\n{_table(part, {'': default})}"
    if "additionalProperties" not in part:
        return heading
    named = part["additionalProperties"]  # entries with names that the user chooses
    if "properties" in named and "allOf" not in named:
        return f"{heading}\n{_table(named, {})}"
    # Entries of several kinds.
    kinds = (
        [branch["then"] for branch in named["allOf"]]
        if "allOf" in named
        else [named["else"], named["then"]]
    )
    tables = (
        f"\n### {kind['title']}\n\n{_prose(kind['description'])}\n{_table(kind, {})}"
        for kind in kinds
    )
    return heading + "".join(tables)


def _prose(text: str) -> str:
    paragraphs = (
        fill(line, 120, break_long_words=False, break_on_hyphens=False)
        for line in text.split("\n\n")
    )
    return "\n\n".join(paragraphs) + "\n"


def _table(part: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    rows = (
        "| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |\n"
        for row in _rows(part, defaults)
    )
    return "| key | allowed | default | meaning |\n|---|---|---|---|\n" + "".join(rows)


def _rows(
    part: Mapping[str, Any], defaults: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, ...]]:
    """The cells of a row for each key of an object of the schema, and of the objects in it.

    defaults: of this object, by the name of its sibling: those that share a definition, as in `training`, share rows.
    """
    properties = {
        name: child for name, child in part["properties"].items() if isinstance(child, dict)
    }
    uses = Counter(child["$ref"] for child in properties.values() if "$ref" in child)
    written = set()
    for name, child in properties.items():
        whole, reference = resolve(child), child.get("$ref", "")
        nested = "properties" in whole and "title" not in whole
        values = {owner: default[name] for owner, default in defaults.items() if name in default}
        if nested and uses[reference] > 1:
            if reference not in written:
                written.add(reference)
                siblings = [key for key in properties if properties[key].get("$ref") == reference]
                shared = {key: defaults[""].get(key, {}) for key in siblings}
                yield from _rows(whole, shared, f"{prefix}<{reference.rsplit('/', 1)[-1]}>.")
            continue
        missing = "required" if name in part.get("required", ()) else "optional"
        if nested:
            yield f"`{prefix}{name}`", "the keys below", "" if values else missing, _meaning(whole)
            yield from _rows(whole, values, f"{prefix}{name}.")
        else:
            bounds = re.sub(r" at least (-?\d+), at most (\d+)", r", \1 to \2", allowed(whole))
            yield f"`{prefix}{name}`", bounds, _default(values) or missing, _meaning(whole)


def _meaning(part: Mapping[str, Any]) -> str:
    choices = (
        f"<br>`{choice['const']}`: {choice['description']}" for choice in part.get("oneOf", ())
    )
    return "".join([part["description"], *choices])


def _default(values: Mapping[str, Any]) -> str:
    """Values by their owner in YAML; "" for none."""
    cells = []
    for owner, value in values.items():
        text = yaml.safe_dump(
            [value], default_flow_style=True, sort_keys=False, width=1000
        ).strip()[1:-1]
        cells.append(f"{owner}: `{text}`" if owner else f"`{text}`")
    return "<br>".join(cells)


def of_tests() -> dict[Path, str]:
    """The text of pages that list what the tests of networks write, and what HDF5 files hold; between marks."""
    files = ["| path | holds |", "|---|---|", f"| many tables | {'<br>'.join(_columns(SHARED))} |"]
    for paths, file in FILES.items():
        lines = [file["holds"], *_columns(file.get("columns", {}))]
        files.append(f"| {_code(paths)} | {'<br>'.join(lines)} |")
    contents = ["| dataset | of | dimensions; `units` | `description` |", "|---|---|---|---|"]
    for name, one in DATASETS.items():
        dims = ", ".join(label.replace(" frequency (cycles per image)", "") for label in one.dims)
        units = f"; {one.units}" if one.units else ""
        contents.append(f"| `{name}` | {one.files} | {dims}{units} | {one.description} |")
    listed = _between(RESULTS.read_text(), "<!-- tests -->", "<!-- /tests -->", files)
    return {
        RESULTS: _between(listed, "<!-- contents -->", "<!-- /contents -->", contents),
    }


def _columns(columns: Mapping[str, Any]) -> Iterator[str]:
    for names, about in columns.items():
        text, unit = (
            (about["text"], f" [{about['unit']}]") if isinstance(about, dict) else (about, "")
        )
        yield f"{_code(names)}{unit}: {text}"


def _code(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split(", "))


def _between(text: str, start: str, end: str, lines: list[str]) -> str:
    before, start, rest = text.partition(start)
    _, end, after = rest.partition(end)
    return "\n".join([before + start, *lines, end + after])


def main() -> None:
    """Write config/README.md, and the lists of tests in other pages."""
    for path, text in {PAGE: page(), **of_tests()}.items():
        path.write_text(text)


if __name__ == "__main__":
    main()
