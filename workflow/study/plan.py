"""The plan of a study: its runs, its data sets, the files of runs and all settings, from the configuration alone."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import product
from typing import Any

from frequency_shortcuts.maps.methods import registry

from . import draws
from .job import FOLDER, NETWORK, RUN, WITH_TRUTH
from .sources import BY_NAME
from .sources.description import Shape, Source

Run = dict[str, Any]  # the keys of `RUN`
KINDS = (*WITH_TRUTH, "photographs")


def _matching(runs: Iterable[Run], where: Mapping[str, Any]) -> list[Run]:
    return [run for run in runs if all(run[key] == value for key, value in where.items())]


def _kind(run: Mapping[str, Any]) -> list[str]:
    return [run["network"], run["augmentation"]]


class Plan:
    """The plan of a configuration, with its settings.

    config: a complete configuration (`configuration.mistakes` finds nothing), which must not change afterwards. A data
    set or network without a description raises KeyError when it is looked up. Whether it is planned does not matter.

    >>> Plan(config).runs(dataset="syn_1")[0]
    {'dataset': 'syn_1', 'network': 'resnet18_w8', 'augmentation': 'none', 'seed': 200}
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.draws = draws.read(config["harm"]["draws"])
        named = config["datasets"]
        drawn = dict(draws.drawn_datasets(self.draws, named))
        self.config = {**config, "datasets": {**named, **drawn, **dict(draws.graded_datasets(config))}}
        self._drawn_sets = frozenset(drawn)
        self.results = f"results/{config['study']}"

    def section(self, name: str, *keys: str) -> dict[str, Any]:
        """A section of the configuration, or some of its keys."""
        return {key: self.config[name][key] for key in keys or self.config[name]}

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

    def files(self, pattern: str, runs: Iterable[Mapping[str, Any]]) -> list[str]:
        """The files of runs, from their pattern below the results."""
        return [f"{self.results}/{pattern.format(**run)}" for run in runs]

    def runs(self, **where: Any) -> list[Run]:
        """Every planned run once, in order; `where` keeps those that match."""
        return _matching(self._runs, where)

    def _runs_with(self, key: str, default: bool) -> list[Run]:
        """The runs of which an entry has a key that is true."""
        planned = zip(self._runs, self._entries.values(), strict=True)
        return [run for run, entries in planned if any(entry.get(key, default) for entry in entries)]

    @cached_property
    def _mapped(self) -> list[Run]:
        return self._runs_with("maps", True)

    def mapped_runs(self, *kinds: str, **where: Any) -> list[Run]:
        """The runs whose maps are found and tested, in order: on data sets of these kinds, that match `where`."""
        names = self.datasets(*kinds)
        return [run for run in _matching(self._mapped, where) if run["dataset"] in names]

    def trained_runs(self) -> list[Run]:
        """The runs whose networks are trained."""
        return [run for run in self._runs if run["network"] not in self.external_networks]

    def first_seed_runs(self, **where: Any) -> list[Run]:
        """The run with maps with the smallest seed of every network on every data set, if it matches `where`."""
        first: dict[tuple[str, ...], Run] = {}
        for run in _matching(self._mapped, where):
            network = tuple(run[key] for key in NETWORK)
            if network not in first or run["seed"] < first[network]["seed"]:
                first[network] = run
        return list(first.values())

    def phase_runs(self) -> list[Run]:
        """The runs whose phases and amplitudes are tested."""
        seeds = self.config["shortcuts"]["phase_seeds"]
        return {"first": self.first_seed_runs(), "all": self._mapped, "none": []}[seeds]

    def ood_runs(self) -> list[Run]:
        """The runs whose maps are tested out of distribution: of photographs that have renditions."""
        planned = self._runs_with("ood", True)
        return [run for run in self.mapped_runs("photographs") if run in planned and self.renditions(run["dataset"])]

    def reliance_runs(self) -> list[Run]:
        """The runs whose networks are trained anew without the frequencies of their maps."""
        trained = self.trained_runs()
        return [run for run in self._runs_with("reliance", False) if run in self._mapped and run in trained]

    @cached_property
    def _methods(self) -> dict[tuple[Any, ...], list[str]]:
        return {
            values: list(dict.fromkeys(name for entry in entries for name in entry.get("methods", [])))
            for values, entries in self._entries.items()
        }

    def methods(self, **where: Any) -> list[str]:
        """The planned methods that find maps beside the culling of the study, of all runs that match `where`."""
        return list(dict.fromkeys(name for run in self.runs(**where) for name in self._methods[tuple(run.values())]))

    @cached_property
    def first_kinds(self) -> dict[str, list[str]]:
        """[network, augmentation] of the first kind of networks of each data set, with maps where some have.

        It is the first network that is planned for the set, without augmentation if that is planned.
        """
        first: dict[str, list[str]] = {}
        with_maps = self.mapped_datasets()
        for run in [*self._mapped, *(run for run in self._runs if run["dataset"] not in with_maps)]:
            kind = first.setdefault(run["dataset"], _kind(run))
            if _kind(run) == [kind[0], "none"]:
                kind[1] = "none"
        return first

    def first_kind_runs(self, **where: Any) -> list[Run]:
        """The runs with maps of the first kind of networks of each data set, if they match `where`."""
        return [run for run in _matching(self._mapped, where) if _kind(run) == self.first_kinds[run["dataset"]]]

    def tested_methods(self, run: Mapping[str, Any]) -> list[str]:
        """The methods whose maps of a run are found and tested beside those of the culling: none but of first kinds."""
        return list(self.config["shortcuts"]["methods"]) if _kind(run) == self.first_kinds[run["dataset"]] else []

    def scored_runs(self, *kinds: str) -> list[Run]:
        """The runs whose planned methods are scored: on data sets, of these kinds, whose truth is known."""
        names = self.datasets(*kinds)
        with_methods = [run for run in self._runs if self._methods[tuple(run.values())]]
        return [run for run in with_methods if run["dataset"] in names and self.has_truth(run["dataset"])]

    def scored_maps(self) -> list[str]:
        """The files of their maps, by run and method."""
        return [file for run in self.scored_runs() for file in self.map_files(**run)]

    def transfers(self) -> list[tuple[Run, Run]]:
        """(run whose maps are tested, run that they are tested on), of one seed, once for every planned transfer."""
        pairs = []
        for entry in self.config["transfer"]:
            ends = [
                self.mapped_runs(dataset=entry["dataset"], **dict(zip(NETWORK[1:], entry[end].split("/"), strict=True)))
                for end in ("maps_of", "tested_on")
            ]
            pairs += [(source, target) for source, target in product(*ends) if source["seed"] == target["seed"]]
        return [pair for i, pair in enumerate(pairs) if pair not in pairs[:i]]

    def transfer_sources(self) -> list[Run]:
        """The runs whose maps are tested, one for every transfer."""
        return [source for source, _ in self.transfers()]

    def transfer_targets(self) -> list[Run]:
        """The runs that they are tested on."""
        return [target for _, target in self.transfers()]

    def baselines(self) -> list[list[str]]:
        """[data set, network, augmentation] of the baseline of every set of photographs: its first kind of networks."""
        return [[name, *self.first_kinds[name]] for name in self.mapped_datasets("photographs")]

    def non_baselines(self) -> list[list[str]]:
        """[data set, network, augmentation] of everything on photographs that is not the baseline, in order."""
        names = self.mapped_datasets("photographs")
        planned = [[run[key] for key in NETWORK] for name in names for run in self.first_seed_runs(dataset=name)]
        return [network for network in planned if network not in self.baselines()]

    # Data sets

    def datasets(self, *kinds: str) -> list[str]:
        """The planned data sets of these kinds (by default of all kinds), in order."""
        names = dict.fromkeys(run["dataset"] for run in self._runs)
        return [name for name in names if not kinds or self.kind_of(name) in kinds]

    def trained_datasets(self) -> list[str]:
        """The planned data sets on which networks are trained, in order."""
        return list(dict.fromkeys(run["dataset"] for run in self.trained_runs()))

    def mapped_datasets(self, *kinds: str) -> list[str]:
        """The planned data sets of these kinds with a run whose maps are found, in order."""
        return list(dict.fromkeys(run["dataset"] for run in self.mapped_runs(*kinds)))

    def from_source(self, *sources: str) -> list[str]:
        """All data sets, planned or not, with one of these values of the key `source`."""
        return [name for name, dataset in self.config["datasets"].items() if dataset["source"] in sources]

    def dataset(self, name: str) -> Mapping[str, Any]:
        """A data set as the configuration describes it."""
        described: Mapping[str, Any] = self.config["datasets"][name]
        return described

    def source(self, dataset: str) -> Source:
        """Where a data set comes from."""
        return BY_NAME[self.dataset(dataset)["source"]]

    def files_of_source(self, dataset: str) -> dict[str, Any]:
        """The files that the store of a data set is made from, by their names."""
        return self.source(dataset).files(self, dataset)

    def settings_of_source(self, dataset: str) -> dict[str, Any]:
        """The settings that determine the content of a store."""
        return self.source(dataset).settings(self, dataset)

    def state_of_source(self, dataset: str) -> str:
        """A text that differs after the user's files of a data set have changed."""
        return self.source(dataset).state(self, dataset)

    def kept_datasets(self) -> list[str]:
        """All data sets, planned or not, whose stores stay."""
        return [name for name in self.config["datasets"] if name not in self._drawn_sets]

    def drawn_datasets(self) -> list[str]:
        """All data sets that a table of a benchmark draws, whose stores are temporary."""
        return [name for name in self.config["datasets"] if name in self._drawn_sets]

    def kind_of(self, dataset: str) -> str:
        """Whether a data set is synthetic, planted, or holds photographs."""
        return self.source(dataset).kind

    def has_truth(self, dataset: str) -> bool:
        """Whether it is known which frequencies were planted."""
        return self.source(dataset).has_truth(self.dataset(dataset))

    def shape(self, dataset: str) -> Shape | None:
        """Shape of the images; None if only the user's store has it."""
        return self.source(dataset).shape(self, dataset)

    def band_edges(self, dataset: str) -> list[float]:
        """The band edges of a synthetic set; none of others."""
        return self.config["synthesis"]["band_edges"] if self.kind_of(dataset) == "synthetic" else []

    def planting(self, mechanism: str) -> dict[str, Any]:
        """The constants of the planted sets of a mechanism: those of all sets, updated with its own."""
        constants = self.section("planting")
        own: Mapping[str, Any] = constants.pop("mechanisms").get(mechanism, {})
        return {**constants, **own}

    def twin_datasets(self) -> list[str]:
        """All data sets with an out-of-distribution twin in folders."""
        return [name for name, dataset in self.config["datasets"].items() if "ood" in dataset]

    def ood_datasets(self) -> list[str]:
        """The planned photographs that are tested out of distribution."""
        return list(dict.fromkeys(run["dataset"] for run in self.ood_runs()))

    def renditions(self, dataset: str) -> list[str]:
        """The renditions of a data set: those of its twin, or the synthetic ones."""
        twin = self.dataset(dataset).get("ood")
        return list((twin or self.config["ood"])["renditions"])

    def rendition_files(self, dataset: str) -> list[str]:
        """The image stores of all renditions of a data set."""
        return [f"{self.results}/data/ood/{dataset}/{rendition}.h5" for rendition in self.renditions(dataset)]

    def needed_splits(self, dataset: str, trains: bool) -> dict[str, str]:
        """The splits that a data set must have, and the reasons; `trains`: whether a network is trained on it."""
        mapped = dataset in self.mapped_datasets()
        parts = ("adcs", *(("culling", "shortcuts") if mapped else ()))
        needed = {self.config[part]["split"]: f"{part}.split" for part in parts}
        if dataset in self.ood_datasets() and "ood" not in self.config["datasets"][dataset]:
            needed["test"] = "ood.renditions"
        return needed | {split: "training" for split in ("train", "validation", "test") if trains}

    def common_normalisation(self, dataset: str) -> dict[str, tuple[float, ...]] | None:
        """Mean and std of a data set's external networks, a number per channel; None if they differ or have none."""
        networks = [self.config["networks"][run["network"]] for run in self.runs(dataset=dataset)]
        statistics = {(tuple(network.get("mean") or ()), tuple(network.get("std") or ())) for network in networks}
        mean, std = statistics.pop() if len(statistics) == 1 else ((), ())
        return {"mean": mean, "std": std} if mean else None

    # Networks

    @cached_property
    def external_networks(self) -> list[str]:
        """The networks that the user provides: they are loaded, not trained."""
        return [name for name, network in self.config["networks"].items() if "source" in network]

    @property
    def trained_networks(self) -> list[str]:
        """The networks that are trained."""
        return [name for name in self.config["networks"] if name not in self.external_networks]

    def recipe(self, dataset: str, network: str) -> dict[str, Any]:
        """The recipe of a training: the common one, with changes for the kind of data set, the network and the set."""
        training, of_kind = self.config["training"], self.config["training"][self.kind_of(dataset)]
        recipe = {"epochs": of_kind["epochs"], **training["recipe"]}
        for part in (of_kind, self.config["networks"][network], self.dataset(dataset)):
            recipe |= part.get("recipe", {})
        return recipe

    def training_settings(self, dataset: str, augmentation: str = "none") -> dict[str, Any]:
        """The settings of a training besides its recipe."""
        training, of_kind = self.config["training"], self.config["training"][self.kind_of(dataset)]
        chosen = {"name": augmentation, "stylised_share": training["stylised_share"], **of_kind["geometry"]}
        return {
            **{key: of_kind[key] for key in ("images_per_class", "validation_per_class")},
            **({"images_per_class": None} if "cue_seed" in self.dataset(dataset) else {}),  # of graded sets, all
            "dynamics": of_kind["dynamics"] | self.dataset(dataset).get("dynamics", {}),
            "augmentation": chosen,
        }

    # Methods that find maps

    def search(self, maps: str) -> dict[str, Any]:
        """How the maps in a folder are found: in `maps/{name}` by a method, in `dfm` by the culling.

        `own`: whether it is the culling of the study; `method` and its `settings` (those of screening or cells only if
        used); `split` and `images_per_class` of the images that rank; `limits` of the passes.
        """
        culling, name = self.config["culling"], maps.partition("/")[2]
        if name in self.config["methods"]:
            settings = dict(self.config["methods"][name])
            method = settings.pop("method")
        elif name:
            method, settings = registry.resolve(name)
        else:
            method, settings = "culling", {"search": culling["method"], "fill": culling["fill"]}
            if culling["method"] == "screened":
                settings |= self.section("culling", "percent", "target_recall", "patience")
            elif culling["patch"] > 1:
                settings["patch"] = culling["patch"]
        return {
            "own": not name,
            "method": method,
            "settings": settings,
            "limits": self.section("culling", "precision", "compiled"),
            **self.section("culling", "split", "images_per_class"),
        }

    def searches(self) -> list[str]:
        """What jobs search for, as rule and file without suffix: maps or parts of them, and those of methods."""
        parts = self.config["culling"]["parts"]
        of_parts = [f"find_part/dfm/{FOLDER}_part{part}" for part in range(parts)]
        own = of_parts if parts > 1 else [f"find_maps/dfm/{FOLDER}"]
        return [
            file.format(**run)
            for run in self._mapped
            for file in (*own, *(f"find_maps/maps/{name}/{FOLDER}" for name in self.tested_methods(run)))
        ]

    def map_files(self, **where: Any) -> list[str]:
        """The files of maps of all methods, of every run that matches `where`."""
        return [
            f"{self.results}/maps/{name}/{FOLDER}.h5".format(**run)
            for run in self.runs(**where)
            for name in self._methods[tuple(run.values())]
        ]

    def tested_maps(self, run: Run) -> list[str]:
        """The files of the maps of a run that are tested: of the culling, then one a method."""
        folders = ["dfm", *(f"maps/{name}" for name in self.tested_methods(run))]
        return [f"{self.results}/{folder}/{FOLDER}.h5".format(**run) for folder in folders]

    # Tests and benchmarks

    def shortcut_settings(self, **changes: Any) -> dict[str, Any]:
        """The settings of `Trials` in the configuration, with changes."""
        keys = ("parts", "fills", "controls", "radial", "others", "negatives", "seed")
        return self.section("shortcuts", *keys) | changes

    def advantage_settings(self, **changes: Any) -> dict[str, Any]:
        """The same for the own-map advantage alone: random masks, with which it compares nothing, would cost time."""
        return self.shortcut_settings(parts=["keep"], controls=0, radial=0, **changes)

    def rendition_settings(self) -> dict[str, Any]:
        """The same on renditions: with the fills of `ood`, and no random masks but those of the lowest frequencies."""
        radial = self.config["shortcuts"]["controls"]
        return self.shortcut_settings(parts=["keep"], radial=radial, **self.section("ood", "fills"))

    @cached_property
    def graded_runs(self) -> list[Run]:
        """The networks on the graded sets, one a set; none if there are no such sets."""
        settings = self.config["graded"]
        seeds = range(settings["first_seed"], settings["first_seed"] + settings["sets"])
        return [dict(zip(RUN, (f"graded_{seed}", settings["network"], "none", seed), strict=True)) for seed in seeds]

    @cached_property
    def drawn(self) -> dict[tuple[Any, ...], draws.Draw]:
        """The networks of the benchmark, by the values of their runs; where all images are alike, trained plainly."""
        datasets, trainings = self.config["datasets"], self.config["harm"]["augmentations"]
        return {
            (draws.dataset_of(draw, datasets), draw.architecture, training, draw.seed): draw
            for draw in self.draws
            for training in (["none"] if draw.matched else trainings)
        }

    @property
    def drawn_runs(self) -> list[Run]:
        """The runs of `drawn`."""
        return [dict(zip(RUN, values, strict=True)) for values in self.drawn]

    def plain_set(self, dataset: str) -> str:
        """The data set without the artefacts of another; the same one, if it has none, or if all images have them."""
        draw = next(draw for values, draw in self.drawn.items() if values[0] == dataset)
        return dataset if draw.matched else draws.base_of(draw, self.config["datasets"])
