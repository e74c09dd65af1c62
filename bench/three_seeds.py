"""Train three seeds of each study that takes long, for `make same`: `python -m bench.three_seeds [study ...]`.

What comes out lies in results/three_seeds_<study>, with the digests of its weights, maps and tables.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import frequency_shortcuts as fs

fs.portable()  # before PyTorch is loaded

import pandas as pd  # noqa: E402
import torch  # noqa: E402
import yaml  # noqa: E402
from snakemake.utils import update_config  # noqa: E402

from frequency_shortcuts.networks.weights import weights_digest  # noqa: E402
from frequency_shortcuts.storage.tables import write_table  # noqa: E402
from study.trainings import training  # noqa: E402

from . import ROOT  # noqa: E402
from .same import DIGITS, FILE, KEY, as_text, digest, digests, of_table  # noqa: E402

sys.path.insert(0, str(ROOT / "workflow"))
from study import cure, leaks  # noqa: E402
from study.plan import Plan  # noqa: E402

SEEDS = 3
STORE = ROOT / "results" / "laptop" / "data" / "fashion_mnist.h5"  # of `make study`
CASES = ("clean", "jpeg_50")
# Of config/config.yaml: networks that are trained anew without the frequencies of their maps.
RELIANCE = {
    "plan": [{
        "datasets": ["fashion_mnist"], "networks": ["resnet18_w8"], "augmentations": ["none"],
        "seeds": [300, 301, 302], "reliance": True,
    }],
    "training": {"photographs": {"images_per_class": 1800}},
    "transfer": [],
}  # fmt: skip
Rows = list[tuple[str, str, str, str]]


@contextmanager
def trained(rows: Rows, place: str) -> Iterator[None]:
    """Add the digest of the weights of each network that is trained meanwhile."""
    train, count = training.train, len(rows)

    def then_note(network: Any, *given: Any, **named: Any) -> Any:
        done = train(network, *given, **named)
        rows.append((f"{place}/network{len(rows) - count}", "", "", weights_digest(network.state_dict())[:DIGITS]))
        return done

    with mock.patch.object(training, "train", then_note):
        yield


def plan_of(study: str, /, **changes: Any) -> Plan:
    """The plan of a configuration of the project, with changes."""
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    update_config(config, yaml.safe_load((ROOT / "config" / f"{study}.yaml").read_text()))
    update_config(config, changes)
    return Plan(config)


def text_of(table: pd.DataFrame) -> pd.DataFrame:
    """A table as it would be written."""
    return as_text(StringIO(table.to_csv(index=False, float_format="%.6g")))


def of_leaks() -> pd.DataFrame:
    """The networks, tables and flips of the first seeds of the benchmark of the test."""
    rows: Rows = []
    plan = plan_of("leaks")
    settings, first = plan.leak_settings(), plan.config["leaks"]["first_seed"]
    for seed in range(first, first + SEEDS):
        place = f"clothing/seed{seed}"
        with trained(rows, place), TemporaryDirectory() as folder:
            table, answers, clean = leaks.measure("clothing", str(STORE), settings, seed=seed, weights=folder)
        for name, one in (("networks", table), ("clean", clean)):
            rows += [(f"{place}/{name}", *of) for of in of_table(text_of(one))]
        for name, one in answers.items():
            for part, values in one.given.items():
                rows.append((f"{place}/flips/{name}", "", part, digest(values.tobytes())))
    return pd.DataFrame(rows, columns=[*KEY, "sha256"])


def of_cure() -> pd.DataFrame:
    """The networks and rows of the first seeds of some cases of the benchmark of cures, on grainy images."""
    rows: Rows = []
    plan = plan_of("cure")
    jobs = [job for job in plan.cure_jobs() if job[0] == "grain4" and job[1] in CASES]
    for part, case, seed in jobs:
        if seed >= jobs[0][2] + SEEDS:
            continue
        place = f"{case}/seed{seed}"
        with trained(rows, place):
            table = cure.measure(part, case.replace("_", " "), [], plan.cure_settings(), seed=seed)
        rows += [(f"{place}/networks", *of) for of in of_table(text_of(table))]
    return pd.DataFrame(rows, columns=[*KEY, "sha256"])


def by_snakemake(plan: Plan, *targets: str) -> pd.DataFrame:
    """The networks, maps and tables of a plan that are needed for some files, made by the rules of the workflow."""
    folder = ROOT / plan.results
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.yaml").write_text(yaml.safe_dump(plan.config))
    command = ["snakemake", "--cores", "all", "--configfile", folder / "plan.yaml", "--quiet", "rules", "--", *targets]
    subprocess.run(command, cwd=ROOT, check=True)
    return digests(folder)


def of_benchmark() -> pd.DataFrame:
    """The networks and maps of the comparison of methods."""
    plan = plan_of("benchmark", study="three_seeds_benchmark")
    return by_snakemake(plan, *plan.map_files())


def of_experiments() -> pd.DataFrame:
    """The networks, maps and tables of `RELIANCE`."""
    plan = plan_of("config", study="three_seeds_experiments", **RELIANCE)
    return by_snakemake(plan, f"{plan.results}/tables/reliance.csv")


STUDIES: dict[str, Callable[[], pd.DataFrame]] = {
    "leaks": of_leaks,
    "cure": of_cure,
    "benchmark": of_benchmark,
    "experiments": of_experiments,
}


def main() -> None:
    """Train, and write the digests."""
    torch.set_num_threads(1)  # as jobs do
    for study in sys.argv[1:] or STUDIES:
        table = STUDIES[study]()
        write_table(table, ROOT / "results" / f"three_seeds_{study}" / FILE)
        print(f"{study}: {len(table)} digests")


if __name__ == "__main__":
    main()
