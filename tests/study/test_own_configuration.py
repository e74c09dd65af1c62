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

CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
OWN = yaml.safe_load((ROOT / "config" / "own.yaml").read_text())


def own(**changes):
    """The template of one's own with some paths of keys changed; None removes a key."""
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
        (
            {"plan__0__augmentations": ["none", "augmix"]},
            r"^plan\.0: my_network is not trained, since it has a source; write",
        ),
        (
            {"plan__0__seeds": [0, 1]},
            r"^plan\.0: my_network is not trained, since it has a source; write augmentations: \[none\]",
        ),
        (
            {"datasets__my_images__shares": {"test": 1}},
            r"^datasets\.my_images\.shares: culling\.split needs a validation split; the data set has test$",
        ),
        (
            {"datasets__my_images__ood": {"root": "twin", "renditions": ["ink", "original"]}},
            r"^datasets\.my_images\.ood\.renditions: original is the name of the test images in the tables",
        ),
        (
            {"datasets__my_images__shares": {"validation": 0.5, "test": 0.6}},
            r"^datasets\.my_images\.shares: \{.*\} do not sum to 1$",
        ),
        (
            {"datasets__my_images__test_root": "elsewhere"},
            r"shares: test images come from root \(shares\.test\) or from test_root; remove one",
        ),
        (
            {"datasets__my_images__resize": 100},
            r"^datasets\.my_images\.resize: 100 is not allowed, expected at least",
        ),
        ({"datasets__my_images__keep": "files"}, r"keep: files excludes stylised and on_error: skip"),
        ({"datasets__my_images__keep": "all"}, r"keep: 'all' is not allowed, expected images or files"),
        (
            {"datasets__my_images__classes": {"a": "folder"}},
            r"^datasets\.my_images\.classes: .* is not allowed, expected two or more of class name: folder name; write",
        ),
        ({"datasets__my_images__speed": 1}, r"^datasets\.my_images\.speed: unknown key, allowed here are .*test_root"),
        (
            {"networks__my_network__mean": None, "networks__my_network__std": None},
            r"^networks\.my_network\.mean: null takes mean and std of the training images, but my_images has none",
        ),
        ({"networks__my_network__std": [1, 1]}, r"^networks\.my_network: mean .* and std \[1, 1\] do not match"),
        (
            {"networks__my_network__std": [1, 1, 0]},
            r"^networks\.my_network: mean .* do not match; write a number for each channel",
        ),
        ({"networks__my_network__source": "resnet18"}, r"^networks\.my_network\.source: 'resnet18' is not allowed"),
        (
            {"networks__my_network__width": 8},
            r"^networks\.my_network\.width: unknown key, allowed here are source, c",
        ),
        (
            {"plan__0__networks": ["resnet18"], "plan__0__augmentations": ["sin"]},
            r"^plan\.0\.augmentations: sin needs stylised images of my_images; write datasets\.my_images\.stylised",
        ),
        (
            {"plan__0__networks": ["resnet18"]},
            r"^datasets\.my_images\.shares: training needs a train split; the data set has test, validation$",
        ),
    ],
)
def test_mistakes_about_ones_own_are_answered_with_a_sentence(changes, sentence):
    found = mistakes(own(**changes))
    assert any(re.search(sentence, one) for one in found), found


def test_the_template_of_ones_own_takes_every_source_and_size():
    assert mistakes(own(datasets__my_images__size=[160, 224], datasets__my_images__resize=None)) != []
    sized = own(datasets__my_images__size=[160, 224])
    assert mistakes(sized) == []
    stored = own()
    stored["datasets"]["my_images"] = {"source": "store", "path": "a.h5"}
    assert mistakes(stored) == []
    drawn = own()
    drawn["datasets"]["my_images"] = {
        "source": "dataset", "entry_point": "a.b:c", "size": 64, "channels": 1, "split_seed": 0,
        "shares": {"validation": 0.5, "test": 0.5}, "class_names": ["x", "y"],
    }  # fmt: skip
    assert mistakes(drawn) == []


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
