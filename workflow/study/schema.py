"""config/schema.yaml: its rules, and what they allow in words."""

import math
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
    "minItems": "{} or more entries",
    "maxItems": "{} or fewer entries",
    "uniqueItems": "no repeats",
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
    """The values that a part of the schema allows, in words, such as `integer, at least 1, at most 9`."""
    part = resolve(part)
    if "title" in part:
        return str(part["title"])
    choices = part.get("enum") or [choice["const"] for choice in part.get("oneOf", ())]
    if choices:
        return ", ".join(map(str, choices))
    kinds = [part["type"]] if isinstance(part["type"], str) else part["type"]
    words = " or ".join(WORDS.get(kind, kind) for kind in kinds)
    if "items" in part:
        words += f" of ({allowed(part['items'])})"
    bounds = [text.format(part[name]) for name, text in BOUNDS.items() if name in part]
    return ", ".join([words, *bounds])
