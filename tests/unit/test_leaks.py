"""The benchmark of the counterfactual test: harm, aims, and the draw of artefacts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from frequency_shortcuts.data.artefacts import FINE, KINDS, LOCAL, SMOOTH
from frequency_shortcuts.evaluation import leaks
from frequency_shortcuts.storage.tables import write_table
from study import leaks as of_study
from study.leaks import artefacts, read_deal

CLASSES = 4
DEAL = Path(__file__).parents[2] / "config" / "leaks.csv"
SIZES = {"clothing": 32, "crops": 48, "grain2": 64, "grain4": 64}
ABOUT = (lambda kind: kind.has_frequency, lambda kind: kind.has_place)


def table(networks, warned):
    """Networks in a row: a clean one and one with an artefact in class 0, `warned` (of both) by their verdicts."""
    rows = []
    for seed in range(networks):
        for which in ("clean", "first"):
            for c in range(CLASSES):
                planted = which == "first" and c == 0
                rows.append(
                    {"seed": seed, "suite": "crops", "set": which, "class": str(c), "architecture": "net",
                     "clean_images": 100, "clean_recall": 0.2 if planted else 0.9 + 0.01 * (seed % 2),
                     "flip": 0.9 if planted else 0.0, "need": 0.0,
                     "verdict": "follows" if planted and warned else "not shown", "cause": "blocks",
                     "kind": "jpeg" if planted else np.nan, "share": 1.0 if planted else np.nan,
                     "artefact": "jpeg 1 in 0" if planted else np.nan, "called": 0.7 if planted else np.nan,
                     "called_variance": 0.001, "sham": 0.0, "part": 0.0}
                )  # fmt: skip
    return pd.DataFrame(rows)


CLEAN = pd.DataFrame({
    "suite": "crops", "architecture": "net", "artefact": "jpeg 1 in 0", "called": [0.0, 0.02, 0.01, 0.03]
})  # fmt: skip


def test_harm_is_the_difference_from_clean_networks_with_their_spread():
    made = leaks.with_harm(table(4, warned=True), CLEAN)
    planted = made[made["kind"].notna()]
    recalls = [0.9, 0.91, 0.9, 0.91]
    assert np.allclose(planted["called"], 0.7 - 0.015)
    assert np.allclose(planted["lost"], np.mean(recalls) - 0.2)
    variance = 0.2 * 0.8 / 100 + np.var(recalls, ddof=1) * (1 + 1 / 4)
    assert np.allclose(planted["lost_high"] - planted["lost"], leaks.REACH * np.sqrt(variance))
    assert (planted["harm"] == "harmful").all()
    assert made[made["kind"].isna()]["harm"].isna().all()


@pytest.mark.parametrize("warned", [True, False])
def test_the_aims_count_what_is_warned_of(warned):
    aims = leaks.judge(leaks.with_harm(table(4, warned), CLEAN)).set_index("aim")
    assert aims.loc["power", ["value", "count"]].tolist() == [float(warned), 4]
    assert aims.loc["power", "met"] == warned
    assert aims.loc["plain", ["value", "high", "count"]].tolist() == [0, 0, 16]
    assert aims.loc["others", "count"] == 12
    assert aims.loc["cause", "count"] == (4 if warned else 0)
    assert np.isnan(aims.loc["power_half", "value"])


def test_the_aims_by_the_images_alone_count_their_rows():
    planted = pd.DataFrame({
        "set": "first", "kind": ["jpeg", "noise", "blurred", "jpeg", "noise", "brightness", "brightness"],
        "share": [1, 1, 0.5, 0.5, 0.25, 1, 1],
        "cause": ["blocks", "blocks", "lost high frequencies", "blocks", "", "", "blocks"],
        "files": [np.nan, np.nan, 0.7, 0.8, 0.9, np.nan, np.nan],
    })  # fmt: skip
    clean = pd.DataFrame({"set": "clean", "cause": ["", "wave", "", ""]})
    found = leaks.judge_data(pd.concat([planted, clean])).set_index("aim")
    for name, value, count, goal, met in (
        ("cause", 0.6, 5, 0.8, False), ("cause_all", 0.5, 2, None, None), ("cause_half", 1, 2, None, None),
        ("cause_quarter", 0, 1, None, None), ("false", 0.25, 4, 0.05, False),
        ("brightness", 0.5, 2, None, None), ("files_half", 0.75, 2, 0.8, False), ("files_quarter", 0.9, 1, 0.8, True),
    ):  # fmt: skip
        row = found.loc[name]
        assert (round(row["value"], 6), row["count"], row["met"]) == (value, count, met)
        assert np.isnan(row["goal"]) if goal is None else row["goal"] == goal


def test_other_numbers_are_compared_at_five_percent_of_false_alarms():
    compared = leaks.compare(leaks.with_harm(table(4, warned=True), CLEAN)).set_index("number")
    assert compared.loc["flip", "found"] == 1
    assert compared["harmful"].max() == 4


def test_sets_count_networks():
    rows = [
        {"suite": "photographs", "set": "dealt", "kind": kind, "seed": seed, "class": str(c), "accuracy": 0.9,
         "clean_recall": 0.5, "verdict": "follows" if kind != "none" and c == 1 and seed else "not recognised"}
        for kind in ("none", "noise") for seed in range(2) for c in range(2)
    ]  # fmt: skip
    judged = leaks.judge_sets(pd.DataFrame(rows)).set_index("kind")
    assert judged.loc["noise", ["networks", "with_follows", "warned", "not_recognised"]].tolist() == [2, 1, 1, 1]
    assert judged.loc["none", ["with_follows", "not_recognised"]].tolist() == [0, 2]


def test_the_deal_is_what_the_benchmark_says_it_is():
    deal = read_deal(DEAL)
    assert deal.groupby("set")["seed"].agg(["min", "max"]).T.to_dict("list") == {
        "clothing": [560, 599], "crops": [560, 569], "grain2": [560, 569], "grain4": [560, 569]
    }  # fmt: skip
    for (part, _), of_seed in deal.groupby(["set", "seed"]):
        assert len(set(of_seed["architecture"])) == 1
        assert (of_seed.groupby("network")["class"].nunique() == (2 if part == "clothing" else 1)).all()
    made = artefacts(deal)
    assert [one.label for one in made] == deal["class"].astype(int).tolist()
    assert {(one.share, one.others) for one in made} == {(1, 0), (0.5, 0), (0.9, 0.1)}
    assert len({one.kind for one in made}) == 15
    for one, size in zip(made, deal["set"].map(SIZES), strict=True):
        one.check(1 if size != SIZES["crops"] else 3, size, size)
        assert one.frequency is None or np.hypot(*one.frequency) >= 2
    waves, placed = (deal["kind"].isin([name for name, kind in KINDS.items() if of(kind)]) for of in ABOUT)
    assert deal[["u", "v"]].notna().all(axis=1).equals(waves)
    assert deal[["row", "column"]].notna().all(axis=1).equals(placed)
    family = deal["kind"].map({name: kind.family for name, kind in KINDS.items()})
    whole = deal["share"] == 1
    assert (whole & (family == FINE)).sum() >= 90 and (whole & (family == SMOOTH)).sum() >= 40
    assert (whole & (family == LOCAL)).sum() >= 40 and (deal["others"] > 0).sum() >= 60


def test_a_seed_of_a_set_has_a_clean_network_and_those_of_the_deal(tmp_path, monkeypatch):
    monkeypatch.setattr(of_study, "GRAINY", {"train": 16, "ranking": 12, "test": 12})
    rows = [
        {"set": part, "seed": seed, "network": network, "architecture": "tiny", "kind": kind, "level": level,
         "class": 1, "share": 0.9, "others": 0.1, "u": u, "v": u, "row": row, "column": row}
        for part, seed in (("grain2", 3), ("grain2", 4), ("grain4", 3))
        for network, (kind, level, u, row) in enumerate((("wave", 0.1, 9, np.nan), ("tag", 1.0, np.nan, 0.5)), 1)
    ]  # fmt: skip
    write_table(pd.DataFrame(rows), tmp_path / "deal.csv")
    settings = {
        "deal": tmp_path / "deal.csv", "compared": [3], "geometry": {"shift": 2},
        "networks": {"tiny": {"architecture": "cnn3", "width": 2, "stem": "auto"}},
        "recipes": {"grain2": {"epochs": 1, "batch_size": 16, "schedule": "one_cycle"}},
    }  # fmt: skip
    found, hits, clean = of_study.measure("grain2", "", settings, seed=3)
    assert list(hits) == ["clean", "1", "2"] and found["set"].tolist() == ["clean", "clean", "1", "1", "2", "2"]
    planted = found.dropna(subset=["kind"])
    assert planted[["set", "kind", "class", "share", "others"]].to_numpy().tolist() == [
        ["1", "wave", 1, 0.9, 0.1], ["2", "tag", 1, 0.9, 0.1]
    ]  # fmt: skip
    assert clean["artefact"].tolist() == ["wave 0.1 (9, 9) in 1", "tag 1 (0.5, 0.5) in 1"] * 2
    again = pd.concat([found, found[found["set"] == "clean"]]).assign(suite="grain2")
    harm = leaks.with_harm(again, pd.concat([clean, clean]).assign(suite="grain2"))["harm"]
    assert harm.notna().sum() == 2
