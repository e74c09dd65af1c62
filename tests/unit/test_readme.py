"""README and docs: what they promise can be typed, their links exist, and their numbers are those of the results."""

import re
from itertools import pairwise
from operator import attrgetter
from pathlib import Path

import drawn_tables
import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import pyplot as plt
from PIL import Image
from waves_and_network import MEAN, STD, WaveNetwork, images_and_labels

from bench import document, estimate, gallery, gallery_laptop, opening, statistics
from bench.markdown import TEMPLATES, marks
from conftest import ROOT
from frequency_shortcuts import shortcuts
from frequency_shortcuts.data import stores
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.tables import RUN, write_table

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROSE = [*PAGES, ROOT / "CONTRIBUTING.md"]
README = PAGES[0].read_text()


@pytest.mark.slow
def test_the_library_works_in_the_lines_of_the_readme(capsys, tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    images, labels = images_and_labels()
    names = {"network": WaveNetwork(), "images": images, "labels": labels, "mean": MEAN, "std": STD}
    exec(code.replace("results/analysis", str(tmp_path)), names, done := {})
    assert len(done["result"].verdicts) == 4 and (tmp_path / "report.html").is_file()
    for name in ("clearest", "cards", "shortcuts"):
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert picture.width > 500
    assert "Too few images to tell" in capsys.readouterr().out


@pytest.mark.slow
def test_the_parts_work_in_the_lines_of_the_docs(small_network, capsys):
    code = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "own_networks.md").read_text(), re.DOTALL)[-1]
    images, labels = torch.randn(12, 3, 10, 9), np.arange(12) % 3
    names = {"network": small_network(3, 3), "images": images, "labels": labels, "n_classes": 3}
    exec(code, names | {"test_images": images.flip(0), "test_labels": labels[::-1].copy()}, done := {})
    assert done["increments"].shape == (3, len(done["pairs"])) and done["masks"].shape == (3, 10, 9)
    kinds = {"unfiltered", "dfm", "random", "radial", "low_pass", "other"}
    assert set(shortcuts.rates(done["hits"])["filter"]) == kinds
    assert "verdict" in capsys.readouterr().out


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 130


@pytest.mark.parametrize("page", PROSE, ids=attrgetter("name"))
def test_a_page_has_short_lines_and_names_files_and_targets_that_are_there(page):
    text = page.read_text()
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    assert [line for line in prose.splitlines() if len(line) > 120 and not line.startswith("|")] == []
    for name in re.findall(r"\]\(((?!http)[^)#]+)\)", text):
        assert (page.parent / name).exists(), name
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z-]+)`", text)) <= set(targets)
    assert set(re.findall(r"^make ([a-z-]+)", text, re.MULTILINE)) <= set(targets)


def test_the_readme_lists_every_page():
    pages = {str(page.relative_to(ROOT)) for page in PROSE[1:]}
    assert pages <= set(re.findall(r"\]\(([^)]+)\)", README))


def test_every_picture_is_made_by_make_gallery_or_make_bench(tmp_path, monkeypatch):
    shown = [Path(name).stem for page in PAGES for name in re.findall(r"!\[[^]]+\]\(([^)]+)\)", page.read_text())]
    figures = [name for names in gallery.FIGURES.values() for name in names]
    assert sorted(shown) == sorted([gallery.OPENING, *figures, document.PICTURE])
    (tmp_path / "figures").mkdir()
    Image.new("RGB", (2 * gallery.WIDTH, 60), "red").save(tmp_path / "figures" / "findings_all.png")
    gallery.pictures(tmp_path, tmp_path, ["findings_all"])
    with Image.open(tmp_path / "findings_all.png") as picture:
        assert picture.size == (gallery.WIDTH, 30) and picture.convert("RGB").getpixel((5, 5)) == (255, 0, 0)
    monkeypatch.setattr(opening, "opening", lambda study: plt.figure(figsize=(2, 1)))
    gallery.draw_opening(tmp_path, tmp_path)
    with Image.open(tmp_path / f"{gallery.OPENING}.png") as picture:
        assert picture.size == (400, 200)


def test_all_that_is_marked_is_written_from_results():
    written = {name for study in gallery.STUDIES for name in TEMPLATES.get_template(f"{study}.md.jinja").blocks}
    for page in PAGES:
        if page.name in estimate.PAGES:
            assert set(marks(page.read_text())) <= {"work", "error"}
        elif page == statistics.PAGE:
            assert marks(page.read_text()) == list(statistics.PARTS)
        else:
            names = set(marks(page.read_text()))
            assert names <= written, page
            written -= names
    assert not written
    outside = re.sub(r"<!-- (\w+) -->.*?<!-- /\1 -->|```.*?```|\[arXiv[^)]+\)", "", README, flags=re.DOTALL)
    assert not re.findall(r"\b[01]\.\d|\d %", outside)


def test_the_results_are_those_of_the_headline(tmp_path):
    kinds = [("small", "none")]
    verdicts = pd.concat(
        [drawn_tables.verdicts(("ant", "bee", "cow"), kinds=kinds),
         drawn_tables.verdicts(("C0", "C1"), (0,), kinds, neutral="C0").assign(dataset="syn")]
    )  # fmt: skip
    (tmp_path / "tables").mkdir()
    write_table(verdicts, tmp_path / "tables" / "shortcuts.csv")
    networks = verdicts[RUN].drop_duplicates().assign(test_accuracy=[0.8, 0.9, 0.7])
    write_table(networks, tmp_path / "tables" / "networks.csv")
    header, _, first, second = [line.strip("| ").split(" | ") for line in gallery_laptop.results(tmp_path).splitlines()]
    shown = dict(zip(header, first, strict=True))
    headline = verdicts[verdicts["headline"] & (verdicts["dataset"] == "zoo")]
    assert set(headline["fill"]) == {"zeros"} == {shown["fill"]} and len(headline) == 6
    assert shown["map: TPR - FPR"] == f"{headline['measure'].mean():.2f}"
    assert shown["test accuracy"] == "0.85" and shown["seeds"] == "2"
    for verdict in ("strong", "weak", "none"):
        assert int(shown[verdict]) == (headline["verdict"] == verdict).sum()
    assert int(shown["no verdict"]) == headline["verdict"].isna().sum()
    low = ((headline["verdict"] == "strong") & headline["low_frequency"]).sum()
    assert int(shown["strong, low frequencies do as well"]) == low
    closest = [max(row.tpr_random - row.fpr_random, row.tpr_radial - row.fpr_radial, row.largest_other)
               for row in headline.itertuples()]  # fmt: skip
    assert shown["closest control: TPR - FPR"] == f"{np.mean(closest):.2f}"
    assert dict(zip(header, second, strict=True))["fill"] == "swap"


def test_the_sentences_count_in_the_tables(tmp_path):
    verdicts = drawn_tables.verdicts(("ant", "bee", "cow"), kinds=[("resnet18_w8", "none")]).assign(
        dataset="fashion_mnist"
    )
    (tmp_path / "tables").mkdir()
    write_table(verdicts, tmp_path / "tables" / "shortcuts.csv")
    for part in ("keep", "remove"):
        selected = verdicts[verdicts["part"] == part]
        counts = [((selected["fill"] == fill) & (selected["verdict"] == "strong")).sum() for fill in ("zeros", "swap")]
        assert sum(counts)
        text = "{} of 6 with zeros and {} of 6 with swap".format(*counts)
        assert gallery_laptop.strong_maps(tmp_path, part) == text
    kept = verdicts[verdicts["part"] == "keep"]
    better = sum(row.tpr_low_pass - row.fpr_low_pass >= row.tpr_dfm - row.fpr_dfm for row in kept.itertuples())
    assert 0 < better < 12 and gallery_laptop.low_pass(tmp_path) == (better, 12)
    header, _, *rows = [line.strip("| ").split(" | ") for line in gallery_laptop.fills(tmp_path).splitlines()]
    assert len(rows) == 3 and all(len(row) == len(header) == 5 for row in rows)


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


def test_the_verdicts_on_phases_are_counted_by_data_set(tmp_path):
    (tmp_path / "tables").mkdir()
    verdicts = pd.DataFrame({"dataset": ["zoo", "zoo", "zoo", "waves"], "verdict": ["both", "both", None, "phase"]})
    write_table(verdicts, tmp_path / "tables" / "phase.csv")
    header, _, *rows = [line.strip("| ").split(" | ") for line in gallery_laptop.phases(tmp_path).splitlines()]
    assert header == ["data set", "amplitude", "phase", "either", "both", "undecided"]
    assert rows == [["zoo", "0", "0", "0", "2", "0"], ["waves", "0", "1", "0", "0", "0"]]


@pytest.mark.slow
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


def test_the_wings_import_no_other_than_the_page_lists():
    text = (ROOT / "docs" / "development.md").read_text().partition("| wing | imports |")[2].partition("\n\n")[0]
    listed = {wing: set(re.findall(r"`(\w+)`", below)) for wing, below in re.findall(r"\| `(\w+)` \| (.*) \|", text)}
    root = ROOT / "src" / "frequency_shortcuts"
    found = {wing: set() for wing in listed}
    for path in root.glob("*/**/*.py"):
        wings = re.findall(r"(?:from|import) frequency_shortcuts(?:\.| import )(\w+)", path.read_text())
        found[path.relative_to(root).parts[0]].update(wings)
    found["intervals"].update(re.findall(r"^from \.(\w+)", (root / "intervals.py").read_text(), re.MULTILINE))
    for wing, below in found.items():
        assert below - {wing, "__version__"} <= listed[wing], wing


def test_every_dependency_is_named_with_its_reason():
    listed = (ROOT / "docs" / "dependencies.md").read_text()
    for line in (ROOT / "envs" / "requirements.txt").read_text().splitlines():
        if not line.startswith("#"):
            assert re.search(rf"\b{re.split('[=<>]', line)[0]}\b", listed), line
