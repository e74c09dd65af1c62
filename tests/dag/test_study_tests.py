"""Tests of the study's networks: shortcuts, bands, other distributions, other networks."""

from functools import partial

import h5py
import numpy as np
import pandas as pd
import pytest

from checkouts import FASHION, MAPPED, NEUTRAL, STYLISED, dataset_of, shape_of
from frequency_shortcuts import dfm
from frequency_shortcuts.evaluation import flip_rates
from frequency_shortcuts.evaluation.counterfactual import read_flips
from frequency_shortcuts.evaluation.cross import own_map_advantage
from frequency_shortcuts.evaluation.hits import rates, read_hits
from frequency_shortcuts.storage.hdf5 import read_hdf5
from frequency_shortcuts.storage.tables import RUN, read_table
from study.tested_networks import with_names

read_csv = partial(pd.read_csv, keep_default_na=False, na_values=[""])


@pytest.mark.parametrize("run", MAPPED)
def test_the_shortcut_table_holds_every_filter(study, run):
    n_classes = shape_of(run)[0]
    table = read_csv(study.results / "tests" / run / "shortcuts.csv")
    assert "/".join(map(str, table[RUN[:3]].iloc[0])) == run.rsplit("/", 1)[0]
    rows = table.groupby(["class", "part", "fill", "filter"]).size().unstack(fill_value=0)  # noqa: PD010
    expected = {"unfiltered": 1, "dfm": 1, "random": 5, "radial": 20, "low_pass": 1, "other": n_classes - 1}
    removed = rows.index.get_level_values("part") == "remove"
    assert rows[~removed].eq(pd.Series(expected)).all(axis=None)
    assert rows[removed].eq(pd.Series(expected | {"radial": 0, "low_pass": 0, "other": 0})).all(axis=None)
    assert set(table["fill"]) == {"zeros", "swap"} and removed.sum() == (~removed).sum()
    neutral = NEUTRAL.get(dataset_of(run))
    assert len(rows) == 2 * (2 * n_classes - (neutral is not None))  # nothing is put into images of its own class
    assert set(table.loc[table["neutral"], "class"]) == ({neutral} if neutral else set())
    assert neutral not in set(table.loc[table["fill"] == "swap", "class"])
    assert (table["tpr_low"] <= table["tpr"]).all() and (table["tpr"] <= table["tpr_high"]).all()
    sizes = table[table["filter"].isin(["dfm", "random", "radial"])].groupby("class")["positions"].nunique()
    assert (sizes == 1).all()


@pytest.mark.parametrize("run", MAPPED)
def test_all_networks_with_maps_are_shown_images_with_the_spectra_of_other_classes(study, run):
    """Fashion-MNIST alone has ten ranking images of each class here."""
    folder = study.results / "tests" / run
    table, cross = (read_table(folder / f"{name}.csv") for name in ("flips", "cross_flips"))
    n_classes = shape_of(run)[0] - (dataset_of(run) in NEUTRAL)
    assert len(table) == n_classes and len(cross) == n_classes**2 and set(table["class"]) == set(cross["spectrum_of"])
    unknown = table[["flip", "sham", "part", "need", "coarse"]].isna()
    if run == FASHION:
        assert not unknown[["flip", "sham", "coarse"]].any(axis=None) and (table["images"] > 0).all()
        assert set(table["verdict"]) <= set(flip_rates.VERDICTS)
    else:
        assert unknown.all(axis=None) and set(table["verdict"]) <= {"cannot tell", "not recognised"}
    joined = read_table(study.results / "tables" / "flips.csv")
    of_run = (joined[RUN[:2]] == table[RUN[:2]].iloc[0]).all(axis=1) & (joined["seed"] == table["seed"].iloc[0])
    pd.testing.assert_frame_equal(joined[of_run].reset_index(drop=True), table, check_dtype=False)
    with read_hdf5(folder / "flips.h5") as file:
        again = with_names(flip_rates.rates(read_flips(file)), file.attrs["classes"])
    pd.testing.assert_frame_equal(again, table[list(again)], check_dtype=False, atol=1e-5, rtol=1e-5)


def test_the_band_stop_table_changes_sum_to_zero(study):
    table = pd.read_csv(study.results / "tests" / "syn_2/resnet18/none/seed0" / "bandstop.csv")
    assert len(table) == 6 * 4 * 4 and set(table["true_class"]) == {"C0", "C1", "C2", "C3"}
    assert np.allclose(table.groupby(["removed", "true_class"])["delta_percent"].sum(), 0)


def test_ood_and_transfer_tables_hold_every_test(study):
    ood = read_csv(study.results / "tests" / FASHION / "ood.csv")
    assert len(ood) == 2 * 10 * 2 * (1 + 1 + 5 + 5 + 1 + 9) and set(ood["rendition"]) == {"inverted", "texture"}
    assert set(ood["fill"]) == {"zeros", "swap"} and set(ood["part"]) == {"keep"} and "fpr" not in ood
    of_twin = read_csv(study.results / "tests" / STYLISED / "ood.csv")
    assert set(of_twin["rendition"]) == {"grey"} and set(of_twin["images"]) == {4}
    transfer = pd.read_csv(study.results / "tests" / "transfer.csv")
    assert set(transfer["maps_of"]) == {"my_network/none/seed0"}
    assert set(transfer["tested_on"]) == {"resnet18/sin/seed0"}
    assert set(transfer["fill"]) == {"zeros", "swap"} and set(transfer["part"]) == {"keep"}
    joined = {name: read_table(study.results / "tables" / f"{name}.csv") for name in ("ood", "transfer")}
    assert len(joined["ood"]) == 2 * (2 * 10 + 2 * 3) * 6 and len(joined["transfer"]) == 3 * 2 * 4
    assert set(joined["transfer"]["filter"]) == {"unfiltered", "dfm", "low_pass", "other"}
    assert joined["transfer"]["negatives"].notna().all() and "negatives" not in joined["ood"]


def test_the_hits_are_those_of_the_tables(study):
    for run in MAPPED:
        n_classes, path = shape_of(run)[0], study.results / "tests" / run / "hits.h5"
        assert path.stat().st_size < 2**20
        with h5py.File(path) as file:
            hits, classes = read_hits(file), list(file.attrs["classes"])
        table = rates(hits).replace({"class": dict(enumerate(classes))})
        written = read_table(study.results / "tests" / run / "shortcuts.csv")
        columns = ["class", "part", "fill", "filter", "draw", "images", "negatives"]
        pd.testing.assert_frame_equal(table[columns], written[columns], check_dtype=False)
        np.testing.assert_allclose(table["tpr"], written["tpr"], rtol=0, atol=1e-5)
        assert len(classes) == n_classes
    ood, transfer = study.results / "tests" / FASHION / "ood_hits.h5", study.results / "tests" / "transfer_hits.h5"
    with h5py.File(ood) as renditions, h5py.File(transfer) as pairs:
        assert set(renditions) == {"inverted", "texture"} and list(pairs) == ["pair0"]
        advantage = own_map_advantage(read_hits(renditions["inverted"]))
        assert list(advantage["fill"]) == ["zeros", "swap"] and advantage["advantage"].notna().all()


def test_the_maps_of_mixture_are_tested_on_the_images_of_those_of_the_culling(study):
    advantage = read_table(study.results / "tables" / "own_map_advantage.csv")
    assert advantage["method"].value_counts().to_dict() == {"culling": 2 * len(MAPPED), "mixture": 2 * len(MAPPED)}
    for run in MAPPED:
        masks = dfm.read_mask(study.results / "maps" / "mixture" / f"{run}.h5", 5)
        with read_hdf5(study.results / "tests" / run / "hits.h5") as file:
            of_culling, of_mixture = read_hits(file), read_hits(file["methods/mixture"])
        for name in ("labels", "unfiltered", "negatives", "donors"):
            assert np.array_equal(getattr(of_culling, name), getattr(of_mixture, name))
        assert set(of_mixture.trials["filter"]) == {"dfm", "low_pass", "other"}
        tested = of_mixture.trials[of_mixture.trials["filter"] == "dfm"].set_index("class")["mask"]
        assert all(np.array_equal(of_mixture.masks[tested[c]], mask) for c, mask in enumerate(masks))
    findings = read_table(study.results / "tables" / "findings.csv").query("method == 'mixture'")
    roles = findings.groupby("finding")["role"].agg(set)
    assert "decides" in roles["d"] and roles["e1"] == {"beside"}
