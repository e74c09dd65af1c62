"""What every script shares: one sentence for a step that fails, logs, signals, run times, devices and provenance."""

import errno
import os
import platform
import re
import signal
import subprocess
import time
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
import torch
from script_runs import Files, run_script

from frequency_shortcuts.storage.journal import Journal
from frequency_shortcuts.storage.tables import read_table
from study import devices, provenance
from study.job import REPEAT_S, commit_of, created_by, job, run_of_path, stopping
from study.trainings.checkpoint import Checkpoint, State

pytestmark = pytest.mark.usefixtures("obeyed_signals")


@pytest.fixture
def step(tmp_path):
    return SimpleNamespace(
        log=[str(tmp_path / "step.log")],
        threads=1,
        config={"study": "test"},
        rule="cull",
        input=[],
        output=[],
    )


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("percent 0: expected above 0"), "percent 0: expected above 0"),
        (RuntimeError("device cuda was requested"), "device cuda was requested"),
        (OSError(errno.ENOSPC, "the disk is full", "a.h5"), "a.h5: the disk is full"),
        (KeyError("images"), "KeyError: 'images'"),
        (
            SystemExit(0),
            "code that this step runs called exit(0): expected a network or data set that does not",
        ),
        (KeyboardInterrupt(), "the step was interrupted"),
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


def test_the_commit_of_some_files_is_the_last_that_changed_one_of_them(tmp_path, monkeypatch):
    monkeypatch.setattr("study.job.ROOT", tmp_path)
    assert commit_of(["a"]) == ""  # without git

    def git(*words):
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        return subprocess.run(
            ["git", "-C", tmp_path, *who, *words], check=True, capture_output=True, text=True
        ).stdout

    git("init", "-q")
    for name in "abc":
        (tmp_path / name).write_text(name)
        git("add", name)
        git("commit", "-q", "-m", name)
    last_of_b = git("rev-parse", "--short=12", "HEAD~1").strip()
    assert commit_of(["a", "b"]) == last_of_b
    (tmp_path / "c").write_text("new")
    assert commit_of(["a", "b"]) == last_of_b and commit_of(["c"]).endswith("-dirty")


def test_the_mark_names_version_commit_and_configuration(step):
    mark = created_by(step.config)
    assert re.fullmatch(r"frequency-shortcuts \S.*, commit \S+, config [0-9a-f]{12}", mark)
    assert created_by({"study": "other"}) != mark == created_by({"study": "test"})
    with job(step) as written:
        assert written == mark


def test_a_run_is_identified_by_where_its_files_lie():
    found = run_of_path("results/seed1/tests/syn_1/resnet18/none/seed7/shortcuts.csv")
    assert found == {"dataset": "syn_1", "network": "resnet18", "augmentation": "none", "seed": 7}


def test_signal_handlers_are_restored_after_the_block():
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with stopping() as stop:
        assert not stop()
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == handlers
    with pytest.raises(ZeroDivisionError), stopping() as stop:
        signal.raise_signal(signal.SIGTERM)
        assert stop() and stop()
        raise ZeroDivisionError  # Stopped, say: then the signal was obeyed
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == handlers


def test_a_signal_that_the_block_did_not_handle_takes_effect_after_it():
    passed = []
    with pytest.raises(KeyboardInterrupt):
        with stopping():
            signal.raise_signal(signal.SIGINT)
            passed.append(1)
        passed.append(2)
    assert passed == [1]


def test_a_second_signal_of_a_kind_ends_the_process_at_once(monkeypatch):
    now = SimpleNamespace(monotonic=lambda: now.at, time=lambda: 0.0, at=0.0)
    monkeypatch.setattr("study.job.time", now)
    with pytest.raises(KeyboardInterrupt), stopping() as stop:
        signal.raise_signal(signal.SIGTERM)
        now.at = REPEAT_S / 2
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        now.at = 4 * REPEAT_S / 3  # the second of SIGTERM, and within the first of SIGINT
        assert stop()
        signal.raise_signal(signal.SIGINT)
        now.at = 2 * REPEAT_S
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("it went on")


def test_a_step_that_another_process_runs_is_refused_and_leaves_its_files_alone(
    step, tmp_path, monkeypatch, capsys
):
    """As after `kill -9` of Snakemake, whose training goes on, and the same command once more."""
    monkeypatch.chdir(tmp_path)
    step.output = ["results/test/networks/w.safetensors"]
    with job(step):
        with (
            pytest.raises(SystemExit),
            job(SimpleNamespace(**vars(step) | {"log": [str(tmp_path / "second.log")]})),
        ):
            raise AssertionError("it ran")
        assert (
            "networks/w.safetensors: another job, perhaps of an earlier run, is still"
            in capsys.readouterr().err
        )
    with job(step):  # the first has ended
        pass
    assert not any((tmp_path / "results" / "test" / ".running").iterdir())


def test_work_that_another_process_has_done_meanwhile_is_left_as_it_is(tmp_path):
    output = tmp_path / "w.safetensors"
    output.write_text("of an earlier run")
    os.utime(output, (0, 0))
    with stopping([str(output), str(tmp_path / "missing")]):
        pass
    sentence = r"another process wrote .*w\.safetensors while this step ran"
    with pytest.raises(RuntimeError, match=sentence), stopping([str(output)]):
        output.write_text("of a later one")
        later = time.time() + 1
        os.utime(output, (later, later))


def run_times(paths, folder):
    """The table of the script, of benchmark files in the folder of benchmarks."""
    output = Files(table=folder.with_name("tables") / "runtimes.csv")
    run_script(
        "join_benchmarks",
        folder.parent,
        input=SimpleNamespace(benchmarks=[*map(str, paths)]),
        output=output,
    )
    return read_table(output[0])


@pytest.mark.parametrize("study", ["laptop", "benchmarks"])
def test_step_and_run_are_read_from_the_place_below_the_folder_of_benchmarks(tmp_path, study):
    folder = tmp_path / "results" / study / "benchmarks"
    paths = [folder / "train" / "photos" / "small" / "none" / "seed0.tsv", folder / "transfer.tsv"]
    for path, seconds in zip(paths, (2, "-"), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\tmax_rss\n{seconds}\t30\n")
    table = run_times(paths, folder)
    assert list(table["step"]) == ["train", "transfer"] and list(table["run"]) == [
        "photos/small/none/seed0",
        "all",
    ]
    assert table["wall_s"].iloc[0] == 2 and table["wall_s"].isna().iloc[1]
    assert list(table["memory_mib"]) == [30, 30] and table["processor_s"].isna().all()


def culling(folder):
    with Journal(folder / "state", "mine") as journal:
        journal.step("a", lambda: np.zeros(2))


def training(folder):
    checkpoint = Checkpoint(folder / "state.pt", "mine", {"network": torch.nn.Linear(1, 1)}, 1.0)
    if checkpoint.read(torch.device("cpu")) is None:
        checkpoint.write(State())


@pytest.mark.parametrize("work", [culling, training])
def test_the_time_of_a_resumed_job_is_marked_as_that_of_its_last_attempt(step, tmp_path, work):
    """Snakemake measures each attempt of a job by itself. What was stored decides, as the log of the job says it."""
    benchmark, log = (
        tmp_path / "benchmarks" / "cull" / "a.tsv",
        tmp_path / "logs" / "cull" / "a.log",
    )
    for path in (benchmark, log):
        path.parent.mkdir(parents=True)
    benchmark.write_text("s\tmax_rss\n60\t30\n")
    step.log, found = [str(log)], []
    for _ in range(2):
        with job(step):
            work(tmp_path)
        table = run_times([benchmark], tmp_path / "benchmarks")
        found += list(table["resumed"])
        assert (
            0 < table["processor_s"].item() <= sum(os.times()[:4]) + 0.005
        )  # the log has two digits
    assert found == [False, True]
    log.unlink()
    assert run_times([benchmark], tmp_path / "benchmarks")["resumed"].isna().all()


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"SLURM_JOB_ID": "7", "CUDA_VISIBLE_DEVICES": "2"}, "CUDA_VISIBLE_DEVICES=2"),
        ({"SLURM_JOB_ID": "7", "CUDA_VISIBLE_DEVICES": ""}, None),
        ({"SLURM_JOB_ID": "7", "CUDA_VISIBLE_DEVICES": "NoDevFiles"}, None),
        ({"CUDA_VISIBLE_DEVICES": "0"}, None),
    ],
)
def test_a_job_warns_once_if_slurm_gave_it_a_gpu_that_pytorch_does_not_find(
    monkeypatch, caplog, environment, named
):
    for name in ("SLURM_JOB_ID", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert devices.take_device("auto") == torch.device("cpu")
    assert devices.take_device("cpu") == torch.device("cpu")
    with pytest.raises(RuntimeError, match="device cuda was requested"):
        devices.take_device("cuda")
    assert len(caplog.messages) == (named is not None)
    assert named is None or f"SLURM gave this job a GPU ({named})" in caplog.text


def test_the_number_of_a_process_picks_one_of_several_gpus(monkeypatch):
    current = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    for process in (5, 9, 9):
        monkeypatch.setattr(devices.os, "getpid", lambda number=process: number)
        assert devices.take_device("auto") == current[-1]
    assert current[1] == current[2]
    found = set()
    for process in range(0, 64, 4):  # jobs that start one after the other
        monkeypatch.setattr(devices.os, "getpid", lambda number=process: number)
        found.add(devices.take_device("auto").index)
    assert found == {0, 1, 2, 3}
    del current[3:]
    assert (
        devices.take_device("cuda:3") == torch.device("cuda:3")
        and devices.take_device("cpu").type == "cpu"
    )
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert devices.take_device("auto") == torch.device("cuda") and len(current) == 3


def test_versions_are_those_that_run():
    found = provenance.versions()
    assert found["python"] == platform.python_version() and set(provenance.PACKAGES) < set(found)
    assert (
        found["torch"] == torch.__version__.partition("+")[0] or found["torch"] == torch.__version__
    )
    assert found["h5py"] == h5py.__version__
    assert provenance.versions(["no-such-package"])["no-such-package"] == "not installed"


def test_the_machine_is_described():
    found = provenance.machine()
    keys = ["platform", "processor", "processor cores", "memory, GiB"]
    assert [*found] == ["instructions of PyTorch", "libraries of PyTorch", *keys] and all(
        map(found.get, keys)
    )
    assert int(found["processor cores"]) >= 1 and float(found["memory, GiB"]) > 0.1
    assert found["instructions of PyTorch"] == torch.backends.cpu.get_cpu_capability()
    assert ("MKL-DNN v" in found["libraries of PyTorch"]) == torch.backends.mkldnn.is_available()
