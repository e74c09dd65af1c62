"""Tables as CSV: names stay names, and tables are written one after the other."""

import csv
import weakref

import numpy as np
import pandas as pd
import pytest

from frequency_shortcuts.storage.tables import read_table, write_table, write_tables


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
        b"": "it is empty",
        b"\n": "it is empty",
        whole[:-1]: "it was cut inside its last line",
        whole[:-2]: "it was cut inside its last line",  # 0.12 in place of 0.125
        whole[: whole.index(b"0.25") - 1]: "row 2 has 1 of 2 columns",
        whole[: whole.index(b'e"')]: r"it is damaged \(unexpected end of data\)",
        whole + b"f,1,2\n": "row 4 has 3 of 2 columns",
        whole[:-9] + bytes(9): r"it is damaged \(unexpected end of data\)",
        b"\xff" + whole: "it is damaged .*utf-8",
    }.items():
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"^{path}: {what}.*; make it again$"):
            read_table(path)


# Names that a spreadsheet takes for formulas, and some that it does not.
FORMULAS = ["=1+1", "+x", "-x", "@SUM(A1)", "\t=1", "\n=1", "'=1", "''=1", '=1,2\n"q"']
NAMES = ["cat", "a=b", "'quoted'", "'", "5 - 3", "\N{MINUS SIGN}1", " =1", ""]


def test_no_text_of_a_table_is_a_formula_of_a_spreadsheet_and_names_come_back(tmp_path):
    table = pd.DataFrame(
        {
            "class": [*FORMULAS, *NAMES[:-1]],
            "draw": [*FORMULAS, *range(len(NAMES) - 1)],  # numbers, and names of classes
            "margin": -1.5,
            "verdict": [None, *["-"] * (len(FORMULAS) + len(NAMES) - 2)],
        }
    )
    write_table(table, tmp_path / "t.csv", maps="=theirs")
    write_tables([table.assign(maps="=theirs")[["maps", *table]]] * 2, tmp_path / "two.csv")
    with open(tmp_path / "t.csv", newline="") as file:
        cells = list(csv.DictReader(file))
    assert len(cells) == len(table) and {row["margin"] for row in cells} == {"-1.5"}
    for row in cells:
        for name in ("maps", "class", "draw", "verdict"):
            assert not row[name] or row[name][0] not in "=+-@\t\r\n", row
    assert [row["class"] for row in cells] == [f"'{name}" for name in FORMULAS] + NAMES[:-1]
    for read in (read_table(tmp_path / "t.csv"), read_table(tmp_path / "two.csv").iloc[len(table) :]):
        assert list(read["class"]) == list(table["class"]) and set(read["maps"]) == {"=theirs"}
        assert list(read["draw"]) == list(map(str, table["draw"])) and set(read["margin"]) == {-1.5}
        assert read["verdict"].isna().tolist() == table["verdict"].isna().tolist() and read["verdict"].iloc[-1] == "-"


def test_a_table_is_not_changed_by_writing_it(tmp_path):
    table = pd.DataFrame({"class": ["=1"], "seed": [0]})
    write_table(table, tmp_path / "t.csv")
    assert list(table["class"]) == ["=1"]
