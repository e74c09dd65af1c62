"""Tables as CSV: names stay names, and tables are written one after the other."""

import weakref

import numpy as np
import pandas as pd

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
