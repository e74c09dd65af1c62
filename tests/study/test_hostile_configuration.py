"""Configurations that make no sense: each is refused in one short sentence, whose advice is accepted."""

import copy
import math
import re

import yaml
from snakemake.utils import update_config

from conftest import ROOT
from study import targets
from study.configuration import MOST_PARTS, MOST_RUNS, duplicate_keys, mistakes
from study.plan import Plan
from study.schema import resolve, schema

CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
# Keys that the default study does not have: sources, networks and maps of the user, every setting of a method.
WHOLE = copy.deepcopy(CONFIG)
WHOLE["datasets"] = {name: CONFIG["datasets"][name] for name in ("syn_1", "plant_present", "fashion_mnist", "waved")}
WHOLE["plan"] = [*CONFIG["plan"][:2], CONFIG["plan"][2] | {"datasets": ["syn_1", "plant_present"]}]
update_config(
    WHOLE,
    yaml.safe_load("""
    datasets:
      pictures:
        {source: folder, root: a, test_root: b, classes: {one: n1, two: n2}, size: 64, resize: 80, channels: 1,
         shares: {train: 0.75, validation: 0.25}, split_seed: 0, on_error: stop, keep: images, stylised: c,
         ood: {root: d, renditions: [ink], classes: {one: n1, two: n2}}}
      items:
        {source: dataset, entry_point: my:data, options: {n: 5}, class_names: [one, two], size: [64, 48], channels: 1,
         shares: {train: 0.5, validation: 0.25, test: 0.25}, split_seed: 0}
      stored: {source: store, path: a.h5}
      cifar: {source: cifar10, folder: null, validation_share: 0.1, split_seed: 0}
    networks:
      mine: {source: "torchvision:resnet18", checkpoint: a.pt, mean: [0.5], std: [0.5], options: {p: 0.5}}
    methods:
      all_rise: {method: rise, split: test, masks: 100, share: 0.5}
    """),
)
WHOLE["plan"] += [
    {"datasets": ["pictures"], "networks": ["mine"], "augmentations": ["none"], "seeds": [0], "methods": ["all_rise"]},
    CONFIG["plan"][3] | {"datasets": ["syn_1"]},
]
LONGEST = 300  # letters of a sentence


def changed(path, value, config=WHOLE):
    """A copy of the configuration with another value at a path."""
    config = copy.deepcopy(config)
    part = config
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    return config


def advised(config, sentence):
    """The configurations that a sentence advises: `write KEY: VALUE`, with "and" for both and "or" for either."""
    key, _, rest = sentence.partition(": ")
    advice = re.search(r"; write ([\w.]+: .*)$", rest)
    for either in re.split(r" or (?=[\w.]+: |remove )", advice[1]) if advice else ():
        if either.startswith("remove "):
            continue
        better = copy.deepcopy(config)
        for line in re.split(r" and (?=[\w.]+: )", either):
            name, _, value = line.partition(": ")
            where = name.split(".")
            if len(where) == 1:
                parents = key.split(".")
                where = [*parents[: parents.index(name) if name in parents else -1], name]
            part = better
            for owner in where[:-1]:
                part = part[int(owner)] if isinstance(part, list) else part.setdefault(owner, {})
            part[where[-1]] = yaml.safe_load(value)
        yield better


def check(config, path, tried):
    """Assert that a configuration is used, or refused as it should be; returns the sentences.

    tried : advice that was accepted before
    """
    sentences = mistakes(config)
    if not sentences:
        targets.of_study(Plan(config))
    assert len(sentences) <= 12
    for sentence in sentences:
        assert len(sentence) <= LONGEST and "\n" not in sentence, (path, sentence)
        key = sentence.partition(": ")[0]
        advice = f"{key} {sentence.rpartition('; ')[2]}"
        for better in advised(config, sentence) if advice not in tried else ():
            assert not any(other.startswith(f"{key}:") for other in mistakes(better)), (path, sentence)
        tried.add(advice)
    return sentences


def test_a_bad_name_is_told_what_names_are_like():
    for name in ("Bad name", "x" * 100, 1):
        (sentence,) = check(changed(("datasets", name), CONFIG["datasets"]["syn_1"]), "datasets", set())
        assert "this name is not allowed, expected lower-case letters, digits and _" in sentence
        assert ("quotes" in sentence) == (name == 1)


def test_many_mistakes_are_cut():
    found = mistakes(changed(("methods",), {f"m{i}": {"method": "none"} for i in range(500)}))
    assert len(found) < 40 and re.fullmatch(r"and \d+ more mistakes", found[-1])


def test_more_runs_or_jobs_than_snakemake_can_plan_are_refused():
    three = changed(("plan", 0, "augmentations"), ["none", "augmix", "afa"])
    (sentence,) = mistakes(changed(("plan", 0, "seeds"), list(range(1000)), three))
    assert sentence.startswith("plan: 3,015 runs are planned, expected at most 1,000")
    (sentence,) = check(changed(("culling", "parts"), 1000), "culling.parts", set())
    assert re.match(r"culling\.parts: 1000 parts of \d+ cullings are [\d,]+ jobs, expected at most", sentence)
    about = " ".join((ROOT / "config" / "README.md").read_text().split())
    assert f"at most {MOST_RUNS:,} runs, and at most {MOST_PARTS:,} parts" in about


def parts(part, path=()):
    """Every part of the schema, and where it is."""
    if isinstance(part, dict):
        yield path, part
        for name, child in part.items():
            yield from parts(child, (*path, name))
    elif isinstance(part, list):
        for i, child in enumerate(part):
            yield from parts(child, (*path, i))


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


# Settings of methods are checked before the first job. Keys of the same name in parts of the same name are tried once.
PATHS = list({path[-2:]: path for path in leaves(WHOLE) if path[0] != "methods"}.values())


def test_every_value_is_used_or_refused_in_a_sentence_whose_advice_is_accepted():
    """Each key once with a value of a wrong type and once with an odd one, by turns."""
    tried, accepted = set(), 0
    assert len(PATHS) > 130 and mistakes(WHOLE) == []
    cases = [(path, values[i % len(values)]) for values in (WRONG_TYPES, ODD_VALUES) for i, path in enumerate(PATHS)]
    for path, value in cases:
        sentences = check(changed(path, value), path, tried)
        accepted += not sentences
        if isinstance(value, float) and not math.isfinite(value):
            key = ".".join(map(str, path))
            assert [sentence.partition(":")[0] for sentence in sentences] == [key], (path, value, sentences)
    assert 0 < accepted < 0.2 * len(cases)


def test_a_long_list_is_cut_in_its_sentence():
    (sentence,) = check(changed(("robustness", "cutoffs"), list(range(2000))), "cutoffs", set())
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
