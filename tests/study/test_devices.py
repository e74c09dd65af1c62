"""Jobs on a machine with several GPUs: each takes one of its own. No GPU is needed: torch.cuda is replaced."""

import ast
import logging
import os
import re
import signal
import sys
import tempfile
from types import SimpleNamespace

import pytest
import torch
from children import Child
from snakemake import cli

from conftest import ROOT
from frequency_shortcuts.networks.devices import pick_device
from study import devices

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


def take(folder, environment):
    """Take a device as a job does on a machine with FAKE_GPUS GPUs, and hold it.

    CUDA_VISIBLE_DEVICES may show some of them, by number, as CUDA does.
    """
    for name in [name for name in os.environ if name.startswith(("CUDA", "SLURM"))]:
        del os.environ[name]
    os.environ.update(environment)
    tempfile.tempdir = str(folder)
    there = [str(number) for number in range(int(environment["FAKE_GPUS"]))]
    shown = [n for n in environment.get("CUDA_VISIBLE_DEVICES", ",".join(there)).split(",") if n in there]
    current = []
    torch.cuda.is_available = lambda: bool(shown)
    torch.cuda.device_count = lambda: len(shown)
    torch.cuda.get_device_properties = lambda number: SimpleNamespace(uuid=f"uuid-{shown[number]}")
    torch.cuda.set_device = lambda device: current.append(device.index)
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s", force=True)
    device = devices.take_device("auto")
    assert devices.take_device(device.type) == device and devices.take_device("cpu").type == "cpu"
    assert current == ([] if device.index is None else 2 * [device.index])
    print("took", device)
    signal.pause()


@pytest.fixture
def job(tmp_path):
    """Start a job with an environment in a process of its own; all are killed at the end."""
    (tmp_path / "locks").mkdir()
    jobs = []

    def start(**environment):
        jobs.append(Child(take, tmp_path / "locks", environment, messages=tmp_path / f"job{len(jobs)}"))
        return jobs[-1]

    yield start
    for one in jobs:
        one.process.kill()
        one.process.join()


def taken(job):
    """The device that a job takes."""
    job.until(lambda: re.search(r"^took .*\n", job.text(), re.MULTILINE))
    return re.search(r"^took (.*)$", job.text(), re.MULTILINE)[1]


def test_jobs_take_a_gpu_each_and_one_too_many_waits_for_the_first_to_end(job):
    jobs = {taken(one): one for one in [job(FAKE_GPUS="2") for _ in range(2)]}
    assert sorted(jobs) == ["cuda:0", "cuda:1"]
    late = job(FAKE_GPUS="2")
    late.until(lambda: late.text())
    jobs["cuda:1"].process.kill()
    assert taken(late) == "cuda:1"
    waiting, got, _ = late.text().splitlines()  # it says only once that it waits
    assert waiting == "all 2 GPUs are taken by other jobs: waiting for one"
    assert got.startswith("GPU 1 of 2 is this job's until it ends")


def test_jobs_that_see_different_gpus_agree_which_is_which(job):
    first, second = (taken(job(FAKE_GPUS="4", CUDA_VISIBLE_DEVICES=shown)) for shown in ("2,3", "3,2"))
    assert {"23"[int(first[-1])], "32"[int(second[-1])]} == {"2", "3"}


@pytest.mark.parametrize(("shown", "device"), [("2", "cuda"), ("", "cpu")])
def test_what_slurm_gives_a_single_gpu_and_the_cpu_need_no_lock(job, tmp_path, shown, device):
    assert taken(job(FAKE_GPUS="4", CUDA_VISIBLE_DEVICES=shown)) == device
    assert not list((tmp_path / "locks").iterdir())


def settings(folder, *arguments, **environment):
    """What Snakemake makes of its command line and profiles: resources, cores and how it resumes."""

    def parse():
        os.environ.pop("SNAKEMAKE_PROFILE", None)
        os.environ.update(environment)
        os.chdir(ROOT)
        sys.argv = ["snakemake", *arguments]
        args = cli.parse_args(sys.argv[1:])[1]
        print(args.resources, args.cores, args.rerun_incomplete, sorted(args.default_resources))

    child = Child(parse, messages=folder / "settings")
    assert child.ended() == 0, child.text()
    return child.text().splitlines()[-1]


def test_the_profile_of_several_gpus_wins_over_the_default_one(tmp_path):
    alone, several = settings(tmp_path), settings(tmp_path, "--profile", "profiles/gpus")
    assert re.findall(r"gpu\W+(\d+)", alone) == ["1"] and re.findall(r"gpu\W+(\d+)", several) == ["4"]
    assert several.replace("4", "1", 1) == alone  # the rest is the same
    assert settings(tmp_path, SNAKEMAKE_PROFILE="profiles/gpus") == several
