"""Configurations that no study can have: odd names, too many mistakes, and keys that are there twice."""

import copy
import re

import yaml

from conftest import ROOT
from study.configuration import duplicate_keys, mistakes
from study.schema import resolve, schema

CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())


def changed(**sections):
    """The default study with other sections."""
    return copy.deepcopy(CONFIG) | sections


def test_a_bad_name_is_told_what_names_are_like():
    for name in ("Bad name", "x" * 100, 1):
        (sentence,) = mistakes(changed(datasets=CONFIG["datasets"] | {name: CONFIG["datasets"]["syn_1"]}))
        assert "this name is not allowed, expected lower-case letters, digits and _" in sentence
        assert ("quotes" in sentence) == (name == 1)


def test_many_mistakes_and_a_long_list_are_cut():
    found = mistakes(changed(methods={f"m{i}": {"method": "none"} for i in range(500)}))
    assert len(found) < 40 and re.fullmatch(r"and \d+ more mistakes", found[-1])
    (sentence,) = mistakes(changed(synthesis=CONFIG["synthesis"] | {"band_edges": list(range(2000))}))
    assert "[0, 1, 2, 3" in sentence and "1... is not allowed, expected list of numbers above 0" in sentence


def parts(part, path=()):
    """Every part of the schema, and where it is."""
    if isinstance(part, dict):
        yield path, part
    for name, child in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        yield from parts(child, (*path, name))


def test_every_number_list_and_text_has_bounds():
    for path, part in parts(schema()):
        kinds = part.get("type", ()) if "properties" not in path[-1:] else ()
        kinds = {kinds} if isinstance(kinds, str) else set(kinds)
        if path[:2] == ("$defs", "value"):
            continue  # keyword arguments of the user's own functions
        if kinds & {"number", "integer"}:
            assert {"minimum", "exclusiveMinimum"} & set(part) and {"maximum", "exclusiveMaximum"} & set(part), path
        if "array" in kinds:
            assert "maxItems" in part or (part.get("uniqueItems") and "enum" in resolve(part["items"])), path
        if "string" in kinds:
            assert "maxLength" in part, path


def test_a_key_that_is_there_twice_is_named_with_both_lines(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text("culling:\n  parts: 1\nshortcuts: {seed: 1}\nculling:\n  split: test\n  split: train\n")
    assert sorted(duplicate_keys([path])) == [
        f"{path}: the key culling is there twice, in line 1 and in line 4; remove one",
        f"{path}: the key split is there twice, in line 5 and in line 6; remove one",
    ]
    # JSON that is no YAML, and keys of a merged mapping.
    for text in ('{\n\t"a": 1\n}', "a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\nc: *a\n"):
        path.write_text(text)
        assert list(duplicate_keys([path])) == []
    assert list(duplicate_keys(sorted((ROOT / "config").glob("*.yaml")))) == []
