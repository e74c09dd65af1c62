"""The whole study on a real SLURM, and its behaviour when something fails."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from functools import partial

import h5py
import numpy as np
import pytest
import torch
import yaml
from cluster import children
from heads import NEEDS_SLURM, RUN, Head, minutes, until
from safetensors.torch import load_file

from checkouts import ROOT, checkout
from frequency_shortcuts.storage.tables import read_table

# The first test that asks for the whole DAG waits for it.
pytestmark = [NEEDS_SLURM, pytest.mark.timeout(3600)]
SLURM = ROOT / "tests" / "slurm"
SMALL = {
    "plan": [{"datasets": ["syn_2"], "networks": ["resnet18"], "augmentations": ["none"], "seeds": [0]}],
    "transfer": [],
}
LOCAL = {"check", "report"}


@pytest.fixture(scope="module")
def sent(cluster, tmp_path_factory):
    """The DAG of one network, run through SLURM: head, and the jobs that SLURM knew of."""
    root = checkout(tmp_path_factory.mktemp("sent")).root
    (root / "small.yaml").write_text(yaml.safe_dump(SMALL))
    head = Head(cluster, root, "config/test.yaml", "small.yaml")
    done = head.run()
    assert done.returncode == 0, done.stdout
    return head, head.jobs()


def test_the_log_of_every_step_names_its_slurm_job(sent):
    head, jobs = sent
    numbers = {job["JobId"]: job for job in jobs}
    logs = sorted((head.root / "results/test/logs").rglob("*.log"))
    assert len(logs) > 45
    for log in logs:
        named = re.search(r"SLURM job (\d+) on localhost", log.read_text())
        rule = log.relative_to(head.root / "results/test/logs").parts[0].removesuffix(".log")
        assert bool(named) == (rule not in {*LOCAL, "checked"}), log
        if named and not numbers[named[1]]["rule"].startswith(("tables", "drawing")):
            assert numbers[named[1]]["rule"] == rule


def here(root, configs, *targets, rules):
    """Make files again in a checkout without SLURM, on four threads or as many as the machine has."""
    threads = min(4, len(os.sched_getaffinity(0)))
    command = [sys.executable, "-m", "snakemake", *targets, "--cores", str(threads), "--forcerun", *rules]
    command += ["--set-threads", *[f"{rule}={threads}" for rule in rules], "--configfile", *configs]
    subprocess.run(command, cwd=root, check=True, capture_output=True)


def copied(whole, root):
    """A checkout with all that another wrote."""
    for part in ("results", ".snakemake/metadata"):
        shutil.copytree(whole.root / part, root / part, copy_function=shutil.copy2)
    return checkout(root).root


def test_the_results_are_those_of_one_machine(sent, tmp_path):
    on_cluster, on_machine = sent[0].root / "results/test", copied(sent[0], tmp_path) / "results/test"
    files = [f"networks/{RUN}/weights.safetensors", f"dfm/{RUN}.h5", f"tests/{RUN}/shortcuts.csv"]
    before = [(on_machine / name).stat().st_mtime_ns for name in files]
    here(tmp_path, sent[0].configs, f"results/test/{files[-1]}", rules=["train", "find_maps", "shortcuts"])
    assert all((on_machine / name).stat().st_mtime_ns > time for name, time in zip(files, before, strict=True))
    single, other = (load_file(root / files[0]) for root in (on_machine, on_cluster))
    assert all(torch.equal(single[name], value) for name, value in other.items())
    with h5py.File(on_machine / files[1]) as single, h5py.File(on_cluster / files[1]) as other:
        assert np.array_equal(single["loss_increment"], other["loss_increment"], equal_nan=True)
    assert read_table(on_machine / files[2]).equals(read_table(on_cluster / files[2]))


def test_a_second_run_has_nothing_to_do(sent):
    head, jobs = sent
    done = head.run(flag="--workflow-profile")
    assert done.returncode == 0 and "Nothing to be done" in done.stdout, done.stdout
    assert len(head.jobs()) == len(jobs)


def troubled(cluster, root, **trouble):
    """A head whose jobs of the rule adcs fail as `trouble` specifies for their data set."""
    head = Head(cluster, checkout(root).root, "config/test.yaml", "trouble.yaml")
    (root / "trouble").mkdir()
    for dataset, what in trouble.items():
        (root / "trouble" / dataset).write_text(what)
    shutil.copy(SLURM / "trouble.py", root / "workflow" / "scripts")
    script = root / "workflow" / "scripts" / "measure_adcs.py"
    text = script.read_text().replace("import numpy", "import trouble\nimport numpy", 1)
    start = "    with job(snakemake) as created_by:\n"
    call = "        trouble.make(snakemake.wildcards.dataset, snakemake.output[0])\n"
    script.write_text(text.replace(start, start + call, 1))
    plan = [{"datasets": list(trouble), "networks": ["resnet18"], "augmentations": ["none"], "seeds": [0]}]
    config = {"plan": plan, "transfer": []}
    (root / "trouble.yaml").write_text(yaml.safe_dump(config))
    return head


def let_go(head, dataset):
    (head.root / "trouble" / dataset).unlink()


def test_failed_cancelled_late_and_greedy_jobs_are_named_and_tried_again(cluster, tmp_path):
    trouble = {"syn_1": "fail", "syn_2": "wait", "syn_3": "wait", "syn_4": "eat"}
    head = troubled(cluster, tmp_path, **trouble)
    targets = {name: tmp_path / f"results/test/adcs/{name}.h5" for name in trouble}
    resources = ["adcs:runtime=2 ** (attempt - 1)", "adcs:mem_mb=2000 * 2 ** (attempt - 1)"]
    started = head.start(
        *[str(path.relative_to(tmp_path)) for path in targets.values()], "--retries", "1", "--set-resources", *resources
    )

    (cancelled,) = until(lambda: head.jobs("adcs", "syn_2", "RUNNING"))
    let_go(head, "syn_2")
    cluster.run("scancel", cancelled["JobId"])
    until(lambda: len(head.jobs("adcs", "syn_4")) == 2)  # it was killed for its memory; what it asks for now suffices
    let_go(head, "syn_4")
    until(lambda: head.jobs("adcs", "syn_3", "TIMEOUT"))
    let_go(head, "syn_3")
    started.wait(300)
    log = head.log()
    assert started.returncode == 1
    assert {name: path.exists() for name, path in targets.items()} == {name: name != "syn_1" for name in trouble}
    tried = {name: head.jobs("adcs", name) for name in trouble}
    states = {name: [job["JobState"] for job in jobs] for name, jobs in tried.items()}
    assert states["syn_1"] == ["FAILED", "FAILED"] and states["syn_2"] == ["CANCELLED", "COMPLETED"]
    assert states["syn_3"] == ["TIMEOUT", "COMPLETED"]
    assert states["syn_4"][0] in ("FAILED", "OUT_OF_MEMORY") and states["syn_4"][1:] == ["COMPLETED"]
    assert [minutes(job["TimeLimit"]) for job in tried["syn_3"]] == [1, 2]
    assert [job["requested"]["mem"] for job in tried["syn_4"]] == ["2000M", "4000M"]
    # The output names each failure by its SLURM job and state, and shows the log of what failed for good.
    for name, state in (("syn_1", "FAILED"), ("syn_2", "CANCELLED"), ("syn_3", "TIMEOUT")):
        assert f"SLURM-job '{tried[name][0]['JobId']}' failed, SLURM status is: '{state}'" in log
    assert "results/test/logs/adcs/syn_1.log" in log and "ERROR: provoked by the test" in log

    let_go(head, "syn_1")
    n = len(head.jobs())
    done = head.run(*[str(path.relative_to(tmp_path)) for path in targets.values()])
    assert done.returncode == 0 and all(path.exists() for path in targets.values()), done.stdout
    assert [job["rule"] for job in head.jobs()[n:]] == ["adcs"]  # nothing that was finished is done again


def test_a_killed_head_leaves_no_partial_results(cluster, tmp_path):
    head = troubled(cluster, tmp_path, syn_1="half", syn_2="none")
    let_go(head, "syn_2")
    first, second = (tmp_path / f"results/test/adcs/{name}.h5" for name in ("syn_1", "syn_2"))
    targets = [str(path.relative_to(tmp_path)) for path in (first, second)]
    started = head.start(*targets)
    until(lambda: first.exists() and "Finished jobid" in head.log() and second.exists())
    until(lambda: head.log().count("Finished jobid") == 3)
    (snakemake,) = children(started.pid)
    os.kill(snakemake, signal.SIGKILL)
    started.wait()
    assert first.read_bytes() == b"half of a file"
    assert [job["rule"] for job in head.jobs("", "", "RUNNING")] == ["adcs"]  # SLURM knows nothing of the head's end
    finished = {path: path.stat().st_mtime_ns for path in (second, *(tmp_path / "results/test/data").glob("*.h5"))}
    assert len(finished) == 3

    # As docs/running.md describes it.
    cluster.run("scancel", "--me")
    until(lambda: not head.jobs("", "", "RUNNING", "COMPLETING"))
    let_go(head, "syn_1")
    done = head.run("--unlock")
    assert done.returncode == 0, done.stdout
    n = len(head.jobs())
    done = head.run(*targets)
    assert done.returncode == 0, done.stdout
    assert [job["rule"] for job in head.jobs()[n:]] == ["adcs"]
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    with h5py.File(first) as file:
        assert file["adcs"].shape == (4, 32, 32)


# Long enough to be interrupted, and no state is stored before: what is there afterwards was stored at the signal.
LONG = {
    **SMALL,
    "checkpoint_minutes": 60,
    "training": {"synthetic": {"epochs": 50}},
    "culling": {"method": "exact", "images_per_class": 8},
}


def shows(log, sign):
    return log.exists() and re.search(sign, log.read_text())


def test_preempted_training_and_culling_resume_where_they_stopped(cluster, tmp_path):
    head = Head(cluster, checkout(tmp_path).root, "config/test.yaml", "long.yaml")
    (tmp_path / "long.yaml").write_text(yaml.safe_dump(LONG))
    weights = tmp_path / f"results/test/networks/{RUN}/weights.safetensors"
    maps = tmp_path / f"results/test/dfm/{RUN}.h5"
    logs = {"train": tmp_path / f"results/test/logs/train/{RUN}.log"}
    logs["find_maps"] = tmp_path / f"results/test/logs/find_maps/dfm/{RUN}.log"
    started = head.start(str(maps.relative_to(tmp_path)))
    under_way = {"train": r"epoch [3-9] of", "find_maps": r"\d pairs, batches of"}
    for rule, sign in under_way.items():
        until(partial(shows, logs[rule], sign))
        time.sleep(1)
        urgent = cluster.run("srun", "--partition", "urgent", "--exclusive", "--time", "1", "true")
        assert urgent.returncode == 0, urgent.stdout
        (preempted,) = head.jobs(rule)
        assert preempted["Restarts"] == "1" and preempted["JobState"] == "PENDING"
        # SLURM lets it rest for two minutes.
        cluster.run("scontrol", "update", f"JobId={preempted['JobId']}", "StartTime=now")
    started.wait(300)
    assert started.returncode == 0, head.log()
    for rule in under_way:
        (job,) = head.jobs(rule)
        assert job["JobState"] == "COMPLETED"
        assert re.search(r"resumed (at iteration [1-9]\d+ )?from results/", logs[rule].read_text())

    interrupted = load_file(weights)
    with h5py.File(maps) as file:
        increments = file["loss_increment"][:]
    # The same without SLURM, and without being stopped.
    here(tmp_path, head.configs, str(maps.relative_to(tmp_path)), rules=["train", "find_maps"])
    again = load_file(weights)
    assert all(torch.equal(again[name], value) for name, value in interrupted.items())
    with h5py.File(maps) as file:
        assert np.array_equal(file["loss_increment"][:], increments)
