"""Would maps have shown the artefacts? Networks of `make leaks` on clothing, 13 seeds: python -m bench.leak_maps

docs/data/leaks/maps.csv gets a row a network and class: `map_verdict` of the shortcut test by maps of culling, and the
own-map advantage with `culling` and `mixture`.
"""

from __future__ import annotations

from multiprocessing import Pool
from pathlib import Path

from .three_seeds import leaks, plan_of  # before PyTorch, for portable numerics

# isort: split
import pandas as pd
import torch
from torch import nn

from frequency_shortcuts.data.splits import Split, first_of_each_class
from frequency_shortcuts.evaluation.cross import advantage_of_class
from frequency_shortcuts.evaluation.shortcuts import collect
from frequency_shortcuts.evaluation.trials import Trials
from frequency_shortcuts.evaluation.verdicts import verdicts
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import find
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.spectrum.fills import ZEROS
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.tables import write_table

from . import DATA
from .version_2 import WEIGHTS

SEEDS, RANKED, TESTED = 13, 20, 50  # images of each class
METHODS = {"culling": {"search": "screened"}, "mixture": {}}  # as the study has them


def of_network(network: nn.Module, ranking: Split, test: Split, seed: int) -> pd.DataFrame:
    """A row a class."""
    ranking, test = (
        split.subset(first_of_each_class(split.labels, count)) for split, count in ((ranking, RANKED), (test, TESTED))
    )
    table = pd.DataFrame({"class": range(len(ranking.classes))})
    for name, changes in METHODS.items():
        method, settings = registry.resolve(name)
        found = find(registry.load(method), network, ranking, seed=seed, **settings | changes)
        masks = dfm.dominant(found.score, ConjugatePairs(*ranking.images.shape[2:]), 5)
        hits = collect(network, test, masks, Trials(fills=[ZEROS.name], controls=5, negatives=450, seed=seed))
        table[f"advantage_{name}"] = [float(advantage_of_class(hits, c).value) for c in table["class"]]
        if name == "culling":
            headline = verdicts(hits).query("headline").set_index("class")["verdict"]
            table["map_verdict"] = headline.reindex(table["class"]).to_numpy()
    return table


def of_seed(seed: int) -> pd.DataFrame:
    """The networks of a seed on clothing."""
    torch.set_num_threads(1)
    plan, tables = plan_of("leaks"), []
    for case in leaks.cases("clothing", plan.leak_images("clothing"), plan.leak_settings(), seed):
        path = Path(plan.results, WEIGHTS.format("clothing", seed), f"{case.name}.safetensors")
        table = of_network(architectures.load(path), *case.images.tested, seed)
        tables.append(table.assign(suite="clothing", seed=seed, set=case.name))
    return pd.concat(tables)


if __name__ == "__main__":
    first = plan_of("leaks").config["leaks"]["first_seed"]
    with Pool(2) as pool:
        write_table(pd.concat(pool.map(of_seed, range(first, first + SEEDS))), DATA / "leaks" / "maps.csv")
