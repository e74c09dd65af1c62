"""What is found before the first job: mistakes in a configuration, in what it names, and the files of CIFAR-10."""

import copy
import hashlib
import pickle
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
import yaml
from snakemake.utils import update_config

from checkouts import PICTURES, ROOT, checkout
from frequency_shortcuts.data.downloads import DOWNLOADS

sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

import check_inputs
from study.configuration import mistakes
from study.states import CHECKED_SECTIONS

FOLDER = {key: value for key, value in PICTURES["datasets"]["pictures"].items() if key != "stylised"}
FOLDER["shares"] = {"validation": 0.5, "test": 0.5}
OWN = {  # the study of a user who trains nothing, as of config/own.yaml
    "study": "own",
    "plan": [{"datasets": ["pictures"], "networks": ["my_network"], "augmentations": ["none"], "seeds": [0]}],
    "datasets": {"pictures": FOLDER},
    "networks": PICTURES["networks"],
    "graded": {"sets": 0},
    "transfer": [],
}
CIFAR = DOWNLOADS["cifar10"]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A checkout."""
    return checkout(tmp_path_factory.mktemp("own"))


def test_snakemake_stops_before_anything_runs(own):
    (own.root / "wrong.yaml").write_text("culling: {method: fast, parts: 1, parts: 2}\n")
    done = own.snakemake("--cores", "1", extra=["wrong.yaml"])
    assert done.returncode != 0 and "- culling.method: 'fast' is not allowed" in done.stdout
    assert "wrong.yaml: the key parts is there twice" in done.stdout and "Traceback" not in done.stdout
    assert not own.results.exists()


def test_own_without_a_network_of_ones_own_says_what_to_do(own):
    done = own.snakemake("own", "--dry-run", configs=["config/test.yaml"])
    assert done.returncode != 0 and "no network in the plan is your own: copy config/own.yaml" in done.stdout


def test_all_mistakes_are_named_at_once_each_with_its_place(own, monkeypatch):
    """By the script of `snakemake check`, without Snakemake."""
    for name in ("one", "circle"):
        (own.root / name).mkdir()
        (own.root / name / "bands").symlink_to(own.root / "pictures" / "bands")
    (own.root / "circle" / "dots").mkdir()
    (own.root / "circle" / "dots" / "odd.png").symlink_to("odd.png")
    plain = {key: value for key, value in FOLDER.items() if key not in ("classes", "ood")}
    config, whole = copy.deepcopy(OWN), yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    config["datasets"] |= {
        "few": FOLDER | {"shares": {"validation": 0.1, "test": 0.9}},
        "single": plain | {"root": "one"},
        "circular": plain | {"root": "circle"},
        "twin": FOLDER | {"ood": {"root": "twin", "renditions": ["grey"]}},
    }
    config["plan"][0]["datasets"] = list(config["datasets"])
    config["networks"]["my_network"] |= {"mean": [127] * 3, "std": [60] * 3}
    update_config(whole, config)
    assert mistakes(whole) == []
    monkeypatch.chdir(own.root)
    settings = {name: whole[name] for name in CHECKED_SECTIONS}  # no others: it could not see them change
    job = SimpleNamespace(
        config=whole, params=SimpleNamespace(settings=settings), input=[], output=["checked.txt"], log=["check.log"],
        rule="check", threads=1,
    )  # fmt: skip
    with pytest.raises(SystemExit):
        check_inputs.main(job)
    assert not Path("checked.txt").exists()
    errors = Path("check.log").read_text().partition("ERROR: ")[2]
    for sentence in (
        r"datasets\.few: stability\.halves needs two validation images of each class",
        r"datasets\.single: it has 1 class",
        r"datasets\.circular: .*circle/dots/odd.png is a symbolic link that leads in a circle",
        r"datasets\.twin: .*without a folder: spots, bands, checks",
        r"networks\.my_network: mean .* cannot be normalised with",
    ):
        assert re.search(sentence, errors), errors


def test_no_job_starts_before_the_check_even_if_others_go_on_after_an_error(own):
    """As under SLURM, where jobs are submitted at once and go on without those that failed."""
    config = copy.deepcopy(OWN)
    config["datasets"]["pictures"]["root"], config["networks"]["my_network"]["checkpoint"] = "nowhere", "none.pt"
    (own.root / "broken.yaml").write_text(yaml.safe_dump(config))
    options = ["--cores", "2", "--keep-going"]
    done = own.snakemake("own", *options, configs=["broken.yaml"])
    assert done.returncode != 0 and done.stdout.count("names things that cannot be used") == 1, done.stdout
    assert "- datasets.pictures: no folder nowhere" in done.stdout
    assert "- networks.my_network: no weights at none.pt" in done.stdout and "Traceback" not in done.stdout
    results = own.root / "results" / "own"
    assert not [path for end in ("h5", "safetensors", "svg") for path in results.rglob(f"*.{end}")]


def small_files(root):
    """Take small files for the published ones in a checkout: ten images of each, one of each class."""
    generator, folder, contents = np.random.default_rng(0), root / "files", {}
    folder.mkdir()
    for name in CIFAR.files[:6]:
        labels = [int(label) for label in generator.permutation(10)]
        contents[name] = {"data": generator.integers(0, 256, (10, 3072), dtype=np.uint8), "labels": labels}
    contents["batches.meta"] = {"label_names": list(CIFAR.classes)}
    for name, content in contents.items():
        (folder / name).write_bytes(pickle.dumps(content, 2))
    sums = {name: hashlib.md5((folder / name).read_bytes()).hexdigest() for name in contents}
    with open(root / "src" / "frequency_shortcuts" / "data" / "downloads.py", "a") as module:
        module.write(
            "\n\nfrom torchvision.datasets import CIFAR10\n\n"
            f"CIFAR10.train_list = {[[name, sums[name]] for name in CIFAR.files[:5]]!r}\n"
            f"CIFAR10.test_list = {[['test_batch', sums['test_batch']]]!r}\n"
            f"CIFAR10.meta['md5'] = {sums['batches.meta']!r}\n"
        )
    return contents


def test_the_store_of_cifar_10_holds_the_images_of_its_files(own):
    contents = small_files(own.root)
    config = yaml.safe_load((ROOT / "config" / "cifar10.yaml").read_text())
    config["study"], config["device"] = "small", "cpu"
    config["datasets"]["cifar10"] |= {"folder": "files", "validation_share": 0.2}
    config["networks"] = {"resnet18": {"width": 4}}  # the check times it
    (own.root / "small.yaml").write_text(yaml.safe_dump(config))
    results = own.root / "results" / "small"
    done = own.snakemake("check", "results/small/data/cifar10.h5", "--cores", "1", configs=["small.yaml"])
    assert done.returncode == 0, done.stdout
    looked_at = (results / "checked.txt").read_text().splitlines()
    assert looked_at[:2] == [
        "cifar10: 10 classes, 3 x 32 x 32, CIFAR-10",
        "cifar10: resnet18 (resnet18) takes its images",
    ]
    assert len(looked_at) == 3 and looked_at[2].startswith("cifar10: resnet18: 3 runs, about ")
    assert {path.name for path in (results / "data" / "raw" / "cifar10").iterdir()} >= {*CIFAR.files}
    with h5py.File(results / "data" / "cifar10.h5") as store:
        assert tuple(store.attrs["classes"]) == CIFAR.classes and store.attrs["source"] == "CIFAR-10"
        for split, each in (("train", 4), ("validation", 1), ("test", 1)):
            assert store[split]["images"].shape == (10 * each, 3, 32, 32)
            assert np.bincount(store[split]["labels"]).tolist() == [each] * 10
        test = contents["test_batch"]
        np.testing.assert_array_equal(store["test/images"][:].reshape(10, -1), test["data"])
        np.testing.assert_array_equal(store["test/labels"][:], test["labels"])
        rows = np.concatenate([store[split]["images"][:].reshape(-1, 3072) for split in ("train", "validation")])
        published = np.concatenate([contents[name]["data"] for name in CIFAR.files[:5]])
        np.testing.assert_array_equal(np.unique(rows, axis=0), np.unique(published, axis=0))
