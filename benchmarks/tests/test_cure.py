"""The judge of trainings that should bring back what artefacts cost, and its figure."""

import itertools

import numpy as np
import pandas as pd
import pytest
from drawn_tables import check_page

from benchmarks import drawing
from benchmarks.cure.judge import judge
from frequency_shortcuts import intervals

CASES = {
    "clothing": {"jpeg": "fine", "tag": "local"},
    "grain4": {"resized": "fine", "cast": "smooth"},
}
BACK = {"none": 0.0, "swap": 0.9, "processed": 0.5, "matched": 0.95}
LOST = {"none": 0.0, "swap": 0.04, "processed": 0.005}


def networks():
    """Without noise but that of seeds: `swap` brings back what all cost but the tag, and costs 0.04 of the accuracy."""
    generator, rows = np.random.default_rng(0), []
    for (suite, families), seed, (training, back) in itertools.product(
        CASES.items(), range(600, 605), BACK.items()
    ):
        for case, cue in [*(("clean", cue) for cue in families), *((cue, cue) for cue in families)]:
            if training == "matched" and case not in ("jpeg", "resized"):
                continue
            share = 1.0 if case == "clean" else 0.3 if (case, training) == ("tag", "swap") else back
            rows.append({
                "suite": suite, "seed": seed, "case": case, "training": training, "cue": cue,
                "family": families[cue], "tuned": cue == "jpeg", "label": seed % 10, "level": 1,
                "accuracy": 0.82 - LOST.get(training, 0.01) + 0.001 * (seed % 3),
                "recall": 0.1 + 0.7 * share + generator.normal(0, 0.02),
                "called": 0.05 + 0.5 * (1 - share) ** 3 + generator.normal(0, 0.005),
            })  # fmt: skip
    return pd.DataFrame(rows)


NETWORKS = networks()


@pytest.fixture(scope="module")
def table():
    return judge(NETWORKS)


def test_a_row_has_the_means_over_the_networks_of_its_case_and_training(table):
    assert len(table) == 2 * 3 + 2 * 3 + 2 and (table["networks"] == 5).all()
    for _, row in table.iterrows():
        recalls = {"recall": [], "recall_none": [], "recall_clean": []}
        called, lost = [], []
        for seed in range(600, 605):
            of_seed = NETWORKS[(NETWORKS["seed"] == seed) & (NETWORKS["suite"] == row["suite"])]
            own = of_seed[(of_seed["case"] == row["case"])].set_index("training")
            clean = of_seed[
                (of_seed["case"] == "clean") & (of_seed["cue"] == row["case"])
            ].set_index("training")
            recalls["recall"].append(own.loc[row["training"], "recall"])
            recalls["recall_none"].append(own.loc["none", "recall"])
            recalls["recall_clean"].append(clean.loc["none", "recall"])
            called.append(own.loc[row["training"], "called"] - clean.loc["none", "called"])
            matched = row["training"] == "matched"
            lost.append(
                clean.loc["none", "accuracy"]
                - (own if matched else clean).loc[row["training"], "accuracy"]
            )
        means = {name: np.mean(values) for name, values in recalls.items()}
        assert row[list(means)].to_dict() == pytest.approx(means)
        cost = means["recall_clean"] - means["recall_none"]
        assert row["back"] == pytest.approx((means["recall"] - means["recall_none"]) / cost)
        for name, values in (("called", called), ("accuracy_loss", lost)):
            ends = intervals.over_networks(values)[:3]
            assert row[[name, f"{name}_low", f"{name}_high"]].tolist() == pytest.approx(list(ends))


def test_below_five_networks_there_are_no_ends_and_without_one_of_a_seed_an_error():
    few = judge(NETWORKS.query("seed < 604"))
    assert few["called_high"].isna().all() and few["back_low"].isna().all()
    for chosen, words in (("case != 'clean'", "clean"), ("training != 'swap'", "swap")):
        with pytest.raises(
            ValueError, match=rf"{words}.*: no accuracy, recall, called of the seeds \[602\]"
        ):
            judge(NETWORKS.query(f"{chosen} or seed != 602"))
    with pytest.raises(ValueError, match=r"of the seeds \[600\]"):
        judge(NETWORKS.assign(called=NETWORKS["called"].where(NETWORKS.index > 0)))


@pytest.mark.usefixtures("closed_figures")
def test_the_figure_shows_every_artefact_and_training(table):
    figure = drawing.draw_cure(table)
    restored = {"fs.Swap: 3 of 4", "random JPEG, size, noise: 0 of 4", "others made alike: 2 of 2"}
    assert {"clothing: jpeg", "grain: cast *", "none of these", *restored} <= check_page(figure)
    back, _, accuracy = ([line.get_xdata()[0] for line in axis.lines if line.get_marker() == "o" and
                          len(line.get_xdata())] for axis in figure.axes)  # fmt: skip
    np.testing.assert_allclose(sorted(back), sorted(table.loc[table["training"] != "none", "back"]))
    assert (
        len(accuracy) == 2 * 2 + 2
    )  # of each set once, where others were made alike of each artefact
