"""README and docs: what they promise can be typed, their links exist, and their numbers are those of the results."""

import re
from operator import attrgetter
from pathlib import Path

import drawn_tables
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from PIL import Image

from bench import document, estimate, gallery, gallery_laptop, opening, statistics
from bench.markdown import TEMPLATES, marks
from conftest import ROOT
from frequency_shortcuts.storage.tables import RUN, write_table

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROSE = [*PAGES, ROOT / "CONTRIBUTING.md"]
README = PAGES[0].read_text()


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


def test_the_verdicts_on_phases_are_counted_by_data_set(tmp_path):
    (tmp_path / "tables").mkdir()
    verdicts = pd.DataFrame({"dataset": ["zoo", "zoo", "zoo", "waves"], "verdict": ["both", "both", None, "phase"]})
    write_table(verdicts, tmp_path / "tables" / "phase.csv")
    header, _, *rows = [line.strip("| ").split(" | ") for line in gallery_laptop.phases(tmp_path).splitlines()]
    assert header == ["data set", "amplitude", "phase", "either", "both", "undecided"]
    assert rows == [["zoo", "0", "0", "0", "2", "0"], ["waves", "0", "1", "0", "0", "0"]]


def test_every_dependency_is_named_with_its_reason():
    listed = (ROOT / "docs" / "dependencies.md").read_text()
    for line in (ROOT / "envs" / "requirements.txt").read_text().splitlines():
        if not line.startswith("#"):
            assert re.search(rf"\b{re.split('[=<>]', line)[0]}\b", listed), line
