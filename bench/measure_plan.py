"""Plans of many networks: how many jobs they are, and how long a dry run of Snakemake takes."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from workflow.study import provenance

from .markdown import ROOT
from .timing import seconds

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
    text = snakemake("-nF", "--quiet", "rules", "--configfile", *configs, root=root)
    return Counter({rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", text, re.MULTILINE) if rule != "total"})


def plan(networks: tuple[int, ...] = NETWORKS, repeats: int = REPEATS) -> pd.DataFrame:
    """A row for each number of networks: its jobs, and the median seconds of a dry run."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for count in networks:
            path = Path(folder) / f"many_{count}.yaml"
            path.write_text(yaml.safe_dump(many(count)))
            times = pd.Series([seconds(lambda path=path: jobs(path)) for _ in range(repeats)])
            about = {"processor": provenance.machine()["processor"], "snakemake": version("snakemake")}
            rows.append({"networks": count, "jobs": jobs(path).total(), "dry_run_s": times.median(), **about})
    return pd.DataFrame(rows)
