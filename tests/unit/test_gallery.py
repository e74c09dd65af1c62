"""What README and docs take from results: files in docs/data, and tables between markers."""

import numpy as np
import pandas as pd
import pytest

from bench import gallery
from frequency_shortcuts.storage.tables import read_table, write_table

FILE = pd.DataFrame(
    {"class": ["b", "a", "b"], "seed": [0, 1, 2], "value": [0.25, np.nan, 0.5], "met": [True, None, False]}
)


def test_a_table_has_the_chosen_columns_and_rows_with_empty_and_readable_cells(tmp_path):
    write_table(FILE, tmp_path / "made.csv")
    columns = {"class": "of class", "value": "value, %|.1%", "met": "met"}
    assert gallery.Table("made", columns, "seed != 2").text(tmp_path).splitlines() == [
        "| of class | value, % | met |", "| --- | ---: | ---: |", "| b | 25.0% | yes |", "| a |  |  |",
    ]  # fmt: skip
    means = gallery.Table("made", {"class": "class", "value": "mean|.3f"}, by=["class"])
    assert means.text(tmp_path).splitlines()[2:] == ["| b | 0.375 |", "| a |  |"]
    wide = gallery.Table("made", {"class": "", "value 2": "2"}, by=["class", "seed"], across="seed")
    assert wide.text(tmp_path).splitlines()[2:] == ["| b | 0.5 |"]


def test_a_page_gets_the_tables_whose_files_are_there(tmp_path, monkeypatch):
    tables = {name: gallery.Table(name, {"seed": "seed"}) for name in ("here", "gone")}
    monkeypatch.setattr(gallery, "TABLES", tables)
    write_table(FILE, tmp_path / "here.csv")
    page = "<!-- here -->\nold\n<!-- /here -->\nText.\n<!-- gone -->\nold\n<!-- /gone -->\n<!-- other -->\n"
    assert gallery.renewed(page, tmp_path) == page.replace("old", "| seed |\n| --- |\n| 0 |\n| 1 |\n| 2 |", 1)


def test_a_missing_marker_is_an_error():
    assert gallery.renew("a <!-- x -->\nold<!-- /x --> b", "x", "new") == "a <!-- x -->\nnew\n<!-- /x --> b"
    with pytest.raises(ValueError, match="no place marked y"):
        gallery.renew("a <!-- x -->\n<!-- /x --> b", "y", "new")


def test_a_study_replaces_its_stored_files_and_pictures(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gallery, "STUDIES", {"made": ("it", ["tables/*.csv"], []), "other": ("that", ["x"], [])})
    for name in ("ROOT", "DATA"):
        monkeypatch.setattr(gallery, name, tmp_path / name)
    monkeypatch.setattr(gallery, "PAGES", [tmp_path / "page.md"])
    (tmp_path / "page.md").write_text("Text.\n")
    made = tmp_path / "ROOT" / "results" / "made" / "tables"
    made.mkdir(parents=True)
    (tmp_path / "DATA" / "made").mkdir(parents=True)
    (tmp_path / "DATA" / "made" / "old.csv").touch()
    write_table(FILE, made / "new.csv")
    gallery.main()
    assert "`make that` has not run here" in capsys.readouterr().out
    stored = {path.name: len(read_table(path)) for path in (tmp_path / "DATA").rglob("tables/*.csv")}
    assert stored == {"new.csv": 3}
