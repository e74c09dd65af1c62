"""The plan of a study: its data sets, its runs and their files, from the configuration alone."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple

from frequency_shortcuts.maps.methods.registry import module_of

from .figures import FIGURES, METHOD_FIGURES
from .job import FOLDER, NETWORK, RUN, WITH_TRUTH
from .report import TABLES

Run = dict[str, Any]  # the keys of `RUN`

KINDS = (*WITH_TRUTH, "photographs")
# Augmentations that need maps of the same network trained without augmentation, and all that are meant to avoid
# shortcuts (those of `frequency_shortcuts.networks.augmentation`, whose import takes seconds).
WITH_MAPS = ("dfmx", "dfmx_random", "dfmx_low_pass")
CURES = (*WITH_MAPS, "afa")
# The tests of a run beyond those of the paper.
ROBUSTNESS = {"curves": "curves.csv", "sensitivity": "sensitivity.h5", "corruptions": "corruptions.csv"}


class Shape(NamedTuple):
    """Shape of an image."""

    channels: int
    height: int
    width: int


# Data sets that are downloaded, and the section of the configuration that describes those that are drawn.
DOWNLOADED = {"fashion_mnist": Shape(1, 32, 32), "cifar10": Shape(3, 32, 32)}
DRAWN = {"synthetic": "synthesis", "planted": "planting"}
N_CLASSES = {"fashion_mnist": 10, "cifar10": 10, "synthetic": 4}
N_CLASSES_PLANTED = {"joint": 2, "phase": 3}  # other mechanisms have one class per ring, and the neutral class


class Plan:
    """The plan of a configuration.

    config: a complete configuration (`configuration.mistakes` finds nothing), which must not change afterwards. A
    planned data set or network without a description raises KeyError when it is looked up.

    >>> Plan(config).runs(dataset="syn_1")[0]
    {'dataset': 'syn_1', 'network': 'resnet18_w8', 'augmentation': 'none', 'seed': 0}
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config
        self.results = f"results/{config['study']}"

    # Runs

    @cached_property
    def _runs(self) -> list[Run]:
        planned = dict.fromkeys(
            values for entry in self.config["plan"] for values in product(*(entry[f"{key}s"] for key in RUN))
        )
        return [dict(zip(RUN, values, strict=True)) for values in planned]

    def runs(self, **where: Any) -> list[Run]:
        """Every planned run once, in order; `where` keeps those that match."""
        return [run for run in self._runs if all(run[key] == value for key, value in where.items())]

    @cached_property
    def external_networks(self) -> list[str]:
        """The networks that the user provides: they are loaded, not trained."""
        return [name for name, network in self.config["networks"].items() if "source" in network]

    @cached_property
    def trained_networks(self) -> list[str]:
        """The networks that are trained."""
        return [name for name in self.config["networks"] if name not in self.external_networks]

    def is_trained(self, run: Mapping[str, Any]) -> bool:
        """Whether the network of a run is trained."""
        return run["network"] not in self.external_networks

    def trained_runs(self) -> list[Run]:
        """The runs whose networks are trained."""
        return [run for run in self._runs if self.is_trained(run)]

    @cached_property
    def _first_seed_runs(self) -> list[Run]:
        first: dict[tuple[str, ...], Run] = {}
        for run in self._runs:
            network = tuple(run[key] for key in NETWORK)
            if network not in first or run["seed"] < first[network]["seed"]:
                first[network] = run
        return list(first.values())

    def first_seed_runs(self, **where: Any) -> list[Run]:
        """The run with the smallest seed of every network on every data set; `where` keeps those that match."""
        return [run for run in self._first_seed_runs if all(run[key] == value for key, value in where.items())]

    def halved_runs(self) -> list[Run]:
        """The runs that are culled again on two halves of their images."""
        return self._first_seed_runs if self.config["stability"]["halves"] else []

    @cached_property
    def _methods(self) -> dict[tuple[Any, ...], list[str]]:
        found: dict[tuple[Any, ...], dict[str, None]] = {}
        for entry in self.config["plan"]:
            for values in product(*(entry[f"{key}s"] for key in RUN)):
                found.setdefault(values, {}).update(dict.fromkeys(entry.get("methods", [])))
        return {values: list(names) for values, names in found.items()}

    def methods(self, **where: Any) -> list[str]:
        """The planned methods that find maps beside the culling of the study, of all runs that match `where`."""
        return list(dict.fromkeys(name for run in self.runs(**where) for name in self._methods[tuple(run.values())]))

    def used_methods(self) -> list[str]:
        """The methods that the study runs: those that are compared, and the one whose maps trainings use."""
        trained = any(run["augmentation"] in WITH_MAPS for run in self.trained_runs())
        return list(dict.fromkeys([*self.methods(), *([self.config["training"]["dfmx"]["maps"]] if trained else [])]))

    def compared_runs(self, **where: Any) -> list[Run]:
        """The runs for which methods are planned."""
        return [run for run in self.runs(**where) if self._methods[tuple(run.values())]]

    def method_modules(self, name: str) -> list[str]:
        """The modules of the library that a method of the section `methods` runs; its own comes first."""
        settings = self.config["methods"][name]
        others = ["ranking"] if settings["method"] == "greedy" else []
        return [module_of(settings["method"]), *(module_of(settings.get(key, "culling")) for key in others)]

    def method_settings(self, name: str) -> dict[str, Any]:
        """The settings of a method, without its name and its split."""
        return {key: value for key, value in self.config["methods"][name].items() if key not in ("method", "split")}

    def method_images(self, name: str) -> dict[str, Any]:
        """The settings that choose the ranking images of a method: those of the culling, from its own split if any."""
        images, own = self.section("culling", "split", "images_per_class"), self.config["methods"][name]
        return images | {"split": own.get("split", images["split"])}

    def training_maps(self, dataset: str, network: str, augmentation: str, seed: int) -> str | list[str]:
        """The file of the maps that a training needs, those of the network without augmentation; [] for no file."""
        if augmentation not in WITH_MAPS:
            return []
        run = {"dataset": dataset, "network": network, "augmentation": "none", "seed": seed}
        return f"{self.results}/maps/{self.config['training']['dfmx']['maps']}/{FOLDER}.h5".format(**run)

    def training_modules(self, augmentation: str) -> list[str]:
        """The modules of the library that only a training with maps runs: what reads maps, and what uses them."""
        modules = ["frequency_shortcuts.maps.dfm", "frequency_shortcuts.networks.reduction"]
        return modules if augmentation in WITH_MAPS else []

    def cure_networks(self) -> list[list[str]]:
        """[data set, network] of every network that is planned without augmentation and with one of `CURES`."""
        planned: dict[tuple[str, str], set[str]] = {}
        for run in self.trained_runs():
            planned.setdefault((run["dataset"], run["network"]), set()).add(run["augmentation"])
        return [list(key) for key, names in planned.items() if "none" in names and not names.isdisjoint(CURES)]

    def cure_datasets(self) -> list[str]:
        """The data sets of `cure_networks`."""
        return list(dict.fromkeys(dataset for dataset, _ in self.cure_networks()))

    def transfers(self) -> list[tuple[Run, Run]]:
        """(run whose maps are tested, run that they are tested on), of one seed, for every planned transfer."""
        pairs = []
        for entry in self.config["transfer"]:
            ends = [
                self.runs(dataset=entry["dataset"], **dict(zip(NETWORK[1:], entry[end].split("/"), strict=True)))
                for end in ("maps_of", "tested_on")
            ]
            pairs += [(source, target) for source, target in product(*ends) if source["seed"] == target["seed"]]
        return pairs

    def baselines(self) -> list[list[str]]:
        """[data set, network, augmentation] of the baseline of every set of photographs.

        It is the first network that is planned for the set, without augmentation if that is planned.
        """
        found = []
        for name in self.datasets("photographs"):
            network = self.runs(dataset=name)[0]["network"]
            augmentations = [run["augmentation"] for run in self.runs(dataset=name, network=network)]
            found.append([name, network, "none" if "none" in augmentations else augmentations[0]])
        return found

    def non_baselines(self) -> list[list[str]]:
        """[data set, network, augmentation] of everything on photographs that is not the baseline, in order."""
        planned = [
            [run[key] for key in NETWORK] for name in self.datasets("photographs") for run in self.runs(dataset=name)
        ]
        baselines, found = self.baselines(), dict.fromkeys(map(tuple, planned))
        return [list(key) for key in found if list(key) not in baselines]

    # Data sets

    def datasets(self, *kinds: str) -> list[str]:
        """The planned data sets of these kinds (by default of all kinds), in order."""
        names = dict.fromkeys(run["dataset"] for run in self._runs)
        return [name for name in names if not kinds or self.kind_of(name) in kinds]

    def kind_of(self, dataset: str) -> str:
        """Whether a data set is synthetic, planted, or holds photographs."""
        source = str(self.config["datasets"][dataset]["source"])
        return source if source in WITH_TRUTH else "photographs"

    def datasets_with_truth(self) -> list[str]:
        """The planned data sets whose truth is known, and photographs with a known wave."""
        return [
            name for name in self.datasets() if self.kind_of(name) in WITH_TRUTH or name in self.from_source("waved")
        ]

    def from_source(self, source: str) -> list[str]:
        """All data sets of the configuration, planned or not, that come from a source."""
        return [name for name, dataset in self.config["datasets"].items() if dataset["source"] == source]

    def shape(self, dataset: str) -> Shape | None:
        """Shape of the images; None if only the user's store has it."""
        settings = self.config["datasets"][dataset]
        source = settings["source"]
        if source in DOWNLOADED:
            return DOWNLOADED[source]
        if source == "store":
            return None
        if source == "waved":
            return self.shape(settings["of"])
        if source in DRAWN:
            settings = self.config[DRAWN[source]]
        size = settings["size"]
        height, width = (size, size) if isinstance(size, int) else size
        return Shape(settings["channels"], height, width)

    def n_classes(self, dataset: str) -> int | None:
        """Number of classes; None if only the user's files have it."""
        settings = self.config["datasets"][dataset]
        source = settings["source"]
        if source == "waved":
            return self.n_classes(settings["of"])
        if source == "planted":
            mechanism = settings["mechanism"]
            return N_CLASSES_PLANTED.get(mechanism, 1 + len(self.planting(mechanism)["rings"]))
        return N_CLASSES.get(source) or len(settings.get("classes") or settings.get("class_names") or ()) or None

    def needed_splits(self, dataset: str, trains: bool) -> dict[str, str]:
        """The splits that a data set must have, and the reasons; `trains`: whether a network is trained on it."""
        needed = {
            self.config[part]["split"]: f"{part}.split" for part in ("adcs", "culling", "shortcuts", "robustness")
        }
        if self.config["ood"]["renditions"] and "ood" not in self.config["datasets"][dataset]:
            needed["test"] = "ood.renditions"
        for name in self.methods(dataset=dataset):
            needed.setdefault(self.method_images(name)["split"], f"methods.{name}.split")
        return needed | {split: "training" for split in ("train", "validation", "test") if trains}

    def twin_datasets(self) -> list[str]:
        """All data sets with an out-of-distribution twin in folders."""
        return [name for name, dataset in self.config["datasets"].items() if "ood" in dataset]

    def renditions(self, dataset: str) -> list[str]:
        """The renditions of a data set: those of its twin, or the synthetic ones."""
        twin = self.config["datasets"][dataset].get("ood")
        return list((twin or self.config["ood"])["renditions"])

    def rendition_files(self, dataset: str) -> list[str]:
        """The image stores of all renditions of a data set."""
        return [f"{self.results}/data/ood/{dataset}/{rendition}.h5" for rendition in self.renditions(dataset)]

    def ood_datasets(self) -> list[str]:
        """The planned photographs that are tested out of distribution."""
        return [name for name in self.datasets("photographs") if self.renditions(name)]

    def stability_datasets(self) -> list[str]:
        """The planned data sets with maps to compare: of several runs, or of halves of the images."""
        names = {run["dataset"] for run in self.halved_runs()}
        return [name for name in self.datasets() if name in names or len(self.runs(dataset=name)) > 1]

    # Settings

    def setting(self, dpath: str, *default: Any) -> Any:
        """The value at keys joined by `/`, or the default. Raises KeyError if there is neither."""
        part: Any = self.config
        for key in dpath.split("/"):
            if default and not (isinstance(part, Mapping) and key in part):
                return default[0]
            part = part[key]
        return part

    def section(self, name: str, *keys: str) -> dict[str, Any]:
        """A section of the configuration, or some of its keys."""
        return {key: self.config[name][key] for key in keys or self.config[name]}

    def recipe(self, kind: str, network: str) -> dict[str, Any]:
        """The recipe of a training: the common one, then the changes for the kind of data set, then for the network."""
        training = self.config["training"]
        own = self.config["networks"][network].get("recipe", {})
        return {**training["recipe"], **training[kind].get("recipe", {}), **own}

    def training_settings(self, kind: str, augmentation: str = "none") -> dict[str, Any]:
        """The settings of a training besides its recipe, among them those of its augmentation and of no other."""
        training = self.config["training"]
        settings = {key: value for key, value in training[kind].items() if key != "recipe"}
        settings["stylised_share"] = training["stylised_share"]
        if augmentation in WITH_MAPS:
            settings |= self.section("training", "dfmx")["dfmx"] | {"modules": self.training_modules(augmentation)}
        if augmentation == "afa":
            settings["wave_strength"] = training["afa"]["strength"]
        return settings

    def planting(self, mechanism: str) -> dict[str, Any]:
        """The constants of the planted sets of a mechanism: those of all sets, updated with its own."""
        constants = copy.deepcopy(dict(self.config["planting"]))
        for key, value in constants.pop("mechanisms").get(mechanism, {}).items():
            constants[key] = {**constants[key], **value} if isinstance(value, Mapping) else value
        return constants

    def culling_settings(self) -> dict[str, Any]:
        """The keyword arguments of `culling.cull` in the configuration; those of screening only if it is used."""
        keys = ["method", "fill", "precision", "compiled", "memory_mib"]
        screened = self.config["culling"]["method"] == "screened"
        return self.section("culling", *keys, *(["percent", "target_recall", "patience"] if screened else []))

    def culled_images(self, images: str) -> dict[str, Any]:
        """The settings that choose the images of a culling: all of them, or with the seed of the halves one half."""
        chosen = self.section("culling", "split", "images_per_class")
        return chosen if images == "all" else chosen | self.section("stability", "seed")

    def shortcut_settings(self, **changes: Any) -> dict[str, Any]:
        """The keyword arguments of `shortcuts.measure` in the configuration, with changes."""
        keys = ("parts", "fills", "controls", "radial", "others", "negatives", "seed")
        return self.section("shortcuts", *keys) | changes

    def comparison_settings(self, dataset: str) -> dict[str, Any]:
        """The keyword arguments of `comparison.compare`: sets with a known truth are tested with the fill swap."""
        fills = ["swap"] if self.kind_of(dataset) in WITH_TRUTH else ["zeros", "swap"]
        return {"fills": fills, **self.section("shortcuts", "controls", "seed")}

    def band_edges(self, dataset: str) -> list[float]:
        """The band edges of a synthetic set; none of others."""
        return self.config["synthesis"]["band_edges"] if self.kind_of(dataset) == "synthetic" else []

    def store_settings(self, dataset: str) -> dict[str, Any]:
        """The settings that determine the content of the image store of a data set."""
        return {key: value for key, value in self.config["datasets"][dataset].items() if key != "ood"}

    def common_normalisation(self, dataset: str) -> dict[str, tuple[float, ...]] | None:
        """Mean and std of a data set's external networks, a number per channel; None if they differ or have none."""
        networks = [self.config["networks"][run["network"]] for run in self.runs(dataset=dataset)]
        found = {(tuple(network.get("mean") or ()), tuple(network.get("std") or ())) for network in networks}
        mean, std = found.pop() if len(found) == 1 else ((), ())
        return {"mean": mean, "std": std} if mean else None

    def folder_order(self, dataset: str) -> list[int]:
        """The classes in the order of the names of their folders, in which the published tools number them."""
        folders = list((self.config["datasets"][dataset].get("classes") or {}).values())
        return sorted(range(len(folders)), key=folders.__getitem__)

    def published_file(self, name: str, dataset: str, network: str, augmentation: str) -> str:
        """The file of the published maps of a network. Raises ValueError if none are listed."""
        for entry in self.config["published"]:
            if [entry[key] for key in ("name", *NETWORK)] == [name, dataset, network, augmentation]:
                return str(entry["file"])
        raise ValueError(f"published: there are no maps {name} for {network}/{augmentation} on {dataset}")

    # Files

    def expand_runs(self, pattern: str, *kinds: str, trained: bool = False, **where: Any) -> list[str]:
        """A pattern filled in with every planned run on data sets of these kinds, if trained, that matches `where`."""
        datasets = set(self.datasets(*kinds))
        runs = (run for run in self.runs(**where) if run["dataset"] in datasets)
        return [pattern.format(**run) for run in runs if not trained or self.is_trained(run)]

    def expand_first_seeds(self, pattern: str, **where: Any) -> list[str]:
        """A pattern filled in with the runs of `first_seed_runs`."""
        return [pattern.format(**run) for run in self.first_seed_runs(**where)]

    def expand_waved(self, pattern: str) -> list[str]:
        """A pattern filled in with every run on photographs with a wave."""
        return [file for name in self.from_source("waved") for file in self.expand_runs(pattern, dataset=name)]

    def expand_compared(self, pattern: str, *kinds: str) -> list[str]:
        """A pattern filled in with every run on data sets of these kinds for which methods are planned."""
        datasets = set(self.datasets(*kinds))
        return [pattern.format(**run) for run in self.compared_runs() if run["dataset"] in datasets]

    def map_files(self, **where: Any) -> list[str]:
        """The files of maps of all methods, of every run that matches `where`."""
        return [
            f"{self.results}/maps/{name}/{FOLDER}.h5".format(**run)
            for run in self.compared_runs(**where)
            for name in self._methods[tuple(run.values())]
        ]

    def expand_halved(self, pattern: str) -> list[str]:
        """A pattern filled in with the runs of `halved_runs`."""
        return [pattern.format(**run) for run in self.halved_runs()]

    def expand_ood(self, pattern: str) -> list[str]:
        """A pattern filled in with every run that is tested out of distribution."""
        return [file for name in self.ood_datasets() for file in self.expand_runs(pattern, dataset=name)]

    def expand_published(self, pattern: str) -> list[str]:
        """A pattern filled in with every run of a network with published maps, and their {name}."""
        return [
            pattern.format(**run, name=entry["name"])
            for entry in self.config["published"]
            for run in self.runs(**{key: entry[key] for key in NETWORK})
        ]

    def expand_cullings(self, pattern: str) -> list[str]:
        """A pattern filled in with every job that culls: the run, its {images} (all, half0 or half1) and the {part}."""
        jobs = [(run, "all") for run in self.runs()]
        jobs += [(run, half) for run in self.halved_runs() for half in ("half0", "half1")]
        parts = range(self.config["culling"]["parts"])
        return [pattern.format(**run, images=images, part=part) for run, images in jobs for part in parts]

    def figures(self) -> list[str]:
        """Names of all figures."""
        drawn = [f"{kind}_{name}" for kind, figure in FIGURES.items() for name in figure.names(self)]
        return [*drawn, "rule_graph"]

    def cover_figures(self) -> list[str]:
        """Figures of the cover: maps and shortcuts of the first photographs, ADCS of the first synthetic set."""
        first, *_ = self.datasets()
        photographs, synthetic = ((self.datasets(kind) or [first])[0] for kind in ("photographs", "synthetic"))
        return [f"dfm_{photographs}", f"shortcuts_{photographs}", f"adcs_{synthetic}"]

    def test_tables(self) -> list[str]:
        """Names of the tables from the tests of all runs."""
        planned = {
            "networks": True,
            "dynamics": self.trained_runs(),
            "bandstop": self.datasets("synthetic"),
            "shortcuts": True,
            "shortcuts_over_seeds": True,
            "phase": True,
            "planted_use": self.datasets(*WITH_TRUTH),
            "ood": self.ood_datasets(),
            "transfer": self.config["transfer"],
            "published": self.config["published"],
        }
        return [name for name, wanted in planned.items() if wanted]

    def paper_tables(self) -> list[str]:
        """Numbers of the rebuilt tables of the published study. They use the fill `zeros`, as published."""
        tested, in_renditions = ("zeros" in self.config[test]["fills"] for test in ("shortcuts", "ood"))
        wanted = {"1": self.baselines(), "2": self.non_baselines(), "3": in_renditions and self.ood_datasets()}
        return [number for number, rows in wanted.items() if rows and tested]

    def tables(self) -> list[str]:
        """Names of all tables."""
        scores = ["truth"] if self.datasets(*WITH_TRUTH) else []
        scores += ["stability"] if self.stability_datasets() else []
        scores += ["cure"] if self.cure_networks() else []
        paper = [f"table_{number}" for number in self.paper_tables()]
        last = ["findings", "published_numbers", "runtimes", "provenance"]
        return [*self.test_tables(), "curves", "corruptions", *scores, *paper, *last]

    def table_if_planned(self, name: str) -> str | list[str]:
        """The file of a table if it is planned, else an empty list, which means no file for Snakemake."""
        return f"{self.results}/tables/{name}.csv" if name in self.tables() else []

    def exported_maps(self, layout: str) -> list[str]:
        """The maps of a run in a published layout, one file per percentage."""
        percents = self.config["dfm"]["percents"]
        return [f"{self.results}/published/{FOLDER}/{layout}/top_{percent:g}.pkl" for percent in percents]

    def method_outputs(self) -> list[str]:
        """The tables and figures that compare the methods; nothing if no methods are planned."""
        if not self.compared_runs():
            return []
        tables = ["methods", "method_rates", "method_overlap"]
        tables += ["wave"] if self.expand_waved("") else []
        names = [f"{kind}_{name}" for kind in METHOD_FIGURES for name in FIGURES[kind].names(self)]
        return [
            *(f"{self.results}/tables/{name}.csv" for name in tables),
            *(f"{self.results}/figures/{name}.{suffix}" for name in names for suffix in ("svg", "png")),
        ]

    def cure_outputs(self) -> list[str]:
        """The tables and figures on trainings that avoid shortcuts; nothing if none are planned."""
        if not self.cure_networks():
            return []
        names = [f"cure_{name}" for name in FIGURES["cure"].names(self)]
        return [
            *(f"{self.results}/tables/{name}.csv" for name in ("cure", "findings")),
            *(f"{self.results}/figures/{name}.{suffix}" for name in names for suffix in ("svg", "png")),
        ]

    def outputs(self) -> list[str]:
        """Every file of the study except the report."""
        of_dataset = [file for name in self.datasets() for file in (f"data/{name}.h5", f"adcs/{name}.h5")]
        of_run = [
            *self.expand_runs(f"networks/{FOLDER}/weights.safetensors"),
            *self.expand_runs(f"dfm/{FOLDER}.h5"),
            *self.expand_halved(f"stability/{FOLDER}.h5"),
            *self.expand_runs(f"tests/{FOLDER}/bandstop.csv", "synthetic"),
            *self.expand_runs(f"tests/{FOLDER}/shortcuts.csv"),
            *self.expand_runs(f"tests/{FOLDER}/phase.csv"),
            *self.expand_runs(f"tests/{FOLDER}/planted_use.csv", *WITH_TRUTH),
            *self.expand_ood(f"tests/{FOLDER}/ood.csv"),
            *(file for name in ROBUSTNESS.values() for file in self.expand_runs(f"tests/{FOLDER}/{name}")),
            *self.expand_published(f"tests/{FOLDER}/published_{{name}}.csv"),
        ]
        tables = self.tables()
        of_all = [
            "checked.txt",
            "config.yaml",
            "tables/headlines.rst",
            *(["tests/transfer.csv"] if self.config["transfer"] else []),
            *(f"figures/{name}.{suffix}" for name in self.figures() for suffix in ("svg", "png")),
            *(f"tables/{name}.csv" for name in tables),
            *(f"tables/{name}.{suffix}" for name in TABLES if name in tables for suffix in ("tex", "html")),
        ]
        renditions = [file for name in self.ood_datasets() for file in self.rendition_files(name)]
        return [
            *renditions,
            *self.method_outputs(),
            *(f"{self.results}/{file}" for file in (*of_all, *of_dataset, *of_run)),
        ]
