"""Published numbers beside ours: no row is lost, and each gets the status that its experiment deserves."""

import numpy as np
import pandas as pd
import pytest

from conftest import ROOT
from frequency_shortcuts.findings import published_numbers
from frequency_shortcuts.storage.tables import read_table

PUBLISHED = read_table(ROOT / "workflow" / "resources" / "published_numbers.csv")
CLASSES = list(PUBLISHED.query("method == 'HFSS' and measure == 'TPR'")["class"])
NO_TIMES = pd.DataFrame(columns=["method", "hours", "ours_from"])


def rates(classes, tpr, **about):
    table = pd.DataFrame({"class": classes, "TPR": tpr, "FPR": np.asarray(tpr) / 10})
    usual = {
        "dataset": "mine", "network": "net", "architecture": "resnet18", "width": 64, "method": "culling",
        "augmentation": "none", "maps_of": "", "percent": 5, "images": 50, "seeds": 3,
    }  # fmt: skip
    return table.assign(**{**usual, **about})


def test_every_number_of_the_published_studies_is_there():
    assert len(PUBLISHED) == 13 + 20 + 4 and PUBLISHED["published"].notna().all()
    assert (len(CLASSES), CLASSES[7]) == (10, "zebra")
    of = PUBLISHED.set_index(["network", "augmentation", "class", "measure", "method"])["published"]
    assert of["resnet18", "sin", "siamese cat", "FPR", "culling"].item() == 0.244
    assert of["vit_b_16", "none", "container ship", "TPR", "culling"].item() == 0.92
    assert list(PUBLISHED.query("method == 'HFSS' and measure == 'hours'")["published"]) == [0.5, 220]


@pytest.mark.parametrize("columns", [rates([], []), rates(CLASSES, np.linspace(0, 1, 10)), rates(["a"], [0.5])])
def test_no_published_row_vanishes(columns):
    table = published_numbers.beside(PUBLISHED, columns, NO_TIMES)
    assert list(table) == published_numbers.COLUMNS and len(table) == len(PUBLISHED)
    for name in ("source", "class", "measure", "published"):
        assert list(table[name].fillna("")) == list(PUBLISHED[name].fillna(""))
    assert set(table["status"]) <= {published_numbers.SAME, published_numbers.OTHER, published_numbers.NOT_RUN}
    assert table.loc[table["status"] == published_numbers.NOT_RUN, "ours"].isna().all()
    assert table.loc[table["status"] == published_numbers.SAME, "ours"].notna().all()


def test_the_same_experiment_needs_the_same_network_classes_and_maps():
    tpr = np.linspace(0, 0.9, 10)
    table = published_numbers.beside(PUBLISHED, rates(CLASSES, tpr), NO_TIMES)
    same = table[table["status"] == published_numbers.SAME]
    assert len(same) == 4 + 10 and set(same["network"]) == {"resnet18"} and set(same["augmentation"]) == {"none"}
    for _, row in same.iterrows():
        expected = tpr[CLASSES.index(row["class"])] / (10 if row["measure"] == "FPR" else 1)
        assert np.isclose(row["ours"], expected)
        assert row["ours_from"] == f"mine, net of width 64, {row['class']}, top 5 %, 50 images of the class, 3 seeds"
    for changed in ({"width": 16}, {"percent": 10}, {"classes": [*CLASSES[:-1], "bicycle"]}):
        other = rates(changed.pop("classes", CLASSES), tpr, **changed)
        table = published_numbers.beside(PUBLISHED, other, NO_TIMES)
        assert (
            published_numbers.SAME not in set(table["status"])
            and (table["status"] == published_numbers.OTHER).sum() == 14
        )
        zebra = table[(table["class"] == "zebra") & (table["status"] == published_numbers.OTHER)].iloc[0]
        assert zebra["ours"] == tpr[7]  # the class of the same name, where there is one
    for missing in ({"architecture": "vgg16_bn"}, {"method": "other"}, {"maps_of": "resnet18/none"}):
        assert set(published_numbers.beside(PUBLISHED, rates(CLASSES, tpr, **missing), NO_TIMES)["status"]) == {
            published_numbers.NOT_RUN
        }


def test_on_other_data_the_class_of_the_same_rank_stands_beside():
    table = published_numbers.beside(PUBLISHED, rates(["shirt", "bag", "boot"], [0.2, 0.9, 0.5]), NO_TIMES)
    first = table[table["source"].str.contains("ICCV") & (table["network"] == "resnet18")]
    first = first[first["augmentation"] == "none"].set_index(["class", "measure"])
    assert first.loc[("zebra", "TPR"), "ours"] == 0.9 and first.loc[("container ship", "FPR"), "ours"] == 0.05
    assert "bag (rank 1 by TPR)" in first.loc[("zebra", "FPR"), "ours_from"]
    again = table[table["source"].str.contains("CVPR") & (table["method"] == "culling")].set_index("class")
    assert again.loc["siamese cat", "ours"] == 0.9 and again.loc["zebra", "ours"] == 0.5  # both 0.8 in theirs
    assert again.loc["container ship", "ours"] == 0.2
    assert np.isnan(again.loc["wagon", "ours"]) and "it has no class of rank 10" in again.loc["wagon", "ours_from"]
    assert again.loc["wagon", "status"] == published_numbers.OTHER


def test_an_experiment_is_preferred_to_other_data_and_maps_of_another_network_are_kept_apart():
    both = pd.concat(
        [
            rates(["a", "b"], [0.1, 0.2], dataset="first"),
            rates(CLASSES, np.linspace(0, 1, 10), dataset="second"),
            rates(CLASSES, np.full(10, 0.3), architecture="vit_b_16", maps_of="resnet18/sin"),
            rates(CLASSES, np.full(10, 0.7), method="HFSS", percent=np.nan),
        ]
    )
    table = published_numbers.beside(PUBLISHED, both, NO_TIMES)
    same = table.query("status == 'same experiment' and network == 'resnet18'")
    assert len(same) == 24 and same["ours_from"].str.match("second|mine").all()
    vit = table[table["network"] == "vit_b_16"]
    assert set(vit["method"]) == {"culling, maps of resnet18/sin"} and set(vit["status"]) == {published_numbers.SAME}
    assert list(vit["ours"]) == [0.3, 0.03, 0.3, 0.03]
    hfss = table[table["method"] == "HFSS"].query("measure == 'TPR'")
    assert hfss["ours_from"].str.contains("zebra, the tool's map, 50 images").sum() == 1
    assert list(hfss["ours"]) == [0.7] * 10 and set(hfss["status"]) == {published_numbers.SAME}


def test_times_are_of_other_data_and_only_of_what_was_run():
    times = pd.DataFrame([{"method": "culling", "hours": 0.25, "ours_from": "mine, on a cpu"}])
    table = published_numbers.beside(PUBLISHED, rates([], []), times).query("measure == 'hours'")
    assert list(table["method"]) == ["culling, CIFAR-10", "HFSS, CIFAR-10", "culling, ImageNet-1k", "HFSS, ImageNet-1k"]
    assert list(table["status"]) == [published_numbers.OTHER, published_numbers.NOT_RUN] * 2
    assert list(table["ours"].dropna()) == [0.25, 0.25] and table["ours_from"].iloc[0] == "mine, on a cpu"


def test_the_class_of_the_same_name_is_found_in_whichever_data_set_has_it():
    clothes = rates(["shirt", "coat"], [0.9, 0.2], dataset="clothes", width=8)
    animals = rates(["zebra", "ox"], [0.5, 0.1], dataset="animals", width=8)
    for ours in ([clothes, animals], [animals, clothes]):
        table = published_numbers.beside(PUBLISHED, pd.concat(ours, ignore_index=True), NO_TIMES)
        zebra = table.query("`class` == 'zebra' and status == 'other data' and measure == 'TPR'")
        assert set(zebra["ours"]) == {0.5} and zebra["ours_from"].str.startswith("animals, net").all()


def test_a_network_of_full_width_is_the_same_experiment_whatever_stands_before_it():
    tpr = np.linspace(0, 0.9, 10)
    ours = pd.concat([rates(CLASSES, tpr / 2, width=8), rates(CLASSES, tpr)], ignore_index=True)
    zebra = published_numbers.beside(PUBLISHED, ours, NO_TIMES).query(
        "`class` == 'zebra' and status == 'same experiment'"
    )
    assert np.isclose(zebra.query("measure == 'TPR'")["ours"], tpr[7]).all() and len(zebra)
