"""The judge of what should bring back what artefacts cost, and its figure."""

import itertools

import numpy as np
import pandas as pd
import pytest
from drawn_tables import check_page

from benchmarks import drawing
from benchmarks.cure.judge import judge, judge_aims

CASES = {
    "clothing": {"jpeg": "fine", "tag": "local"},
    "scenes": {"resized": "fine", "cast": "smooth"},
}
RECALL = {"none": 0.1, "swap": 0.7, "refit": 0.5}  # of clean networks 0.8
LOST = {"none": 0.0, "swap": 0.04, "refit": 0.01}
SEEDS = range(670, 673)


def networks():
    """Without noise but that of seeds: `swap` brings back what all cost but the tag, which `refit` restores alone."""
    generator = np.random.default_rng(0)
    rows = []
    for (suite, families), seed, training in itertools.product(CASES.items(), SEEDS, RECALL):
        own = [(cue, cue) for cue in families]
        for case, cue in [*(("clean", cue) for cue in families), *own]:
            recall = 0.8 if case == "clean" else RECALL[training]
            if case == "tag":
                recall = {"none": 0.1, "swap": 0.3, "refit": 0.75}[training]
            restored = None
            if training == "refit" and case != "clean":
                restored = case in ("tag", "jpeg")
            rows.append(
                {
                    "suite": suite,
                    "seed": seed,
                    "case": case,
                    "training": training,
                    "cue": cue,
                    "family": families[cue],
                    "label": seed % 10,
                    "level": 1,
                    "accuracy": 0.82 - LOST[training] + 0.001 * (seed % 3),
                    "recall": recall + generator.normal(0, 0.01),
                    "called": 0.05 + generator.normal(0, 0.005),
                    "restored": restored,
                }
            )
    return pd.DataFrame(rows)


NETWORKS = networks()


@pytest.fixture(scope="module")
def table():
    return judge(NETWORKS)


def test_a_row_has_the_means_over_the_networks_of_its_case_and_training(table):
    assert len(table) == 4 * 3 and (table["networks"] == 3).all()
    for _, row in table.iterrows():
        of_suite = NETWORKS[NETWORKS["suite"] == row["suite"]]
        of_training = of_suite[of_suite["training"] == row["training"]]
        own = of_training[of_training["case"] == row["case"]]
        clean = of_suite.query("case == 'clean' and training == 'none'")
        recall_clean = clean.loc[clean["cue"] == row["case"], "recall"].mean()
        assert row["recall"] == pytest.approx(own["recall"].mean())
        assert row["recall_clean"] == pytest.approx(recall_clean)
        assert row["share"] == pytest.approx(own["recall"].mean() / recall_clean)
        assert row["restored"] == (row["share"] >= 0.7)
        assert row["accuracy_loss"] == pytest.approx(LOST[row["training"]])


def test_the_aims_count_what_refit_says_and_what_is_restored(table):
    aims = judge_aims(NETWORKS, table).set_index(["aim", "images"])
    # Of jpeg it says so wrongly, of the other two it is right that they are not.
    assert aims.loc[("says_restored", "all sets"), ["value", "count"]].tolist() == [0.5, 6]
    assert aims.loc[("says_not", "all sets"), ["value", "count"]].tolist() == [1, 6]
    assert aims.loc[("either", "all sets"), ["value", "count", "met"]].tolist() == [1, 4, True]
    assert aims.loc[("swap", "all sets"), "value"] == 3 / 4
    assert aims.loc[("refit", "all sets"), "value"] == 1 / 4
    assert 0 < aims.loc[("either", "all sets"), "low"] < 1
    for cure, met in (("swap", False), ("refit", True)):
        row = aims.loc[(f"accuracy_{cure}", "scenes")]
        assert row["value"] == pytest.approx(LOST[cure]) and row["met"] == met


def test_a_network_of_which_the_test_names_no_class_is_not_counted(table):
    unnamed = NETWORKS.assign(restored=None)
    aims = judge_aims(unnamed, table).set_index("aim")
    for name in ("says_restored", "says_not"):
        assert aims.loc[name, "count"] == 0 and aims.loc[name, "met"] is None


@pytest.mark.parametrize(
    ("chosen", "words"), [("case != 'clean'", "clean"), ("training != 'swap'", "swap")]
)
def test_without_a_network_of_one_of_the_seeds_there_is_an_error(chosen, words):
    with pytest.raises(ValueError, match=rf"{words}.*: no accuracy, .* of the seeds \[671\]"):
        judge(NETWORKS.query(f"{chosen} or seed != 671"))


def test_without_a_number_of_a_network_there_is_an_error():
    missing = NETWORKS["called"].where(NETWORKS.index > 0)
    with pytest.raises(ValueError, match=r"of the seeds \[670\]"):
        judge(NETWORKS.assign(called=missing))


@pytest.mark.usefixtures("closed_figures")
def test_the_figure_shows_every_artefact_and_cure(table):
    figure = drawing.draw_cure(table)
    restored = {"fs.Swap: 3 of 4", "fs.refit: 1 of 4", "plain training: 0 of 4"}
    assert {"clothing: jpeg", "scenes: cast", *restored} <= check_page(figure)
    share, _, accuracy = (
        np.concatenate([line.get_xdata() for line in axis.lines if line.get_marker() == "o"])
        for axis in figure.axes
    )
    np.testing.assert_allclose(sorted(share), sorted(table["share"]))
    assert len(accuracy) == 2 * 2  # of each set and cure once
