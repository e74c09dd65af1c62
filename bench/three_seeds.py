"""Train three seeds of each study that takes long, for `make same`: `python -m bench.three_seeds [study ...]`.

What comes out lies in results/three_seeds_<study>, with the digests of its weights, maps and tables.
"""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import frequency_shortcuts as fs

fs.portable()  # before PyTorch is loaded

import pandas as pd  # noqa: E402
import yaml  # noqa: E402
from snakemake.utils import update_config  # noqa: E402

from frequency_shortcuts.storage.tables import write_table  # noqa: E402

from . import ROOT  # noqa: E402
from .same import FILE, digests  # noqa: E402

sys.path.insert(0, str(ROOT / "workflow"))
from study.plan import Plan  # noqa: E402

SEEDS = 3
# Of config/config.yaml: networks that are trained anew without the frequencies of their maps.
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


def by_snakemake(config: dict[str, Any], files: Callable[[Plan], list[str]]) -> pd.DataFrame:
    """The networks, maps and tables that are needed for some files of a plan, made by the rules of the workflow."""
    plan = Plan(config)
    folder = ROOT / plan.results
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.yaml").write_text(yaml.safe_dump(config))
    command = ["snakemake", "--cores", "all", "--configfile", folder / "plan.yaml", "--quiet", "rules", "--"]
    subprocess.run([*command, *files(plan)], cwd=ROOT, check=True)
    return digests(folder)


def of_drawn(study: str, *names: str) -> pd.DataFrame:
    """The networks on the first seeds of some sets of a benchmark, with what artefacts cost them."""

    def files(plan: Plan) -> list[str]:
        first = min(draw.seed for draw in plan.draws)
        runs = [
            run for run, draw in zip(plan.drawn_runs, plan.drawn.values(), strict=True)
            if draw.seed < first + SEEDS and {draw.suite, f"{draw.suite} {draw.network}"} & {*names}
        ]  # fmt: skip
        return plan.files("tests/{dataset}/{network}/{augmentation}/seed{seed}/harm.csv", runs)

    return by_snakemake(config_of(study, study=f"three_seeds_{study}"), files)


STUDIES: dict[str, Callable[[], pd.DataFrame]] = {
    "leaks": lambda: of_drawn("leaks", "clothing"),
    "cure": lambda: of_drawn("cure", "grain4 clean", "grain4 jpeg 50"),
    "benchmark": lambda: by_snakemake(config_of("benchmark", study="three_seeds_benchmark"), Plan.map_files),
    "experiments": lambda: by_snakemake(
        config_of("config", study="three_seeds_experiments", **RELIANCE),
        lambda plan: [f"{plan.results}/tables/reliance.csv"],
    ),
}


def main() -> None:
    """Train, and write the digests."""
    for study in sys.argv[1:] or STUDIES:
        table = STUDIES[study]()
        write_table(table, ROOT / "results" / f"three_seeds_{study}" / FILE)
        print(f"{study}: {len(table)} digests")


if __name__ == "__main__":
    main()
