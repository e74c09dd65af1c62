"""Run times from Snakemake's benchmark files."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from frequency_shortcuts.findings import headlines
from frequency_shortcuts.networks.checkpoint import Checkpoint, State
from frequency_shortcuts.storage.journal import Journal
from frequency_shortcuts.storage.tables import read_table, write_table
from study.job import job
from study.run_times import run_times


@pytest.mark.parametrize("study", ["laptop", "benchmarks"])
def test_step_and_run_are_read_from_the_place_below_the_folder_of_benchmarks(tmp_path, study):
    folder = tmp_path / "results" / study / "benchmarks"
    paths = [folder / "train" / "photos" / "small" / "none" / "seed0.tsv", folder / "transfer.tsv"]
    for path, seconds in zip(paths, (2, "-"), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\tmax_rss\tcpu_time\n{seconds}\t30\t1.5\n")
    table = run_times(paths, folder)
    assert list(table["step"]) == ["train", "transfer"] and list(table["run"]) == ["photos/small/none/seed0", "all"]
    assert table["wall_s"].iloc[0] == 2 and table["wall_s"].isna().iloc[1]
    assert list(table["processor_s"]) == [1.5, 1.5] and list(table["memory_mib"]) == [30, 30]


def culling(folder):
    with Journal(folder / "state", "mine") as journal:
        journal.step("a", lambda: np.zeros(2))


def training(folder):
    checkpoint = Checkpoint(folder / "state.pt", "mine", {"network": torch.nn.Linear(1, 1)}, 1.0)
    if checkpoint.read(torch.device("cpu")) is None:
        checkpoint.write(State())


@pytest.mark.parametrize("step", [culling, training])
def test_the_time_of_a_resumed_job_is_marked_as_that_of_its_last_attempt(tmp_path, step):
    """Snakemake measures each attempt of a job by itself. What was stored decides, as the log of the job says it."""
    benchmark, log = (
        tmp_path / folder / "cull" / f"a.{end}" for folder, end in (("benchmarks", "tsv"), ("logs", "log"))
    )
    for path in (benchmark, log):
        path.parent.mkdir(parents=True)
    benchmark.write_text("s\tmax_rss\tcpu_time\n60\t30\t1.5\n")
    found = []
    for _ in range(2):
        with job(SimpleNamespace(rule="cull", log=[str(log)], config={}, threads=1, input=[])):
            step(tmp_path)
        table = run_times([benchmark], tmp_path / "benchmarks")
        write_table(table, tmp_path / "runtimes.csv")
        found += list(read_table(tmp_path / "runtimes.csv")["resumed"])
    assert found == [False, True]
    assert headlines.step_rows(table)[0] == {"step": "cull", "minutes": 1, "resumed": 1}
    log.unlink()
    assert run_times([benchmark], tmp_path / "benchmarks")["resumed"].isna().all()
