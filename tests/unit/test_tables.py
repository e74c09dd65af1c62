"""Tables as CSV: names stay names, and tables are written one after the other."""

import weakref

import numpy as np
import pandas as pd
import pytest

from frequency_shortcuts.storage.tables import check_rows, read_table, write_table, write_tables


def test_names_that_look_like_numbers_stay_names(tmp_path):
    table = pd.DataFrame(
        {
            "dataset": ["007", "1e3"],
            "network": ["18", "true"],
            "augmentation": ["none", "NA"],
            "class": ["3", "04"],
            "seed": [0, 1],
        }
    )
    write_table(table, tmp_path / "t.csv", rendition="10", maps="2")
    read = read_table(tmp_path / "t.csv")
    assert read.drop(columns=["rendition", "maps"]).equals(table)
    assert list(read["rendition"]) == ["10", "10"] and list(read["maps"]) == ["2", "2"]


def test_tables_are_written_one_after_the_other_as_if_they_were_joined(tmp_path):
    parts = [
        pd.DataFrame({"class": ["a", "b"], "percent": percent, "iou": [1 / 3, np.nan]}) for percent in (1, 2.5, 10)
    ]
    kept = []

    def tables():
        for part in parts:
            table = part.copy()
            kept.append(weakref.ref(table))
            yield table
            del table
            assert sum(reference() is not None for reference in kept) <= 1  # what the reader holds

    write_tables(tables(), tmp_path / "one by one.csv")
    write_table(pd.concat(parts), tmp_path / "joined.csv")
    assert (tmp_path / "one by one.csv").read_bytes() == (tmp_path / "joined.csv").read_bytes()


def test_a_table_that_was_cut_or_damaged_is_named(tmp_path):
    path = tmp_path / "t.csv"
    write_table(pd.DataFrame({"class": ["a", "b, c", "d\ne"], "tpr": [0.5, 0.25, 0.125]}), path)
    whole = path.read_bytes()
    assert len(read_table(path)) == 3
    for content, what in {
        b"": "is empty",
        b"\n": "is empty",
        whole[:-1]: "was cut inside its last line",
        whole[:-2]: "was cut inside its last line",  # 0.12 in place of 0.125
        whole[: whole.index(b"0.25") - 1]: "row 2 has 1 of 2 columns",
        whole[: whole.index(b'e"')]: r"is damaged \(unexpected end of data\)",
        whole + b"f,1,2\n": "row 4 has 3 of 2 columns",
        whole[:-9] + bytes(9): r"is damaged \(unexpected end of data\)",
        b"\xff" + whole: "is damaged .*utf-8",
    }.items():
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"^{path}:? {what}.*: delete it and run again$"):
            read_table(path)


def test_rows_are_compared_as_they_are_written(tmp_path):
    table = pd.DataFrame(
        {"seed": [1234567, 1234568], "class": ["1e3", "x"], "low": [np.nan, 2.5], "filter": ["a", np.nan]}
    )
    write_table(table, tmp_path / "t.csv")
    read = read_table(tmp_path / "t.csv")
    expected = {(1234567, "1e3", np.nan, "a"): 1, (1234568, "x", 2.5, np.nan): 1}
    check_rows(read, "t.csv", ["seed", "class", "low", "filter"], expected)
    check_rows(read, "t.csv", ["seed", "unknown"], {(1234567, np.nan): 1, (1234568, np.nan): 1})
    with pytest.raises(
        ValueError, match=r"^t.csv holds 1 of 2 rows of seed 1234567 \(2 more such places\): it was cut"
    ):
        check_rows(read, "t.csv", ["seed"], {(1234567,): 2, (3,): 1})
