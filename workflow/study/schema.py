"""config/schema.yaml with the keys of all sources: rules, what they allow in words, and an example of what to write."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from .sources.registry import BY_NAME, conditions

SCHEMA = Path(__file__).parents[2] / "config" / "schema.yaml"
DEFAULTS = SCHEMA.with_name("config.yaml")
WORDS = {"array": "list", "object": "mapping", "boolean": "true or false", "string": "text"}
BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
}
LONG = 60  # letters of a value that a sentence shows


def _is_integer(_: Any, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: Any, value: Any) -> bool:
    return _is_integer(_, value) or (isinstance(value, float) and math.isfinite(value))


# A schema takes 2.0 for an integer, and any bound holds for NaN.
Validator = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _is_integer, "number": _is_number}),
)


@cache
def schema() -> dict[str, Any]:
    """config/schema.yaml, with the keys of a data set from each source."""
    contents: dict[str, Any] = yaml.safe_load(SCHEMA.read_text())
    dataset = contents["properties"]["datasets"]["additionalProperties"]
    dataset["properties"]["source"]["enum"] = list(BY_NAME)
    dataset["allOf"] = conditions()
    return contents


@cache
def defaults() -> dict[str, Any]:
    """config/config.yaml."""
    contents: dict[str, Any] = yaml.safe_load(DEFAULTS.read_text())
    return contents


def resolve(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part of the schema merged with the definition in its `$ref`; values of the part itself have priority."""
    if "$ref" not in part:
        return part
    return {**schema()["$defs"][part["$ref"].rsplit("/", 1)[-1]], **part}


def part_at(path: Sequence[str | int], config: Any) -> Mapping[str, Any]:
    """The part of the schema for the value at a path of the configuration."""
    part: Mapping[str, Any] = schema()
    for name in path:
        if isinstance(name, int):
            part = resolve(part["items"])
        else:
            owners = (one["properties"][name] for one in _variants(part, config) if name in one.get("properties", ()))
            part = resolve(
                next((one for one in owners if isinstance(one, Mapping)), part.get("additionalProperties", {}))
            )
        config = config[name]
    return part


def _variants(part: Mapping[str, Any], value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A part of the schema, and those of its conditional parts that hold for a value: they depend on its `source`."""
    yield part
    for one in (part, *part.get("allOf", ())):
        if "if" in one:
            wanted = one["if"].get("properties", {}).get("source")
            fits = "source" in value and (wanted is None or wanted["const"] == value["source"])
            yield one.get("then" if fits else "else", {})


def allowed(part: Mapping[str, Any]) -> str:
    """The values that a part of the schema allows, in words, such as `integer at least 1, or null`."""
    part = resolve(part)
    if "title" in part:
        return str(part["title"])
    if "enum" in part or "oneOf" in part:
        return _choice(_choices(part))
    kinds = _kinds(part) or ["value"]
    words = " or ".join(WORDS.get(kind, kind) for kind in kinds if kind != "null")
    if "items" in part:
        words += " of " + re.sub(r"^(number|integer)", r"\1s", allowed(part["items"])) + ";"
    bounds = [text.format(part[name]) for name, text in BOUNDS.items() if name in part]
    if "minItems" in part:
        bounds.append(f"at least {part['minItems']} {'entry' if part['minItems'] == 1 else 'entries'}")
    if "maxItems" in part:
        bounds.append(f"at most {part['maxItems']} entries")
    if "maxProperties" in part:
        bounds.append(f"at most {part['maxProperties']} entries")
    if "contains" in part:
        bounds.append(f"one of them {part['contains']['const']}")
    if part.get("uniqueItems"):
        bounds.append("no repeats")
    return " ".join([words, ", ".join(bounds)]).strip() + (", or null" if "null" in kinds else "")


def _kinds(part: Mapping[str, Any]) -> list[str]:
    kinds = part.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def _choices(part: Mapping[str, Any]) -> list[Any]:
    return part["enum"] if "enum" in part else [one["const"] for one in part["oneOf"]]


def _choice(values: Sequence[Any]) -> str:
    *first, last = map(str, values)
    return f"{', '.join(first)} or {last}" if first else last


def example(path: Sequence[str | int], part: Mapping[str, Any]) -> str:
    """A line with a value that is allowed, such as `epochs: 8`: the default if there is one. "" if it would be long."""
    try:
        value: Any = defaults()
        for name in path:
            value = value[str(name)]
        is_allowed = Validator({**part, "$defs": schema()["$defs"]}).is_valid(value)
    except (KeyError, TypeError):  # an entry of a list has no default
        is_allowed = False
    line = {path[-1]: value if is_allowed else _example(part)} if path else {}
    text = yaml.safe_dump(line, default_flow_style=True, sort_keys=False, width=1000).strip()[1:-1]
    return text if len(text) <= 2 * LONG else ""


def _example(part: Mapping[str, Any]) -> Any:
    part = resolve(part)
    if "examples" in part:
        return part["examples"][0]
    if "enum" in part or "oneOf" in part:
        return _choices(part)[0]
    match _kinds(part)[0]:
        case "integer" | "number":
            return part.get("minimum", min(1, part.get("maximum", 0.5)))
        case "boolean":
            return True
        case "array":
            return [part["contains"]["const"] if "contains" in part else _example(part["items"])]
        case _:
            return {name: _example(part["properties"][name]) for name in part.get("required", ())}


def cut(text: str, most: int = LONG) -> str:
    """A text, cut to so many letters."""
    return text if len(text) <= most else f"{text[:most]}..."


def shown(name: str | int) -> str:
    """A name or number of a path of keys, on one line and not too long."""
    text = str(name)
    return cut(text if text.isprintable() else repr(text)[1:-1])


def listed(names: Sequence[str], most: int = 160) -> str:
    """Names with commas between them, as many as so many letters hold."""
    first: list[str] = []
    length = 0
    for name in names:
        length += len(name) + 2
        if length > most:
            return ", ".join([*first, f"and {len(names) - len(first)} more"])
        first.append(name)
    return ", ".join(first) or "nothing"
