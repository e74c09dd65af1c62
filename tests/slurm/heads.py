"""Snakemake on the login node of a test cluster, and what its jobs asked for."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cluster import missing

# Faster than on a cluster of many nodes and users, and without an accounting database; else the profile as it is.
HERE = ["--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "5"]
RUN = "syn_2/resnet18/none/seed0"
NEEDS_SLURM = pytest.mark.skipif(bool(missing()), reason=missing() or "SLURM is here")


class Head:
    """Snakemake on the login node of the cluster, in a checkout of its own."""

    def __init__(self, cluster, root, *configs):
        self.cluster, self.root, self.configs = cluster, root, configs
        self._before = len(cluster.jobs())

    def jobs(self, rule="", wildcards="", *states):
        """The jobs since this head started, in order, of a rule, with some wildcards, in one of these states."""
        since = self.cluster.jobs()[self._before :]
        of_rule = [job for job in since if job["rule"] == rule or not rule]
        of_wildcards = [job for job in of_rule if job["Comment"].endswith(wildcards)]
        return [job for job in of_wildcards if job["JobState"] in states or not states]

    def command(self, *arguments, profile="profiles/slurm", flag="--profile"):
        words = [*self.cluster.enter(self.root), sys.executable, Path(__file__).with_name("head.py"), *arguments]
        return [*words, flag, profile, *HERE, "--configfile", *self.configs]

    @property
    def environment(self):
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        # Jobs have more threads here than there are cores: one that waits should not keep a core busy.
        return {**os.environ, "PATH": path, "OMP_WAIT_POLICY": "PASSIVE"}

    def run(self, *arguments, **options):
        return subprocess.run(
            self.command(*arguments, **options), env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def start(self, *arguments):
        """The same in the background, its output in the file head.log."""
        with open(self.root / "head.log", "w") as log:
            return subprocess.Popen(self.command(*arguments), env=self.environment, stdout=log, stderr=log)

    def log(self):
        return (self.root / "head.log").read_text()


def until(condition, seconds=300):
    """Wait until a condition holds; returns what it gives."""
    end = time.monotonic() + seconds
    while not (outcome := condition()):
        assert time.monotonic() < end, "waited for too long"
        time.sleep(0.2)
    return outcome


def gpus_of(job):
    """The number of GPUs that a job requested, by --gpus or --gres."""
    gpus = job.get("TresPerJob") or job.get("TresPerNode") or ""
    return int(re.fullmatch(r"gres/gpu:(\d+)", gpus)[1]) if "gpu" in gpus else 0


def minutes(limit):
    hours, mins, _ = limit.split(":")
    return 60 * int(hours) + int(mins)


def requested(job):
    """Cores, MB, minutes and GPUs of a job."""
    resources = job["requested"]
    return int(resources["cpu"]), int(resources["mem"].rstrip("M")), minutes(job["TimeLimit"]), gpus_of(job)
