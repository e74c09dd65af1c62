"""Parts of the kill study that need no study: what it draws, what it finds in a folder, and what it reports."""

import base64
import dataclasses
import json
import os
import signal
import subprocess
import sys

import pandas as pd
import psutil
import pytest

from frequency_shortcuts.storage.files import MACHINE
from kill_study import Kill, Trial, drawn, report
from killed_run import Run, partials, send


@pytest.fixture
def dead():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def run(tmp_path):
    """The folder of a study with one finished file, and one that a job is to write."""
    run = Run(tmp_path, new=False)
    (run.results / "networks").mkdir(parents=True)
    (run.results / "networks" / "history.csv").write_text("epoch\n0\n")
    (run.results / "networks" / "dynamics.csv").touch()
    names = ("metadata", "history"), ("metadata", "dynamics"), ("metadata", "missing"), ("incomplete", "dynamics")
    for kind, name in names:
        record = base64.urlsafe_b64encode(f"results/test/networks/{name}.csv".encode()).decode()
        path = tmp_path / ".snakemake" / kind / record
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"endtime": 1.5}))
    return run


def test_kills_are_drawn_by_a_seed_and_are_of_all_kinds():
    found, again, others = (pd.DataFrame(map(dataclasses.asdict, drawn(30, seed))) for seed in (0, 0, 1))
    assert found.equals(again) and not found.equals(others)
    assert found["moment"].value_counts().to_dict() == {"anywhere": 15, "writing": 10, "training": 5}
    for moment in ("anywhere", "writing"):
        assert set(found[found["moment"] == moment]["victim"]) == {"head", "worker", "kernel", "all"}
    assert found["share"].between(0, 0.85).all() and found["at_once"].nunique() == 2
    few = [kill.moment for kill in drawn(6, 0)]
    assert few.count("training") == 3 and few.count("writing") == 2


def test_finished_files_are_those_with_a_record_that_no_job_is_to_write(run):
    assert run.finished() == {"results/test/networks/history.csv": 1.5} and run.count() == 2


def test_partial_files_are_found_beside_what_a_job_is_to_write(run, dead):
    ours, killed = f".dynamics.{MACHINE}-{os.getpid()}.csv", f".weights.{MACHINE}-{dead}.safetensors"
    for name in (ours, killed, ".hidden", "dynamics.7.csv"):
        (run.results / "networks" / name).touch()
    found = {path.name: number for path, number in run.being_written()}
    assert found == {ours: os.getpid(), killed: dead}
    assert partials(run.results) == [f"networks/{killed}"]


def test_a_half_written_result_and_a_file_that_is_written_again_are_faults(run, tmp_path):
    reference = Run(tmp_path / "undisturbed", new=False)
    (reference.results / "networks").mkdir(parents=True)
    theirs = reference.results / "networks" / "history.csv"
    theirs.write_text("epoch\n0\n")
    trial = Trial(reference, [], 0, 0.0)
    trial.compared, trial.ends, trial.last = {}, {}, None
    first, second = Kill("head", "anywhere", 0, 0, True), Kill("all", "anywhere", 0, 0, True)
    trial._look(run, first)
    assert trial.faults == [] and first.broken == first.redone == ""
    (run.results / "networks" / "history.csv").write_text("epoch\n")
    for path in run.records().values():
        path.write_text(json.dumps({"endtime": 2.5}))
    trial._look(run, second)
    assert second.broken == "networks/history.csv differs in bytes" and not second.redone
    assert first.redone == "results/test/networks/history.csv" and len(trial.faults) == 2


def test_a_signal_says_whether_the_process_is_there(dead):
    process = psutil.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert send(process, signal.SIGSTOP) and send(process, signal.SIGKILL)
    process.wait()
    assert not send(process, signal.SIGKILL)


def test_the_report_counts_and_names_faults():
    inside = "figures/.a.0a1b2c3d-7.svg"
    kills = [
        Kill("head", "training", 0, 0, True, orphans=2, orphans_s=3.4, failed=1, unlocked=True, job="train/a"),
        Kill("kernel", "writing", 0, 0, True, inside=inside, job="figures/a", redone="b.csv"),
    ]
    facts = {"faults": [], "left": [inside], "resumed": [3, 8], "compared": 9, "minutes": 5.2}
    text = report(pd.DataFrame(map(dataclasses.asdict, kills)), facts, "python x")
    assert "| head | 1 | 0 | 1 | 1 | 3 | 1 | 0 | 0 |" in text and "| kernel | 1 | 1 | 0 | 0 | 0 | 0 | 1 | 0 |" in text
    counted = "2 kills in 1 run of", "The 9 results", "iterations 3, 8.", "the end: 1"
    for words in (*counted, "`figures`, `train`", "fell: `figures/a.svg`."):
        assert words in " ".join(text.split())
    assert max(len(line) for line in text.splitlines() if not line.startswith("|")) <= 120
    worse = report(pd.DataFrame(map(dataclasses.asdict, kills)), {**facts, "faults": ["b.csv differs"]}, "python x")
    assert "Faults: b.csv differs. Besides these, the 9 results" in " ".join(worse.split())
