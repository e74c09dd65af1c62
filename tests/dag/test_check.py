"""Mistakes in what a configuration names are found before the first job."""

import copy
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from snakemake.utils import update_config

from checkouts import PICTURES, ROOT, checkout

sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

import check_inputs
from study.configuration import mistakes
from study.states import CHECKED_SECTIONS

NETWORK = PICTURES["networks"]["my_network"]
FOLDER = {key: value for key, value in PICTURES["datasets"]["pictures"].items() if key != "stylised"}
OWN = {  # the study of a user who trains nothing, as of config/own.yaml
    "study": "own",
    "plan": [{"datasets": ["pictures"], "networks": ["my_network"], "augmentations": ["none"], "seeds": [0]}],
    "datasets": {"pictures": FOLDER | {"shares": {"validation": 0.5, "test": 0.5}}},
    "networks": {"my_network": NETWORK},
    "graded": {"sets": 0},
    "transfer": [],
}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A checkout, with a folder of one class."""
    study = checkout(tmp_path_factory.mktemp("own"))
    (study.root / "one").mkdir()
    (study.root / "one" / "bands").symlink_to(study.root / "pictures" / "bands")
    return study


def changed(**changes):
    """The configuration after changes of keys of the folder and of the network."""
    config = copy.deepcopy(OWN)
    for key, value in changes.items():
        config["datasets" if key in FOLDER else "networks"]["pictures" if key in FOLDER else "my_network"][key] = value
    return config


def errors_of_check(study, config, monkeypatch):
    """The errors that the script of `snakemake check` reports for a configuration, without Snakemake."""
    whole = copy.deepcopy(yaml.safe_load((ROOT / "config" / "config.yaml").read_text()))
    update_config(whole, config)
    if sentences := mistakes(whole):
        return "\n".join(sentences)
    monkeypatch.chdir(study.root)
    settings = {name: whole[name] for name in CHECKED_SECTIONS}  # no others: it could not see them change
    job = SimpleNamespace(
        config=whole, params=SimpleNamespace(settings=settings), input=[], output=["checked.txt"], log=["check.log"],
        rule="check", threads=1,
    )  # fmt: skip
    with pytest.raises(SystemExit):
        check_inputs.main(job)
    assert not Path("checked.txt").exists()
    return Path("check.log").read_text().partition("ERROR: ")[2]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"shares": {"validation": 0.1, "test": 0.9}}, r"stability\.halves needs two validation images of each class"),
        ({"root": "one", "classes": None, "ood": None}, "datasets.pictures: it has 1 class"),
        ({"ood": {"root": "twin", "renditions": ["grey"]}}, "without a folder: spots, bands, checks"),
        ({"mean": [127] * 3, "std": [60] * 3}, r"networks\.my_network: mean .* cannot be normalised with"),
    ],
)
def test_each_mistake_is_named_with_its_place(own, changes, sentence, monkeypatch):
    config = changed(**changes)
    folder = config["datasets"]["pictures"]
    config["datasets"]["pictures"] = {key: value for key, value in folder.items() if value is not None}
    errors = errors_of_check(own, config, monkeypatch)
    assert re.search(sentence, errors), errors


def test_a_link_that_leads_in_a_circle_is_named_after_the_graph_is_built(own, monkeypatch):
    path = own.root / "pictures" / "bands" / "odd.png"
    path.symlink_to(path.name)
    try:
        errors = errors_of_check(own, OWN, monkeypatch)
    finally:
        path.unlink()
    assert "pictures/bands/odd.png is a symbolic link that leads in a circle" in errors


def test_no_job_starts_before_the_check_even_if_others_go_on_after_an_error(own):
    """As under SLURM, where jobs are submitted at once and go on without those that failed."""
    (own.root / "broken.yaml").write_text(yaml.safe_dump(changed(root="nowhere", checkpoint="none.pt")))
    done = own.snakemake("own", "--cores", "2", "--keep-going", configs=["broken.yaml"])
    assert done.returncode != 0 and done.stdout.count("ERROR in check: ") == 1, done.stdout
    assert "- datasets.pictures: no folder nowhere" in done.stdout
    assert "- networks.my_network: no weights at none.pt" in done.stdout and "Traceback" not in done.stdout
    results = own.root / "results" / "own"
    assert not [path for end in ("h5", "safetensors", "svg") for path in results.rglob(f"*.{end}")]


def test_own_without_a_network_of_ones_own_says_what_to_do(own):
    done = own.snakemake("own", "--dry-run", configs=["config/test.yaml"])
    assert done.returncode != 0 and "no network in the plan is your own: copy config/own.yaml" in done.stdout
