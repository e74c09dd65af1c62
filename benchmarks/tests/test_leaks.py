"""The benchmark of the exchange test: harm, aims, and the draw of artefacts."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.leaks import judge

CLASSES = 4


def table(networks, warned, version_2="not shown"):
    """Networks in a row: a clean one and one with an artefact in class 0, `warned` of by their verdicts."""
    keys = {"seed": range(networks), "set": ["clean", "1"], "class": [*map(str, range(CLASSES))]}
    rows = pd.MultiIndex.from_product(keys.values(), names=keys).to_frame(index=False).assign(
        suite="crops", architecture="net", clean_images=100, fine=0.0, field=0.0, patch=0.0, version_2=version_2,
        recall=0.9, verdict="nothing found", called_variance=0.001,
        clean_recall=lambda rows: 0.9 + 0.01 * (rows["seed"] % 2),
    )  # fmt: skip
    planted = {
        "clean_recall": 0.2,
        "recall": 1.0,
        "fine": 0.9,
        "kind": "jpeg",
        "verdict": "follows" if warned else "nothing found",
        "share": 1.0,
        "others": 0.0,
        "artefact": "jpeg 1 in 0",
        "called": 0.7,
    }
    rows.loc[(rows["set"] == "1") & (rows["class"] == "0"), [*planted]] = [*planted.values()]
    return rows


CLEAN = pd.DataFrame({
    "suite": "crops", "architecture": "net", "artefact": "jpeg 1 in 0", "called": [0.0, 0.02, 0.01, 0.03]
})  # fmt: skip


def test_harm_is_the_difference_from_clean_networks_with_their_spread():
    made = judge.with_harm(table(4, warned=True), CLEAN)
    planted = made[made["kind"].notna()]
    recalls = [0.9, 0.91, 0.9, 0.91]
    assert np.allclose(planted["called"], 0.7 - 0.015)
    assert np.allclose(planted["lost"], np.mean(recalls) - 0.2)
    variance = 0.2 * 0.8 / 100 + np.var(recalls, ddof=1) * (1 + 1 / 4)
    assert np.allclose(planted["lost_high"] - planted["lost"], judge.REACH * np.sqrt(variance))
    assert (planted["harm"] == "harmful").all()
    assert made[made["kind"].isna()]["harm"].isna().all()


@pytest.mark.parametrize("warned", [True, False])
def test_the_aims_count_what_is_warned_of(warned):
    judged = judge.judge(judge.with_harm(table(4, warned), CLEAN))
    assert set(judged["images"]) == {"all sets", "photographs"}
    aims = judged[judged["images"] == "all sets"].set_index("aim")
    of_four = 0.05 ** (1 / 4)  # the least share of networks of which all four are
    fine = [1.0, of_four, 1.0, 4] if warned else [0.0, 0.0, 1 - of_four, 4]
    for name in ("fine", "whole"):
        assert aims.loc[name, ["value", "low", "high", "count"]].tolist() == pytest.approx(fine)
    assert not aims.loc["fine", "met"]
    assert aims.loc["clean", ["value", "high", "count"]].tolist() == pytest.approx(
        [0, 1 - of_four, 16]
    )
    assert aims.loc[["recall_whole", "recall_innocent"], "value"].tolist() == [1, 0]
    assert aims.loc["others", "count"] == aims.loc["recognised", "count"] == 12
    assert aims.loc[["field", "patch", "both", "half"], "value"].isna().all()
    assert aims.loc["as_many", ["value", "met"]].tolist() == [float(warned), warned]
    assert aims.loc["fewer", ["value", "met"]].tolist() == [0, False]


@pytest.mark.parametrize(
    ("before", "value", "met"), [("needs", -1, True), ("not shown", 0, False), ("", None, None)]
)
def test_false_alarms_are_fewer_than_those_of_version_2(before, value, met):
    judged = judge.judge(judge.with_harm(table(4, True, before), CLEAN))
    row = judged[judged["images"] == "all sets"].set_index("aim").loc["fewer"]
    assert row["met"] == met
    assert row["count"] == (28 if before else 0)
    assert np.isnan(row["value"]) if value is None else row["value"] == value


def test_seeds_and_classes_are_drawn_anew():
    one = table(3, warned=True)
    weights = judge._drawn_anew(one, np.random.default_rng(0))
    assert np.allclose(weights.mean(axis=0), 1, atol=0.15)
    seeds, classes = weights.reshape(-1, 3, 2 * CLASSES), weights.reshape(-1, 6, CLASSES)
    assert (weights.sum(axis=1) == len(one)).all()
    absent = (seeds.sum(axis=2) == 0).any(axis=1)
    assert absent.mean() == pytest.approx(1 - 6 / 27, abs=0.03)  # of three seeds, not all are drawn
    assert (classes.sum(axis=1) == 0).any(axis=1).mean() == pytest.approx(1 - 24 / 256, abs=0.03)


def test_the_verdicts_of_version_2_stand_beside_those_of_the_same_networks():
    one = table(2, warned=True).drop(columns="version_2")
    before = (
        one[judge.KEY]
        .assign(verdict=[f"v{i}" for i in range(len(one))])
        .sample(frac=1, random_state=0)
    )
    found = judge.with_version_2(one, before[:-1])["version_2"]
    missing = before.index[-1]
    assert found.tolist() == ["" if i == missing else f"v{i}" for i in range(len(one))]


def test_the_other_class_of_a_pair_is_no_false_alarm():
    pair = (
        table(2, warned=True)
        .query("`class` in ['0', '1']")
        .assign(suite="grain2", verdict="follows")
    )
    judged = judge.judge(judge.with_harm(pair, CLEAN.assign(suite="grain2"))).set_index(
        ["images", "aim"]
    )
    assert (
        judged.loc[("grainy", "others"), "count"] == 0
        and judged.loc[("grainy", "clean"), "count"] == 4
    )


def test_the_aims_by_the_images_alone_count_their_rows():
    planted = pd.DataFrame({
        "set": "first", "kind": ["jpeg", "noise", "blurred", "jpeg", "noise", "brightness", "brightness"],
        "share": [1, 1, 0.5, 0.5, 0.5, 1, 1],
        "cause": ["blocks", "blocks", "lost high frequencies", "blocks", "", "", "blocks"],
        "files": [np.nan, np.nan, 0.7, 0.8, 0.6, np.nan, np.nan],
    })  # fmt: skip
    clean = pd.DataFrame({"set": "clean", "cause": ["", "wave", "", ""]})
    found = judge.judge_data(pd.concat([planted, clean])).set_index("aim")
    for name, value, count, goal, met in (
        ("cause", 0.6, 5, 0.8, False), ("cause_all", 0.5, 2, None, None), ("cause_half", 2 / 3, 3, None, None),
        ("false", 0.25, 4, 0.05, False), ("other", 0.5, 2, None, None), ("files_half", 0.7, 3, 0.8, False),
    ):  # fmt: skip
        row = found.loc[name]
        assert (row["value"], row["count"], row["met"]) == (pytest.approx(value), count, met)
        assert np.isnan(row["goal"]) if goal is None else row["goal"] == goal


def test_sets_count_networks():
    rows = [
        {"suite": "photographs", "set": "dealt", "kind": kind, "seed": seed, "class": c, "accuracy": 0.9,
         "clean_recall": 0.5, "follows": "fine, patch" if kind != "none" and seed else "",
         "verdict": "follows" if kind != "none" and seed else "not recognised"}
        for kind in ("none", "noise") for seed in range(2) for c in range(2)
    ]  # fmt: skip
    judged = judge.judge_sets(pd.DataFrame(rows)).set_index("kind")
    assert judged.loc["noise", ["networks", "warned", "fine", "field", "patch", "not_recognised"]].tolist() == [
        2, 1, 1, 0, 1, 1
    ]  # fmt: skip
    assert judged.loc["none", ["warned", "not_recognised"]].tolist() == [0, 2]
