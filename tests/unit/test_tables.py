"""Tables as CSV, as they are shown, and as the study makes them: what a reader sees is what the table holds."""

import re
from collections import defaultdict
from itertools import product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from drawn_tables import verdicts
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_results import random_hits

from frequency_shortcuts import shortcuts
from frequency_shortcuts.figures import canvas
from frequency_shortcuts.shortcuts.cross import cross_matrix
from frequency_shortcuts.storage.tables import RUN, read_table, write_table, write_tables
from study import columns
from study.drawing import typeset
from study.findings import study_tables


def test_names_that_look_like_numbers_stay_names(tmp_path):
    names = {
        "dataset": ["007", "1e3"],
        "network": ["18", "true"],
        "augmentation": ["none", "NA"],
        "class": ["3", "04"],
    }
    table = pd.DataFrame({**names, "seed": [0, 1]})
    write_table(table, tmp_path / "t.csv", rendition="10", maps="2")
    read = read_table(tmp_path / "t.csv")
    assert read.drop(columns=["rendition", "maps"]).equals(table)
    assert list(read["rendition"]) == ["10", "10"] and list(read["maps"]) == ["2", "2"]


def test_tables_are_written_one_after_the_other_as_if_they_were_joined(tmp_path):
    parts = [
        pd.DataFrame({"class": ["a", "b"], "percent": p, "iou": [1 / 3, np.nan]})
        for p in (1, 2.5, 10)
    ]
    write_tables(iter(parts), tmp_path / "one by one.csv")
    write_table(pd.concat(parts), tmp_path / "joined.csv")
    assert (tmp_path / "one by one.csv").read_bytes() == (tmp_path / "joined.csv").read_bytes()


@pytest.mark.parametrize("content", [b"", b"class,tpr\na,1\na,1,2\n", b"\xff", b'class\n"a'])
def test_what_is_no_table_is_named(tmp_path, content):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(ValueError, match=r"^.*t\.csv is no table \(.+\)$"):
        read_table(tmp_path / "t.csv")


def test_names_with_signs_quotes_and_breaks_come_back(tmp_path):
    names = ["=1+1", "-x", "'=1", "'quoted'", "\t=1", "\n=1", '=1,2\n"q"', " a"]
    write_table(pd.DataFrame({"class": names, "margin": -1.5}), tmp_path / "t.csv", maps="=theirs")
    read = read_table(tmp_path / "t.csv")
    assert (
        list(read["class"]) == names
        and set(read["maps"]) == {"=theirs"}
        and set(read["margin"]) == {-1.5}
    )


TABLE = pd.DataFrame({
    "data_set": ["a_1", "R&D <b>", None], "seeds": [2, 1, 3], "tpr_dfm_mean": [0.9, 0.25, np.nan],
    "tpr_dfm_sd": [0.02, np.nan, np.nan], "wall_s": [1234.5, 3.25, 20.0],
})  # fmt: skip


def test_cells_have_headings_precision_spreads_and_dashes():
    shown = typeset.cells(TABLE, {"wall_s": "s"})
    assert list(shown) == ["data set", "seeds", "TPR dfm", "wall, s"]
    assert list(shown["TPR dfm"]) == ["0.900 ± 0.020", "0.250", canvas.MISSING]
    assert list(shown["seeds"]) == ["2", "1", "3"] and shown["data set"].iloc[2] == canvas.MISSING
    assert list(shown["wall, s"]) == ["1234.5", "3.2", "20.0"]


def test_a_column_of_a_table_comes_before_that_of_a_table_like_it_and_a_shared_one_and_a_name_before_a_pattern():
    over_seeds, like = "results/x/tables/shortcuts_over_seeds.csv", "tables/own_map_advantage.csv"
    names = ("dataset", "tpr_dfm_mean", "tpr_dfm", "measure_low")
    assert [columns.column(over_seeds, name).text for name in names] == [
        "as the configuration names it", "mean and standard deviation of `tpr_dfm` over seeds",
        "TPR and FPR with the mask dfm, mean over draws (no FPR of radial)",
        "mean TPR - FPR of the map over seeds, with its 95 % interval",
    ]  # fmt: skip
    assert columns.column("tables/ood_advantage.csv", "own_low").place == (like, "{margin}_low")
    assert not columns.column("tables/runtimes.csv", "other").text and not columns.described(
        "tables/other.csv"
    )


def test_latex_is_escaped_and_uses_booktabs():
    text = typeset.latex(TABLE, "50 % of them", "tab:x")
    assert (
        r"\toprule" in text
        and r"\midrule" in text
        and r"\bottomrule" in text
        and r"\begin{tabular}{lrrr}" in text
    )
    assert r"\caption{50 \% of them}" in text and r"\label{tab:x}" in text
    assert (
        r"R\&D <b> & 1 & 0.250 & 3.2 \\" in text
        and r"a\_1 & 2 & 0.900 $\pm$ 0.020 & 1234.5 \\" in text
    )
    assert r"-- & 3 & -- & 20.0 \\" in text


def test_the_page_asks_nothing_of_the_network_and_says_what_columns_mean(monkeypatch):
    about = {"tpr_dfm_mean": ('a "mean" <i>', ""), "wall_s": ("", "s")}
    monkeypatch.setattr(
        typeset.columns,
        "column",
        lambda path, name: SimpleNamespace(
            **dict(zip(("text", "unit"), about.get(name, ("", "")), strict=True))
        ),
    )
    text = typeset.table_page(TABLE, "Rates & times", "results/x/tables/t.csv")
    assert (
        not re.search(r"(?:src|href)=\"(?!data:)", text)
        and "http" not in text
        and "import" not in text
    )
    assert text.count("<tr>") == 4 and text.count('scope="col" aria-sort="none"') == 4
    assert (
        'title="a &#34;mean&#34; &lt;i&gt;"><button type="button">TPR dfm</button>' in text
        and ">wall, s<" in text
    )
    for shown in (
        "R&amp;D &lt;b&gt;",
        "<h1>Rates &amp; times</h1>",
        "3 rows; results/x/tables/t.csv",
    ):
        assert shown in text
    assert len(text) < 20_000


def test_a_very_large_table_is_cut_and_its_csv_named_only():
    large = pd.DataFrame({"n": range(3000)})
    text = typeset.table_page(large, "n", "results/x/tables/n.csv")
    assert text.count("<tr>") == 1 + typeset.MOST and "2000 of 3000 rows, the first ones" in text
    assert "results/x/tables/n.csv" in text


@pytest.mark.parametrize(
    "table", [pd.DataFrame({"a": []}), pd.DataFrame({"a": [np.nan], "b": [None]})]
)
def test_an_empty_table_is_shown_empty(table):
    assert r"\bottomrule" in typeset.latex(table, "c", "l")
    assert f"{len(table)} rows" in typeset.table_page(table, "t", "p.csv")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=8))
def test_numbers_are_within_half_a_unit_of_their_last_place(values):
    texts = typeset.cells(pd.DataFrame({"x": values}))["x"]
    for value, text in zip(values, texts, strict=True):
        decimals = len(text.partition(".")[2]) if "e" not in text else None
        allowed = 0.06 * abs(value) if decimals is None else 0.5001 * 10.0**-decimals
        assert abs(float(text) - value) <= allowed + 1e-12 * abs(value)
        assert value == 0 or float(text) != 0 or "e" in text


PHOTOGRAPHS = [
    ("photos", "small", "none", 0),
    ("photos", "small", "none", 1),
    ("photos", "large", "sin", 0),
]


def test_a_table_of_hits_gets_its_run_and_the_names_of_its_classes(tmp_path):
    run, classes, hits = (
        dict(zip(RUN, PHOTOGRAPHS[2], strict=True)),
        ["1", "nan", "0"],
        random_hits(n_classes=3),
    )
    measured = shortcuts.verdicts(hits)
    table = study_tables.of_run(measured, run, classes)
    assert list(table)[:7] == [*RUN, "class", "part", "fill"] and (
        table[RUN] == list(run.values())
    ).all(axis=None)
    for name in ("class", "closest_class", "largest_other_class"):
        there = measured[name].notna()
        assert list(table.loc[there, name]) == [classes[int(c)] for c in measured.loc[there, name]]
        assert table.loc[~there, name].isna().all()
    write_table(table, tmp_path / "verdicts.csv")
    again = read_table(tmp_path / "verdicts.csv")
    assert list(again["class"]) == list(table["class"]) and list(again["verdict"]) == list(
        table["verdict"]
    )
    assert list(again["closest_class"].dropna()) == list(table["closest_class"].dropna())
    matrix = study_tables.of_run(cross_matrix(hits), run, classes)
    assert set(matrix["class"]) == set(classes)
    assert set(matrix["map"]) == {*classes, study_tables.LOWEST_NAME}


def test_draws_are_averaged_within_each_fill():
    hits = [random_hits(i, n_classes=3, negatives=4) for i in range(len(PHOTOGRAPHS))]
    runs = [dict(zip(RUN, run, strict=True)) for run in PHOTOGRAPHS]
    names = ["ant", "bee", "none"]
    parts = [
        study_tables.of_run(shortcuts.rates(one), run, names)
        for one, run in zip(hits, runs, strict=True)
    ]
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


NAMES = ["zebra", "10", "ox"]
RUNS = [("p", "b", "none", 0), ("p", "b", "none", 1), ("p", "a", "sin", 0), ("q", "b", "none", 3)]


@pytest.fixture
def of_runs():
    """Verdicts of these runs, with rates at random."""
    table = pd.concat(
        [verdicts(NAMES, runs=[run], draw=i) for i, run in enumerate(RUNS)], ignore_index=True
    )
    rates = [name for name in table if name.startswith(("tpr_", "fpr_"))]
    table[rates] = np.random.default_rng(0).random((len(table), len(rates)))
    return table.assign(verdict=["strong", "none", "weak"] * (4 * len(RUNS)))


def test_rates_hold_the_chosen_networks_in_their_order(of_runs):
    over = shortcuts.over_seeds(of_runs)
    table = study_tables.rates_over_seeds(over, [["p", "a", "sin"], ["p", "b", "none"]])
    assert list(table["class"]) == NAMES * 2 and list(table["network"]) == ["a"] * 3 + ["b"] * 3
    assert list(table["seeds"]) == [1] * 3 + [2] * 3 and list(table["strong_seeds"]) == [
        1,
        0,
        0,
        2,
        0,
        0,
    ]
    published = of_runs.query("part == 'keep' and fill == 'zeros' and dataset == 'p'").set_index(
        ["network", "class"]
    )
    for row in table.to_dict("records"):
        values = published.loc[[(row["network"], row["class"])], "fpr_dfm"]
        assert np.isclose(row["fpr_dfm_mean"], values.mean())
        assert np.isclose(row["fpr_dfm_sd"], values.std(ddof=1), equal_nan=True)


def test_the_network_whose_maps_fail_beside_those_of_others_of_its_kind_is_named():
    """Seed 2 of b has below half of the median of 0.6, not of a, with maps of 0.3 everywhere; zeros alone count."""
    runs = [("p", name, "none", seed) for name in "ab" for seed in range(3)]
    of_runs = verdicts(NAMES, runs=runs).query("part == 'keep'")
    weak = (of_runs["network"] == "b") & (of_runs["seed"] == 2) & (of_runs["fill"] == "zeros")
    of_runs["tpr_dfm"] = of_runs["network"].map({"a": 0.3, "b": 0.6}).mask(weak, 0.29)
    table = study_tables.rates_over_seeds(shortcuts.over_seeds(of_runs), [["p", "b", "none"]])
    (note,) = study_tables.networks_with_weak_maps(table, of_runs)
    assert note.startswith(
        "The network of seed 2 (b, augmentation none, p) has a mean TPR of 0.29 from its maps"
    )
    assert "the median over networks, 0.60" in note
    assert f"<p>{note}</p>" in typeset.table_page(table, "t", "t.csv", notes=[note])
    of_runs["tpr_dfm"] = of_runs["tpr_dfm"].mask(weak, 0.31)
    assert study_tables.networks_with_weak_maps(table, of_runs) == []
    other = study_tables.rates_over_seeds(shortcuts.over_seeds(of_runs), [["p", "a", "none"]])
    assert study_tables.networks_with_weak_maps(other, of_runs.assign(tpr_dfm=0.29)) == []


def test_a_row_by_rendition_holds_every_test_of_a_class(of_runs):
    generator, renditions = np.random.default_rng(1), {"p": ["toy", "art"], "q": ["art"]}
    rows = [
        (*run, rendition, c, "keep", fill, kind, *generator.random(2))
        for run in RUNS
        for rendition, c, fill, kind in product(
            renditions[run[0]], NAMES, ("swap", "zeros"), study_tables.FILTERS
        )
    ]
    ood = pd.DataFrame(
        rows, columns=[*RUN, "rendition", "class", "part", "fill", "filter", "tpr", "fpr"]
    )
    table = study_tables.by_rendition(ood, of_runs)
    assert len(table) == 3 * len(NAMES) * 6
    columns = [
        "_".join(names)
        for names in product(("tpr", "fpr"), ("original", "toy", "art"), ("mean", "sd"))
    ]
    assert sorted(table.columns[6:]) == sorted(columns)
    assert (
        list(table["class"].iloc[::6]) == NAMES * 3
        and list(table["filter"]) == [*study_tables.FILTERS] * 9
    )
    values = defaultdict(list)
    for row in of_runs.query("part == 'keep' and fill == 'zeros'").to_dict("records"):
        for rate, kind in product(("tpr", "fpr"), study_tables.FILTERS):
            if (name := f"{rate}_{kind}") in row:  # no FPR of random masks with the radii of a map
                values[
                    (*(row[key] for key in RUN[:3]), row["class"], kind, f"{rate}_original")
                ].append(row[name])
    for *network, _, rendition, name, _, fill, kind, tpr, fpr in ood.itertuples(index=False):
        if fill == "zeros":
            values[*network, name, kind, f"tpr_{rendition}"].append(tpr)
            values[*network, name, kind, f"fpr_{rendition}"].append(fpr)
    for row in table.to_dict("records"):
        for rate, images in product(("tpr", "fpr"), ("original", "toy", "art")):
            seeds = values[
                (*(row[key] for key in RUN[:3]), row["class"], row["filter"], f"{rate}_{images}")
            ]
            expected = np.mean(seeds) if seeds else np.nan
            assert np.isclose(row[f"{rate}_{images}_mean"], expected, equal_nan=True)
            spread = np.std(seeds, ddof=1) if len(seeds) > 1 else np.nan
            assert np.isclose(row[f"{rate}_{images}_sd"], spread, equal_nan=True)
    # Runs without renditions do not enter.
    assert set(study_tables.by_rendition(ood[ood["dataset"] == "p"], of_runs)["dataset"]) == {"p"}
