"""`make same`: which tables and weights of a study are those of docs/data, and what else differs."""

import pandas as pd
import pytest

from bench import same
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.storage.tables import write_table

FORM = architectures.Architecture("resnet18", 2, 3, 8, width=2, stem="small")


def provenance(study, **facts):
    facts = {"written": "now", "processor": "A", "numerics": "portable", "version of torch": "2"} | facts
    write_table(pd.DataFrame({"key": list(facts), "value": list(facts.values())}), study / "tables" / "provenance.csv")


@pytest.fixture
def study(tmp_path):
    """A finished study of one table and one network, and the folder of its digests."""
    folder, target = tmp_path / "results", tmp_path / "docs"
    for path in (folder / "tables", folder / "networks" / "run", target / "tables"):
        path.mkdir(parents=True)
    write_table(pd.DataFrame({"a": [1, 2]}), folder / "tables" / "some.csv")
    write_table(pd.DataFrame({"wall_s": [1.0]}), folder / "tables" / "runtimes.csv")
    weights(folder, 0)
    provenance(folder)
    provenance(target, written="before", processor="B", **{"version of torch": "1"})
    same.write(folder, target)
    return folder, target


def weights(folder, seed, about=None):
    path = folder / "networks" / "run" / "weights.safetensors"
    architectures.save(path, architectures.build(FORM, seed).state_dict(), FORM, about)


def test_times_and_what_a_file_says_of_itself_do_not_count(study):
    folder, target = study
    write_table(pd.DataFrame({"wall_s": [2.0]}), folder / "tables" / "runtimes.csv")
    weights(folder, 0, {"created_by": "another commit"})
    assert same.compare(folder, target) == (["1 of 1 tables are the same.", "1 of 1 networks are the same."], True)


def test_what_differs_is_listed_with_the_versions_and_the_processor(study):
    folder, target = study
    write_table(pd.DataFrame({"a": [1, 3]}), folder / "tables" / "some.csv")
    write_table(pd.DataFrame({"a": [1]}), folder / "tables" / "new.csv")
    (folder / "networks" / "run" / "weights.safetensors").unlink()
    lines, equal = same.compare(folder, target)
    assert not equal and lines == [
        "0 of 2 tables are the same.", "  tables/new.csv: only here", "  tables/some.csv: differs",
        "0 of 1 networks are the same.", "  networks/run/weights.safetensors: missing here",
        "", "What else differs:", "  processor: B there, A here", "  version of torch: 1 there, 2 here",
    ]  # fmt: skip


def test_other_weights_differ(study):
    folder, target = study
    weights(folder, 1)
    assert "0 of 1 networks are the same." in same.compare(folder, target)[0]


def test_a_study_that_has_not_run_and_missing_digests_are_named(study, tmp_path):
    folder, target = study
    with pytest.raises(FileNotFoundError, match="no finished study: run make study"):
        same.compare(tmp_path / "none", target)
    (target / same.FILE).unlink()
    with pytest.raises(FileNotFoundError, match="make gallery writes it"):
        same.compare(folder, target)
