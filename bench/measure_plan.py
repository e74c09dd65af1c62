"""Plans of many networks: how many jobs and files they are, and how long Snakemake thinks before the first."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from workflow.study import provenance

from .markdown import ROOT

NETWORKS, SEEDS = (10, 100, 1000), 5
REPEATS = 3  # more of a thousand networks would take many minutes


def many(networks: int) -> dict[str, Any]:
    """A configuration of so many networks on Fashion-MNIST, a multiple of `SEEDS`; merged over config/config.yaml."""
    names = [f"network_{number:03d}" for number in range(networks // SEEDS)]
    entry = {"datasets": ["fashion_mnist"], "networks": names, "augmentations": ["none"], "seeds": list(range(SEEDS))}
    form = {"architecture": "resnet18", "width": 16, "stem": "small"}
    return {
        "study": f"many_{networks:04d}",
        "plan": [entry],
        "networks": {name: dict(form) for name in names},
        "transfer": [],
    }


def snakemake(*arguments: str | Path, root: Path = ROOT) -> str:
    """What Snakemake prints in a checkout. Raises RuntimeError where it fails."""
    command = [sys.executable, "-m", "snakemake", "--nolock", *map(str, arguments)]
    done = subprocess.run(command, cwd=root, text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"snakemake {' '.join(map(str, arguments))} failed: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def jobs(*configs: str | Path, root: Path = ROOT) -> Counter[str]:
    """How many jobs of each rule a study is, by a dry run that takes nothing for finished."""
    told = snakemake("-nF", "--quiet", "rules", "--configfile", *configs, root=root)
    return Counter({rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", told, re.MULTILINE) if rule != "total"})


def files(*configs: str | Path, root: Path = ROOT) -> dict[str, str]:
    """The rule of every file (or folder) that a study's jobs write, besides logs and benchmarks."""
    told = [line.split("\t") for line in snakemake("--summary", "--configfile", *configs, root=root).splitlines()]
    return {cells[0]: cells[2] for cells in told if len(cells) == 6 and cells[0] != "output_file"}


def timed(config: Path) -> dict[str, float]:
    """Seconds of a dry run: until it builds the DAG, of building it, and all."""
    command = [sys.executable, "-m", "snakemake", "--nolock", "-n", "--quiet", "rules", "--configfile", str(config)]
    moments, began = {}, time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        for line in process.stdout or ():
            moments.setdefault(line.strip(), time.perf_counter() - began)  # what it says again at the end counts once
    if process.returncode:
        raise RuntimeError(f"the dry run of {config} failed: {next(reversed(moments), 'it said nothing')}")
    before, built = moments["Building DAG of jobs..."], moments["Job stats:"]
    return {"rules_s": before, "dag_s": built - before, "dry_run_s": time.perf_counter() - began}


def plan(networks: tuple[int, ...] = NETWORKS, repeats: int = REPEATS) -> pd.DataFrame:
    """A row a number of networks: jobs, files, and the seconds of dry runs and of their parts (see `timed`)."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for count in networks:
            config, load = many(count), os.getloadavg()[0]
            path = Path(folder) / f"{config['study']}.yaml"
            path.write_text(yaml.safe_dump(config))
            times = pd.DataFrame([timed(path) for _ in range(repeats)])
            rows.append(
                {
                    "networks": count,
                    "jobs": jobs(path).total(),
                    "files": len(files(path)),
                    **times.median(),
                    "dag_low_s": times["dag_s"].min(),
                    "dag_high_s": times["dag_s"].max(),
                    "repeats": repeats,
                    "load": load,
                    "cores": os.cpu_count(),
                    "processor": provenance.machine()["processor"],
                    "snakemake": version("snakemake"),
                }
            )
    return pd.DataFrame(rows)
