"""The device of a job: of several GPUs one of its own. No GPU is needed: torch.cuda is replaced. And its provenance."""

import ast
import contextlib
import logging
import multiprocessing
import platform
import sys
import tempfile
import time
from types import SimpleNamespace

import h5py
import pytest
import torch
from snakemake.cli import parse_args

from conftest import ROOT
from frequency_shortcuts.networks.devices import pick_device
from study import devices, provenance

SCRIPTS = ROOT / "workflow" / "scripts"


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"SLURM_JOB_ID": "7", "CUDA_VISIBLE_DEVICES": "2", "SLURM_JOB_GPUS": "2"}, "CUDA_VISIBLE_DEVICES=2"),
        ({"SLURM_JOB_ID": "7", "CUDA_VISIBLE_DEVICES": "", "SLURM_GPUS": "1"}, "SLURM_GPUS=1"),
        ({"SLURM_JOB_ID": "7", "CUDA_VISIBLE_DEVICES": "NoDevFiles", "SLURM_GPUS": "0"}, None),
        ({"CUDA_VISIBLE_DEVICES": "0"}, None),
    ],
)
def test_a_job_warns_once_if_slurm_gave_it_a_gpu_that_pytorch_does_not_find(monkeypatch, caplog, environment, named):
    for name in ("SLURM_JOB_ID", "CUDA_VISIBLE_DEVICES", "SLURM_JOB_GPUS", "SLURM_GPUS"):
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


def test_every_script_takes_its_device_here():
    scripts = []
    for path in sorted(SCRIPTS.glob("*.py")):
        tree = ast.parse(path.read_text())
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert pick_device.__name__ not in names, path
        if "params.device" in ast.unparse(tree):
            scripts.append(path.stem)
            # The provenance says what a device is, and computes on none.
            assert bool({"take_device", "load_network"} & names) != (path.stem == "write_provenance"), path
    assert len(scripts) > 1


# Several GPUs


def work(connection, folder, gpus, shown):
    """A job, in a process of its own, on a machine with GPUs of which CUDA shows some. Says what it logs and takes."""
    there = [str(number) for number in range(gpus)]
    visible = there if shown is None else [number for number in shown.split(",") if number in there]
    current, sleep = [0], time.sleep
    torch.cuda.is_available = lambda: bool(visible)
    torch.cuda.device_count = lambda: len(visible)
    torch.cuda.get_device_properties = lambda number: SimpleNamespace(uuid=f"uuid-{visible[number]}")
    torch.cuda.set_device = lambda device: current.__setitem__(0, device.index)
    tempfile.tempdir = str(folder)
    time.sleep = lambda seconds: sleep(seconds / 50)
    said = logging.Handler()
    said.emit = lambda record: connection.send(record.getMessage())
    devices.log.addHandler(said)
    devices.log.setLevel(logging.INFO)
    device = devices.take_device("auto")
    assert devices.take_device(device.type) == device and devices.take_device("cpu").type == "cpu"
    assert current[0] == (device.index or 0)
    connection.send(f"took {device}")
    connection.recv()  # holds it until it is killed


@pytest.fixture
def job(tmp_path):
    """job(gpus, shown) starts a job; returns its process and what it says. All are killed at the end."""
    forking = multiprocessing.get_context("fork")
    with contextlib.ExitStack() as stack:

        def start(gpus, shown=None):
            ours, theirs = forking.Pipe()
            process = forking.Process(target=work, args=(theirs, tmp_path, gpus, shown))
            process.start()
            theirs.close()
            stack.callback(process.join)
            stack.callback(process.kill)
            return process, ours

        yield start


def test_jobs_take_a_gpu_each_and_one_too_many_waits_for_the_first_to_end(job):
    taken = {}
    for process, says in (job(2), job(2)):
        assert says.recv().startswith("GPU ")
        taken[says.recv()] = process
    assert sorted(taken) == ["took cuda:0", "took cuda:1"]
    _, late = job(2)
    assert late.recv() == "all 2 GPUs are taken by other jobs: waiting for one"
    taken["took cuda:1"].kill()
    # Nothing else comes between: it says only once that it waits.
    assert late.recv().startswith("GPU 1 of 2 is this job's until it ends")
    assert late.recv() == "took cuda:1"


def test_jobs_that_see_different_gpus_agree_which_is_which(job):
    taken = set()
    for shown in ("2,3", "3,2"):
        _, says = job(4, shown)
        number = int(says.recv().split()[1])
        assert says.recv() == f"took cuda:{number}"
        taken.add(shown.split(",")[number])
    assert taken == {"2", "3"}


@pytest.mark.parametrize(("shown", "device"), [("2", "cuda"), ("", "cpu")])
def test_what_slurm_gives_a_single_gpu_and_the_cpu_need_no_lock(job, tmp_path, shown, device):
    assert job(4, shown)[1].recv() == f"took {device}"
    assert not list(tmp_path.iterdir())


def test_the_profile_of_several_gpus_wins_over_the_default_one(monkeypatch):
    """What Snakemake makes of its command line and profiles."""

    def settings(*arguments):
        monkeypatch.setattr(sys, "argv", ["snakemake", *arguments])
        _, found = parse_args(sys.argv[1:])
        resources = {name: resource.value for name, resource in found.resources.items()}
        return resources, found.cores, found.rerun_incomplete, sorted(found.default_resources.args)

    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("SNAKEMAKE_PROFILE", raising=False)
    alone, several = settings(), settings("--profile", "profiles/gpus")
    assert alone[0] == {"gpu": 1}
    assert several == ({"gpu": 4}, *alone[1:])  # the rest is the same
    monkeypatch.setenv("SNAKEMAKE_PROFILE", "profiles/gpus")
    assert settings() == several


# Provenance: the actual versions, machine and device


def test_versions_are_those_that_run():
    found = provenance.versions()
    assert found["python"] == platform.python_version() and set(provenance.PACKAGES) < set(found)
    assert found["torch"] == torch.__version__.partition("+")[0] or found["torch"] == torch.__version__
    assert found["h5py"] == h5py.__version__
    assert provenance.versions(["no-such-package"])["no-such-package"] == "not installed"


def test_the_machine_and_the_device_are_described():
    found = provenance.machine()
    assert set(found) == {"platform", "processor", "processor cores", "memory, GiB"} and all(found.values())
    assert int(found["processor cores"]) >= 1 and float(found["memory, GiB"]) > 0.1
    of_torch = provenance.instructions()
    assert of_torch["instructions of PyTorch"] == torch.backends.cpu.get_cpu_capability()
    assert ("MKL-DNN v" in of_torch["libraries of PyTorch"]) == torch.backends.mkldnn.is_available()
    assert provenance.device("cpu") == f"cpu ({found['processor']})"
    assert provenance.device("auto").startswith("cuda (" if torch.cuda.is_available() else "cpu (")
