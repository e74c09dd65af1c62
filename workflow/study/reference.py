"""Write config/README.md and results/README.md from their templates: `make docs`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Template

from frequency_shortcuts.storage.contents import DATASETS

from .columns import FILES, SHARED
from .job import ROOT
from .schema import DEFAULTS, allowed, resolve, schema

CONFIGURATION = ROOT / "config" / "README.md"
RESULTS = ROOT / "results" / "README.md"


def pages() -> dict[Path, str]:
    """The text of each page: its template has the layout, and what is listed comes from here."""
    return {
        CONFIGURATION: _filled(CONFIGURATION, sections=sections()),
        RESULTS: _filled(RESULTS, shared=SHARED, files=FILES, contents=DATASETS),
    }


def _filled(page: Path, **values: Any) -> str:
    source = page.with_suffix(".md.jinja").read_text()
    template = Template(source, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    return template.render(values)


def sections() -> dict[str, dict[str, Any]]:
    """The sections of the configuration by name: a description, and tables of keys by their title.

    The keys at the top are the section "".
    """
    parts, defaults = schema()["properties"], yaml.safe_load(DEFAULTS.read_text())
    single = {
        name: part for name, part in parts.items() if part.get("type") not in ("object", "array")
    }
    found = {"": {"description": "", "tables": [{"rows": rows({"properties": single}, defaults)}]}}
    for name, part in parts.items():
        if name not in single:
            default = defaults[name] if "properties" in part else {}
            tables = [{**kind, "rows": rows(kind, default)} for kind in _kinds(part)]
            found[name] = {"description": part["description"], "tables": tables}
    return found


def _kinds(section: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The schemas of what a section holds: its own keys, or those of each kind of its entries."""
    entry = section.get("items") or section.get("additionalProperties") or section
    branches = [entry, *entry.get("allOf", [])]
    kinds = [branch[end] for branch in branches for end in ("else", "then") if end in branch]
    return kinds or [entry]


def rows(
    part: Mapping[str, Any], defaults: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, str, str, str]]:
    """Name, allowed values, default and meaning of each key of a part of the schema, and of the keys in it."""
    listed: dict[str, str] = {}  # what a `$ref` names -> the first key that has these keys
    for name, child in part.get("properties", {}).items():
        if child is True:  # the key that chose this part
            continue
        whole, key = resolve(child), prefix + name
        default = "required" if name in part.get("required", ()) else "optional"
        first = listed.setdefault(child.get("$ref", key), key)
        if first != key and "properties" in whole:
            yield key, f"the keys of `{first}`", default, whole["description"]
            continue
        if "properties" in whole and "title" not in whole:
            yield key, "the keys below", "" if name in defaults else default, whole["description"]
            yield from rows(whole, defaults.get(name, {}), f"{key}.")
            continue
        if name in defaults:
            default = f"`{_flow(defaults[name])}`"
        choices = [f"`{each['const']}`: {each['description']}" for each in whole.get("oneOf", ())]
        yield key, allowed(whole), default, "<br>".join([whole["description"], *choices])


def _flow(value: Any) -> str:
    """A value as YAML in one line."""
    text = yaml.safe_dump([value], default_flow_style=True, sort_keys=False, width=1000)
    return text.strip()[1:-1]


def main() -> None:
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
