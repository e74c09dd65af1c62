"""Jobs on a machine with several GPUs: each takes one of its own. No GPU is needed: torch.cuda is replaced."""

import ast
import contextlib
import itertools
import os
import re
import signal
import subprocess
import sys
import textwrap

import pytest
import torch

from conftest import ROOT
from frequency_shortcuts.networks.devices import pick_device
from study import devices

SCRIPTS = ROOT / "workflow" / "scripts"

# What a machine with FAKE_GPUS GPUs says, of which CUDA_VISIBLE_DEVICES may show some, by number, as CUDA does.
FAKE = f"""
import os, sys, types
import torch
sys.path.insert(0, {str(SCRIPTS.parent)!r})
from study import devices

def shown():
    there = [str(number) for number in range(int(os.environ["FAKE_GPUS"]))]
    return [one for one in os.environ.get("CUDA_VISIBLE_DEVICES", ",".join(there)).split(",") if one in there]

about = lambda number: types.SimpleNamespace(uuid="uuid-" + shown()[number]) if "NO_UUID" not in os.environ else None
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
        if found := re.match(pattern, line):
            return found.group(found.lastindex or 0)
    raise AssertionError(f"the job ended without saying {pattern}")


@pytest.mark.slow
def test_jobs_take_a_gpu_each_and_one_too_many_waits_for_the_first_to_end(job):
    jobs = [job(FAKE_GPUS="3") for _ in range(3)]
    taken = {printed(process, r"took (cuda:\d)"): process for process in jobs}
    assert sorted(taken) == ["cuda:0", "cuda:1", "cuda:2"]
    late = job(FAKE_GPUS="3")
    assert printed(late, "all 3 GPUs are taken by other jobs: waiting for one")
    taken["cuda:1"].stdin.close()
    # Nothing else comes between: it says only once that it waits.
    assert late.stdout.readline().startswith("GPU 1 of 3 is this job's until it ends")
    assert late.stdout.readline() == "took cuda:1\n"


@pytest.mark.slow
def test_a_killed_job_frees_its_gpu_even_if_its_children_live_on(job, tmp_path):
    children = """
import subprocess
forked = os.fork()
if forked == 0:
    time.sleep(60)
    os._exit(0)
started = subprocess.Popen(["sleep", "60"], close_fds=False)
print("children", forked, started.pid, flush=True)
sys.stdin.read()
"""
    killed, other = job(JOB + children, FAKE_GPUS="2"), None
    pids = [int(pid) for pid in printed(killed, r"children (\d+ \d+)").split()]
    try:
        other = job(FAKE_GPUS="2")
        assert printed(other, r"took (cuda:\d)") == "cuda:1"
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert printed(job(FAKE_GPUS="2"), r"took (cuda:\d)") == "cuda:0"
        for pid in pids:
            os.kill(pid, 0)  # they are still there
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
def test_jobs_that_see_different_gpus_agree_which_is_which(job):
    first, second = (job(FAKE_GPUS="4", CUDA_VISIBLE_DEVICES=shown) for shown in ("2,3", "3,2"))
    numbers = [int(printed(process, r"took cuda:(\d)")) for process in (first, second)]
    assert {"23"[numbers[0]], "32"[numbers[1]]} == {"2", "3"}


@pytest.mark.slow
def test_a_build_without_uuid_names_gpus_by_the_visible_list(job, tmp_path):
    process = job(FAKE_GPUS="4", CUDA_VISIBLE_DEVICES="3,1", NO_UUID="yes")
    assert printed(process, r"took (cuda:\d)") == "cuda:0"
    assert [path.name for path in (tmp_path / "locks").iterdir()] == [f"frequency-shortcuts-{os.getuid()}-gpu-3.lock"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shown", "device"),
    [
        ({"FAKE_GPUS": "1"}, "cuda"),
        ({"FAKE_GPUS": "4", "CUDA_VISIBLE_DEVICES": "2"}, "cuda"),
        ({"FAKE_GPUS": "4", "CUDA_VISIBLE_DEVICES": ""}, "cpu"),
    ],
)
def test_what_slurm_gives_a_single_gpu_and_the_cpu_need_no_lock(job, tmp_path, shown, device):
    code = JOB.replace('take_device("cuda")', "take_device(device.type)") + "print('took', device)"
    assert job(code, **shown).communicate()[0] == f"took {device}\n"
    assert not list((tmp_path / "locks").iterdir())


def test_a_lock_that_someone_else_laid_as_a_link_is_not_followed(tmp_path):
    (tmp_path / "link.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"link\.lock"):
        devices._locked(tmp_path / "link.lock")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"SLURM_JOB_ID": "7", "CUDA_VISIBLE_DEVICES": "2", "SLURM_JOB_GPUS": "2"}, "CUDA_VISIBLE_DEVICES=2"),
        ({"SLURM_JOB_ID": "7", "CUDA_VISIBLE_DEVICES": "", "SLURM_JOB_GPUS": "0,1"}, "SLURM_JOB_GPUS=0,1"),
        ({"SLURM_JOB_ID": "7", "SLURM_GPUS": "1"}, "SLURM_GPUS=1"),
        ({"SLURM_JOB_ID": "7", "CUDA_VISIBLE_DEVICES": "NoDevFiles", "SLURM_GPUS": "0"}, None),
        ({"SLURM_JOB_ID": "7"}, None),
        ({"CUDA_VISIBLE_DEVICES": "0"}, None),
        ({}, None),
    ],
)
def test_a_job_warns_once_if_slurm_gave_it_a_gpu_that_pytorch_does_not_find(monkeypatch, caplog, environment, named):
    for name in ("SLURM_JOB_ID", "CUDA_VISIBLE_DEVICES", "SLURM_JOB_GPUS", "SLURM_GPUS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert devices.take_device("auto") == torch.device("cpu")
    expected = (
        f"SLURM gave this job a GPU ({named}), but PyTorch {torch.__version__} finds no CUDA device, so that it runs "
        "on the CPU: write device: cuda to make that an error"
    )
    assert caplog.messages == ([expected] if named else [])
    assert devices.take_device("cpu") == torch.device("cpu")
    with pytest.raises(RuntimeError, match="device cuda was requested"):
        devices.take_device("cuda")
    assert len(caplog.messages) == (named is not None)


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


# The profiles


def settings(*arguments, **environment):
    """What Snakemake makes of its command line and profiles: resources, cores and how it resumes."""
    code = "from snakemake.cli import parse_args; import sys; _, args = parse_args(sys.argv[1:])\n"
    code += "print(args.resources, args.cores, args.rerun_incomplete, args.default_resources)"
    command = [sys.executable, "-c", code, *arguments]
    clean = {name: value for name, value in os.environ.items() if name != "SNAKEMAKE_PROFILE"}
    clean["PYTHONHASHSEED"] = "0"  # it tells default resources in the order of a set
    done = subprocess.run(command, cwd=ROOT, env=clean | environment, capture_output=True, text=True, check=True)
    return done.stdout


def limits(output):
    """The limits of GPUs in what `settings` returns."""
    return re.findall(r"gpu\W+(\d+)", output)


@pytest.mark.slow
def test_the_profile_of_several_gpus_wins_over_the_default_one_whichever_way_it_is_given():
    alone, several = settings(), settings("--profile", "profiles/gpus")
    assert limits(alone) == ["1"] and limits(several) == ["4"]
    assert several.replace("4", "1", 1) == alone  # the rest is the same
    assert settings(f"--profile={ROOT / 'profiles' / 'gpus'}") == several
    assert settings("--workflow-profile", "profiles/gpus") == several
    assert settings(SNAKEMAKE_PROFILE="profiles/gpus") == several
    assert limits(settings("--profile", "profiles/gpus", "--resources", "gpu=2")) == ["2"]


@pytest.mark.slow
def test_a_profile_that_is_named_decides_alone(tmp_path):
    """A copy of our profile or a site's own: the default profile would override it line by line."""
    (tmp_path / "config.yaml").write_text("resources: [gpu=7]\ndefault-resources: [slurm_partition=long]\n")
    output = settings("--profile", str(tmp_path))
    assert limits(output) == ["7"] and "slurm_partition" in output and "runtime" not in output
    assert settings(f"--profile={tmp_path}") == settings(SNAKEMAKE_PROFILE=str(tmp_path)) == output


@pytest.mark.slow
def test_snakemake_puts_no_two_jobs_on_one_gpu(tmp_path):
    (tmp_path / "Snakefile").write_text(
        textwrap.dedent("""
        rule all:
            input: expand("{job}.txt", job=range(3))
        rule one:
            output: "{job}.txt"
            resources: gpu=1
            script: "one.py"
        """)
    )
    (tmp_path / "one.py").write_text(
        FAKE
        + textwrap.dedent("""
        import time
        from pathlib import Path
        number, started = devices.take_device("auto").index, time.monotonic()
        Path(f"{number}.taken").touch()
        while len(list(Path().glob("*.taken"))) < 2:  # the first two jobs run side by side, on any machine
            time.sleep(0.1)
        time.sleep(0.5)
        Path(snakemake.output[0]).write_text(f"{number} {started} {time.monotonic()}")
        """)
    )
    command = [sys.executable, "-m", "snakemake", "--profile", str(ROOT / "profiles" / "gpus"), "--cores", "3"]
    environment = {**os.environ, "FAKE_GPUS": "2", "TMPDIR": str(tmp_path)}
    environment.pop("CUDA_VISIBLE_DEVICES", None)
    subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True)
    jobs = sorted(tuple(map(float, path.read_text().split())) for path in tmp_path.glob("*.txt"))
    assert len(jobs) == 3 and {number for number, *_ in jobs} == {0, 1}
    for (number, _, ended), (after, started, _) in itertools.pairwise(jobs):
        assert number != after or ended <= started
