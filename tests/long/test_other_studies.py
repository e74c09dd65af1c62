"""Studies of other kinds than that of the fixture: sources of images, and culling by several jobs."""

import h5py
import numpy as np
import pytest
import yaml
from small_stores import content

from checkouts import checkout
from frequency_shortcuts import dfm
from frequency_shortcuts.images import stores
from frequency_shortcuts.images.pictures import ImageFiles
from frequency_shortcuts.storage.tables import read_table

MODULE = """
import torch
from torch import nn


def small(n_classes, channels):
    return nn.Sequential(nn.Conv2d(channels, 4, 3, stride=4), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
                         nn.Linear(16, n_classes))


class Stripes(torch.utils.data.Dataset):
    classes = ("across", "along")

    def __len__(self):
        return 24

    def __getitem__(self, i):
        image = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(i)) * 0.2
        (image if i % 2 else image.transpose(1, 2))[:, ::4] += 0.7
        return image, i % 2
"""
EVERY_SOURCE = {
    "study": "sources",
    "device": "auto",
    "plan": [
        {"datasets": ["plain", "stripes"], "networks": ["small"], "augmentations": ["none"], "seeds": [0]},
        {"datasets": ["files"], "networks": ["bare"], "augmentations": ["none"], "seeds": [0]},
    ],
    "networks": {
        "small": {"source": "sources:small", "checkpoint": None, "mean": None, "std": None},
        "bare": {"source": "sources:small", "checkpoint": None, "mean": [0.5] * 3, "std": [0.3] * 3},
    },
    "datasets": {
        "plain": {"source": "store", "path": "plain.h5"},
        "stripes": {
            "source": "dataset", "entry_point": "sources:Stripes", "size": 16, "channels": 3, "split_seed": 0,
            "shares": {"train": 0.25, "validation": 0.25, "test": 0.5},
        },
        "files": {
            "source": "folder", "root": "pictures", "test_root": "pictures", "size": [12, 16], "channels": 3,
            "shares": {"validation": 1.0}, "split_seed": 0, "on_error": "stop", "keep": "files",
        },
    },
    "ood": {"renditions": []},
    "graded": {"sets": 0},
    "transfer": [],
}  # fmt: skip


@pytest.mark.timeout(3600)
def test_stores_datasets_and_listed_files_pass_all_steps(tmp_path):
    """A store by plain h5py, a torch Dataset, and files that are not stored; networks with their own weights."""
    study = checkout(tmp_path)
    (tmp_path / "pictures" / "dots" / "broken.png").unlink()
    generator, labels = np.random.default_rng(0), np.arange(12) % 2
    with h5py.File(tmp_path / "plain.h5", "w") as file:
        file.attrs["classes"] = ["dark", "light"]
        for split in ("validation", "test"):
            dark = generator.integers(0, 120, (12, 1, 12, 10), np.uint8)
            file[f"{split}/images"] = dark + (120 * labels).astype(np.uint8)[:, None, None, None]
            file[f"{split}/labels"] = labels
    (tmp_path / "sources.py").write_text(MODULE)
    (tmp_path / "sources.yaml").write_text(yaml.safe_dump(EVERY_SOURCE))
    done = study.snakemake(
        "own", "--cores", "all", "--resources", "gpu=1", configs=["sources.yaml"]
    )
    assert done.returncode == 0, done.stdout
    results = tmp_path / "results" / "sources"
    assert dfm.read(results / "dfm/plain/small/none/seed0.h5").masks[5].shape == (2, 12, 10)
    plain = stores.read(results / "data" / "plain.h5", "test")
    assert (
        plain.images.shape == (12, 1, 12, 10)
        and plain.mean.tolist() == [0]
        and plain.std.tolist() == [1]
    )
    assert (results / "data" / "plain.h5").stat().st_size < 50_000
    files = stores.read(results / "data" / "files.h5", "test", in_memory=0)
    assert isinstance(files.images, ImageFiles) and files.images.shape == (24, 3, 12, 16)
    assert files.classes == ("bands", "checks", "dots")
    assert dfm.read(results / "dfm/files/bare/none/seed0.h5").masks[5].shape == (3, 12, 16)
    assert not list((results / "tests").rglob("ood.csv"))
    report = (results / "report.html").read_text()
    assert "dfm_stripes.svg" in report and "System Message" not in report


@pytest.mark.timeout(1800)
def test_cullings_by_several_jobs_give_the_same_files(tmp_path):
    study = checkout(tmp_path)
    plan = [
        {
            "datasets": ["plant_present"],
            "networks": ["resnet18"],
            "augmentations": ["none"],
            "seeds": [0],
        }
    ]
    file = "dfm/plant_present/resnet18/none/seed0.h5"
    for parts in (1, 2):
        config = {"study": f"parts{parts}", "plan": plan, "culling": {"parts": parts}}
        (tmp_path / "parts.yaml").write_text(yaml.safe_dump(config))
        target = f"results/parts{parts}/{file}"
        done = study.snakemake(target, "--cores", "all", configs=["config/test.yaml", "parts.yaml"])
        assert done.returncode == 0, done.stdout
        assert done.stdout.count("Finding the maps") == (1 if parts == 1 else parts + 1)
    assert not list((tmp_path / "results" / "parts2" / "dfm").rglob("*part*"))
    one, other = (content(tmp_path / "results" / name / file) for name in ("parts1", "parts2"))
    assert one.keys() == other.keys() and len(one) > 4
    assert all(
        np.array_equal(value, other[name]) for name, value in one.items() if name != "created_by"
    )


@pytest.mark.timeout(1800)
def test_the_experiment_has_a_table_and_a_figure(tmp_path):
    study = checkout(tmp_path)
    entry = {
        "datasets": ["fashion_mnist"],
        "networks": ["resnet18"],
        "augmentations": ["none"],
        "seeds": [0],
    }
    config = {"study": "reliance", "plan": [entry | {"reliance": True}], "graded": {"sets": 0}}
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(config))
    done = study.snakemake("--cores", "all", configs=["config/test.yaml", "small.yaml"])
    assert done.returncode == 0, done.stdout
    results = tmp_path / "results" / "reliance"
    reliance = read_table(results / "tables" / "reliance.csv")
    assert len(reliance) == 4 * 11 and (reliance["interval"] == "these networks").all()
    assert "reliance_fashion_mnist.svg" in (results / "report.html").read_text()
