"""The template of one's own networks and images: mistakes in it, and what it takes."""

import copy
import re

import pytest
import yaml
from snakemake.utils import update_config

from conftest import ROOT
from study import inputs
from study.configuration import mistakes
from study.plan import Plan
from study.settings import Shape

CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
OWN = yaml.safe_load((ROOT / "config" / "own.yaml").read_text())


def own(**changes):
    """The template of one's own with some paths of keys changed."""
    config = copy.deepcopy(CONFIG)
    update_config(config, copy.deepcopy(OWN))
    for path, value in changes.items():
        *parents, last = path.split("__")
        part = config
        for name in parents:
            part = part[int(name) if name.isdigit() else name]
        part[last] = value
    return config


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"plan__0__augmentations": ["none", "augmix"]}, r"plan\.0: my_network is not trained, since it has a source"),
        ({"plan__0__seeds": [0, 1]}, r"plan\.0: my_network is not trained, since it has a source"),
        ({"datasets__my_images__shares": {"test": 1}}, r"datasets\.my_images\.shares: .* needs a validation split"),
        ({"datasets__my_images__ood": {"root": "twin", "renditions": ["original"]}}, r".*renditions.*, not original"),
        ({"datasets__my_images__test_root": "elsewhere"}, r"datasets\.my_images\.shares: .* or from test_root"),
        ({"datasets__my_images__keep": "files"}, r"datasets\.my_images\.keep: files excludes stylised"),
        ({"datasets__my_images__classes": {"a": "folder"}}, r"datasets\.my_images\.classes: .* two or more"),
        ({"networks__my_network__mean": None, "networks__my_network__std": None}, r"networks\.my_network\.mean: null"),
        ({"plan__0__networks": ["resnet18"], "plan__0__augmentations": ["sin"]}, r"plan\.0\.augmentations: sin needs"),
        ({"plan__0__networks": ["resnet18"]}, r"datasets\.my_images\.shares: training needs a train split"),
    ],
)
def test_mistakes_about_ones_own_are_answered_with_a_sentence(changes, sentence):
    sentences = mistakes(own(**changes))
    assert any(re.match(sentence, one) for one in sentences), sentences


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
    config = own()
    config["datasets"]["my_images"] = dataset
    assert mistakes(config) == []


def test_the_normalisation_of_a_network_is_a_number_for_each_channel():
    network = {"source": "torchvision:resnet18", "checkpoint": None, "mean": None, "std": [1]}
    for std in ([1], [1, 1, 0]):
        with pytest.raises(ValueError, match="mean"):
            inputs.probe_network(network | {"std": std}, 10, Shape(3, 32, 32))


def test_an_error_that_nobody_foresaw_is_a_sentence_and_hides_no_other_mistake(monkeypatch):
    def fail(plan, name):
        raise {"my_images": KeyError("labels"), "other": SystemExit(0)}[name]

    monkeypatch.setattr(inputs, "inspect_dataset", fail)
    config = own(networks__my_network__checkpoint="none.pt")
    config["datasets"]["other"] = config["datasets"]["my_images"]
    config["plan"][0]["datasets"] = ["my_images", "other"]
    mistakes_of_inputs, found = inputs.check(Plan(config))
    assert sorted(mistakes_of_inputs) == [
        "datasets.my_images: KeyError: 'labels'", "datasets.other: SystemExit: 0",
        *2 * ["networks.my_network: no weights at none.pt"],
    ]  # fmt: skip
    assert found == []
