"""The rules of CIFAR-10, on small files laid out as the published ones."""

import hashlib
import pickle
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest
import yaml

from conftest import ROOT, checkout
from frequency_shortcuts.data import cifar10

STORE = "results/small/data/cifar10.h5"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A checkout that takes small files for the published ones: ten images of each, one of each class."""
    root = checkout(tmp_path_factory.mktemp("cifar10")).root
    generator, folder, contents = np.random.default_rng(0), root / "files", {}
    folder.mkdir()
    for name in (*cifar10.TRAIN, cifar10.TEST):
        labels = [int(label) for label in generator.permutation(10)]
        contents[name] = {"data": generator.integers(0, 256, (10, 3072), dtype=np.uint8), "labels": labels}
    contents[cifar10.META] = {"label_names": list(cifar10.CLASSES)}
    for name, content in contents.items():
        (folder / name).write_bytes(pickle.dumps(content, 2))
    sums = {name: hashlib.md5((folder / name).read_bytes()).hexdigest() for name in contents}
    with open(root / "src" / "frequency_shortcuts" / "data" / "cifar10.py", "a") as module:
        module.write(f"\n\ndef checksums():\n    return {sums!r}\n")
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
    *found, cost = looked_at
    assert found == ["cifar10: 10 classes, 3 x 32 x 32, CIFAR-10", "cifar10: resnet18 (resnet18) takes its images"]
    assert cost.startswith("cifar10: resnet18: 3 runs, about ")
    assert {path.name for path in (root / "results/small/data/raw/cifar10").iterdir()} >= {*cifar10.FILES}
    with h5py.File(root / STORE) as store:
        assert tuple(store.attrs["classes"]) == cifar10.CLASSES and store.attrs["source"] == "CIFAR-10"
        for split, each in (("train", 4), ("validation", 1), ("test", 1)):
            assert store[split]["images"].shape == (10 * each, 3, 32, 32)
            assert np.bincount(store[split]["labels"]).tolist() == [each] * 10
        test = contents[cifar10.TEST]
        np.testing.assert_array_equal(store["test/images"][:].reshape(10, -1), test["data"])
        np.testing.assert_array_equal(store["test/labels"][:], test["labels"])
        rows = np.concatenate([store[split]["images"][:].reshape(-1, 3072) for split in ("train", "validation")])
        given = np.concatenate([contents[name]["data"] for name in cifar10.TRAIN])
        np.testing.assert_array_equal(np.unique(rows, axis=0), np.unique(given, axis=0))


@pytest.mark.long
def test_a_folder_that_lacks_a_file_is_found_by_the_check(small):
    root, _ = small
    shutil.copytree(root / "files", root / "lacking")
    (root / "lacking" / "data_batch_4").unlink()
    done = snakemake(root, "lacking", "check", "--forcerun", "check")
    assert done.returncode != 0
    assert "- datasets.cifar10: no file lacking/data_batch_4. Put cifar-10-python.tar.gz from" in done.stdout
