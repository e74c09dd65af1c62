"""Train three seeds of each study that takes long, for `make same`: `python -m bench.three_seeds [study ...]`.

What comes out lies in results/three_seeds_<study>, with the digests of its weights, maps and tables.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import frequency_shortcuts as fs

fs.portable()  # before PyTorch is loaded

import yaml  # noqa: E402
from snakemake.utils import update_config  # noqa: E402

from frequency_shortcuts.storage.tables import write_table  # noqa: E402
from study import datasets, runs  # noqa: E402

from . import ROOT  # noqa: E402
from .same import FILE, digests  # noqa: E402

# Networks that are trained anew without the frequencies of their maps.
RELIANCE = {
    "plan": [
        {
            "datasets": ["fashion_mnist"],
            "networks": ["resnet18_w8"],
            "augmentations": ["none"],
            "seeds": [300, 301, 302],
            "reliance": True,
        }
    ],
    "training": {"photographs": {"images_per_class": 1800}},
    "transfer": [],
}


def config_of(benchmark: str) -> dict[str, Any]:
    """The configuration of a benchmark."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    update_config(
        config, yaml.safe_load((ROOT / "benchmarks" / benchmark / "config.yaml").read_text())
    )
    return config


def map_files() -> list[str]:
    """The maps of all methods."""
    table = runs.table(datasets.complete(config_of("methods"))).to_dict("records")
    return [
        f"maps/{name}/{run['dataset']}/{run['run']}.h5" for run in table for name in run["methods"]
    ]


# Of each study the folder of its Snakefile, and the files that are made, with the networks and maps they need.
STUDIES: dict[str, tuple[str, Callable[[], list[str]]]] = {
    "benchmark": ("benchmarks/methods", map_files),
    "experiments": (".", lambda: ["tables/reliance.csv"]),
}


def command(study: str) -> list[str | Path]:
    """How Snakemake makes the files of a study; the configuration of the experiments is written."""
    folder, files = STUDIES[study]
    results = Path("results", f"three_seeds_{study}")
    (ROOT / results).mkdir(parents=True, exist_ok=True)
    options: list[str | Path] = ["--config", f"study={results.name}"]
    if study == "experiments":
        (ROOT / results / "plan.yaml").write_text(yaml.safe_dump(RELIANCE))
        options += ["--configfile", results / "plan.yaml"]
    snakefile = Path(folder, "Snakefile")
    common: list[str | Path] = [
        "snakemake",
        "--snakefile",
        snakefile,
        "--cores",
        "all",
        "--quiet",
        "rules",
    ]
    return [*common, *options, "--", *(results / file for file in files())]


def main() -> None:
    """Train by the rules of the workflow, and write the digests."""
    for study in sys.argv[1:] or STUDIES:
        subprocess.run(command(study), cwd=ROOT, check=True)
        folder = ROOT / "results" / f"three_seeds_{study}"
        table = digests(folder)
        write_table(table, folder / FILE)
        print(f"{study}: {len(table)} digests")


if __name__ == "__main__":
    main()
