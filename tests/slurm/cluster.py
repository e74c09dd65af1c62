"""A SLURM of one node on loopback, for tests: real daemons, real jobs, GPUs that are only counted; and its login node.

It lives in mount and process namespaces of its own: its configuration lies over /etc/slurm there alone, and whatever
happens, also to the test, the kernel ends all that runs in it and nothing is left behind.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue", "scancel")
NAMESPACES = ["unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]
CPUS, GPUS = 8, 2  # what the node says it has, whatever the machine

SETTINGS = """
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/slurm
CredType=auth/slurm
AuthInfo=use_client_ids
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
MinJobAge=36000
KillWait=10
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=2,batch_sched_delay=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
AccountingStorageType=accounting_storage/none
GresTypes=gpu
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdParameters=config_overrides
NodeName=localhost NodeAddr=127.0.0.1 CPUs={cpus} Boards=1 SocketsPerBoard=1 CoresPerSocket={cpus} ThreadsPerCore=1 \
RealMemory=64000 Gres=gpu:{gpus} State=UNKNOWN
PartitionName=study Nodes=localhost Default=YES MaxTime=600 DefMemPerCPU=500 PriorityTier=1 GraceTime=60 State=UP
PartitionName=urgent Nodes=localhost MaxTime=600 DefMemPerCPU=500 PriorityTier=2 PreemptMode=OFF State=UP
"""
# The last line waits for the end of the test's process, which closes the pipe however it ends.
START = """
set -e
hostname localhost
mount --bind {folder}/etc /etc/slurm
mount -t tmpfs tmpfs /run
mkdir /run/slurm
slurmctld
slurmd
exec cat >/dev/null
"""


def missing():
    """The reason why no cluster can start here; "" if one can start."""
    if absent := [name for name in (*PROGRAMS, "unshare", "nsenter") if not shutil.which(name)]:
        return f"{', '.join(absent)} not installed (Debian: slurmctld slurmd slurm-client slurm-wlm-basic-plugins)"
    if Path("/etc/slurm/slurm.conf").exists():
        return "this machine belongs to a cluster"
    if subprocess.run(
        [*NAMESPACES, "mount", "-t", "tmpfs", "tmpfs", "/run"], capture_output=True
    ).returncode:
        return "namespaces are not allowed here (they are to root)"
    return ""


class Cluster:
    """A context manager: the cluster runs inside the block. `folder` holds its logs."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        for name in ("etc", "state", "spool"):
            (self.folder / name).mkdir(parents=True)
        etc = self.folder / "etc"
        here = ("127.0.0.1", 0)  # at ports that nothing listens on
        with socket.create_server(here) as one, socket.create_server(here) as other:
            ports = [free.getsockname()[1] for free in (one, other)]
        settings = SETTINGS.format(folder=self.folder, ports=ports, cpus=CPUS, gpus=GPUS)
        (etc / "slurm.conf").write_text(settings.lstrip())
        devices = ("/dev/null", "/dev/zero", "/dev/full")[:GPUS]  # counted, never opened
        (etc / "gres.conf").write_text("".join(f"Name=gpu File={device}\n" for device in devices))
        (etc / "cgroup.conf").write_text("CgroupPlugin=disabled\n")
        (etc / "slurm.key").touch(mode=0o600)
        (etc / "slurm.key").write_bytes(os.urandom(1024))
        command = [*NAMESPACES, "bash", "-c", START.format(folder=self.folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE)
        try:
            self._wait_until_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait_until_up(self):
        for _ in range(120):
            time.sleep(0.25)
            assert self._process.poll() is None, f"SLURM did not start: see {self.folder}"
            if children(self._process.pid) and "idle" in self.run("sinfo", "--noheader").stdout:
                return
        raise AssertionError(f"SLURM did not come up in 30 s: see {self.folder}")

    def enter(self, folder="/"):
        """The words before a command that make it run inside, in this folder."""
        (first,) = children(self._process.pid)
        return ["nsenter", "--target", str(first), "--mount", "--uts", "--pid", f"--wd={folder}"]

    def run(self, *command):
        """Run a command inside; returns the finished process with its output as text."""
        return subprocess.run(
            [*self.enter(), *command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def jobs(self):
        """Every job that SLURM knows of, in order: its fields as scontrol names them, and `rule`, a rule or a group."""
        jobs = []
        for text in self.run("scontrol", "--oneliner", "show", "job").stdout.splitlines():
            if text.startswith("JobId="):
                job = dict(re.findall(r"(\w+(?:/\w+)?)=(\S*)", text))
                job["requested"] = dict(re.findall(r"([\w/]+)=([^,]+)", job["ReqTRES"]))
                job.setdefault(
                    "Comment", ""
                )  # the plugin's word on what runs; a job of the test has none
                named = re.match(r"rule_(.+?)(?:_wildcards_.*)?$", job["Comment"])
                jobs.append({**job, "rule": named[1] if named else ""})
        return jobs


def children(pid):
    """The processes that a process started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


# Snakemake that checks its SLURM jobs every second: by default its intervals between checks grow.
SNAKEMAKE = """
import asyncio
from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

async def sleep(_):
    await asyncio.sleep(1)

RemoteExecutor.sleep = sleep
main()
"""
# Faster than on a cluster of many nodes and users, and without an accounting database; else the profile as it is.
HERE = [
    "--slurm-status-command",
    "squeue",
    "--slurm-init-seconds-before-status-checks",
    "1",
    "--latency-wait",
    "5",
]
RUN = "syn_2/resnet18/none/seed0"
NEEDS_SLURM = pytest.mark.skipif(bool(missing()), reason=missing() or "SLURM is here")


class Head:
    """Snakemake on the login node of the cluster, in a checkout of its own."""

    def __init__(self, cluster, root, *configs):
        self.cluster, self.root, self.configs = cluster, root, configs
        self._before = len(cluster.jobs())

    def jobs(self, rule=""):
        """The jobs since this head started, in order, of a rule."""
        return [
            job for job in self.cluster.jobs()[self._before :] if job["rule"] == rule or not rule
        ]

    def start(self, *arguments):
        """Run Snakemake in the background, its output in the file head.log."""
        command = [*self.cluster.enter(self.root), sys.executable, "-c", SNAKEMAKE, *arguments]
        command += ["--profile", "profiles/slurm", *HERE, "--configfile", *self.configs]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        # Jobs have more threads here than there are cores: one that waits should not keep a core busy.
        environment = {**os.environ, "PATH": path, "OMP_WAIT_POLICY": "PASSIVE"}
        with open(self.root / "head.log", "w") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def log(self):
        return (self.root / "head.log").read_text()


def until(condition):
    """Wait until a condition holds; returns what it gives."""
    end = time.monotonic() + 300
    while not (outcome := condition()):
        assert time.monotonic() < end, "waited for too long"
        time.sleep(0.2)
    return outcome


def requested(job):
    """Cores, MB, minutes and GPUs (by --gpus or --gres) of a job."""
    resources, gpus = job["requested"], job.get("TresPerJob") or job.get("TresPerNode") or ""
    hours, minutes, _ = map(int, job["TimeLimit"].split(":"))
    count = int(re.fullmatch(r"gres/gpu:(\d+)", gpus)[1]) if "gpu" in gpus else 0
    return int(resources["cpu"]), int(resources["mem"].rstrip("M")), 60 * hours + minutes, count
