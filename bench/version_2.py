"""The verdicts of version 2.0.0 on the networks of `make leaks`, by its own code. Half an hour on two cores.

    git worktree add ../version_2 73051df0
    python -m bench.version_2 ../version_2

For each seed, the images of its networks are made again and stored; its code then reads them and the weights in a
process of its own. docs/data/leaks/version_2.csv gets a row a network and class; `make leaks` then compares with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

COMMIT = "73051df0"
WEIGHTS, IMAGES, TABLE = "networks/leaks/{}/seed{}", "{}.npz", "version_2.csv"


def by_version_2(folder: Path, weights: Path, seed: int) -> None:
    """Write the table of the networks whose images are in a folder. Of version 2.0.0: nothing else here is imported."""
    import numpy as np
    import pandas as pd
    import torch
    from frequency_shortcuts.evaluation.counterfactual import collect
    from frequency_shortcuts.evaluation.flip_rates import rates

    from frequency_shortcuts.data.splits import Split
    from frequency_shortcuts.networks import architectures

    torch.set_num_threads(1)
    tables = []
    for path in sorted(folder.glob("*.npz")):
        stored = np.load(path)
        shared = tuple(stored["classes"].tolist()), stored["mean"], stored["std"]
        splits = [Split(stored[f"{name}_images"], stored[f"{name}_labels"], *shared) for name in ("ranking", "test")]
        network = architectures.load(weights / f"{path.stem}.safetensors")
        tables.append(rates(collect(network, *splits, seed=seed)).assign(set=path.stem))
    pd.concat(tables).to_csv(folder / TABLE, index=False)


def verdicts(checkout: Path, part: str, given: str, settings: dict, seed: int, weights: Path):
    """The table of one seed of a part: `suite`, `seed`, `set` (the network), `class`, `verdict` and the numbers.

    checkout : a work tree of version 2.0.0; given, settings : as in `study.leaks.cases`; weights : folder of the seed
    """
    from tempfile import TemporaryDirectory

    import numpy as np

    from frequency_shortcuts.storage.tables import read_table
    from study import leaks

    with TemporaryDirectory() as folder:
        for case in leaks.cases(part, given, settings, seed):
            arrays = {"classes": case.plain.classes, "mean": case.images.test.mean, "std": case.images.test.std}
            for name, split in zip(("ranking", "test"), case.images.tested, strict=True):
                arrays |= {f"{name}_images": np.asarray(split.images[:]), f"{name}_labels": split.labels}
            np.savez(Path(folder, IMAGES.format(case.name)), **arrays)
        command = [sys.executable, "-P", __file__, folder, weights, str(seed)]  # -P: bench has a module `statistics`
        environment = os.environ | {"PYTHONPATH": str(Path(checkout, "src").resolve())}
        subprocess.run(command, check=True, env=environment)
        table = read_table(Path(folder, TABLE)).assign(suite=part, seed=seed)
    return table[["suite", "seed", "set", "class", "verdict", "flip", "sham", "part", "need"]]


def main(checkout: str, jobs: int = 2) -> None:
    """Each seed, of which a table is kept in results/leaks, and the table of all."""
    from concurrent.futures import ThreadPoolExecutor

    from .three_seeds import plan_of  # before PyTorch, for portable numerics

    # isort: split
    import pandas as pd

    from frequency_shortcuts.storage.tables import read_table, write_table

    from . import DATA

    plan = plan_of("leaks")
    results, settings = Path(plan.results), plan.leak_settings()

    def of_job(job: tuple[str, int]) -> pd.DataFrame:
        part, seed = job
        path = results / "version_2" / f"{part}_{seed}.csv"
        if not path.exists():
            weights = results / WEIGHTS.format(part, seed)
            write_table(verdicts(Path(checkout), part, plan.leak_images(part), settings, seed, weights), path)
        return read_table(path)

    with ThreadPoolExecutor(jobs) as pool:
        write_table(pd.concat(pool.map(of_job, plan.leak_jobs())), DATA / "leaks" / TABLE)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        by_version_2(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main(*sys.argv[1:])
