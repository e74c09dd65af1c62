"""Configurations: those that are shipped are right, and what they name is looked at. Mistakes: tests/trials."""

import re
import tomllib

import pytest
import torch
import yaml
from configurations import CONFIG, FILES, KINDS, shipped, small, updated
from snakemake.utils import update_config

from conftest import ROOT
from frequency_shortcuts import culling
from frequency_shortcuts.networks.architectures import names
from study import inputs, reference, runs, settings
from study.configuration import mistakes, typed
from study.datasets import complete
from study.dependencies import UNCHECKED
from study.images import renditions
from study.schema import resolve, schema
from study.sources import source_of
from study.sources.description import Shape
from study.trainings.augmentation import KINDS as AUGMENTATIONS
from study.trainings.training import Recipe

OWN, SCHEMA = shipped("own"), schema()


@pytest.mark.parametrize("name", FILES)
def test_the_configurations_that_are_shipped_are_right(name):
    assert mistakes(updated(shipped(name))) == []


def test_a_recipe_is_the_common_one_changed_by_kind_network_and_data_set():
    config = updated()
    for part in (*(config["training"][name] for name in KINDS), *config["networks"].values()):
        part.pop("recipe", None)
    (first, of_first), (second, _), *_ = config["networks"].items()
    common, kind = CONFIG["training"]["recipe"], {"schedule": "one_cycle", "learning_rate": 0.05}
    own, of_set = {"learning_rate": 0.1, "batch_size": 32}, {"batch_size": 8, "epochs": 3}
    config["training"]["synthetic"]["recipe"], of_first["recipe"] = kind, own
    config["datasets"]["grain"] = {
        "source": "grainy",
        "classes": 2,
        "draw_seed": 0,
        "recipe": of_set,
    }
    assert mistakes(config) == []
    sets = ("syn_1", "fashion_mnist", "grain")
    found = {
        (name, network): settings.recipe(config, name, network)
        for name in sets
        for network in (first, second)
    }
    epochs = [
        {"epochs": CONFIG["training"][kind]["epochs"]} for kind in ("synthetic", "photographs")
    ]
    assert found["syn_1", first] == common | kind | own | epochs[0]
    assert found["syn_1", second] == common | kind | epochs[0]
    assert found["fashion_mnist", first] == common | own | epochs[1]
    assert (
        found["grain", first] == common | own | of_set and found["grain", second] == common | of_set
    )


@pytest.mark.parametrize("name", ["paper", "imagenet1k", "cifar10"])
def test_the_networks_at_paper_scale_are_trained_by_the_published_recipe(name):
    """Whatever the default study changes by kind or by network."""
    config = updated()
    for part in (*(config["training"][kind] for kind in KINDS), *config["networks"].values()):
        part["recipe"] = {"schedule": "one_cycle", "learning_rate": 0.1, "batch_size": 32}
    config["training"]["recipe"]["schedule"] = "one_cycle"
    update_config(config, shipped(name))
    assert mistakes(config) == []
    config = complete(config)
    for run in runs.table(config).query("planned").to_dict("records"):
        recipe = settings.recipe(config, run["dataset"], run["network"])
        assert Recipe(**recipe | {"epochs": Recipe().epochs}) == Recipe(), run


def test_every_mistake_is_reported_once():
    config = updated()
    del (
        config["culling"]["method"],
        config["culling"]["split"],
        config["datasets"]["syn_1"]["source"],
    )
    config["device"] = "tpu"
    assert sorted(mistakes(config)) == [
        "culling: 'method' is a required property",
        "culling: 'split' is a required property",
        "datasets.syn_1: 'source' is a required property",
        "device: 'tpu' is not one of ['auto', 'cpu', 'cuda']",
    ]


def with_artefacts(*changes):
    """The default study, with these sets with artefacts, `leak_0` and so on."""
    leak = {
        "source": "artefact",
        "set": "fashion_mnist",
        "kind": "jpeg",
        "level": 90,
        "class": "Shirt",
    }
    return updated({"datasets": {f"leak_{i}": leak | change for i, change in enumerate(changes)}})


def test_a_set_may_be_made_from_another_made_set():
    assert mistakes(with_artefacts({}, {"set": "leak_0"}, {"set": "leak_1"})) == []


def test_the_schema_names_what_the_library_knows():
    trained = SCHEMA["properties"]["networks"]["additionalProperties"]["else"]
    assert trained["properties"]["architecture"]["enum"] == names()
    assert (
        SCHEMA["properties"]["ood"]["properties"]["renditions"]["items"]["enum"]
        == renditions.names()
    )
    searches = SCHEMA["properties"]["culling"]["properties"]["method"]["oneOf"]
    assert [choice["const"] for choice in searches] == list(culling.SEARCHES)
    plan = SCHEMA["properties"]["plan"]["items"]["properties"]
    assert resolve(plan["augmentations"])["items"]["enum"] == list(AUGMENTATIONS)
    keys = set(Recipe.__dataclass_fields__) - {"epochs"}
    assert set(CONFIG["training"]["recipe"]) == set(SCHEMA["$defs"]["recipe"]["properties"]) == keys


def parts(part, path=()):
    """Every part of the schema, and where it is."""
    if isinstance(part, dict):
        yield path, part
    for name, child in (
        part.items()
        if isinstance(part, dict)
        else enumerate(part)
        if isinstance(part, list)
        else ()
    ):
        yield from parts(child, (*path, name))


def test_the_schema_describes_each_key_forbids_others_and_requires_those_of_the_default_study():
    """Keys of the user's own data sets and networks, of methods and mechanisms may be left out."""
    for path, found in parts(SCHEMA):
        if "properties" in found and "if" not in path[-1:]:
            assert (
                found.get("additionalProperties") is False or path[-1] == "additionalProperties"
            ), path
            for name, part in found["properties"].items():
                assert not isinstance(part, dict) or resolve(part).get("description"), (*path, name)
    for name, section in SCHEMA["properties"].items():
        if "properties" in section:
            assert set(section["required"]) == set(section["properties"]) == set(CONFIG[name]), name
    assert set(SCHEMA["required"]) == set(SCHEMA["properties"]) == set(CONFIG)


def test_a_bad_name_is_told_what_names_are_like():
    for name in ("Bad name", "x" * 70, 1):
        (sentence,) = mistakes(
            CONFIG | {"datasets": CONFIG["datasets"] | {name: CONFIG["datasets"]["syn_1"]}}
        )
        assert sentence.startswith(f"datasets: {name!r} ")
        assert sentence.endswith("expected lower-case letters, digits and _")


def test_a_long_value_is_cut():
    (sentence,) = mistakes(
        CONFIG | {"synthesis": CONFIG["synthesis"] | {"band_edges": list(range(1, 2000))}}
    )
    assert "[1, 2, 3, 4" in sentence and sentence.endswith("1999] is too long")
    assert len(sentence) < 250


def test_every_number_list_and_text_has_bounds():
    for path, part in parts(SCHEMA):
        kinds = part.get("type", ()) if "properties" not in path[-1:] else ()
        kinds = {kinds} if isinstance(kinds, str) else set(kinds)
        if path[:2] == ("$defs", "value"):
            continue  # keyword arguments of the user's own functions
        if kinds & {"number", "integer"}:
            assert {"minimum", "exclusiveMinimum"} & set(part) and {
                "maximum",
                "exclusiveMaximum",
            } & set(part), path
        if "array" in kinds:
            assert "maxItems" in part or (
                part.get("uniqueItems") and "enum" in resolve(part["items"])
            ), path
        if "string" in kinds:
            assert "maxLength" in part, path


def test_values_of_the_command_line_have_the_types_of_yaml():
    """Snakemake reads the nested ones of `--config shortcuts='{percent: 10}'` as text."""
    given = {
        "device": "cpu",
        "shortcuts": {"percent": "10", "fills": ["swap"], "others": "null"},
        "plan": [],
    }
    expected = {
        "device": "cpu",
        "shortcuts": {"percent": 10, "fills": ["swap"], "others": None},
        "plan": [],
    }
    assert typed(given) == expected


def test_the_reference_is_what_make_docs_writes():
    assert all(path.read_text() == text for path, text in reference.pages().items()), (
        "run `make docs`"
    )


def test_conda_and_pip_users_get_the_same_environment():
    pip = [
        line
        for line in (ROOT / "envs" / "requirements.txt").read_text().splitlines()
        if line[0] != "#"
    ]
    conda = yaml.safe_load((ROOT / "envs" / "study.yaml").read_text())
    assert conda["dependencies"][-1]["pip"] == pip
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    needed = [*project["dependencies"], *(line for lines in extras for line in lines)]
    pip += [
        line for line in (ROOT / "envs" / "docs.txt").read_text().splitlines() if line[0] != "#"
    ]  # by make docs
    needed_names, installed = (
        {re.split(r"[=<>[]", line)[0] for line in lines} for lines in (needed, pip)
    )
    assert needed_names - {"frequency-shortcuts"} == installed


@pytest.mark.parametrize(
    "dataset",
    [
        OWN["datasets"]["my_images"] | {"size": [160, 224]},
        {"source": "store", "path": "a.h5"},
        {"source": "dataset", "entry_point": "a.b:c", "size": 64, "channels": 1, "split_seed": 0,
         "shares": {"validation": 0.5, "test": 0.5}, "class_names": ["x", "y"]},
    ],
)  # fmt: skip
def test_the_template_of_ones_own_takes_every_source_and_size(dataset):
    config = updated(OWN)
    config["datasets"]["my_images"] = dataset
    assert mistakes(config) == []


def test_the_normalisation_of_a_network_is_a_number_for_each_channel():
    network = {"source": "torchvision:resnet18", "checkpoint": None, "mean": None, "std": [1]}
    for std in ([1], [1, 1, 0]):
        with pytest.raises(ValueError, match="mean"):
            inputs.probe_network(network | {"std": std}, 10, Shape(3, 32, 32))


def test_an_error_that_nobody_foresaw_is_a_sentence_and_hides_no_other_mistake(monkeypatch):
    def fail(config, name):
        raise {"my_images": KeyError("labels"), "other": SystemExit(0)}[name]

    monkeypatch.setattr(inputs, "inspect_dataset", fail)
    config = updated(OWN, {"networks": {"my_network": {"checkpoint": "none.pt"}}})
    config["datasets"]["other"] = config["datasets"]["my_images"]
    config["plan"][0]["datasets"] = ["my_images", "other"]
    mistakes_of_inputs, found = inputs.check(complete(config))
    assert sorted(mistakes_of_inputs) == [
        "datasets.my_images: KeyError: 'labels'", "datasets.other: SystemExit: 0",
        "networks.my_network: no weights at none.pt",
    ]  # fmt: skip
    assert found == []


ITEMS = """
import torch

class Items:
    classes = ["a", "b"]
    def __init__(self, ends=False): self.ends = ends
    def __len__(self): return 8
    def __getitem__(self, i): return exit(3) if self.ends else (torch.zeros(3, 2, 2), i % 2)
"""


def test_a_dataset_of_the_user_is_looked_at_and_one_that_ends_the_program_is_named(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "users_items.py").write_text(ITEMS)
    dataset = {
        "source": "dataset", "entry_point": "users_items:Items", "size": 2, "channels": 3, "split_seed": 0,
        "shares": {"validation": 0.5, "test": 0.5},
    }  # fmt: skip
    config = updated(OWN, {"culling": {"split": "test"}})
    config["datasets"]["my_images"] = dataset
    config = complete(config)
    found = source_of(config, "my_images").inspect()
    assert found.classes == ["a", "b"]
    config["datasets"]["my_images"]["options"] = {"ends": True}
    mistakes_of_inputs, _ = inputs.check(config)
    assert (
        mistakes_of_inputs[0].startswith("datasets.my_images: ")
        and "SystemExit: 3" in mistakes_of_inputs[0]
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"class": "Hat"}, "no class 'Hat' in fashion_mnist: choose from T-shirt/top, "),
        (
            {"kind": "wave", "level": 0.1, "frequency": [0, 17]},
            r"frequency \[0, 17\]: images of 32 x 32 have ",
        ),
    ],
)
def test_an_artefact_that_is_not_possible_is_named_before_the_study_starts(change, message):
    config = with_artefacts(
        {}, {"kind": "noise", "level": 0.02, "class": "Bag", "set": "leak_0"}, change
    )
    content = source_of(config, "leak_1").inspect()
    assert content.description.endswith(", with jpeg in class Shirt, with noise in class Bag")
    assert content.shape == Shape(1, 32, 32) and len(content.classes) == 10
    with pytest.raises(ValueError, match=message):
        source_of(config, "leak_2").inspect()


def test_the_check_of_the_inputs_gets_all_sections_that_it_reads():
    config = small(
        plan=[
            {"datasets": ["syn_1"], "networks": ["small"], "augmentations": ["none"], "seeds": [0]}
        ]
    )
    given = complete({name: part for name, part in config.items() if name not in UNCHECKED})
    assert inputs.check(given, scheduled=True) == inputs.check(config, scheduled=True)
    assert inputs.check(given, scheduled=True)[0] == []


def test_a_gpu_that_is_not_here_is_named_unless_a_scheduler_runs_the_jobs(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    entry = {"datasets": ["syn_1"], "networks": ["small"], "augmentations": ["none"], "seeds": [0]}
    config = small(plan=[entry], device="cuda")
    (found,), _ = inputs.check(config)
    assert found.startswith(
        "device: device cuda was requested, but this machine offers 0 CUDA devices"
    )
    assert inputs.check(config, scheduled=True)[0] == []
