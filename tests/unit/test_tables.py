"""Tables as CSV, and as they are shown: names stay names, and what a reader sees is what the table holds."""

import base64
import gzip
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frequency_shortcuts.figures import typeset
from frequency_shortcuts.storage.tables import read_table, write_table, write_tables


def test_names_that_look_like_numbers_stay_names(tmp_path):
    names = {"dataset": ["007", "1e3"], "network": ["18", "true"], "augmentation": ["none", "NA"], "class": ["3", "04"]}
    table = pd.DataFrame({**names, "seed": [0, 1]})
    write_table(table, tmp_path / "t.csv", rendition="10", maps="2")
    read = read_table(tmp_path / "t.csv")
    assert read.drop(columns=["rendition", "maps"]).equals(table)
    assert list(read["rendition"]) == ["10", "10"] and list(read["maps"]) == ["2", "2"]


def test_tables_are_written_one_after_the_other_as_if_they_were_joined(tmp_path):
    parts = [
        pd.DataFrame({"class": ["a", "b"], "percent": percent, "iou": [1 / 3, np.nan]}) for percent in (1, 2.5, 10)
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
    table = pd.DataFrame(
        {"class": ["=1+1", "-x", "'=1", "'quoted'", "\t=1", "\n=1", '=1,2\n"q"', " a"], "margin": -1.5}
    )
    write_table(table, tmp_path / "t.csv", maps="=theirs")
    read = read_table(tmp_path / "t.csv")
    assert list(read["class"]) == list(table["class"]) and set(read["maps"]) == {"=theirs"}
    assert set(read["margin"]) == {-1.5}


TABLE = pd.DataFrame(
    {
        "data_set": ["a_1", "R&D <b>", None],
        "seeds": [2, 1, 3],
        "tpr_dfm_mean": [0.9, 0.25, np.nan],
        "tpr_dfm_sd": [0.02, np.nan, np.nan],
        "wall_s": [1234.5, 3.25, 20.0],
    }
)


def test_cells_have_headings_precision_spreads_and_dashes():
    shown = typeset.cells(TABLE)
    assert list(shown) == ["data set", "seeds", "TPR dfm", "wall, s"]
    assert list(shown["TPR dfm"]) == ["0.900 ± 0.020", "0.250", typeset.MISSING]
    assert list(shown["seeds"]) == ["2", "1", "3"] and shown["data set"].iloc[2] == typeset.MISSING
    assert list(shown["wall, s"]) == ["1234.5", "3.2", "20.0"]


def test_latex_is_escaped_and_uses_booktabs():
    text = typeset.latex(TABLE, "50 % of them", "tab:x")
    assert r"\toprule" in text and r"\midrule" in text and r"\bottomrule" in text and r"\begin{tabular}{lrrr}" in text
    assert r"\caption{50 \% of them}" in text and r"\label{tab:x}" in text
    assert r"R\&D <b> & 1 & 0.250 & 3.2 \\" in text and r"a\_1 & 2 & 0.900 $\pm$ 0.020 & 1234.5 \\" in text
    assert r"-- & 3 & -- & 20.0 \\" in text


def test_the_page_asks_nothing_of_the_network_and_carries_its_csv():
    csv = TABLE.to_csv(index=False).encode()
    text = typeset.table_page(TABLE, "Rates & times", "results/x/tables/t.csv", csv)
    assert not re.search(r"(?:src|href)=\"(?!data:)", text) and "http" not in text and "import" not in text
    assert text.count("<tr>") == 4 and text.count('scope="col" aria-sort="none"') == 4
    for shown in ("R&amp;D &lt;b&gt;", "<h1>Rates &amp; times</h1>", "3 rows; results/x/tables/t.csv"):
        assert shown in text
    (data,) = re.findall(r'download="t.csv.gz" href="data:application/gzip;base64,([^"]+)"', text)
    assert gzip.decompress(base64.b64decode(data)) == csv
    assert len(text) < 20_000


def test_a_very_large_table_is_cut_and_its_csv_named_only():
    large = pd.DataFrame({"n": range(3000)})
    text = typeset.table_page(large, "n", "results/x/tables/n.csv", b"x" * 2**20)
    assert text.count("<tr>") == 1 + typeset.MOST and "2000 of 3000 rows, the first ones" in text
    assert "download" not in text and "results/x/tables/n.csv" in text


@pytest.mark.parametrize("table", [pd.DataFrame({"a": []}), pd.DataFrame({"a": [np.nan], "b": [None]})])
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
