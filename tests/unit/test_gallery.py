"""What README and docs say of the results, from small tables: the laptop study, the methods, the example."""

import itertools
import json
import os
import re
from pathlib import Path

import drawn_tables
import numpy as np
import pandas as pd
import pytest

from bench import gallery_experiments, gallery_laptop, gallery_methods, gallery_real
from bench.markdown import filled
from conftest import ROOT
from frequency_shortcuts.evaluation import truth
from frequency_shortcuts.storage.tables import RUN, write_table


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


# The methods

NAMED = {"network": "small", "augmentation": "none", "seed": 0}


def scores(dataset, truth, method, values, **changes):
    rows = pd.DataFrame({"class": [f"C{c}" for c in range(len(values))], "average_precision": values})
    row = {**NAMED, "dataset": dataset, "truth": truth, "method": method, "random": 0.05, "random_high": 0.1}
    return rows.assign(**row, passes=0.0 if method == "energy" else 1000.0, seconds=2.0, **changes)


TABLES = {
    "methods": pd.concat(
        [
            scores("plant_present", "own", "culling", [0.99, 0.95]),
            scores("plant_present", "own", "energy", [0.96, 0.2]),
            scores("plant_absent", "own", "culling", [0.3, np.nan]),
            scores("plant_absent", "own", "energy", [0.5, np.nan]),
            scores("plant_decoy", "decoy", "culling", [0.05, 0.06]),
            scores("plant_decoy", "decoy", "energy", [0.9, 0.8]),
            scores("waved", "own", "culling", [0.25]),
            scores("waved", "with_harmonics", "culling", [0.4]),
            scores("waved", "own", "energy", [1.0]),
            scores("waved", "with_harmonics", "energy", [0.7]),
            scores("fashion_mnist", np.nan, "culling", [np.nan]),
            scores("fashion_mnist", np.nan, "energy", [np.nan]),
        ]
    ),
    "method_overlap": pd.DataFrame({"method": ["culling", "energy"], "percent": 5.0, "overlap": [0.4, 0.9]}),
    "method_rates": pd.DataFrame(
        [
            {**NAMED, "dataset": "fashion_mnist", "method": method, "part": part, "fill": "zeros", "percent": 5.0,
             "class": "Shirt", "tpr": tpr, "fpr": fpr, "margin": margin}
            for method, part, tpr, fpr, margin in [
                ("culling", "keep", 0.8, 0.1, 0.5), ("culling", "remove", 0.3, np.nan, np.nan),
                ("random_control", "keep", 0.2, 0.0, 0.0), ("random_control", "remove", 0.9, np.nan, np.nan),
                ("unfiltered", "keep", 0.95, 0.0, np.nan),
            ]
        ]
        + [
            {"dataset": "waved", "method": method, "part": "remove", "fill": fill, "percent": percent, "class": "Shirt",
             "tpr": tpr - percent / 100}
            for method, tpr in (("culling", 0.95), ("energy", 0.85)) for fill in ("zeros", "swap") for percent in (1, 5)
        ]
    ),
}  # fmt: skip


@pytest.fixture
def blocks(monkeypatch):
    """What stands between the markers, with tables in place of those of a study."""
    monkeypatch.setattr(gallery_methods, "read", lambda study, name: TABLES[name])
    return filled("benchmark", Path("benchmark"), gallery_methods)


def test_the_caption_says_what_no_method_finds_and_what_energy_makes_of_the_decoy(blocks):
    text = " ".join(blocks["methods_caption"].split())
    assert "No method that uses the network reaches this on absent (0.30) and waved (0.25) (in" in text
    assert text.endswith("an average precision of 0.85, and of at most 0.06 with methods that use the network.")


def test_the_tables_have_a_row_for_each_method(blocks):
    assert "| `culling` | 1,000 | 2.0 | 1,000 | 2.0 | 0.40 |" in blocks["methods_cost"]
    rows = blocks["methods_on_photographs"].splitlines()
    assert rows[2:] == ["| `culling` | 0.70 | +0.50 | 0.30 |", "| random masks (ten) | 0.20 | +0.00 | 0.90 |"]


# Sets with a known truth: "found" and "above chance" have one meaning

SETS = {"syn_1": ["C2", "C3"], "syn_2": ["C2", "C3"], "plant_present": ["C1"]}
SCORES = ("dfm", "dfm_size", "adcs", "random")


def test_the_experiments_are_said_in_words_and_tables(tmp_path):
    ends = {
        f"{name}_{end}": value for name in ("lost_at_test", "lost_after") for end, value in (("low", 0), ("high", 1))
    }
    reliance = pd.DataFrame(
        {**ends, "removed": removed, "class": c, "positions": 208, "seeds": 3, "tpr": 0.86,
         "lost_at_test": 0.5, "lost_after": 0.04, "reading": reading}
        for removed in gallery_experiments.REMOVED
        for c, reading in (("Bag", "avoidable"), ("Coat", "needed"), ("Hat", "not relied on"), ("(all)", "open"))
    )  # fmt: skip
    (tmp_path / "tables").mkdir()
    write_table(reliance, tmp_path / "tables" / "reliance.csv")
    texts = filled("experiments", tmp_path, gallery_experiments)
    words = {name: " ".join(text.split()) for name, text in texts.items()}
    assert "Of 3 classes, 1 could have avoided these frequencies, 1 need them, 1 do not rely" in words["reliance"]
    assert "| the maps | 0.50 [0.00, 1.00] | 0.04 [0.00, 1.00] | 1 | 1 | 1 | 0 |" in texts["reliance"]


@pytest.fixture
def study(tmp_path):
    """Tables with scores at random, of classes whose mask two of three networks use."""
    generator, runs = np.random.default_rng(3), itertools.product(SETS, range(3))
    rows, use = [], []
    for dataset, seed in runs:
        for name in SETS[dataset]:
            about = {"dataset": dataset, "network": "small", "augmentation": "none", "seed": seed, "class": name}
            uses = seed < 2
            use.append({**about, "uses": uses, "positions": 40, "tpr_planted": 1, "tpr_complement": 0, "tpr_random": 0})
            for ranking, percent in itertools.product(SCORES, (1, 5)):
                value = generator.choice([0.05, 0.6, 0.94, 0.95, 1]) if ranking != "random" else 0.04
                high = 0.1 if ranking == "random" else np.nan
                row = {**about, "truth": "own", "cut": "percent", "ranking": ranking, "percent": percent, "uses": uses}
                previous = rows[-1]["average_precision"] if percent == 5 else value
                rows.append({**row, "average_precision": previous, "average_precision_high": high})
    (tmp_path / "tables").mkdir()
    write_table(pd.DataFrame(use), tmp_path / "tables" / "planted_use.csv")
    write_table(pd.DataFrame(rows), tmp_path / "tables" / "truth.csv")
    return tmp_path, [row for row in rows if row["uses"] and row["percent"] == 5]


def counted(rows, dataset, name):
    """Classes and networks, how many are found, and how many above chance by value and by size: counted one by one."""
    selected = [row for row in rows if re.match(dataset, row["dataset"]) and row["class"] == name]
    maps, sizes = ([r["average_precision"] for r in selected if r["ranking"] == kind] for kind in ("dfm", "dfm_size"))
    above = sum(first > 0.1 and second > 0.1 for first, second in zip(maps, sizes, strict=True))
    return [str(len(maps)), str(sum(value >= 0.95 for value in maps)), str(above), f"{np.mean(maps):.2f}"]


def test_a_row_for_each_cue_counts_what_is_found_and_what_is_above_chance(study):
    folder, scores = study
    rows = {line[0]: line[1:5] for line in map(cells, gallery_laptop.truth(folder).splitlines()[2:])}
    assert rows == {
        gallery_laptop.SYN["C2"]: counted(scores, "syn", "C2"),
        gallery_laptop.SYN["C3"]: counted(scores, "syn", "C3"),
        "present": counted(scores, "plant", "C1"),
    }


def test_planted_masks_are_counted(study):
    folder, scores = study
    values = {(row["dataset"], row["seed"], row["class"], row["ranking"]): row["average_precision"] for row in scores}
    maps = {key[:3]: value for key, value in values.items() if key[3] == "dfm"}
    found = {key for key, value in maps.items() if value >= 0.95}
    masks = gallery_laptop.planted_masks(folder)
    assert (masks["used"], masks["count"], len(masks["unused"])) == (10, 15, 5)
    assert masks["found"] == len(found)
    assert 0 < len(found) < len(maps)


def cells(line):
    return line.strip("| ").split(" | ")


def test_found_is_one_number_in_code_docs_and_captions():
    assert gallery_laptop.FOUND == gallery_methods.FOUND == truth.FOUND == 0.95
    for page in ("docs/method.md", "docs/methods.md", "workflow/study/tests/compare_methods.py"):
        text = " ".join((ROOT / page).read_text().split())
        limits = re.findall(r"(?:average precision[^.;]{0,30} is|Bold: a mean of) at least (\d\.\d+)", text)
        assert set(limits) == {f"{truth.FOUND:g}"}, page


# The example


@pytest.fixture
def example(tmp_path):
    """The files of an analysis of three classes: one is followed, one is not, and of one the test cannot tell."""
    folder = tmp_path / "analysis"
    folder.mkdir()
    about = {"pictures": {"ant": 3, "bee": 5, "cow": 4}, "seconds": 41, "cores": 2, "begin": 1000.0}
    (folder / "example.json").write_text(json.dumps(about))
    rows = pd.DataFrame({"class": ["ant", "bee", "cow"], "verdict": ["follows", "not shown", "cannot tell"]})
    write_table(rows, folder / "flips.csv")
    return tmp_path


def test_the_text_on_the_example_has_the_numbers_of_its_files(example):
    texts = filled("real", example, gallery_real)
    caption = " ".join(texts["real_caption"].split())
    assert "apart (3, 5 and 4 photographs)" in caption
    assert texts["real_cost"] == "Its analysis took 41 seconds on 2 cores without a GPU, after a download of 81 MB."
    assert "Warned of: ant. Not shown: bee. Cannot tell: cow. An example" in caption


@pytest.mark.parametrize(
    ("second", "words"),
    [(1000 + 9 * 60, "MB, `make real` 9 minutes."), (500, "of 81 MB."), (1000 + 9 * 3600, "of 81 MB.")],
)
def test_the_minutes_of_the_study_are_those_of_one_run(example, second, words):
    (example / "report.html").touch()
    os.utime(example / "report.html", (second, second))
    gallery_real.add_minutes(example, example)
    assert filled("real", example, gallery_real)["real_cost"].endswith(words)
