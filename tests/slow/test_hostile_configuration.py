"""Configurations that make no sense: each is refused in one short sentence, whose advice is accepted."""

import math
import random

from test_hostile_configuration import WHOLE, changed, check

from conftest import ROOT
from study.configuration import duplicate_keys, mistakes
from study.schema import part_at

WRONG_TYPES = [None, True, 2.5, "text", [[1, 2]], {"a": {"b": 1}}]
ODD_VALUES = [
    math.nan, math.inf, -math.inf, -1, 0, 1, 2.0, 1e30, 10**12, "", "a" * 5000, [], {}, [math.nan], [0],
    list(range(10_000)), ["a"] * 3, {"a": math.nan}, {1: 2},
]  # fmt: skip


def leaves(part, path=()):
    """The path of every value of a configuration that is neither a mapping nor a list of mappings."""
    if isinstance(part, dict) and part:
        for name, child in part.items():
            yield from leaves(child, (*path, name))
    elif isinstance(part, list) and part and isinstance(part[0], dict | list):
        for i, child in enumerate(part):
            yield from leaves(child, (*path, i))
    else:
        yield path


# Keys with the same name and rules are tried once.
PATHS = list({(path[-1], repr(part_at(path, WHOLE))): path for path in leaves(WHOLE)}.values())


def test_every_value_is_used_or_refused_in_a_sentence_whose_advice_is_accepted():
    tried, accepted = set(), 0
    assert len(PATHS) > 130 and mistakes(WHOLE) == []
    cases = [(path, value) for path in PATHS for value in WRONG_TYPES]
    cases += random.Random(0).sample([(path, value) for path in PATHS for value in ODD_VALUES], 400)
    for path, value in cases:
        sentences = check(changed(path, value), path, tried)
        accepted += not sentences
        if isinstance(value, float) and not math.isfinite(value):
            key = ".".join(map(str, path))
            assert [sentence.partition(":")[0] for sentence in sentences] == [key], (path, value, sentences)
    assert 0 < accepted < 0.2 * len(cases)


def test_a_long_list_is_cut_in_its_sentence():
    (sentence,) = check(changed(("robustness", "cutoffs"), list(range(9000))), "cutoffs", set())
    assert "[0, 1, 2, 3" in sentence and "1... is not allowed, expected list of numbers above 0" in sentence


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
