"""Tables as they are shown: what a reader sees is what the table holds."""

import base64
import gzip
import re

import numpy as np
import pandas as pd
import pytest

from frequency_shortcuts.figures import typeset

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


def test_a_long_table_goes_over_pages_and_a_very_long_one_says_what_is_left_out():
    long = pd.DataFrame({"n": range(60)})
    text = typeset.latex(long, "all", "tab:n")
    assert r"\begin{longtable}{r}" in text and r"\endhead" in text and "59 \\\\" in text
    text = typeset.latex(long, "all", "tab:n", most=50)
    assert "the first 50 of 60 rows" in text and "49 \\\\" in text and "\n59 \\\\" not in text


def test_the_page_asks_nothing_of_the_network_and_carries_its_csv():
    csv = TABLE.to_csv(index=False).encode()
    text = typeset.page(TABLE, "Rates & times", "results/x/tables/t.csv", csv)
    assert not re.search(r"(?:src|href)=\"(?!data:)", text) and "http" not in text and "import" not in text
    assert text.count("<tr>") == 4 and text.count('scope="col" aria-sort="none"') == 4
    assert (
        "R&amp;D &lt;b&gt;" in text
        and "<h1>Rates &amp; times</h1>" in text
        and "3 rows; results/x/tables/t.csv" in text
    )
    (data,) = re.findall(r'download="t.csv.gz" href="data:application/gzip;base64,([^"]+)"', text)
    assert gzip.decompress(base64.b64decode(data)) == csv
    assert len(text) < 20_000


def test_a_very_large_table_is_cut_and_its_csv_named_only():
    large = pd.DataFrame({"n": range(3000)})
    text = typeset.page(large, "n", "results/x/tables/n.csv", b"x" * 2**20)
    assert text.count("<tr>") == 1 + typeset.MOST and "2000 of 3000 rows, the first ones" in text
    assert "download" not in text and "results/x/tables/n.csv" in text


@pytest.mark.parametrize("table", [pd.DataFrame({"a": []}), pd.DataFrame({"a": [np.nan], "b": [None]})])
def test_an_empty_table_is_shown_empty(table):
    assert r"\bottomrule" in typeset.latex(table, "c", "l")
    assert f"{len(table)} rows" in typeset.page(table, "t", "p.csv")
