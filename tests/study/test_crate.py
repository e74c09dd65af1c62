"""The RO-Crate of a study, on a small folder: every file with its checksum, every input.

`tests/dag/test_study_outputs.py` checks the rules of RO-Crate on a whole study.
"""

import copy
import hashlib
import json
import shutil

import h5py
import pytest
import yaml
from snakemake.utils import update_config

from conftest import ROOT
from ro_crates import entities
from study import crate, outputs
from study.plan import Plan

FACTS = {
    "study": "test", "commit": "0123456789ab", "devices of the networks": "cpu", "platform": "Linux", "processor": "x",
    "seeds of training": "0, 1", "version of python": "3.11.2", "version of torch": "2.9.0",
    "version of timm": "not installed",
}  # fmt: skip
FILES = [
    "adcs/syn_2.h5", "checked.txt", "config.yaml", "data/raw/fashion_mnist/t10k-images-idx3-ubyte.gz",
    "figures/dfm_syn_2.svg", "networks/syn_2/resnet18/none/seed0/weights.safetensors", "report.html",
    "tables/findings.csv", "tests/syn_2/resnet18/none/seed0/curves.csv",
]  # fmt: skip


def planned(name, **changes):
    """The plan of a configuration of this repository."""
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    update_config(config, yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text()))
    update_config(config, copy.deepcopy(changes))
    return Plan(config)


def write_store(path, source="drawn", checksum="abc"):
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file.attrs.update(source=source, checksum=checksum)


@pytest.fixture
def finished(tmp_path):
    """A checkout with a small folder of results, and its crate."""
    (tmp_path / "results").mkdir()
    for name in ("CITATION.cff", "LICENSE", "Snakefile", "results/README.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    folder = tmp_path / "results" / "test"
    for name in (*FILES, "logs/report.log", ".hidden", "dfm/s/n/a/seed0.h5.all.state", outputs.CRATE):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"content of {name}")
    write_store(folder / "data" / "fashion_mnist.h5", "Fashion-MNIST", "c0ffee")
    written = crate.metadata(planned("test"), crate.files_of(folder), FACTS, tmp_path)
    (folder / outputs.CRATE).write_text(json.dumps(written))
    return folder


def test_every_file_has_its_size_format_and_checksum(finished):
    found = entities(finished)
    listed = [name for name, entity in found.items() if entity["@type"] == "File"]
    assert sorted(listed) == sorted([*FILES, "data/fashion_mnist.h5"])
    for name in listed:
        content = (finished / name).read_bytes()
        assert found[name]["contentSize"] == str(len(content)), name
        assert found[name]["sha256"] == hashlib.sha256(content).hexdigest(), name
        assert found[name]["description"] and found[name]["encodingFormat"].count("/") == 1
    assert found["report.html"]["encodingFormat"] == "text/html"
    assert found["tables/findings.csv"]["name"] == "the paper's findings, tested"
    assert found["tables/findings.csv"]["description"].startswith("the findings of the published study, tested")
    assert found["figures/dfm_syn_2.svg"]["name"] == "dominant frequency maps: syn_2"
    parts = {part["@id"] for part in found["./"]["hasPart"]}
    assert parts == {*listed, "logs/"}


def test_changed_and_missing_files_are_named(finished):
    assert crate.changed(finished) == []
    (finished / "tables" / "findings.csv").write_text("content of tables/findings.csw")  # of the same size
    (finished / "report.html").unlink()
    assert crate.changed(finished) == ["report.html", "tables/findings.csv"]


def test_the_run_is_described(finished):
    found = entities(finished)
    run, workflow = found["#run"], found["#workflow"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert run["@type"] == "CreateAction" and run["instrument"] == {"@id": "#workflow"}
    assert found["./"]["mentions"] == {"@id": "#run"} and "cpu" in run["description"]
    assert {part["@id"] for part in run["object"]} == {"config.yaml", "#images-fashion_mnist", "#seeds-of-training"}
    results = {part["@id"] for part in run["result"]}
    assert results == {*FILES, "data/fashion_mnist.h5"} - {"config.yaml"}
    assert workflow["version"] == citation["version"] and workflow["identifier"] == "commit 0123456789ab"
    assert {part["@id"] for part in workflow["softwareRequirements"]} == {"#software-python", "#software-torch"}
    assert found["#software-torch"]["softwareVersion"] == "2.9.0"
    assert found["#Snakefile"]["sha256"] == hashlib.sha256((ROOT / "Snakefile").read_bytes()).hexdigest()
    assert found["#seeds-of-training"]["value"] == "0, 1"
    assert found["#images-fashion_mnist"]["identifier"].endswith("c0ffee")
    assert found["./"]["license"] == {"@id": "https://spdx.org/licenses/MIT"}
    assert found["#author-1"] == {
        "@id": "#author-1", "@type": "Organization", "name": citation["authors"][0]["name"]
    }  # fmt: skip


def test_files_that_users_give_are_named_with_their_checksum(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("weights.pt", "my_module.py"):
        (tmp_path / name).write_text(f"content of {name}")
    plan = planned(
        "own",
        networks={"my_network": {"source": "my_module:network", "checkpoint": "weights.pt"}},
        datasets={"my_images": {"ood": {"root": "twin", "renditions": ["ink"]}}},
    )
    data = tmp_path / "results" / "own" / "data"
    write_store(data / "my_images.h5", "folder my_images", "c0ffee")
    write_store(data / "ood" / "my_images" / "ink.h5", "folder twin/ink", "decade")
    found = dict(crate.inputs(plan, tmp_path))
    assert list(found) == [
        "images-my_images", "images-my_images-ink", "network-my_network", "weights-my_network", "code-my_module.py",
    ]  # fmt: skip
    assert found["images-my_images"]["description"] == "folder my_images"
    assert found["images-my_images-ink"]["identifier"].endswith("decade")
    for name, file in (("weights-my_network", "weights.pt"), ("code-my_module.py", None)):
        content = f"content of {file or 'my_module.py'}".encode()
        assert found[name]["sha256"] == hashlib.sha256(content).hexdigest()
    (tmp_path / "weights.pt").unlink()
    assert "sha256" not in dict(crate.inputs(plan, tmp_path))["weights-my_network"]


@pytest.mark.parametrize("name", ["config", "benchmark", "cure", "experiments", "own"])
def test_the_page_of_results_describes_every_file_of_a_study(name):
    plan = planned(name)
    rows = crate.descriptions((ROOT / "results" / "README.md").read_text())
    targets = [*outputs.of_study(plan), *outputs.of_cure(plan), *plan.map_files(), f"{plan.results}/{outputs.CRATE}"]
    paths = {target.removeprefix(f"{plan.results}/") for target in targets}
    assert [path for path in paths if not any(pattern.fullmatch(path) for pattern, _ in rows)] == []


def test_names_in_short_form_are_read():
    page = "| `a/{x}.svg`, `.png`, `b/{run}.h5` | what. More. |\n| `raw/` | files |\n\nThe group `c`\n| `d` | e |\n"
    rows = crate.descriptions(page)
    found = {path: [text for pattern, text in rows if pattern.fullmatch(path)] for path in (
        "a/1.svg", "a/1.png", "a/1.pngx", "a/1/2.svg", "b/s/n/a/seed3.h5", "b/s.h5", "raw/x/y", "d",
    )}  # fmt: skip
    assert [path for path, texts in found.items() if texts] == ["a/1.svg", "a/1.png", "b/s/n/a/seed3.h5", "raw/x/y"]
    assert found["a/1.png"] == ["what"] and found["raw/x/y"] == ["files"]
