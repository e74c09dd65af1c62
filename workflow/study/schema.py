"""config/schema.yaml: its rules, and what they allow in words."""

import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.validators import extend

SCHEMA = Path(__file__).parents[2] / "config" / "schema.yaml"
DEFAULTS = SCHEMA.with_name("config.yaml")
WORDS = {"array": "list", "object": "mapping", "boolean": "true or false", "string": "text"}
BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
    "maxProperties": "at most {} entries",
}
# A schema takes 2.0 for an integer, and any bound holds for NaN.
NUMBERS = {
    "integer": lambda _, value: type(value) is int,
    "number": lambda _, value: (
        type(value) is int or (type(value) is float and math.isfinite(value))
    ),
}
Validator = extend(
    Draft202012Validator, type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(NUMBERS)
)


@cache
def schema() -> dict[str, Any]:
    """The contents of config/schema.yaml."""
    contents: dict[str, Any] = yaml.safe_load(SCHEMA.read_text())
    return contents


def resolve(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part of the schema merged with the definition in its `$ref`; values of the part itself have priority."""
    if "$ref" not in part:
        return part
    return {**schema()["$defs"][part["$ref"].rsplit("/", 1)[-1]], **part}


def allowed(part: Mapping[str, Any]) -> str:
    """The values that a part of the schema allows, in words, such as `integer at least 1, or null`."""
    part = resolve(part)
    if "title" in part:
        return str(part["title"])
    if "enum" in part or "oneOf" in part:
        *first, last = map(str, part.get("enum") or [choice["const"] for choice in part["oneOf"]])
        return f"{', '.join(first)} or {last}" if first else last
    kinds = part.get("type", ["value"])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    words = " or ".join(WORDS.get(kind, kind) for kind in kinds if kind != "null")
    if "items" in part:
        words += " of " + re.sub(r"^(number|integer)", r"\1s", allowed(part["items"])) + ";"
    bounds = [text.format(part[name]) for name, text in BOUNDS.items() if name in part]
    bounds = ["at least 1 entry" if text == "at least 1 entries" else text for text in bounds]
    if "contains" in part:
        bounds.append(f"one of them {part['contains']['const']}")
    if part.get("uniqueItems"):
        bounds.append("no repeats")
    return " ".join([words, ", ".join(bounds)]).strip() + (", or null" if "null" in kinds else "")
