"""Jobs on a machine with several GPUs: each takes one of its own. No GPU is needed: torch.cuda is replaced."""

import contextlib
import os
import re
import subprocess
import sys

import pytest
from test_devices import SCRIPTS

from conftest import ROOT

# What a machine with FAKE_GPUS GPUs says, of which CUDA_VISIBLE_DEVICES may show some, by number, as CUDA does.
FAKE = f"""
import os, sys, types
import torch
sys.path.insert(0, {str(SCRIPTS.parent)!r})
from study import devices

def shown():
    there = [str(number) for number in range(int(os.environ["FAKE_GPUS"]))]
    return [n for n in os.environ.get("CUDA_VISIBLE_DEVICES", ",".join(there)).split(",") if n in there]

about = lambda number: types.SimpleNamespace(uuid="uuid-" + shown()[number])
current = [0]
torch.cuda.is_available = lambda: bool(shown())
torch.cuda.device_count = lambda: len(shown())
torch.cuda.get_device_properties = about
torch.cuda.set_device = lambda device: current.__setitem__(0, device.index)
"""
JOB = """
import logging, time
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
device = devices.take_device("auto")
assert devices.take_device("cuda") == device and devices.take_device("cpu").type == "cpu"
assert current[0] == (device.index or 0)
"""
HOLD = JOB + "print('took', device, flush=True); sys.stdin.read()"


@pytest.fixture
def job(tmp_path):
    """Start a job (its code, and its environment) in a process of its own; all are killed at the end."""
    (tmp_path / "locks").mkdir()
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CUDA", "SLURM"))}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with contextlib.ExitStack() as stack:

        def start(code=HOLD, **environment):
            environment = {**clean, "TMPDIR": str(tmp_path / "locks"), **environment}
            command = [sys.executable, "-c", FAKE + code]
            process = stack.enter_context(subprocess.Popen(command, env=environment, **pipes))
            stack.callback(process.kill)
            return process

        yield start


def printed(process, pattern):
    """What a pattern captures in the first line of the job that it matches."""
    for line in process.stdout:
        if match := re.match(pattern, line):
            return match.group(match.lastindex or 0)
    raise AssertionError(f"the job ended without saying {pattern}")


def test_jobs_take_a_gpu_each_and_one_too_many_waits_for_the_first_to_end(job):
    jobs = [job(FAKE_GPUS="2") for _ in range(2)]
    taken = {printed(process, r"took (cuda:\d)"): process for process in jobs}
    assert sorted(taken) == ["cuda:0", "cuda:1"]
    late = job(FAKE_GPUS="2")
    assert printed(late, "all 2 GPUs are taken by other jobs: waiting for one")
    taken["cuda:1"].kill()
    # Nothing else comes between: it says only once that it waits.
    assert late.stdout.readline().startswith("GPU 1 of 2 is this job's until it ends")
    assert late.stdout.readline() == "took cuda:1\n"


def test_jobs_that_see_different_gpus_agree_which_is_which(job):
    first, second = (job(FAKE_GPUS="4", CUDA_VISIBLE_DEVICES=shown) for shown in ("2,3", "3,2"))
    numbers = [int(printed(process, r"took cuda:(\d)")) for process in (first, second)]
    assert {"23"[numbers[0]], "32"[numbers[1]]} == {"2", "3"}


@pytest.mark.parametrize(
    ("shown", "device"),
    [
        ({"FAKE_GPUS": "4", "CUDA_VISIBLE_DEVICES": "2"}, "cuda"),
        ({"FAKE_GPUS": "4", "CUDA_VISIBLE_DEVICES": ""}, "cpu"),
    ],
)
def test_what_slurm_gives_a_single_gpu_and_the_cpu_need_no_lock(job, tmp_path, shown, device):
    code = JOB.replace('take_device("cuda")', "take_device(device.type)") + "print('took', device)"
    assert job(code, **shown).communicate()[0] == f"took {device}\n"
    assert not list((tmp_path / "locks").iterdir())


def settings(*arguments, **environment):
    """What Snakemake makes of its command line and profiles: resources, cores and how it resumes."""
    code = "from snakemake.cli import parse_args; import sys; _, args = parse_args(sys.argv[1:])\n"
    code += "print(args.resources, args.cores, args.rerun_incomplete, args.default_resources)"
    command = [sys.executable, "-c", code, *arguments]
    clean = {name: value for name, value in os.environ.items() if name != "SNAKEMAKE_PROFILE"}
    clean["PYTHONHASHSEED"] = "0"  # it tells default resources in the order of a set
    done = subprocess.run(command, cwd=ROOT, env=clean | environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_the_profile_of_several_gpus_wins_over_the_default_one():
    alone, several = settings(), settings("--profile", "profiles/gpus")
    assert re.findall(r"gpu\W+(\d+)", alone) == ["1"] and re.findall(r"gpu\W+(\d+)", several) == ["4"]
    assert several.replace("4", "1", 1) == alone  # the rest is the same
    assert settings(SNAKEMAKE_PROFILE="profiles/gpus") == several
