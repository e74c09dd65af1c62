"""A training and a culling on a real SLURM that a job of higher priority interrupts, and that resume."""

import os
import re
import subprocess
import sys
import time
from functools import partial

import h5py
import numpy as np
import pytest
import torch
import yaml
from cluster import NEEDS_SLURM, RUN, Head, until
from safetensors.torch import load_file

from checkouts import checkout

pytestmark = [NEEDS_SLURM, pytest.mark.timeout(3600)]
# Long enough to be interrupted, and no state is stored before: what is there afterwards was stored at the signal.
LONG = {
    "plan": [
        {"datasets": ["syn_2"], "networks": ["resnet18"], "augmentations": ["none"], "seeds": [0]}
    ],
    "graded": {"sets": 0},
    "transfer": [],
    "checkpoint_minutes": 60,
    "training": {"synthetic": {"epochs": 50}},
    "culling": {"method": "exact", "images_per_class": 8},
}


def here(root, configs, *targets, rules):
    """Make files again in a checkout without SLURM, on four threads or as many as the machine has."""
    threads = min(4, len(os.sched_getaffinity(0)))
    command = [
        sys.executable,
        "-m",
        "snakemake",
        *targets,
        "--cores",
        str(threads),
        "--forcerun",
        *rules,
    ]
    command += ["--set-threads", *[f"{rule}={threads}" for rule in rules], "--configfile", *configs]
    subprocess.run(command, cwd=root, check=True, capture_output=True)


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
