"""Configurations that make no sense: each is refused in one short sentence, whose advice is accepted."""

import copy
import datetime
import math
import re
import subprocess
import sys

import pytest
import yaml
from snakemake.utils import update_config

from conftest import ROOT
from study import outputs, states
from study.configuration import MOST_JOBS, MOST_RUNS, duplicate_keys, mistakes
from study.plan import Plan
from study.schema import part_at, resolve, schema

CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
# Keys that the default study does not have: sources, networks and maps of the user, every setting of a method.
NETWORK = {"source": "torchvision:resnet18", "checkpoint": "a.pt", "mean": [0.5], "std": [0.5], "options": {"p": 0.5}}
FOLDER = {
    "source": "folder", "root": "a", "test_root": "b", "classes": {"one": "n1", "two": "n2"}, "size": 64, "resize": 80,
    "channels": 1, "shares": {"train": 0.75, "validation": 0.25}, "split_seed": 0, "on_error": "stop", "keep": "images",
    "stylised": "c", "ood": {"root": "d", "renditions": ["ink"], "classes": {"one": "n1", "two": "n2"}},
}  # fmt: skip
DATASET = {
    "source": "dataset", "entry_point": "my:data", "options": {"n": 5}, "class_names": ["one", "two"], "size": [64, 48],
    "channels": 1, "shares": {"train": 0.5, "validation": 0.25, "test": 0.25}, "split_seed": 0,
}  # fmt: skip
METHODS = {
    "all_culling": {"method": "culling", "fill": "zeros", "search": "screened", "split": "test", "patch": 2,
                    "target_recall": 0.9, "patience": 5, "percent": 5},
    "all_hfss": {"method": "hfss", "percent": 5, "candidates": 50, "parents": 5},
    "all_greedy": {"method": "greedy", "ranking": "gradient", "floor": 0.9},
    "all_learned": {"method": "learned", "goal": "keep", "steps": 10, "images_per_class": 5, "rate": 0.1,
                    "sparsity": 1},
    "all_shapley": {"method": "shapley", "rings": 4},
    "all_rise": {"method": "rise", "masks": 100, "share": 0.5},
    "all_adcs": {"method": "adcs", "variant": "published"},
}  # fmt: skip
PUBLISHED = {"name": "theirs", "dataset": "syn_1", "network": "resnet18_w8", "augmentation": "none", "file": "a.pkl"}
WHOLE = copy.deepcopy(CONFIG)
# Fewer entries of the same kinds are checked sooner.
WHOLE["plan"] = [*CONFIG["plan"][:2], CONFIG["plan"][2] | {"datasets": ["syn_1", "plant_present"]}]
WHOLE["datasets"] = {name: CONFIG["datasets"][name] for name in ("syn_1", "plant_present", "fashion_mnist", "waved")}
WHOLE["methods"] = {name: CONFIG["methods"][name] for name in ("on_training_images",)}
update_config(
    WHOLE,
    {
        "plan": [*WHOLE["plan"], {"datasets": ["pictures"], "networks": ["mine"], "augmentations": ["none"],
                                   "seeds": [0], "methods": ["all_rise"]}, CONFIG["plan"][3] | {"datasets": ["syn_1"]}],
        "networks": {"mine": NETWORK},
        "datasets": {"pictures": FOLDER, "items": DATASET, "stored": {"source": "store", "path": "a.h5"},
                     "cifar": {"source": "cifar10", "folder": None, "validation_share": 0.1, "split_seed": 0}},
        "methods": METHODS,
        "published": [PUBLISHED],
    },
)  # fmt: skip

BAD = [
    math.nan, math.inf, -math.inf, -1, 0, 1, 2.0, 2.5, 1e30, 10**12, 10**30, True, None, "", "text\n", "text",
    "a" * 5000, [], {}, [math.nan], [0], [[1, 2]], list(range(10_000)), ["a"] * 3, {"a": math.nan}, {1: 2},
    datetime.date(2024, 1, 1),
]  # fmt: skip
LONGEST = 300  # letters of a sentence


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


def changed(path, value, config=WHOLE):
    """A copy of the configuration with another value at a path, or at several."""
    config = copy.deepcopy(config)
    part = config
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    return config


def text_of(path):
    return ".".join(map(str, path))


def advised(config, sentence):
    """The configurations that a sentence advises: `write KEY: VALUE`, with "and" for both and "or" for either."""
    key, _, rest = sentence.partition(": ")
    found = re.search(r"; write(?:, under ([^,]+),)? ([\w.]+: .*)$", rest)
    if not found:
        return
    under, advice = found.groups()
    for either in re.split(r" or (?=[\w.]+: |remove )", advice):
        if either.startswith("remove "):
            continue
        changed = copy.deepcopy(config)
        for line in re.split(r" and (?=[\w.]+: )", either):
            name, _, value = line.partition(": ")
            where = name.split(".")
            if under:
                where = [*([] if under == "the top level" else under.split(".")), name]
            elif len(where) == 1:
                parents = key.split(".")
                where = [*parents[: parents.index(name) if name in parents else -1], name]
            part = changed
            for one in where[:-1]:
                part = part[int(one)] if isinstance(part, list) else part.setdefault(one, {})
            part[where[-1]] = yaml.safe_load(value)
        yield changed


def check(config, path, known=()):
    """Assert that a configuration is used, or refused as it should be; returns the sentences.

    known: advice that is accepted, `KEY ADVICE`.
    """
    found = mistakes(config)
    if not found:
        outputs.of_study(Plan(config))
    for sentence in found:
        assert len(sentence) <= LONGEST and "\n" not in sentence, (path, sentence)
        assert "<" not in sentence.partition("write")[2], (path, sentence)
        key = sentence.partition(": ")[0]
        if (advice := f"{key} {sentence.rpartition('; ')[2]}") in known:
            continue
        if isinstance(known, set):
            known.add(advice)
        for better in advised(config, sentence):
            assert not any(other.startswith(f"{key}:") for other in mistakes(better)), (path, sentence)
    return found


@pytest.mark.slow
def test_every_value_is_used_or_refused_in_a_sentence_whose_advice_is_accepted():
    # Keys with the same name and rules are tried once.
    paths = list({(path[-1], repr(part_at(path, WHOLE))): path for path in leaves(WHOLE)}.values())
    accepted, known = 0, set()
    assert len(paths) > 130 and mistakes(WHOLE) == []
    for path in paths:
        for value in BAD:
            found = check(changed(path, value), path, known)
            accepted += not found
            assert len(found) <= 12, (path, value, found)
            if isinstance(value, float) and not math.isfinite(value):
                assert [sentence.partition(":")[0] for sentence in found] == [text_of(path)], (path, value, found)
    assert accepted < 0.2 * len(paths) * len(BAD)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "path",
    [
        ("shortcuts", "strong"), ("robustness", "sensitivity", "rms"), ("synthesis", "deviation"),
        ("synthesis", "alpha"),
        ("culling", "memory_mib"), ("checkpoint_minutes",), ("networks", "mine", "options", "p"),
    ],
)  # fmt: skip
def test_a_number_that_is_not_finite_is_refused_with_its_key(path, value):
    (sentence,) = check(changed(path, value), path)
    assert sentence.startswith(f"{text_of(path)}: {value!r} is not allowed, expected ")


def test_a_list_with_a_number_that_is_not_finite_is_refused():
    (sentence,) = check(changed(("robustness", "cutoffs"), [1, math.nan, 8]), "cutoffs")
    assert sentence.startswith("robustness.cutoffs.1: nan is not allowed, expected number above 0, at most 3000; write")


@pytest.mark.parametrize(
    ("path", "value", "instead"),
    [
        (("training", "synthetic", "epochs"), 2.0, 2),
        (("plan", 2, "seeds"), [0.0], 0),
        (("synthesis", "size"), 32.0, 32),
        (("datasets", "pictures", "size"), 64.0, 64),
        (("synthesis", "seeds", "train"), 7.0, 7),
    ],
)
def test_a_whole_float_is_no_integer(path, value, instead):
    (sentence,) = check(changed(path, value), path)
    assert f"{float(instead)!r} is not allowed, expected integer" in sentence
    assert check(changed(path, [instead] if isinstance(value, list) else instead), path) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("study",), "test\n"), (("culling", "parts"), 10**6), (("shortcuts", "controls"), 10**12),
        (("training", "photographs", "epochs"), 10**12), (("synthesis", "size"), 10**6),
        (("plan", 0, "seeds"), [2**64]),
        (("datasets", "waved", "frequency"), [10**9, 0]), (("networks", "mine", "checkpoint"), "a\nb"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(path, value):
    (sentence,) = check(changed(path, value), path)
    assert sentence.startswith(text_of(path))


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("plan", 0, "seeds", 0), [0], "plan.0.seeds.0: [0] is not allowed, expected integer at least 0, at most "
         "4294967295; write seeds: [0]"),
        (("culling", "split"), "al", "culling.split: 'al' is not allowed, expected train, validation or test; write "
         "split: validation"),
        (("robustness", "cutoffs"), list(range(9000)), "robustness.cutoffs: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, "
         "12, 13, 14, 15, 16, 1... is not allowed, expected list of numbers above 0, at most 3000; at least 1 entry, "
         "at most 100 entries, no repeats; write cutoffs: [1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 20]"),
    ],
)  # fmt: skip
def test_advice_is_an_example_that_is_accepted(path, value, sentence):
    assert check(changed(path, value), path) == [sentence]


def test_a_bad_name_is_named_and_told_what_names_are_like():
    for name in ("Bad name", "test\n", "x" * 100):
        (sentence,) = check(changed(("datasets", name), CONFIG["datasets"]["syn_1"]), "datasets")
        assert "this name is not allowed, expected lower-case letters, digits and _" in sentence
    (sentence,) = check(changed(("datasets", 1), CONFIG["datasets"]["syn_1"]), "datasets")
    assert sentence.startswith("datasets.1: this name is not allowed, expected lower-case letters, digits and _")


def test_many_mistakes_are_cut():
    found = mistakes(changed(("methods",), {f"m{i}": {"method": "none"} for i in range(500)}))
    assert len(found) < 40 and re.fullmatch(r"and \d+ more mistakes", found[-1])


def test_more_runs_or_jobs_than_snakemake_can_plan_are_refused():
    three = changed(("plan", 0, "augmentations"), ["none", "augmix", "afa"])
    (sentence,) = mistakes(changed(("plan", 0, "seeds"), list(range(1000)), three))
    assert sentence.startswith("plan: 3,015 runs are planned, expected at most 1,000")
    (sentence,) = check(changed(("culling", "parts"), 1000), "culling.parts")
    about = (ROOT / "config" / "README.md").read_text()
    assert f"at most {MOST_RUNS:,} runs, and at most {MOST_JOBS:,} parts" in about
    assert re.match(r"culling\.parts: 1000 parts of \d+ cullings are [\d,]+ jobs, expected at most", sentence)


def test_a_path_with_a_name_that_is_too_long_is_a_missing_file():
    path = "\u00fc" * 200  # 400 bytes
    assert mistakes(changed(("networks", "mine", "checkpoint"), path)) == []
    assert states.file_state(path) is None and states.folder_state(ROOT / path) == ()


def test_maps_whose_sizes_have_one_name_are_refused():
    (sentence,) = check(changed(("dfm", "percents"), [1, 5, 5.00000001]), "dfm.percents")
    assert sentence.startswith("dfm.percents: ")


# Numbers that need no bound, by path in the schema; there are none.
WITHOUT_BOUND = ()


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
    seen = {"number": 0, "array": 0, "string": 0}
    for path, part in parts(schema()):
        kinds = part.get("type", ()) if "properties" not in path[-1:] else ()
        kinds = {"number" if kind == "integer" else kind for kind in ([kinds] if isinstance(kinds, str) else kinds)}
        if path[:2] == ("$defs", "value"):
            continue  # keyword arguments of the user's own functions
        for kind in kinds & set(seen):
            seen[kind] += 1
        if "number" in kinds and path not in WITHOUT_BOUND:
            assert {"minimum", "exclusiveMinimum"} & set(part) and {"maximum", "exclusiveMaximum"} & set(part), path
        if "array" in kinds:
            of = resolve(part["items"])
            assert "maxItems" in part or (part.get("uniqueItems") and "enum" in of), path
        if "string" in kinds:
            assert "maxLength" in part, path
    assert min(seen.values()) > 5


def test_a_key_that_is_there_twice_is_named_with_both_lines(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text("culling:\n  parts: 1\nshortcuts: {seed: 1}\nculling:\n  split: test\n  split: train\n")
    assert list(duplicate_keys([path])) == [
        f"{path}: the key culling is there twice, in line 1 and in line 4; remove one",
        f"{path}: the key split is there twice, in line 5 and in line 6; remove one",
    ]
    path.write_text('{"plan": [{"seeds": [0], "seeds": [1]}]}')
    (sentence,) = duplicate_keys([path])
    assert sentence == f"{path}: the key seeds is there twice, in line 1 and in line 1; remove one"
    path.write_text('{\n\t"a": 1\n}')  # JSON, but no YAML
    assert list(duplicate_keys([path])) == []
    path.write_text("a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\nc: *a\n")
    assert list(duplicate_keys([path])) == []
    assert list(duplicate_keys(sorted((ROOT / "config").glob("*.yaml")))) == []


@pytest.mark.slow
def test_snakemake_refuses_a_key_that_is_there_twice(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text("culling: {percent: 5, percent: 10}\n")
    command = [sys.executable, "-m", "snakemake", "-n", "--nolock", "--quiet", "rules", "--configfile", str(path)]
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode != 0 and "Traceback" not in done.stdout
    assert f"- {path}: the key percent is there twice, in line 1 and in line 1; remove one" in done.stdout
