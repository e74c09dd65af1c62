"""What README and docs say of the results, from small tables: the laptop study."""

import itertools
import re

import drawn_tables
import numpy as np
import pandas as pd
import pytest

from bench import gallery_laptop, gallery_methods
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


# Sets with a known truth: "found" and "above chance" have one meaning

SETS = {"syn_1": ["C2", "C3"], "syn_2": ["C2", "C3"], "plant_present": ["C1"]}
SCORES = ("dfm", "dfm_size", "adcs", "random")


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
