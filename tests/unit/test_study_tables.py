"""The tables of the study and those of the published one."""

from collections import defaultdict
from itertools import product

import numpy as np
import pandas as pd
import pytest
from drawn_tables import made_up_verdicts
from made_up_results import random_hits

from frequency_shortcuts import shortcuts
from frequency_shortcuts import shortcuts as rates
from frequency_shortcuts.shortcuts.cross import cross_matrix
from frequency_shortcuts.storage.tables import RUN, read_table, write_table
from study.findings import study_tables

PHOTOGRAPHS = [("photos", "small", "none", 0), ("photos", "small", "none", 1), ("photos", "large", "sin", 0)]
CLASSES = ["ant", "bee", "none"]


def test_a_table_of_hits_gets_its_run_and_the_names_of_its_classes(tmp_path):
    """Names that look like numbers or missing values stay as they are, in the file too."""
    run, classes, hits = dict(zip(RUN, PHOTOGRAPHS[2], strict=True)), ["1", "nan", "0"], random_hits(n_classes=3)
    measured = rates.verdicts(hits)
    table = study_tables.of_run(measured, run, classes)
    assert list(table)[:7] == [*RUN, "class", "part", "fill"] and (table[RUN] == list(run.values())).all(axis=None)
    for name in ("class", "closest_class", "largest_other_class"):
        there = measured[name].notna()
        assert list(table.loc[there, name]) == [classes[int(c)] for c in measured.loc[there, name]]
        assert table.loc[~there, name].isna().all()
    write_table(table, tmp_path / "verdicts.csv")
    again = read_table(tmp_path / "verdicts.csv")
    assert list(again["class"]) == list(table["class"]) and list(again["verdict"]) == list(table["verdict"])
    assert list(again["closest_class"].dropna()) == list(table["closest_class"].dropna())
    matrix = study_tables.of_run(cross_matrix(hits), run, classes)
    assert set(matrix["map"]) == set(matrix["class"]) == set(classes)


def test_draws_are_averaged_within_each_fill():
    hits = [random_hits(i, n_classes=3, negatives=4) for i in range(len(PHOTOGRAPHS))]
    runs = [dict(zip(RUN, run, strict=True)) for run in PHOTOGRAPHS]
    parts = [study_tables.of_run(shortcuts.rates(one), run, CLASSES) for one, run in zip(hits, runs, strict=True)]
    tests = pd.concat(parts).query("part == 'keep'")
    ood = tests.assign(rendition="toy")
    table = study_tables.mean_over_draws(ood.assign(new=ood["tpr"]), [*RUN, "rendition"])
    keys = [*RUN, "rendition", "class", "part", "fill", "filter"]
    assert not table.duplicated(keys).any()
    assert table["new"].equals(table["tpr"]) and not {"draw", "positions", "tpr_low"} & set(table)
    selected = "network == 'large' and `class` == 'bee' and fill == 'swap' and filter == 'random'"
    assert table.query(selected)["tpr"].item() == pytest.approx(ood.query(selected)["tpr"].mean())
    transfer = tests.drop(columns=RUN[1:]).assign(maps_of="a", tested_on="b", negatives=100)
    table = study_tables.mean_over_draws(transfer, ["dataset", "maps_of", "tested_on"])
    assert set(table["negatives"]) == {100}  # claims weigh a false positive rate by it


# Tables 1 to 3 of the published study, against values looked up one by one

NAMES = ["zebra", "10", "ox"]
RUNS = [("p", "b", "none", 0), ("p", "b", "none", 1), ("p", "a", "sin", 0), ("q", "b", "none", 3)]


@pytest.fixture
def of_runs():
    """Verdicts of these runs, with rates at random."""
    table = pd.concat([made_up_verdicts([run], NAMES, seed=i) for i, run in enumerate(RUNS)], ignore_index=True)
    rates = [name for name in table if name.startswith(("tpr_", "fpr_"))]
    table[rates] = np.random.default_rng(0).random((len(table), len(rates)))
    return table.assign(verdict=["strong", "none", "weak"] * (4 * len(RUNS)))


@pytest.fixture
def ood():
    generator = np.random.default_rng(1)
    renditions = {"p": ["toy", "art"], "q": ["art"]}
    rows = [
        (*run, rendition, c, "keep", fill, kind, *generator.random(2))
        for run in RUNS
        for rendition, c, fill, kind in product(renditions[run[0]], NAMES, ("swap", "zeros"), study_tables.FILTERS)
    ]
    return pd.DataFrame(rows, columns=[*RUN, "rendition", "class", "part", "fill", "filter", "tpr", "fpr"])


def test_rates_hold_the_chosen_networks_in_their_order(of_runs):
    over = shortcuts.over_seeds(of_runs)
    table = study_tables.rates_over_seeds(over, [["p", "a", "sin"], ["p", "b", "none"]])
    assert list(table["class"]) == NAMES * 2 and list(table["network"]) == ["a"] * 3 + ["b"] * 3
    assert list(table["seeds"]) == [1] * 3 + [2] * 3 and list(table["strong_seeds"]) == [1, 0, 0, 2, 0, 0]
    published = of_runs.query("part == 'keep' and fill == 'zeros' and dataset == 'p'").set_index(["network", "class"])
    for row in table.to_dict("records"):
        values = published.loc[[(row["network"], row["class"])], "fpr_dfm"]
        assert np.isclose(row["fpr_dfm_mean"], values.mean())
        assert np.isclose(row["fpr_dfm_sd"], values.std(ddof=1), equal_nan=True)
    for some, name in ((over, "c"), (over.query("fill == 'swap'"), "b")):
        with pytest.raises(ValueError, match=f"there are no shortcut tests of p, {name}, none with the fill zeros"):
            study_tables.rates_over_seeds(some, [["p", name, "none"]])


def test_a_row_by_rendition_holds_every_test_of_a_class(of_runs, ood):
    table = study_tables.by_rendition(ood, of_runs)
    assert len(table) == 3 * len(NAMES) * 6
    columns = ["_".join(names) for names in product(("tpr", "fpr"), ("original", "toy", "art"), ("mean", "sd"))]
    assert sorted(table.columns[6:]) == sorted(columns)
    assert list(table["class"].iloc[::6]) == NAMES * 3 and list(table["filter"]) == [*study_tables.FILTERS] * 9
    values = defaultdict(list)
    for row in of_runs.query("part == 'keep' and fill == 'zeros'").to_dict("records"):
        for rate, kind in product(("tpr", "fpr"), study_tables.FILTERS):
            if (name := f"{rate}_{kind}") in row:  # no FPR of random masks with the radii of a map
                values[(*(row[key] for key in RUN[:3]), row["class"], kind, f"{rate}_original")].append(row[name])
    for *network, _, rendition, name, _, fill, kind, tpr, fpr in ood.itertuples(index=False):
        if fill == "zeros":
            values[*network, name, kind, f"tpr_{rendition}"].append(tpr)
            values[*network, name, kind, f"fpr_{rendition}"].append(fpr)
    for row in table.to_dict("records"):
        for rate, images in product(("tpr", "fpr"), ("original", "toy", "art")):
            seeds = values[(*(row[key] for key in RUN[:3]), row["class"], row["filter"], f"{rate}_{images}")]
            expected = np.mean(seeds) if seeds else np.nan
            assert np.isclose(row[f"{rate}_{images}_mean"], expected, equal_nan=True)
            spread = np.std(seeds, ddof=1) if len(seeds) > 1 else np.nan
            assert np.isclose(row[f"{rate}_{images}_sd"], spread, equal_nan=True)
    # Runs without renditions do not enter.
    assert set(study_tables.by_rendition(ood[ood["dataset"] == "p"], of_runs)["dataset"]) == {"p"}
