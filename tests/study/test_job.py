"""What every script shares: a step that fails prints one sentence, and its log holds the rest."""

import errno
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from frequency_shortcuts.storage.checksums import DamagedFile
from frequency_shortcuts.storage.tables import write_table
from study.job import created_by, identity, job, run_snakemake


@pytest.fixture
def step(tmp_path):
    return SimpleNamespace(log=[str(tmp_path / "step.log")], threads=1, config={"study": "test"}, rule="cull", input=[])


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("percent 0: expected above 0"), "percent 0: expected above 0"),
        (RuntimeError("device cuda was requested"), "device cuda was requested"),
        (OSError(errno.ENOSPC, "the disk is full", "a.h5"), "a.h5: the disk is full"),
        (KeyError("images"), "KeyError: 'images'"),
    ],
)
def test_a_failed_step_says_one_sentence_and_logs_where_it_failed(step, capsys, error, sentence):
    with pytest.raises(SystemExit) as ended, job(step):
        raise error
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"ERROR in cull: {sentence} (log: {step.log[0]})\n"
    with open(step.log[0]) as log:
        text = log.read()
    assert "Traceback" in text and f"ERROR: {sentence}" in text


@pytest.mark.parametrize("name", ["results/test/my maps.h5", "theirs/store.h5"])
def test_a_damaged_result_is_named_with_the_command_that_removes_it(step, capsys, name):
    """A file of the user is not to be removed."""
    with pytest.raises(SystemExit), job(step):
        raise DamagedFile(name, "it is empty")
    advice = f": rm '{name}', then the same command" if name.startswith("results") else ""
    assert f"ERROR in cull: {name}: it is empty; make it again{advice} (log" in capsys.readouterr().err


def test_a_step_that_fills_the_disk_keeps_the_table_that_was_there(step, tmp_path, capsys, monkeypatch):
    table = pd.DataFrame({"class": ["0", "NA"], "tpr": [0.5, None]})
    write_table(table, tmp_path / "t.csv", seed=0)
    before = (tmp_path / "t.csv").read_bytes()

    def full(self, path, **_):
        with open("/dev/full", "w") as file:
            file.write("x" * 10_000)

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(SystemExit), job(step):
        write_table(table, tmp_path / "t.csv")
    assert re.search(r"t\.csv: the disk is full \(\d+ MiB free\): free some space", capsys.readouterr().err)
    assert (tmp_path / "t.csv").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step.log", "t.csv"]


def test_the_mark_names_version_commit_and_configuration(step):
    mark = created_by(step.config)
    assert re.fullmatch(r"frequency-shortcuts \S.*, commit \S+, config [0-9a-f]{12}", mark)
    assert created_by({"study": "other"}) != mark == created_by({"study": "test"})
    with job(step) as written:
        assert written == mark


def test_a_run_is_identified_by_where_its_files_lie():
    found = identity("results/seed1/tests/syn_1/resnet18/none/seed7/shortcuts.csv")
    assert found == {"dataset": "syn_1", "network": "resnet18", "augmentation": "none", "seed": 7}


def test_the_cover_names_the_strongest_of_many_shortcuts_and_counts_the_others():
    from frequency_shortcuts.findings.headlines import network_rows

    run = {"dataset": "d", "network": "n", "augmentation": "none", "seed": 0}
    verdicts = pd.DataFrame({"class": list("abcde"), "margin": [0.5, 0.9, 0.8, 0.2, 0.1], "fill": "swap", **run})
    verdicts = verdicts.assign(verdict=["strong", "strong", "strong", "none", None], tpr_dfm=0.9, fpr_dfm=0.1)
    verdicts["low_frequency"] = [True, False, True, True, None]
    networks = pd.DataFrame([{**run, "test_accuracy": 0.9}])
    for most, named, more in ((2, ["b", "c"], 1), (3, ["a", "b", "c"], 0)):
        (row,) = network_rows(networks, verdicts, most)
        assert ([entry["class"] for entry in row["strong"]], row["more"], row["n_strong"]) == (named, more, 3)
        assert (row["fill"], row["n_none"], row["n_without"], row["n_low_frequency"]) == ("swap", 1, 1, 2)
    (row,) = network_rows(networks, verdicts.assign(low_frequency=None), 3)
    assert row["n_low_frequency"] == 0


def test_a_snakemake_inside_a_study_gets_its_configuration_in_the_same_order(monkeypatch):
    """Snakemake compares params as text: in another order, a job that it ran would be due again for the study."""
    written = []

    def run(command, **_):
        written.append(Path(command[-1]).read_text())
        return SimpleNamespace(returncode=0, stdout="", stderr="")

    monkeypatch.setattr("study.job.subprocess.run", run)
    run_snakemake({"study": "test", "plan": [{"datasets": ["syn_2"], "augmentations": ["none"]}]}, "check")
    assert re.findall(r"\w+(?=:)", written[0]) == ["study", "plan", "datasets", "augmentations"]
