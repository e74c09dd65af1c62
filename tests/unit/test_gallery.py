"""What README and docs say of the results, from small tables."""

import itertools
import json
import os
import re

import numpy as np
import pandas as pd
import pytest

from bench import gallery, numbers
from bench.markdown import texts
from conftest import ROOT
from frequency_shortcuts.evaluation import truth
from frequency_shortcuts.storage.tables import write_table


def write(study, **tables):
    (study / "tables").mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        write_table(table, study / "tables" / f"{name}.csv")


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
            scores("waved", "own", "energy", [1.0]),
            scores("fashion_mnist", np.nan, "culling", [np.nan]),
            scores("fashion_mnist", np.nan, "energy", [np.nan]),
        ]
    ),
    "method_overlap": pd.DataFrame({"method": ["culling", "energy"], "percent": 5.0, "overlap": [0.4, 0.9]}),
    "method_rates": pd.DataFrame(
        [
            {**NAMED, "seed": seed, "dataset": "fashion_mnist", "method": method, "part": part, "fill": "zeros",
             "percent": 5.0, "class": "Shirt", "tpr": tpr, "fpr": fpr, "margin": margin * (1 + 0.4 * seed)}
            for method, part, tpr, fpr, margin in [
                ("culling", "keep", 0.8, 0.1, 0.5), ("culling", "remove", 0.3, np.nan, np.nan),
                ("random_control", "keep", 0.2, 0.0, 0.0), ("random_control", "remove", 0.9, np.nan, np.nan),
                ("unfiltered", "keep", 0.95, 0.0, np.nan),
            ]
            for seed in (0, 1)
        ]
    ),
}  # fmt: skip


def test_the_text_on_methods_says_what_none_finds_and_its_tables_have_a_row_for_each(tmp_path):
    write(tmp_path / "benchmark", **TABLES)
    blocks = texts(tmp_path)
    text = " ".join(blocks["methods_caption"].split())
    assert "whose network uses them (4 networks)" in text  # not that of photographs, where no truth is known
    assert "No method that uses the network reaches this on absent (0.30) and waved (0.25) (in" in text
    assert text.endswith("an average precision of 0.85, and of at most 0.06 with methods that use the network.")
    assert "| `culling` | 1,000 | 2.0 | 1,000 | 2.0 | 0.40 |" in blocks["methods_cost"]
    rows = blocks["methods_on_photographs"].splitlines()
    assert rows[2:] == [
        "| `culling` | 0.70 | +0.60 (+0.50..+0.70) | 0.30 |",
        "| random masks | 0.20 | +0.00 (+0.00..+0.00) | 0.90 |",
    ]


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
    write(tmp_path / "laptop", planted_use=pd.DataFrame(use), truth=pd.DataFrame(rows))
    return tmp_path, [row for row in rows if row["uses"] and row["percent"] == 5]


def counted(rows, dataset, name):
    """Classes and networks, how many are found, and how many above chance by value and by size: counted one by one."""
    selected = [row for row in rows if re.match(dataset, row["dataset"]) and row["class"] == name]
    maps, sizes = ([r["average_precision"] for r in selected if r["ranking"] == kind] for kind in ("dfm", "dfm_size"))
    above = sum(first > 0.1 and second > 0.1 for first, second in zip(maps, sizes, strict=True))
    return [str(len(maps)), str(sum(value >= 0.95 for value in maps)), str(above), f"{np.mean(maps):.2f}"]


def test_a_row_for_each_cue_counts_what_is_found_and_what_is_above_chance(study):
    folder, scores = study
    lines = (line.strip("| ").split(" | ") for line in texts(folder)["truth"].splitlines() if "0." in line[-6:])
    assert {line[0]: line[1:5] for line in lines} == {
        numbers.SYN["C2"]: counted(scores, "syn", "C2"),
        numbers.SYN["C3"]: counted(scores, "syn", "C3"),
        "present": counted(scores, "plant", "C1"),
    }
    assert "The networks use 10 of 15 planted masks. Not used, and so not scored: C2 of syn_1, seed 2;" in " ".join(
        texts(folder)["truth"].split()
    )


def test_found_is_one_number_in_code_docs_and_captions():
    assert numbers.FOUND_MASK == truth.FOUND == 0.95
    for page in ("docs/method.md", "docs/methods.md", "workflow/study/tests/compare_methods.py"):
        text = " ".join((ROOT / page).read_text().split())
        limits = re.findall(r"(?:average precision[^.;]{0,30} is|Bold: a mean of) at least (\d\.\d+)", text)
        assert set(limits) == {f"{truth.FOUND:g}"}, page


@pytest.mark.parametrize(
    ("second", "words"),
    [(1000 + 9 * 60, "MB, `make real` 9 minutes."), (500, "of 81 MB."), (1000 + 9 * 3600, "of 81 MB.")],
)
def test_the_minutes_of_the_real_network_are_those_of_one_run(tmp_path, second, words):
    study = tmp_path / "real"
    (study / "analysis").mkdir(parents=True)
    about = {"pictures": {"ant": 3, "bee": 5, "cow": 4}, "seconds": 41, "cores": 2, "begin": 1000.0}
    (study / "analysis" / "example.json").write_text(json.dumps(about))
    rows = pd.DataFrame({"class": ["ant", "bee", "cow"], "verdict": ["follows", "not shown", "cannot tell"]})
    write_table(rows, study / "analysis" / "flips.csv")
    (study / "report.html").touch()
    os.utime(study / "report.html", (second, second))
    gallery.add_minutes(study, study)
    assert texts(tmp_path)["real_cost"].endswith(words)
    caption = " ".join(texts(tmp_path)["real_caption"].split())
    assert "(3, 5 and 4 photographs). Warned of: ant. Not shown: bee. Cannot tell: cow. An example" in caption
