"""The plan of a study: its runs, its data sets, and the files of runs, from the configuration alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import product
from typing import Any

from .job import FOLDER, NETWORK, RUN
from .settings import StudySettings
from .sources.description import Shape

Run = dict[str, Any]  # the keys of `RUN`


def expand_runs(pattern: str, runs: Iterable[Mapping[str, Any]]) -> list[str]:
    """A pattern filled in with each run.

    >>> expand_runs("data/{dataset}.h5", plan.mapped_runs())[0]
    'data/syn_1.h5'
    """
    return [pattern.format(**run) for run in runs]


class Plan(StudySettings):
    """The plan of a configuration, with its settings.

    >>> Plan(config).runs(dataset="syn_1")[0]
    {'dataset': 'syn_1', 'network': 'resnet18_w8', 'augmentation': 'none', 'seed': 0}
    """

    # Runs

    @cached_property
    def _entries(self) -> dict[tuple[Any, ...], list[Mapping[str, Any]]]:
        """The entries of the plan that hold a run, by the values of its keys, in order."""
        entries: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
        for entry in self.config["plan"]:
            for values in product(*(entry[f"{key}s"] for key in RUN)):
                entries.setdefault(values, []).append(entry)
        return entries

    @cached_property
    def _runs(self) -> list[Run]:
        return [dict(zip(RUN, values, strict=True)) for values in self._entries]

    def runs(self, **where: Any) -> list[Run]:
        """Every planned run once, in order; `where` keeps those that match."""
        return [run for run in self._runs if all(run[key] == value for key, value in where.items())]

    @cached_property
    def _mapped(self) -> list[Run]:
        planned = zip(self._runs, self._entries.values(), strict=True)
        return [run for run, entries in planned if any(entry.get("maps", True) for entry in entries)]

    def mapped_runs(self, *kinds: str, **where: Any) -> list[Run]:
        """The runs whose maps are found and tested, in order: on data sets of these kinds, that match `where`."""
        names = self.datasets(*kinds)
        return [
            run
            for run in self._mapped
            if run["dataset"] in names and all(run[key] == value for key, value in where.items())
        ]

    def runs_on(self, *kinds: str) -> list[Run]:
        """The runs on data sets of these kinds, in order."""
        names = self.datasets(*kinds)
        return [run for run in self._runs if run["dataset"] in names]

    def trained_runs(self) -> list[Run]:
        """The runs whose networks are trained."""
        return [run for run in self._runs if self.is_trained(run)]

    @cached_property
    def _first_seed_runs(self) -> list[Run]:
        first: dict[tuple[str, ...], Run] = {}
        for run in self._mapped:
            network = tuple(run[key] for key in NETWORK)
            if network not in first or run["seed"] < first[network]["seed"]:
                first[network] = run
        return list(first.values())

    def first_seed_runs(self, **where: Any) -> list[Run]:
        """The run with maps with the smallest seed of every network on every data set, if it matches `where`."""
        return [run for run in self._first_seed_runs if all(run[key] == value for key, value in where.items())]

    def phase_runs(self) -> list[Run]:
        """The runs whose phases and amplitudes are tested."""
        seeds = self.config["shortcuts"]["phase_seeds"]
        return {"first": self._first_seed_runs, "all": self._mapped, "none": []}[seeds]

    def reliance_runs(self) -> list[Run]:
        """The runs whose networks are trained anew without the frequencies of their maps."""
        planned = zip(self._runs, self._entries.values(), strict=True)
        chosen = [run for run, entries in planned if any(entry.get("reliance", False) for entry in entries)]
        return [run for run in chosen if run in self._mapped and self.is_trained(run)]

    @cached_property
    def _methods(self) -> dict[tuple[Any, ...], list[str]]:
        return {
            values: list(dict.fromkeys(name for entry in entries for name in entry.get("methods", [])))
            for values, entries in self._entries.items()
        }

    def methods(self, **where: Any) -> list[str]:
        """The planned methods that find maps beside the culling of the study, of all runs that match `where`."""
        return list(dict.fromkeys(name for run in self.runs(**where) for name in self._methods[tuple(run.values())]))

    def used_methods(self) -> list[str]:
        """The methods that the study runs: those that are scored or tested."""
        return list(dict.fromkeys([*self.methods(), *self.tested_methods()]))

    def scored_runs(self) -> list[Run]:
        """The runs whose planned methods are scored: on data sets whose truth is known."""
        names = self.datasets_with_truth()
        return [run for run in self._runs if run["dataset"] in names and self._methods[tuple(run.values())]]

    def transfers(self) -> list[tuple[Run, Run]]:
        """(run whose maps are tested, run that they are tested on), of one seed, for every planned transfer."""
        pairs = []
        for entry in self.config["transfer"]:
            ends = [
                self.mapped_runs(dataset=entry["dataset"], **dict(zip(NETWORK[1:], entry[end].split("/"), strict=True)))
                for end in ("maps_of", "tested_on")
            ]
            pairs += [(source, target) for source, target in product(*ends) if source["seed"] == target["seed"]]
        return pairs

    def baselines(self) -> list[list[str]]:
        """[data set, network, augmentation] of the baseline of every set of photographs.

        It is the first network with maps that is planned for the set, without augmentation if that is planned.
        """
        networks = []
        for name in self.mapped_datasets("photographs"):
            network = self.mapped_runs(dataset=name)[0]["network"]
            augmentations = [run["augmentation"] for run in self.mapped_runs(dataset=name, network=network)]
            networks.append([name, network, "none" if "none" in augmentations else augmentations[0]])
        return networks

    def non_baselines(self) -> list[list[str]]:
        """[data set, network, augmentation] of everything on photographs that is not the baseline, in order."""
        planned = [
            [run[key] for key in NETWORK]
            for name in self.mapped_datasets("photographs")
            for run in self.mapped_runs(dataset=name)
        ]
        baselines, networks = self.baselines(), dict.fromkeys(map(tuple, planned))
        return [list(key) for key in networks if list(key) not in baselines]

    # Data sets

    def datasets(self, *kinds: str) -> list[str]:
        """The planned data sets of these kinds (by default of all kinds), in order."""
        return self._of_kinds(self._runs, *kinds)

    def mapped_datasets(self, *kinds: str) -> list[str]:
        """The planned data sets of these kinds with a run whose maps are found, in order."""
        return self._of_kinds(self._mapped, *kinds)

    def _of_kinds(self, runs: list[Run], *kinds: str) -> list[str]:
        names = dict.fromkeys(run["dataset"] for run in runs)
        return [name for name in names if not kinds or self.kind_of(name) in kinds]

    def shape(self, dataset: str) -> Shape | None:
        """Shape of the images; None if only the user's store has it."""
        return self.source(dataset).shape(self, dataset)

    def datasets_with_truth(self) -> list[str]:
        """The planned data sets whose truth is known, and photographs with a known wave."""
        return [name for name in self.datasets() if self.has_truth(name)]

    def ood_datasets(self) -> list[str]:
        """The planned photographs that are tested out of distribution."""
        return [name for name in self.mapped_datasets("photographs") if self.renditions(name)]

    def stability_runs(self) -> list[Run]:
        """The runs with maps on the data sets of which a network has several seeds with maps to compare."""
        several = {run["dataset"] for run in self._mapped if run not in self._first_seed_runs}
        return [run for name in self.mapped_datasets() if name in several for run in self.mapped_runs(dataset=name)]

    def needed_splits(self, dataset: str, trains: bool) -> dict[str, str]:
        """The splits that a data set must have, and the reasons; `trains`: whether a network is trained on it."""
        mapped = dataset in self.mapped_datasets()
        parts = ("adcs", *(("culling", "shortcuts") if mapped else ()))
        needed = {self.config[part]["split"]: f"{part}.split" for part in parts}
        if mapped and self.config["ood"]["renditions"] and "ood" not in self.config["datasets"][dataset]:
            needed["test"] = "ood.renditions"
        return needed | {split: "training" for split in ("train", "validation", "test") if trains}

    def common_normalisation(self, dataset: str) -> dict[str, tuple[float, ...]] | None:
        """Mean and std of a data set's external networks, a number per channel; None if they differ or have none."""
        networks = [self.config["networks"][run["network"]] for run in self.runs(dataset=dataset)]
        statistics = {(tuple(network.get("mean") or ()), tuple(network.get("std") or ())) for network in networks}
        mean, std = statistics.pop() if len(statistics) == 1 else ((), ())
        return {"mean": mean, "std": std} if mean else None

    # Files of runs

    def searches(self) -> list[str]:
        """What jobs search for, as rule and file without suffix: maps or parts of them, and those of methods."""
        parts, names = self.config["culling"]["parts"], self.tested_methods()
        own = (
            [f"find_part/dfm/{FOLDER}_part{part}" for part in range(parts)]
            if parts > 1
            else [f"find_maps/dfm/{FOLDER}"]
        )
        files = [*own, *(f"find_maps/maps/{name}/{FOLDER}" for name in names)]
        return [file.format(**run) for run in self._mapped for file in files]

    def map_files(self, **where: Any) -> list[str]:
        """The files of maps of all methods, of every run that matches `where`."""
        return [
            f"{self.results}/maps/{name}/{FOLDER}.h5".format(**run)
            for run in self.runs(**where)
            for name in self._methods[tuple(run.values())]
        ]

    def tested_maps(self, run: Run) -> list[str]:
        """The files of the maps of a run that are tested: of the culling, then one a method."""
        folders = ["dfm", *(f"maps/{name}" for name in self.tested_methods())]
        return [f"{self.results}/{folder}/{FOLDER}.h5".format(**run) for folder in folders]
