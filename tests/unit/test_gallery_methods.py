"""What the docs say of the comparison of methods and of the cure, from small tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench import gallery_cure, gallery_experiments, gallery_methods
from bench.markdown import filled
from frequency_shortcuts.storage.tables import write_table

RUN = {"network": "small", "augmentation": "none", "seed": 0}


def scores(dataset, truth, method, values, **changes):
    rows = pd.DataFrame({"class": [f"C{c}" for c in range(len(values))], "average_precision": values})
    row = {**RUN, "dataset": dataset, "truth": truth, "method": method, "random": 0.05, "random_high": 0.1}
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
            {**RUN, "dataset": "fashion_mnist", "method": method, "part": part, "fill": "zeros", "percent": 5.0,
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
    "wave": pd.DataFrame(
        [
            {"test": "without the wave", "part": np.nan, "fill": np.nan, "tpr": 0.02, "tpr_low": 0.0, "tpr_high": 0.1},
            {"test": "unfiltered", "part": "keep", "fill": "zeros", "tpr": 1.0, "fpr": 0.0},
            {"test": "wave", "part": "keep", "fill": "zeros", "tpr": 0.6, "fpr": 0.04},
            {"test": "wave", "part": "remove", "fill": "zeros", "tpr": 0.97},
            {"test": "random_control", "part": "remove", "fill": "zeros", "tpr": 1.0},
        ]
    ).assign(**{"seed": 0, "class": "Shirt"}),
}  # fmt: skip


@pytest.fixture
def blocks(monkeypatch):
    """What stands between the markers, with tables in place of those of a study."""
    monkeypatch.setattr(gallery_methods, "read", lambda study, name: TABLES[name])
    monkeypatch.setattr(gallery_methods, "paired", lambda study: "")
    return filled("benchmark", Path("benchmark"), gallery_methods)


def test_the_words_say_who_finds_what_and_who_falls_for_the_decoy(blocks):
    text = " ".join(blocks["methods_in_words"].split())
    assert "**plant_present**: found in 2 of 2 classes by `culling`; in some by `energy` (1). -" in text
    assert "**plant_absent**: found by no method in any of 1 classes. -" in text
    assert "**waved**: found in 1 of 1 classes by `energy`; by no method that asks the network. -" in text
    assert "in most of 2 classes by `energy` (mean average precision 0.85)." in text
    text = " ".join(blocks["methods_caption"].split())
    assert "No method that asks the network reaches this on absent (0.30) and waved (0.25) (in" in text
    assert "an average precision of 0.85, and of at most 0.06 with methods that ask" in text


def test_the_tables_have_a_row_for_each_method(blocks):
    rows = blocks["methods_found"].splitlines()
    assert rows[0] == "| classes found (mean AP) | present, of 2 | absent, of 1 | waved, of 1 |"
    assert rows[2:] == [
        "| `culling` | 2 (0.97) | 0 (0.30) | 0 (0.25) |",
        "| `energy` | 1 (0.58) | 0 (0.50) | 1 (1.00) |",
        "| random rankings | (0.05) | (0.05) | (0.05) |",
    ]
    assert "| `culling` | 1,000 | 2.0 | 1,000 | 2.0 | 0.40 |" in blocks["methods_cost"]
    rows = blocks["methods_on_photographs"].splitlines()
    assert rows[2:] == ["| `culling` | 0.70 | +0.50 | 0.30 |", "| random masks (ten) | 0.20 | +0.00 | 0.90 |"]


def test_the_wave_has_its_places_and_its_tests(blocks):
    text = blocks["methods_waves"]
    words = " ".join(text.split())
    assert "with the wave, mean of 1 networks: 1.00; on the same photographs without it: 0.02 (at most 0.02)." in words
    assert "| wave | zeros | 0.97 | 0.60 | 0.04 | 1 |" in text and "random_control" not in text
    assert "| `culling` | 4 | 0.40 | 0.94 | 0.94 | 0.90 | 0.90 |" in text


def test_the_default_method_is_compared_with_each_other_class_by_class(monkeypatch):
    """Ten classes: 0.1 or 0.3 above culling (mean 0.2, half width 2.262 * 0.1054 / 3.162), as good as energy."""
    values = {"mixture": np.tile([0.6, 0.8], 5), "culling": np.full(10, 0.5), "energy": np.tile([0.8, 0.6], 5)}
    rates = pd.concat(
        [
            pd.DataFrame({**RUN, "dataset": "fashion_mnist", "part": "keep", "fill": fill, "percent": 5.0,
                          "class": [f"C{c}" for c in range(10)], "method": name, "measure": sign * measure})
            for name, measure in values.items() for fill, sign in (("zeros", 1), ("swap", -1))
        ]
    )  # fmt: skip
    monkeypatch.setattr(gallery_methods, "read", lambda study, name: rates)
    rows = gallery_methods.paired(Path()).splitlines()
    assert rows[0] == "| `mixture` minus, 10 classes of networks | zeros | swap |"
    assert rows[2] == "| `culling` | +0.20 [+0.12, +0.28] better | -0.20 [-0.28, -0.12] worse |"
    assert rows[3] == "| `energy` | +0.00 [-0.15, +0.15] not clear | +0.00 [-0.15, +0.15] not clear |"


@pytest.mark.parametrize(("cures", "words"), [(False, "none of them cures."), (True, "`dfmx` cures.")])
def test_the_cure_has_a_row_an_augmentation(tmp_path, cures, words):
    row = {"low": 0.1, "high": 0.3, "difference_low": -0.2, "difference_high": -0.05, "seeds": 3, "classes": 10}
    rows = pd.DataFrame(
        [
            {**row, "augmentation": name, "measure": measure, "value": 0.2, "difference": change, "cures": verdict}
            for name, change, verdict in [("none", np.nan, np.nan), ("dfmx", -0.1, cures)]
            for measure in gallery_cure.MEASURES
        ]
    )
    (tmp_path / "tables").mkdir()
    write_table(rows, tmp_path / "tables" / "cure.csv")
    text = filled("cure", tmp_path, gallery_cure)["cured"]
    sentences = " ".join(text.split())
    assert "; test accuracy lower with `dfmx`;" in sentences and "higher" not in sentences
    assert words in sentences and "Means over 3 seeds and 10 classes" in sentences
    assert text.splitlines()[-2].startswith("| `none` | 0.200 |")
    assert text.splitlines()[-1].startswith("| `dfmx` | 0.200 (-0.100 [-0.200, -0.050]) |")


def test_the_experiments_are_said_in_words_and_tables(tmp_path):
    ends = {
        f"{name}_{end}": value for name in ("lost_at_test", "lost_after") for end, value in (("low", 0), ("high", 1))
    }
    reliance = pd.DataFrame(
        {**ends, "removed": removed, "class": c, "positions": 208, "seeds": 3, "tpr": 0.86, "lost_at_test": 0.5,
         "lost_after": 0.04, "reading": reading}
        for removed in gallery_experiments.REMOVED
        for c, reading in (("Bag", "avoidable"), ("Coat", "needed"), ("all", "open"))
    )  # fmt: skip
    harm = pd.DataFrame(
        {"class": "Shirt", "share": share, "verdict": verdict, "advantage": share, "lost": share**2, "called": -share,
         "tpr_with": 1.0, "in_map": True, "costs": share > 0.6}
        for share, verdict in ((0.5, "weak"), (0.7, "strong"), (1.0, "strong"))
    )  # fmt: skip
    (tmp_path / "tables").mkdir()
    write_table(reliance, tmp_path / "tables" / "reliance.csv")
    write_table(harm, tmp_path / "tables" / "harm.csv")
    texts = filled("experiments", tmp_path, gallery_experiments)
    words = {name: " ".join(text.split()) for name, text in texts.items()}
    assert "Of 2 classes, 1 could have avoided these frequencies, 1 need them, 0 do not rely" in words["reliance"]
    assert "| the maps | 0.50 [0.00, 1.00] | 0.04 [0.00, 1.00] | 1 | 1 | 0 | 0 |" in texts["reliance"]
    assert (
        "Of 3 networks, 2 have a strong shortcut in the class Shirt; 2 of these cost, and of the other 1, 0."
        in (words["harm"])
    )
    assert "recall lost: 1.00; with the other images called this class: -1.00." in words["harm"]
    assert "| 50% | 1 | 0 | 1 | 0.50 | 1.00 | 0.25 | -0.50 |" in texts["harm"]
