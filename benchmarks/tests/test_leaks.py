"""The benchmark of the exchange test: harm and aims."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.leaks import judge

CLASSES = 4
OTHERS = {  # of a class without an artefact
    "suite": "scenes",
    "architecture": "net",
    "clean_images": 100,
    "recall": 0.9,
    "border_own": 0.9,
    "verdict": "nothing found",
    "follows": "",
    "called_variance": 0.001,
}
PLANTED = {
    "clean_recall": 0.2,
    "recall": 1.0,
    "kind": "jpeg",
    "share": 1.0,
    "others": 0.0,
    "artefact": "jpeg 1 in 0",
    "called": 0.7,
}
CLEAN = pd.DataFrame(
    {
        "suite": "scenes",
        "architecture": "net",
        "artefact": "jpeg 1 in 0",
        "called": [0.0, 0.02, 0.01, 0.03],
    }
)


def networks(seeds, verdict, follows=""):
    """For each seed a clean network, and one with an artefact in class 0, of which the test says this."""
    keys = {"seed": range(seeds), "set": ["clean", "1"], "class": [*map(str, range(CLASSES))]}
    rows = pd.MultiIndex.from_product(keys.values(), names=keys).to_frame(index=False)
    rows = rows.assign(**OTHERS, clean_recall=0.9 + 0.01 * (rows["seed"] % 2))
    has_artefact = (rows["set"] == "1") & (rows["class"] == "0")
    planted = {**PLANTED, "verdict": verdict, "follows": follows}
    rows.loc[has_artefact, [*planted]] = [*planted.values()]
    return rows


def of_networks(table):
    """The aims of networks, by their names."""
    harmed = judge.with_harm(table, CLEAN.assign(suite=table["suite"].iloc[0]))
    return judge.judge(harmed).set_index("aim")


def test_harm_is_the_difference_from_clean_networks_with_their_spread():
    made = judge.with_harm(networks(4, "follows"), CLEAN)
    planted = made[made["kind"].notna()]
    recalls = [0.9, 0.91, 0.9, 0.91]
    assert np.allclose(planted["called"], 0.7 - 0.015)
    assert np.allclose(planted["lost"], np.mean(recalls) - 0.2)
    variance = 0.2 * 0.8 / 100 + np.var(recalls, ddof=1) * (1 + 1 / 4)
    assert np.allclose(planted["lost_high"] - planted["lost"], judge.REACH * np.sqrt(variance))
    assert (planted["harm"] == "harmful").all() and (planted["part"] == "fine").all()
    assert made[made["kind"].isna()]["harm"].isna().all()


@pytest.mark.parametrize("found", [True, False])
def test_the_aims_count_the_harmful_artefacts_that_are_found(found):
    verdict = ("follows", "border, fine") if found else ("cannot tell", "")
    aims = of_networks(networks(4, *verdict))
    share_of_all = 0.05 ** (1 / 4)  # the least share of artefacts of which all four are found
    ends = [1, share_of_all, 1] if found else [0, 0, 1 - share_of_all]
    whole = aims.loc["whole"]
    assert whole[["value", "low", "high", "count"]].tolist() == pytest.approx([*ends, 4])
    assert whole["goal"] == 0.9 and whole["met"] == found
    named = aims.loc["named", ["value", "count"]].tolist()
    assert named == [1, 4] if found else np.isnan(named[0])
    for name in ("half", "both", "harmless"):
        assert aims.loc[name, "count"] == 0 and aims.loc[name, "met"] is None


def test_a_fine_artefact_that_only_the_border_finds_has_no_name_of_its_part():
    assert of_networks(networks(4, "follows", "border, field")).loc["named", "value"] == 0


def test_false_alarms_are_counted_in_recognised_classes_and_in_networks():
    table = networks(4, "follows")
    is_innocent = (table["set"] == "1") & (table["class"] != "0")
    first, second, third, *_ = table.index[is_innocent]
    table.loc[[first, second], "verdict"] = "follows"
    table.loc[third, ["verdict", "border_own"]] = ["follows", 0.29]
    table.loc[table.index[is_innocent][3], "verdict"] = "cannot tell"
    table.loc[(table["set"] == "clean") & (table["seed"] == 0), "verdict"] = "follows"
    aims = of_networks(table)
    assert aims.loc["innocent", ["value", "count", "met"]].tolist() == [2 / 11, 11, False]
    assert aims.loc["alarmed", ["value", "count"]].tolist() == [1 / 4, 4]
    assert aims.loc["unclear", ["value", "count"]].tolist() == [1 / 11, 11]
    assert aims.loc["clean", ["value", "count"]].tolist() == [1 / 4, 16]
    assert 0 < aims.loc["alarmed", "low"] < 1 / 4 < aims.loc["alarmed", "high"] < 1


def test_the_baseline_is_to_fall_behind_the_test_where_not_all_images_have_the_artefact():
    table = networks(4, "follows")
    table.loc[table["share"].notna(), "share"] = 0.5
    aims = of_networks(table)
    assert aims.loc["recall_half", ["value", "goal", "met"]].tolist() == [1, 1, False]
    assert pd.isna(aims.loc["recall_both", "goal"]) and aims.loc["recall_both", "met"] is None
    table.loc[table["kind"].notna(), "recall"] = 0.9
    assert aims.index.is_unique
    assert of_networks(table).loc["recall_half", ["value", "goal", "met"]].tolist() == [0, 1, True]
    on_grain = of_networks(table.assign(suite="grain4"))
    assert on_grain["goal"].isna().all() and on_grain["met"].isna().all()


def test_the_other_class_of_a_pair_is_no_false_alarm():
    pair = networks(2, "follows").query("`class` in ['0', '1']")
    aims = of_networks(pair.assign(suite="grain2", verdict="follows"))
    assert aims.loc["innocent", "count"] == 0 and aims.loc["clean", "count"] == 4


def test_the_aims_by_the_images_alone_count_their_rows():
    planted = pd.DataFrame(
        {
            "kind": ["jpeg", "noise", "blurred", "jpeg", "noise", "brightness", "brightness"],
            "share": [1, 1, 0.5, 0.5, 0.5, 1, 1],
            "cause": ["blocks", "blocks", "lost high frequencies", "blocks", "", "", "blocks"],
            "files": [np.nan, np.nan, 0.7, 0.8, 0.6, np.nan, np.nan],
        }
    )
    clean = pd.DataFrame({"cause": ["", "wave", "", ""]})
    found = judge.judge_data(pd.concat([planted, clean])).set_index("aim")
    expected = {
        "cause": (0.6, 5, 0.8, False),
        "cause_all": (0.5, 2, None, None),
        "cause_half": (2 / 3, 3, None, None),
        "false": (0.25, 4, 0.05, False),
        "other": (0.5, 2, None, None),
        "files_half": (0.7, 3, 0.8, False),
    }
    for name, (value, count, goal, met) in expected.items():
        row = found.loc[name]
        assert (row["value"], row["count"], row["met"]) == (pytest.approx(value), count, met)
        assert np.isnan(row["goal"]) if goal is None else row["goal"] == goal
