"""Configurations for tests: those that are shipped, with changes, and a small one that can be read by eye."""

import ast
import copy
import re

import yaml
from snakemake.utils import update_config

from conftest import ROOT
from study import outputs, runs
from study.datasets import complete
from study.job import WITH_TRUTH

KINDS = (*WITH_TRUTH, "photographs")  # of data sets
FILES = {
    path.stem: path for path in sorted((ROOT / "config").glob("*.yaml")) if path.stem != "schema"
}
FILES |= {path.parent.name: path for path in sorted((ROOT / "benchmarks").glob("*/config.yaml"))}


def shipped(name):
    """A configuration file of the study, or of the benchmark of this name."""
    return yaml.safe_load(FILES[name].read_text())


CONFIG = shipped("config")


def updated(*changes):
    """A copy of the default study with changes, as Snakemake makes them."""
    config = copy.deepcopy(CONFIG)
    for change in changes:
        update_config(config, copy.deepcopy(change))
    return config


PLAN = [
    {
        "datasets": ["photos", "syn_1"],
        "networks": ["small"],
        "augmentations": ["augmix"],
        "seeds": [3, 1],
    },
    {
        "datasets": ["photos"],
        "networks": ["small", "large"],
        "augmentations": ["none", "augmix"],
        "seeds": [1],
    },
]
PHOTOS = {
    "source": "folder",
    "root": "p",
    "size": [160, 224],
    "channels": 3,
    "shares": {"train": 1.0},
    "classes": {"cat": "n02", "ant": "n01"},
}
LEAK = {"source": "artefact", "set": "photos", "kind": "jpeg", "level": 90, "class": "cat"}
TRAINED = {"architecture": "resnet18", "width": 8, "stem": "auto"}


def small(**changes):
    """The plan of two data sets and three networks, one of them external and not planned, and nothing beside it."""
    given = {
        "plan": PLAN,
        "transfer": [],
        "shortcuts": {"methods": []},
        "graded": {"sets": 0, "network": "small"},
        "datasets": {"photos": PHOTOS, "mine": {"source": "store", "path": "a.h5"}, "leak": LEAK},
    }
    config = updated(given)
    config["networks"] = {
        "small": dict(TRAINED),
        "large": dict(TRAINED),
        "theirs": {"source": "a:b", "mean": [0.5], "std": [0.1]},
    }
    update_config(config, copy.deepcopy(changes))
    return complete(config)


def figures(config):
    """All figures of a complete configuration, as {kind}_{name}."""
    found = outputs.figures(runs.table(config))
    return [f"{kind}_{name}" for kind, names in found.items() for name in names]


def typeset():
    """The tables in the report, with their category and title: `TYPESET` of the rules."""
    rules = (ROOT / "workflow" / "rules" / "tables.smk").read_text()
    return ast.literal_eval(re.search(r"^TYPESET = (\{.*?^\})", rules, re.MULTILINE | re.DOTALL)[1])
