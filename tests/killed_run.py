"""A run of the study whose Snakemake is to be killed: its records, its processes and its partial files."""

import base64
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import yaml

from conftest import checkout
from frequency_shortcuts.storage.files import MACHINE

# The training that is killed again and again. States are stored so often that each of its kills finds a new one.
LONG = "plant_present/resnet18/none/seed0"
LONGER = {"checkpoint_minutes": 0.005, "training": {"planted": {"epochs": 120}}}
# Of a partial file: the process that writes it. See storage.files.replacing.
PARTIAL = re.compile(rf"\..+\.{MACHINE}-(\d+)(\.\w+)?")


class Run:
    """One run of the study in a folder of its own, and the Snakemake that works on it."""

    def __init__(self, root: Path, new: bool = True) -> None:
        if new:
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir(parents=True)
            checkout(root)
            (root / "longer.yaml").write_text(yaml.safe_dump(LONGER))
        self.root, self.results, self.output = root, root / "results" / "test", root / "snakemake.log"
        self.head: psutil.Popen | None = None
        self.begin = 0  # of what the last start wrote into `output`

    def snakemake(self, *arguments: str) -> psutil.Popen:
        """Start Snakemake on the study, in a session of its own."""
        command = [sys.executable, "-m", "snakemake", *arguments, "--cores", "2", "--resources", "gpu=1"]
        command += ["--max-jobs-per-timespan", "100/1s"]  # the end of Snakemake waits for the time span
        command += ["--configfile", "config/test.yaml", "pictures.yaml", "longer.yaml"]
        environment = {
            **os.environ, "OMP_NUM_THREADS": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            # Git finds no commit: an edit of a checkout around this folder must not change the results.
            "GIT_CEILING_DIRECTORIES": str(self.root.parent),
        }  # fmt: skip
        with open(self.output, "a") as output:
            return psutil.Popen(
                command, cwd=self.root, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )

    def start(self) -> None:
        self.begin = self.output.stat().st_size if self.output.exists() else 0
        self.head = self.snakemake()

    def end(self) -> None:
        """End Snakemake and its jobs, if they are still there."""
        for process in [*self.processes(), self.head]:
            send(process, signal.SIGKILL)
        self.head.wait()

    def records(self, kind: str = "metadata") -> dict[str, Path]:
        """Snakemake's records of files: `metadata` of finished ones, `incomplete` of those that jobs are to write."""
        folder = self.root / ".snakemake" / kind
        found = {}
        for path in folder.rglob("*") if folder.exists() else ():
            name = "".join(part.lstrip("@") for part in path.relative_to(folder).parts)
            with contextlib.suppress(ValueError):
                found[base64.urlsafe_b64decode(name).decode()] = path
        return found

    def finished(self) -> dict[str, float]:
        """The files that Snakemake takes for finished, and when they were written.

        Snakemake also leaves a record of a file that a failed job did not write. Such a file is not there.
        """
        incomplete, ends = self.records("incomplete"), {}
        for name, path in self.records().items():
            if name not in incomplete and (self.root / name).exists():
                with contextlib.suppress(ValueError):  # Snakemake was killed while it wrote this record
                    ends[name] = json.loads(path.read_text())["endtime"]
        return ends

    def count(self) -> int:
        """About their number, without reading the records."""
        return len(self.records().keys() - self.records("incomplete").keys())

    def processes(self) -> list[psutil.Process]:
        """The processes below Snakemake."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return self.head.children(recursive=True)
        return []

    def being_written(self) -> Iterator[tuple[Path, int]]:
        """Partial files beside the outputs of running jobs, and the process that writes each."""
        outputs = [self.root / name for name in self.records("incomplete")]
        for folder in {path.parent for path in outputs} | {path for path in outputs if path.is_dir()}:
            with contextlib.suppress(FileNotFoundError):
                for entry in os.scandir(folder):
                    if found := PARTIAL.fullmatch(entry.name):
                        yield Path(entry.path), int(found[1])

    def long_training(self) -> psutil.Process | None:
        """The process of the long training, or of a training that has not opened its log yet."""
        jobs = [process for process in self.processes() if script(process) == "train"]
        return next((job for job in jobs if job_of(job) in (f"train/{LONG}", "train")), None)

    def stored_by(self, training: psutil.Process, resumed: bool) -> bool:
        """Whether this process of the long training has stored its state, and before that has `resumed`."""
        with contextlib.suppress(FileNotFoundError, psutil.NoSuchProcess):
            stored = (self.results / "networks" / LONG / "state.pt").stat().st_mtime
            there = job_of(training) == f"train/{LONG}" and stored > training.create_time()
            return there and (self.resumed_at() > 0 or not resumed)
        return False

    def resumed_at(self) -> int:
        """The iteration at which the long training resumed when it last started; 0 if it did not."""
        log = self.results / "logs" / "train" / f"{LONG}.log"
        found = re.findall(r"resumed at iteration (\d+)", log.read_text() if log.exists() else "")
        return int(found[-1]) if found else 0


def script(process: psutil.Process) -> str:
    """The script of a job's process, `kernel` for a Jupyter kernel, or an empty text for other processes."""
    with contextlib.suppress(psutil.NoSuchProcess):
        line = " ".join(process.cmdline())
        if "ipykernel_launcher" in line:
            return "kernel"
        if found := re.search(r"\.snakemake/scripts/tmp\w+\.(\w+)\.py", line):
            return found[1]
    return ""


def role(process: psutil.Process) -> str:
    """What a process below Snakemake is: worker, kernel, or neither."""
    name = script(process)
    return "worker" if name not in ("", "kernel") else name


def job_of(process: psutil.Process) -> str:
    """The log of a job, below logs/ and without its suffix, from its process; the script until that opens the log."""
    with contextlib.suppress(psutil.NoSuchProcess):
        worker = process.parent() if role(process) == "kernel" else process
        for file in worker.open_files():
            if found := re.search(r"/logs/(.+)\.log$", file.path):
                return found[1]
        return script(worker)
    return ""


def alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def send(process: psutil.Process, number: signal.Signals) -> bool:
    """Send a signal, and whether the process is there."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)
        return alive(process) or number == signal.SIGKILL
    return False


def partials(folder: Path) -> list[str]:
    """Hidden partial files whose process has ended."""
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob(".*"))
        if (found := PARTIAL.fullmatch(path.name)) and not psutil.pid_exists(int(found[1]))
    ]
