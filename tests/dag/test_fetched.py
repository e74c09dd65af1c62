"""The rules of CIFAR-10, on small files laid out as the published ones."""

import hashlib
import pickle
import subprocess
import sys

import h5py
import numpy as np
import pytest
import yaml

from conftest import ROOT, checkout
from frequency_shortcuts.data.downloads import DOWNLOADS

CIFAR = DOWNLOADS["cifar10"]
STORE = "results/small/data/cifar10.h5"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A checkout that takes small files for the published ones: ten images of each, one of each class."""
    root = checkout(tmp_path_factory.mktemp("cifar10")).root
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
    return root, contents


def snakemake(root, folder, *targets):
    config = yaml.safe_load((ROOT / "config" / "cifar10.yaml").read_text())
    config["study"], config["device"] = "small", "cpu"
    config["datasets"]["cifar10"] |= {"folder": folder, "validation_share": 0.2}
    (root / "small.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "snakemake", "--cores", "1", *targets, "--configfile", "small.yaml"]
    command += ["--max-jobs-per-timespan", "100/1s"]
    return subprocess.run(command, cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test_the_store_holds_the_images_of_the_files(small):
    root, contents = small
    done = snakemake(root, "files", "check", STORE)
    assert done.returncode == 0, done.stdout
    looked_at = (root / "results" / "small" / "checked.txt").read_text().splitlines()
    *sets_and_networks, cost = looked_at
    assert sets_and_networks == [
        "cifar10: 10 classes, 3 x 32 x 32, CIFAR-10",
        "cifar10: resnet18 (resnet18) takes its images",
    ]
    assert cost.startswith("cifar10: resnet18: 3 runs, about ")
    assert {path.name for path in (root / "results/small/data/raw/cifar10").iterdir()} >= {*CIFAR.files}
    with h5py.File(root / STORE) as store:
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
