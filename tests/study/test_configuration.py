"""Configurations: those that are shipped are right, and mistakes that several keys make together are named.

Mistakes of a single key stand in tests/trials/configuration.yaml.
"""

import copy
import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from snakemake.utils import update_config

from conftest import ROOT, checkout
from frequency_shortcuts import culling, shortcuts
from frequency_shortcuts.data import corruptions, planted, renditions
from frequency_shortcuts.networks import augmentation
from frequency_shortcuts.networks.architectures import names
from frequency_shortcuts.networks.training import Recipe
from study import reference
from study.configuration import mistakes
from study.plan import Plan
from study.schema import resolve
from study.settings import KINDS

CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
SCHEMA = yaml.safe_load((ROOT / "config" / "schema.yaml").read_text())


def changed(path, value):
    config = copy.deepcopy(CONFIG)
    *parents, last = path.split(".")
    part = config
    for name in parents:
        part = part[int(name) if name.isdigit() else name]
    part[last] = value
    return config


@pytest.mark.parametrize(
    "name", ["config", "test", "paper", "cifar10", "imagenet1k", "own", "benchmark", "cure", "tuning"]
)
def test_the_configurations_that_are_shipped_are_right(name):
    config = copy.deepcopy(CONFIG)
    update_config(config, yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text()))
    assert mistakes(config) == []


def with_overrides(kind, network):
    """The default study, where the synthetic sets and the first network change keys of the recipe, and no others do."""
    config = copy.deepcopy(CONFIG)
    for part in (*(config["training"][name] for name in KINDS), *config["networks"].values()):
        part.pop("recipe", None)
    config["training"]["synthetic"]["recipe"] = kind
    next(iter(config["networks"].values()))["recipe"] = network
    return config


def test_a_recipe_is_the_common_one_changed_by_kind_and_then_by_network():
    common, kind = CONFIG["training"]["recipe"], {"schedule": "one_cycle", "learning_rate": 0.05}
    config = with_overrides(kind, {"learning_rate": 0.1, "batch_size": 32})
    first, second, *_ = config["networks"]
    assert mistakes(config) == []
    before = copy.deepcopy(config)
    assert Plan(config).recipe("synthetic", first) == common | kind | {"learning_rate": 0.1, "batch_size": 32}
    assert Plan(config).recipe("synthetic", second) == common | kind
    assert Plan(config).recipe("photographs", first) == common | {"learning_rate": 0.1, "batch_size": 32}
    assert Plan(config).recipe("photographs", second) == common
    assert config == before
    for part in ({}, {"warmup_share": 0.5}):
        assert mistakes(with_overrides(part, part)) == []


def test_an_external_network_has_no_recipe():
    config = copy.deepcopy(CONFIG)
    config["networks"]["mine"] = {"source": "torchvision:resnet18", "checkpoint": None, "mean": None, "std": None}
    assert mistakes(config) == []
    config["networks"]["mine"]["recipe"] = {"learning_rate": 0.1}
    (found,) = mistakes(config)
    assert found.startswith("networks.mine.recipe: unknown key, allowed here are")


@pytest.mark.parametrize("name", ["paper", "imagenet1k", "cifar10"])
def test_the_networks_at_paper_scale_are_trained_by_the_published_recipe(name):
    """Whatever the default study changes by kind or by network."""
    config = copy.deepcopy(CONFIG)
    for part in (*(config["training"][kind] for kind in KINDS), *config["networks"].values()):
        part["recipe"] = {"schedule": "one_cycle", "learning_rate": 0.1, "batch_size": 32}
    config["training"]["recipe"]["schedule"] = "one_cycle"
    update_config(config, yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text()))
    assert mistakes(config) == []
    kinds = {"synthetic": "synthetic", "folder": "photographs", "cifar10": "photographs"}
    for entry in config["plan"]:
        for dataset in entry["datasets"]:
            for network in entry["networks"]:
                found = Plan(config).recipe(kinds[config["datasets"][dataset]["source"]], network)
                assert Recipe(**found) == Recipe(), (dataset, network)


def test_the_keys_of_a_recipe_are_those_of_the_library():
    keys = set(Recipe.__dataclass_fields__) - {"epochs"}
    assert set(CONFIG["training"]["recipe"]) == set(SCHEMA["$defs"]["recipe"]["properties"]) == keys


@pytest.mark.parametrize("path", ["shortcuts.others", "shortcuts.negatives"])
@pytest.mark.parametrize("value", [None, 1, 5000])
def test_limits_of_the_shortcut_tests_may_be_missing(path, value):
    assert mistakes(changed(path, value)) == []


@pytest.mark.parametrize("mechanism", planted.MECHANISMS)
def test_the_constants_of_planted_sets_are_those_of_the_library(mechanism):
    constants = Plan(CONFIG).planting(mechanism)
    train = 1200 if mechanism == "joint" else 400
    assert constants.pop("images_per_class") == {"train": train, "validation": 60, "test": 100}
    del constants["seeds"]
    lists = {name: tuple(value) for name, value in constants.items() if name in ("decoy_ring", "gain_range")}
    as_tuples = {**constants, **lists, "rings": tuple(map(tuple, constants["rings"]))}
    assert planted.Design(mechanism, **as_tuples) == planted.design(mechanism)
    assert "mechanisms" in CONFIG["planting"]  # not changed by what was read


def test_by_default_small_studies_are_tested_and_drawn_whole():
    assert CONFIG["shortcuts"]["others"] == shortcuts.OTHERS and CONFIG["shortcuts"]["negatives"] is None
    assert CONFIG["figures"]["classes"] >= 10  # Fashion-MNIST and ImageNet-10


def test_a_missing_key_is_named_with_the_line_to_write():
    config = copy.deepcopy(CONFIG)
    del config["culling"]["method"]
    assert mistakes(config) == [
        "culling.method: missing, expected exact or screened; write, under culling, method: screened"
    ]


def test_a_data_set_without_a_source_is_one_mistake():
    config = copy.deepcopy(CONFIG)
    del config["datasets"]["syn_1"]["source"]
    assert mistakes(config) == [
        "datasets.syn_1.source: missing, expected synthetic, planted, fashion_mnist, cifar10, folder, store, dataset "
        "or waved; write, under datasets.syn_1, source: synthetic"
    ]


def test_every_missing_key_is_reported_once():
    config = copy.deepcopy(CONFIG)
    del config["culling"]["method"], config["culling"]["split"], config["culling"]["parts"]
    assert sorted(sentence.split(":")[0] for sentence in mistakes(config)) == [
        "culling.method", "culling.parts", "culling.split"
    ]  # fmt: skip


def test_a_transfer_without_a_common_seed_is_a_mistake():
    config = copy.deepcopy(CONFIG)
    (vgg,) = (entry for entry in config["plan"] if "vgg16_bn_w8" in entry["networks"])
    vgg["seeds"] = [7]
    assert mistakes(config)[0] == "transfer.0: resnet18_w8/none and vgg16_bn_w8/none have no planned seed in common"


def test_a_network_of_the_former_default_has_a_sentence_that_names_its_successor():
    config = copy.deepcopy(CONFIG)
    config["transfer"][0]["tested_on"] = "vgg16_bn/none"
    instead = "write vgg16_bn_w8, or networks: {vgg16_bn: {architecture: vgg16_bn, width: 16, stem: auto}}"
    assert mistakes(config) == [f"transfer.0.tested_on: 'vgg16_bn/none' is not planned for fashion_mnist; {instead}"]
    config["plan"][1]["networks"] = ["vgg16_bn"]
    assert mistakes(config) == [f"plan.1.networks: 'vgg16_bn' is not one of networks; {instead}"]


def test_maps_are_tested_where_they_are_planned():
    config = copy.deepcopy(CONFIG)
    last = config["plan"][-1]
    last["methods"] = ["rise"]
    assert mistakes(config) == ["plan.3: methods find maps, but maps is false; leave out one of the two"]
    del last["methods"]
    config["published"] = [{**THEIRS, "network": "resnet18"}]
    last["networks"] = ["resnet18"]
    assert mistakes(config)[0].startswith("published.0: 'resnet18/none' is not planned with maps for syn_1; planned is")
    config["published"], config["transfer"] = [], []
    config["plan"] = [last]
    assert mistakes(config) == [
        "plan: no network has maps, which the study needs; leave out maps: false of at least one entry"
    ]


THEIRS = {"name": "theirs", "dataset": "syn_1", "network": "resnet18_w8", "augmentation": "none", "file": "a.pkl"}


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ([THEIRS, {**THEIRS, "dataset": "syn_2"}, {**THEIRS, "name": "others"}], None),
        (
            [THEIRS, {**THEIRS, "network": "resnet18"}],
            r"^published\.1: 'resnet18/none' is not planned for syn_1; planned is resnet18_w8/none$",
        ),
        ([{**THEIRS, "dataset": "cifar"}], r"^published\.0: 'resnet18_w8/none' is not .* cifar; planned is nothing$"),
        ([{**THEIRS, "augmentation": "augmix"}], r"^published\.0: 'resnet18_w8/augmix' is not planned for syn_1"),
        (
            [THEIRS, THEIRS, THEIRS],
            r"^published\.1\.name: two entries for resnet18_w8/none on syn_1 have the name 'theirs'$",
        ),
        ([{**THEIRS, "name": "ours"}], r"^published\.0\.name: 'ours' is the name of the study's own maps; write name"),
        (
            [{**THEIRS, "name": "a/b"}],
            r"^published\.0\.name: 'a/b' is not allowed, expected lower-case letters, digits",
        ),
        ([{**THEIRS, "file": ""}], r"^published\.0\.file: '' is not allowed, expected path"),
        ([{**THEIRS, "seed": 0}], r"^published\.0\.seed: unknown key, allowed here are name, dataset"),
    ],
)
def test_published_maps_must_belong_to_what_is_planned(entries, sentence):
    found = mistakes(changed("published", entries))
    assert len(found) == (sentence is not None) and all(re.search(sentence, text) for text in found), found


def test_the_schema_names_what_the_library_knows():
    trained = SCHEMA["properties"]["networks"]["additionalProperties"]["else"]
    assert trained["properties"]["architecture"]["enum"] == names()
    assert SCHEMA["properties"]["ood"]["properties"]["renditions"]["items"]["enum"] == renditions.names()
    kinds = SCHEMA["properties"]["robustness"]["properties"]["corruptions"]["items"]["enum"]
    assert kinds == CONFIG["robustness"]["corruptions"] == list(corruptions.KINDS)
    assert [one["const"] for one in SCHEMA["properties"]["culling"]["properties"]["method"]["oneOf"]] == list(
        culling.METHODS
    )
    plan = SCHEMA["properties"]["plan"]["items"]["properties"]
    assert plan["augmentations"]["items"]["enum"] == list(augmentation.NAMES)


@pytest.mark.parametrize(
    ("entry", "settings", "sentence"),
    [
        ({}, {}, None),
        ({"augmentations": ["dfmx", "dfmx_random", "dfmx_low_pass", "afa"]}, {}, None),  # none is in another entry
        ({"augmentations": ["dfmx_random"], "seeds": [200, 3]}, {}, r"^plan: dfmx_random of resnet18_w8 on fashion_m.*"
         r"none and seed 3, which is not planned; write augmentations: \[none, dfmx_random\]$"),
        ({"networks": ["resnet18"]}, {}, r"^plan: dfmx of resnet18 on fashion_mnist needs the maps of that netw"),
        ({"augmentations": ["afa"], "seeds": [7]}, {"maps": "nothing", "percent": 3}, None),  # it needs no maps
        ({}, {"maps": "nothing"}, r"^training\.dfmx\.maps: 'nothing' is not one of methods; choose from culling, "),
        ({}, {"percent": 3}, r"^training\.dfmx\.percent: 3 is not one of dfm\.percents \[1, 5, 10, 20\]; write perce"),
    ],
)  # fmt: skip
def test_an_augmentation_with_maps_needs_the_network_without(entry, settings, sentence):
    config = copy.deepcopy(CONFIG)
    own = {"datasets": ["fashion_mnist"], "networks": ["resnet18_w8"], "augmentations": ["dfmx"], "seeds": [200]}
    config["plan"].append(own | entry)
    config["training"]["dfmx"] |= settings
    found = mistakes(config)
    assert len(found) == (sentence is not None) and all(re.search(sentence, text) for text in found), found


def test_all_mistakes_are_reported_at_once():
    config = changed("device", "tpu")
    config["dfm"]["percents"] = [0]
    assert len(mistakes(config)) == 2


@pytest.mark.slow
def test_cifar10_is_planned():
    path = ROOT / "config" / "cifar10.yaml"
    command = ["-m", "snakemake", "-nF", "--nolock", "--quiet", "rules", "--configfile", str(path)]
    done = subprocess.run([sys.executable, *command], cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    planned = dict(re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.MULTILINE))
    expected = {
        "check": 1,
        "fetched_files": 1,
        "fetched": 1,
        "rendition": 1,
        "train": 3,
        "cull": 3,
        "cull_halves": 1,
        "report": 1,
    }
    assert {rule: int(planned[rule]) for rule in expected} == expected


@pytest.mark.slow
def test_snakemake_stops_before_anything_runs(tmp_path):
    study = checkout(tmp_path)
    (tmp_path / "wrong.yaml").write_text("culling: {method: fast}\n")
    done = study.snakemake("--cores", "1", extra=["wrong.yaml"])
    assert done.returncode != 0 and "- culling.method: 'fast' is not allowed" in done.stdout
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["README.md"]  # that of the checkout
    assert "Traceback" not in done.stdout


def objects(schema, path=()):
    """Every object of the schema that lists its properties."""
    if isinstance(schema, dict):
        if "properties" in schema and schema.get("additionalProperties") is False:
            yield path, schema
        for name, part in schema.items():
            yield from objects(part, (*path, name))
    elif isinstance(schema, list):
        for i, part in enumerate(schema):
            yield from objects(part, (*path, str(i)))


def test_the_schema_forbids_unknown_keys_and_requires_every_key():
    found = list(objects(SCHEMA))
    assert len(found) > 15
    # What not every data set or network of one's own has.
    external = {"test_images", "test_root", "classes", "resize", "keep", "stylised", "ood", "options", "class_names"}
    parts = {"train", "validation", "test"}
    for path, schema in found:
        optional = {"source", *external} if path[:2] == ("properties", "datasets") else {"source", "options"}
        optional |= {"classes"} if path == ("$defs", "twin") else parts if path == ("$defs", "shares") else set()
        # What only some mechanisms of planted sets have of their own.
        optional |= set(schema["properties"]) if "mechanisms" in path or path[:2] == ("$defs", "mechanism") else set()
        # What a kind of data set or a network changes of the recipe.
        optional |= set(schema["properties"]) if path == ("$defs", "recipe") else set()
        optional |= {"recipe"} if path == ("$defs", "kind") or path[:2] == ("properties", "networks") else set()
        # What only some methods have, and an entry of the plan without them or without maps.
        optional |= set(schema["properties"]) if path[:2] == ("properties", "methods") else set()
        optional |= {"methods", "maps"} if path[:2] == ("properties", "plan") else set()
        assert set(schema.get("required", ())) | optional >= set(schema["properties"]), path


def keys_without_description(config, part, path=""):
    """The keys of a configuration that the schema does not describe, dotted."""
    part = resolve(part)
    branches = [branch["then"] for branch in part.get("allOf", ())] + [
        part[name] for name in ("then", "else") if name in part
    ]
    for name, value in config.items():
        owners = [
            one["properties"] for one in (part, *branches) if isinstance(one.get("properties", {}).get(name), dict)
        ]
        found = [resolve(owner[name]) for owner in owners] or [part["additionalProperties"]]
        if owners and not all(one.get("description") for one in found):
            yield path + name
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, dict):
                for one in found:
                    yield from keys_without_description(entry, one.get("items", one), f"{path}{name}.")


def test_every_key_has_a_description():
    assert list(keys_without_description(CONFIG, SCHEMA)) == []
    changed = copy.deepcopy(SCHEMA)
    del changed["properties"]["plan"]["items"]["properties"]["seeds"]["description"]
    assert set(keys_without_description(CONFIG, changed)) == {"plan.seeds"}


def test_the_reference_is_what_make_docs_writes():
    assert (ROOT / "config" / "README.md").read_text() == reference.page(), "run `make docs`"


def test_conda_and_pip_users_get_the_same_environment():
    pip = [line for line in (ROOT / "envs" / "requirements.txt").read_text().splitlines() if line[0] != "#"]
    conda = yaml.safe_load((ROOT / "envs" / "study.yaml").read_text())
    assert conda["dependencies"][-1]["pip"] == pip
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [
        *project["dependencies"],
        *(line for lines in project["optional-dependencies"].values() for line in lines),
    ]
    pip += [line for line in (ROOT / "envs" / "docs.txt").read_text().splitlines() if line[0] != "#"]  # by make docs
    names, installed = ({re.split(r"[=<>[]", line)[0] for line in lines} for lines in (needed, pip))
    assert names - {"frequency-shortcuts"} == installed


def test_notebooks_are_stored_without_outputs():
    import nbformat

    paths = sorted((ROOT / "workflow" / "notebooks").glob("*.ipynb"))
    assert paths
    for path in paths:
        for cell in nbformat.read(path, 4).cells:
            assert cell.cell_type != "code" or (not cell.outputs and cell.execution_count is None), path
