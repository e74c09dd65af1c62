"""Train three seeds of each study that takes long, for `make same`: `python -m bench.three_seeds [study ...]`.

What comes out lies in results/three_seeds_<study>, with the digests of its weights, maps and tables.
"""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import frequency_shortcuts as fs

fs.portable()  # before PyTorch is loaded

import yaml  # noqa: E402
from snakemake.utils import update_config  # noqa: E402

from frequency_shortcuts.storage.tables import write_table  # noqa: E402
from study.plan import Plan  # noqa: E402

from . import ROOT  # noqa: E402
from .same import FILE, digests  # noqa: E402

# Networks that are trained anew without the frequencies of their maps.
RELIANCE = {
    "plan": [{
        "datasets": ["fashion_mnist"], "networks": ["resnet18_w8"], "augmentations": ["none"],
        "seeds": [300, 301, 302], "reliance": True,
    }],
    "training": {"photographs": {"images_per_class": 1800}},
    "transfer": [],
}  # fmt: skip


def config_of(study: str, /, **changes: Any) -> dict[str, Any]:
    """A configuration of the project, with changes."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    update_config(config, yaml.safe_load((ROOT / "config" / f"{study}.yaml").read_text()))
    update_config(config, changes)
    return config


def drawn_files(plan: Plan, *names: str) -> list[str]:
    """What artefacts cost the networks on the first three seeds of some sets of a benchmark."""
    most = min(draw.seed for draw in plan.draws) + 2
    runs = [
        run for run, draw in zip(plan.drawn_runs, plan.drawn.values(), strict=True)
        if draw.seed <= most and {draw.suite, f"{draw.suite} {draw.network}"} & {*names}
    ]  # fmt: skip
    return plan.files("tests/{dataset}/{network}/{augmentation}/seed{seed}/harm.csv", runs)


# Of each study its configuration, changes of it, and the files that are made, with the networks and maps they need.
STUDIES: dict[str, tuple[str, dict[str, Any], Callable[[Plan], list[str]]]] = {
    "leaks": ("leaks", {}, lambda plan: drawn_files(plan, "clothing")),
    "cure": ("cure", {}, lambda plan: drawn_files(plan, "grain4 clean", "grain4 jpeg 50")),
    "benchmark": ("benchmark", {}, Plan.map_files),
    "experiments": ("config", RELIANCE, lambda plan: [f"{plan.results}/tables/reliance.csv"]),
}


def main() -> None:
    """Train by the rules of the workflow, and write the digests."""
    for study in sys.argv[1:] or STUDIES:
        name, changes, files = STUDIES[study]
        config = config_of(name, study=f"three_seeds_{study}", **changes)
        plan = Plan(config)
        folder = ROOT / plan.results
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "plan.yaml").write_text(yaml.safe_dump(config))
        command = ["snakemake", "--cores", "all", "--configfile", folder / "plan.yaml", "--quiet", "rules", "--"]
        subprocess.run([*command, *files(plan)], cwd=ROOT, check=True)
        table = digests(folder)
        write_table(table, folder / FILE)
        print(f"{study}: {len(table)} digests")


if __name__ == "__main__":
    main()
