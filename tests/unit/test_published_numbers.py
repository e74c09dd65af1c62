"""Published numbers compared with ours: no row is lost, and each gets the status of its experiment."""

import numpy as np
import pandas as pd
import pytest

from conftest import ROOT, made_up_verdicts
from frequency_shortcuts.evaluation.verdicts import over_seeds
from frequency_shortcuts.findings import published_numbers
from frequency_shortcuts.findings.paper_tables import as_published
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.external import ExternalNetwork
from frequency_shortcuts.storage.tables import read_table

PUBLISHED = read_table(ROOT / "workflow" / "resources" / "published_numbers.csv")
CLASSES = list(PUBLISHED.query("method == 'HFSS' and measure == 'TPR'")["class"])


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
    table = published_numbers.compare(PUBLISHED, columns)
    assert list(table) == published_numbers.COLUMNS and len(table) == len(PUBLISHED)
    for name in ("source", "class", "measure", "published"):
        assert list(table[name].fillna("")) == list(PUBLISHED[name].fillna(""))
    assert set(table["status"]) <= {published_numbers.SAME, published_numbers.NOT_RUN}
    assert table.loc[table["status"] == published_numbers.NOT_RUN, "ours"].isna().all()
    assert table.loc[table["status"] == published_numbers.SAME, "ours"].notna().all()


def test_no_time_of_ours_stands_beside_a_published_one():
    """Ours may be that of the last attempt of a resumed job, and is always from another machine."""
    found = rates(["a"], [0.5]).assign(hours=1.0)
    table = published_numbers.compare(PUBLISHED, found).query("measure == 'hours'")
    assert len(table) == 4 and table["ours"].isna().all()
    assert set(table["ours_from"]) == {"run times of different machines are not compared"}


@pytest.mark.slow
def test_the_same_experiment_needs_the_same_network_classes_and_maps():
    tpr = np.linspace(0, 0.9, 10)
    table = published_numbers.compare(PUBLISHED, rates(CLASSES, tpr))
    same = table[table["status"] == published_numbers.SAME]
    assert len(same) == 4 + 10 and set(same["network"]) == {"resnet18"} and set(same["augmentation"]) == {"none"}
    for _, row in same.iterrows():
        expected = tpr[CLASSES.index(row["class"])] / (10 if row["measure"] == "FPR" else 1)
        assert np.isclose(row["ours"], expected)
        assert row["ours_from"] == f"mine, net of width 64, {row['class']}, top 5 %, 50 images of the class, 3 seeds"
    for changed in ({"width": 16}, {"percent": 10}, {"classes": [*CLASSES[:-1], "bicycle"]}):
        other = rates(changed.pop("classes", CLASSES), tpr, **changed)
        assert set(published_numbers.compare(PUBLISHED, other)["status"]) == {published_numbers.NOT_RUN}
    for missing in ({"architecture": "vgg16_bn"}, {"method": "other"}, {"maps_of": "resnet18/none"}):
        assert set(published_numbers.compare(PUBLISHED, rates(CLASSES, tpr, **missing))["status"]) == {
            published_numbers.NOT_RUN
        }


def test_other_data_do_not_hide_an_experiment_and_maps_of_another_network_are_kept_apart():
    both = pd.concat(
        [
            rates(["a", "b"], [0.1, 0.2], dataset="first"),
            rates(CLASSES, np.linspace(0, 1, 10), dataset="second"),
            rates(CLASSES, np.full(10, 0.3), architecture="vit_b_16", maps_of="resnet18/sin"),
            rates(CLASSES, np.full(10, 0.7), method="HFSS", percent=np.nan),
        ]
    )
    table = published_numbers.compare(PUBLISHED, both)
    same = table.query("status == 'same experiment' and network == 'resnet18'")
    assert len(same) == 24 and same["ours_from"].str.match("second|mine").all()
    vit = table[table["network"] == "vit_b_16"]
    assert set(vit["method"]) == {"culling, maps of resnet18/sin"} and set(vit["status"]) == {published_numbers.SAME}
    assert list(vit["ours"]) == [0.3, 0.03, 0.3, 0.03]
    hfss = table[table["method"] == "HFSS"].query("measure == 'TPR'")
    assert hfss["ours_from"].str.contains("zebra, the tool's map, 50 images").sum() == 1
    assert list(hfss["ours"]) == [0.7] * 10 and set(hfss["status"]) == {published_numbers.SAME}


def test_a_network_of_full_width_is_the_same_experiment_whatever_stands_before_it():
    tpr = np.linspace(0, 0.9, 10)
    own_rates = pd.concat([rates(CLASSES, tpr / 2, width=8), rates(CLASSES, tpr)], ignore_index=True)
    zebra = published_numbers.compare(PUBLISHED, own_rates).query("`class` == 'zebra' and status == 'same experiment'")
    assert np.isclose(zebra.query("measure == 'TPR'")["ours"], tpr[7]).all() and len(zebra)


KNOWN = {
    ("p", "small", "sin"): {"architecture": "resnet18", "width": 16},
    ("p", "vit", "none"): {"architecture": "vit_b_16", "width": 64},
}


def test_networks_are_known_by_what_their_weights_say(tmp_path, small_network):
    run = {"dataset": "p", "augmentation": "none", "seed": 0, "device": "cpu"}
    kinds = {
        "a": (architectures.Architecture("resnet18", 2, 1, 32, 8), ("resnet18", 8)),
        "b": (ExternalNetwork("torchvision:resnet50", 2, 3, 224, 224), ("resnet50", 64)),
        "c": (ExternalNetwork("mine:network", 2, 3, 24, 24), ("mine:network", 0)),
    }
    weights = small_network(1, 2).state_dict()
    paths = [tmp_path / f"{name}.safetensors" for name in kinds]
    for path, (name, (what, _)) in zip(paths, kinds.items(), strict=True):
        architectures.save(path, weights, what, {**run, "network": name})
    found = published_numbers.architectures(paths)
    for name, (_, expected) in kinds.items():
        about = found["p", name, "none"]
        assert (about["architecture"], about["width"]) == expected


def test_maps_of_another_network_are_named_by_architecture_and_averaged_over_seeds():
    rows = [
        {"dataset": "p", "maps_of": f"small/sin/seed{s}", "tested_on": f"vit/none/seed{s}", "class": c, "filter": f,
         "images": 20, "tpr": tpr + s / 10, "fpr": 0.1}
        for s in (0, 1)
        for c, f, tpr in (("a", "dfm", 0.4), ("a", "random", 0.9), ("b", "dfm", 0.2))
    ]  # fmt: skip
    table = published_numbers.transferred_maps(pd.DataFrame(rows), KNOWN, 5).set_index("class")
    assert list(table.index) == ["a", "b"] and list(table["TPR"]) == pytest.approx([0.45, 0.25])
    assert set(table["architecture"]) == {"vit_b_16"} and set(table["maps_of"]) == {"resnet18/sin"}
    assert set(table["seeds"]) == {2} and set(table["percent"]) == {5} and set(table["method"]) == {"culling"}
    assert set(table["width"]) == {16}  # of the narrower of the two


def test_only_external_maps_with_the_name_count_as_those_of_hfss():
    rows = [
        {"dataset": "p", "network": "vit", "augmentation": "none", "seed": 0, "class": "a", "maps": maps,
         "images": 20, "tpr_dfm": tpr, "fpr_dfm": 0.1}
        for maps, tpr in (("ours", 0.1), ("HFSS_stage6", 0.8), ("theirs", 0.3))
    ]  # fmt: skip
    (row,) = published_numbers.hfss_maps(pd.DataFrame(rows), KNOWN).itertuples()
    assert (row.TPR, row.method, row.maps_of) == (0.8, "HFSS", "") and pd.isna(row.percent)


def test_only_the_published_test_is_compared():
    verdicts = made_up_verdicts([("p", "small", "sin", 0)], ["a", "b"])
    kept = as_published(verdicts)
    assert set(kept["part"]) == {"keep"} and set(kept["fill"]) == {"zeros"} and 4 * len(kept) == len(verdicts)
    over, verdicts = (as_published(table) for table in (over_seeds(verdicts), verdicts))
    table = published_numbers.own_maps(over, verdicts, KNOWN, 5)
    assert list(table["TPR"]) == list(kept["tpr_dfm"]) and list(table["class"]) == ["a", "b"]
    assert published_numbers.own_maps(over[:0], verdicts[:0], KNOWN, 5).empty  # zeros were not tested
