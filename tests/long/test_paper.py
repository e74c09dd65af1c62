"""The study of the paper, from its four folders to the report: drawn pictures, narrow networks, one epoch."""

import numpy as np
import pytest
import yaml
from PIL import Image

from checkouts import ROOT, checkout
from frequency_shortcuts import dfm
from frequency_shortcuts.storage.tables import read_table

PAPER = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())
IMAGENET = PAPER["datasets"]["imagenet10"]
BRIEF = {"epochs": 1, "dynamics": {"iterations": 2, "every": 1, "images_per_class": 2, "cutoff": 6}}
OF_SETS = {"images_per_class": {"train": 16, "validation": 4, "test": 6}}
# What makes the study small. All else, such as the exact search in parts, is as config/paper.yaml has it.
SMALL = {
    "device": "cpu",
    "datasets": {"imagenet10": {"size": 32, "resize": 36}},
    "synthesis": OF_SETS,
    "planting": OF_SETS,
    "networks": {name: {"width": 4 if "vit" not in name else 8} for name in PAPER["networks"]},
    "training": {"synthetic": BRIEF, "planted": BRIEF, "photographs": BRIEF, "recipe": {"batch_size": 16}},
    "culling": {"images_per_class": 1, "parts": 2},
    "shortcuts": {"images_per_class": 3, "controls": 5, "radial": 5, "others": 2, "methods": ["adcs"]},
    "graded": {"sets": 2, "iterations": 2, "every": 1, "test_images_per_class": 2},
    "truth": {"draws": 10},
}  # fmt: skip


def small_plan():
    """One Syn set, one seed; each network of the photographs without augmentation, each augmentation of the first."""
    of_syn, of_photographs = ({**entry, "seeds": [0]} for entry in PAPER["plan"])
    first, *_ = of_photographs["networks"]
    return [
        {**of_syn, "datasets": of_syn["datasets"][:1]},
        {**of_photographs, "augmentations": ["none"]},
        {**of_photographs, "networks": [first]},
    ]


def draw_folders(root):
    """Waves of a class's own frequency in noise: ImageNet's two trees, the stylised twins, and the renditions."""
    generator, twin = np.random.default_rng(0), IMAGENET["ood"]

    def draw(folder, number, suffix, frequency):
        (root / folder).mkdir(parents=True)
        rows, columns = np.mgrid[:40, :48]
        for i in range(number):
            wave = np.sin(2 * np.pi * (frequency * rows / 40 + (frequency % 3) * columns / 48) + i)
            pixels = 128 + 60 * wave[..., None] + generator.normal(0, 20, (40, 48, 3))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(
                root / folder / f"{i}.{suffix}"
            )

    for number, (name, wordnet) in enumerate(IMAGENET["classes"].items(), 1):
        draw(f"{IMAGENET['root']}/{wordnet}", 20, "JPEG", number)
        draw(f"{IMAGENET['test_root']}/{wordnet}", 4, "JPEG", number)
        draw(f"{IMAGENET['stylised']}/{wordnet}", 20, "png", number)
        for rendition in twin["renditions"]:
            draw(f"{twin['root']}/{rendition}/{twin['classes'][name]}", 2, "png", number)


@pytest.mark.timeout(5400)
def test_the_study_of_the_paper_runs_to_its_report(tmp_path):
    study, results = checkout(tmp_path), tmp_path / "results" / "paper"
    draw_folders(tmp_path)
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(SMALL | {"plan": small_plan()}))
    options = ["--cores", "all", "--resources", "gpu=1"]
    done = study.snakemake(*options, configs=["config/paper.yaml", "small.yaml"])
    assert done.returncode == 0, done.stdout[-20_000:]

    networks = read_table(results / "tables" / "networks.csv")
    built = {network["architecture"] for network in PAPER["networks"].values()}
    assert set(networks["architecture"]) == built and networks["test_accuracy"].notna().all()
    assert set(networks["augmentation"]) == set(PAPER["plan"][1]["augmentations"])
    renditions = read_table(results / "tables" / "ood.csv")["rendition"]
    assert list(dict.fromkeys(renditions)) == IMAGENET["ood"]["renditions"]
    pairs = read_table(results / "tables" / "transfer.csv")[
        ["maps_of", "tested_on"]
    ].drop_duplicates()
    assert pairs.to_numpy().tolist() == [["resnet18/sin/seed0", "vit_b_16/none/seed0"]]
    for name, rows in {"table_1": 10, "table_2": 60, "table_3": 10}.items():
        assert len(read_table(results / "tables" / f"{name}.csv")) >= rows
    maps = dfm.read(results / "dfm" / "imagenet10" / "resnet50" / "none" / "seed0.h5")
    assert (
        maps.masks[5].shape == (10, 32, 32)
        and maps.evaluated.all()
        and maps.attributes["method"] == "exact"
    )
    report = (results / "report.html").read_text()
    assert "System Message" not in report
    for figure in (
        "dfm_imagenet10.svg",
        "ood_imagenet10.svg",
        "adcs_syn_1.svg",
        "reduced_imagenet10.svg",
    ):
        assert figure in report
