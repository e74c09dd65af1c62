"""Tables are read for the plan: those of another run, and those that were cut, are named with the command."""

import pandas as pd
import pytest
from test_planned_tables import (
    RUNS,
    STUDY,
    joined,
    paths,  # noqa: F401 (fixtures)
)

from frequency_shortcuts.storage.checksums import DamagedFile
from frequency_shortcuts.storage.tables import read_table, write_table
from study.tables import read_joined, read_runs


def test_whole_tables_are_read_as_they_are(paths, tmp_path):
    pd.testing.assert_frame_equal(
        read_runs(paths.values()), pd.concat(map(read_table, paths.values()), ignore_index=True)
    )
    for name, table in joined().items():
        write_table(table, tmp_path / f"{name}.csv")
        assert len(read_joined(str(tmp_path / f"{name}.csv"), STUDY)) == len(table)


@pytest.mark.parametrize("count", [0, 1, 7, -1, -40])
def test_the_table_of_a_run_that_was_cut_at_the_end_of_a_line_is_refused(paths, count):
    """At the beginning, and near the end; there also if the run has no peer."""
    path = paths[RUNS[2]]
    write_table(read_table(path).iloc[:count], path)
    for some in (paths.values(), [path]) if count < 1 else [paths.values()]:  # alone, it may be of one class
        with pytest.raises(DamagedFile, match=rf"^{path}: it (must hold rows of|lacks rows of) syn_1 small augmix 3"):
            read_runs(some)


@pytest.mark.parametrize("name", joined())
def test_a_joined_table_that_was_cut_at_the_end_of_a_line_is_refused(tmp_path, name):
    table, path = joined()[name], tmp_path / f"{name}.csv"
    noticed = 0
    cuts = range(1, len(table), max(1, len(table) // 50))
    for count in cuts:
        write_table(table.iloc[:-count], path)
        with pytest.raises(DamagedFile, match=rf"^{path}: it lacks .*; make it again$"):
            read_joined(str(path), STUDY)
        noticed += 1
    assert noticed == len(cuts) >= 6
