"""Every claim of a stored study, computed again from its stored tables with pandas and SciPy alone."""

import numpy as np
import pandas as pd
import pytest
from made_up_results import interval
from scipy import stats
from test_claims_by_class import expected_classes, published

from bench import DATA

TABLES = DATA / "findings" / "tables"
NAMES = (
    "claims",
    "claims_by_class",
    "claim_matrices",
    "claim_numbers",
    "bandstop",
    "own_map_advantage",
)
CLAIMS, BY_CLASS, MATRICES, NUMBERS, BANDSTOP, OWN_MAP = (
    pd.read_csv(TABLES / f"{name}.csv") for name in NAMES
)
NUMBERS = NUMBERS[NUMBERS["variant"].isna()].dropna(subset="value")
OF_CLASSES = CLAIMS.dropna(subset="control")
OF_NETWORKS = CLAIMS[CLAIMS["control"].isna() & (CLAIMS["networks"] > 0)].set_index("claim")
DECIDE = 15  # networks
KINDS = OF_CLASSES[["claim", "networks_of"]].drop_duplicates().to_numpy().tolist()


@pytest.mark.parametrize(("letter", "kind"), KINDS)
def test_classes_and_rows_of_each_control(letter, kind):
    cells = MATRICES[(MATRICES["claim"] == letter) & (MATRICES["networks_of"] == kind)]
    names = list(dict.fromkeys(cells["class"]))
    cube = cells.set_index(["seed", "class", "map"])[["tpr", "fpr"]]
    order = pd.MultiIndex.from_product([cells["seed"].unique(), names, [*names, "(lowest)"]])
    size = (-1, len(names), len(names) + 1)
    tpr, fpr = (cube[rate].reindex(order).to_numpy().reshape(size) for rate in ("tpr", "fpr"))
    expected = expected_classes(tpr, fpr, names)
    stored = BY_CLASS[
        (BY_CLASS["claim"] == letter)
        & (BY_CLASS["networks_of"] == kind)
        & BY_CLASS["variant"].isna()
    ]
    decide = len(tpr) >= DECIDE
    for (name, control), (value, low, high, _, word) in expected.items():
        row = stored[(stored["class"] == name) & (stored["control"] == control)].iloc[0]
        assert [row["value"], row["low"], row["high"]] == pytest.approx(
            [value, low, high], abs=1e-5
        )
        assert row["word"] == word if decide else pd.isna(row["word"])
    own, lowest = ((tpr - fpr)[:, range(len(names)), place] for place in (range(len(names)), -1))
    others = ((tpr - fpr)[:, :, :-1].sum(axis=2) - own) / (len(names) - 1)
    of_kind = OF_CLASSES[(OF_CLASSES["claim"] == letter) & (OF_CLASSES["networks_of"] == kind)]
    rows = of_kind.set_index("control")
    for control, taken in {"published": 0, "lowest": lowest, "others": others}.items():
        row = rows.loc[control]
        means = interval((own - taken).mean(axis=1))
        assert [row["value"], row["low"], row["high"]] == pytest.approx(means, abs=1e-5)
        words = [found[-1] for (_, of), found in expected.items() if of == control]
        if control == "published":
            assert row["better"] == words.count("counts")
            of_lowest = [published(tpr[:, c, -1], fpr[:, c, -1]) for c in range(len(names))]
            assert row["lowest"] == of_lowest.count("counts")
        elif decide:
            assert (row["better"], row["worse"]) == (words.count("better"), words.count("worse"))
            assert row["word"] == ("seen" if "better" in words else "not shown")
        else:
            assert row["word"] == "too few networks"


@pytest.mark.parametrize("letter", OF_NETWORKS.index)
def test_one_number_of_each_network(letter):
    row = OF_NETWORKS.loc[letter]
    own = NUMBERS[(NUMBERS["claim"] == letter) & (NUMBERS["networks_of"] == row["networks_of"])]
    assert row["decided"] <= (row["networks"] >= DECIDE)
    if not own["counted"].all():
        assert [row["value"], row["low"], row["high"]] == pytest.approx(
            interval(own["value"]), abs=1e-5
        )
        return
    shares = own.fillna({"class": ""}).groupby("class")["value"].agg(["sum", "count"]).astype(int)
    tests = [
        stats.binomtest(*share).proportion_ci(method="exact")
        for share in shares.to_numpy().tolist()
    ]
    assert (row["low"], row["high"]) == pytest.approx(
        min((each.low, each.high) for each in tests), abs=1e-5
    )


def test_the_numbers_of_b_are_those_of_its_confusion_matrices():
    found = {}
    swapped = BANDSTOP[BANDSTOP["fill"] == "swap"]
    for (dataset, seed), run in swapped.groupby(["dataset", "seed"]):
        run = run[~run["removed"].str.contains(f"B{dataset[-1]}")]
        for name in ("C1", "C2"):
            by_half = {}
            for (half, removed), part in run.groupby(["half", "removed"]):
                is_class, called = part["true_class"] == name, part["called_class"] == name
                tpr = part["filtered"][is_class & called].sum() / part["filtered"][is_class].sum()
                fpr = part["filtered"][~is_class & called].sum() / part["filtered"][~is_class].sum()
                by_half.setdefault(half, {})[removed] = tpr - fpr
            best = max(by_half[0], key=by_half[0].get)
            found[dataset, seed, name] = float(by_half[1][best] > 0.4999)
    stored = NUMBERS[NUMBERS["claim"] == "b"]
    assert found == stored.set_index(["dataset", "seed", "class"])["value"].to_dict()


def test_other_stored_tables_give_the_same_numbers():
    """(f) and (g) are differences of margins, the means of `others` advantages; rates and verdicts are those stored."""
    kept = "dataset == 'fashion_mnist' and method == 'culling' and fill == 'zeros'"
    margins = (
        OWN_MAP.query(kept)
        .set_index(["network", "augmentation", "seed"])["low_pass_margin"]
        .sort_index()
    )
    for letter in ("f", "g"):
        kinds = [
            [*kind.split(", "), "none"][:2]
            for kind in OF_NETWORKS["networks_of"][letter].split(" minus ")
        ]
        difference = margins[tuple(kinds[0])] - margins[tuple(kinds[1])]
        assert OF_NETWORKS["value"][letter] == pytest.approx(difference.mean(), abs=1e-5)
    of_maps = OF_CLASSES[OF_CLASSES["control"] == "others"].set_index("claim")
    for letter, name in {"d": "own_map", "e1": "ood", "e2": "transfer"}.items():
        table = pd.read_csv(TABLES / f"{name}_advantage.csv").query(kept)
        if letter != "e2":
            is_kind = (table["network"] == of_maps["networks_of"][letter]) & (
                table["augmentation"] == "none"
            )
            table = table[is_kind]
        assert of_maps["value"][letter] == pytest.approx(table["advantage"].mean(), abs=1e-5)
    phase = pd.read_csv(TABLES / "phase.csv").dropna(subset="verdict")
    is_kind = (phase["network"] == OF_NETWORKS["networks_of"]["t"]) & (
        phase["augmentation"] == "none"
    )
    own = phase[is_kind & (phase["dataset"] == "fashion_mnist")]
    one_part = own["verdict"].isin(["texture", "shape"]).groupby(own["seed"]).any()
    assert OF_NETWORKS["value"]["t"] == one_part.mean()
    rates = pd.read_csv(TABLES / "shortcuts_over_seeds.csv").query(
        "part == 'keep' and fill == 'zeros'"
    )
    stored = BY_CLASS[
        (BY_CLASS["claim"] == "d")
        & (BY_CLASS["control"] == "published")
        & BY_CLASS["variant"].isna()
    ]
    own = stored.merge(rates, on=["dataset", "network", "augmentation", "class"])
    for rate in ("tpr", "fpr"):
        assert np.allclose(own[rate], own[f"{rate}_dfm_mean"], atol=1e-5)
