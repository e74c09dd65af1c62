"""The settings of a study: what the configuration says about data sets, networks, methods and tests."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from frequency_shortcuts.data.artefacts import CASES
from frequency_shortcuts.maps.methods import registry

from .job import WITH_TRUTH
from .sources.description import Source
from .sources.registry import BY_NAME

KINDS = (*WITH_TRUTH, "photographs")
CLEAN = "clean"  # the case of the benchmark of cures that has no artefact
CROP_BATCH = 32  # images in a batch of the networks on crops, which learn faint traces slowly


class StudySettings:
    """The settings of a configuration.

    config: a complete configuration (`configuration.mistakes` finds nothing), which must not change afterwards. A data
    set or network without a description raises KeyError when it is looked up. Whether it is planned does not matter.

    >>> Settings(config).kind_of("fashion_mnist")
    'photographs'
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config
        self.results = f"results/{config['study']}"

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

    # Data sets

    def dataset(self, name: str) -> Mapping[str, Any]:
        """A data set as the configuration describes it."""
        described: Mapping[str, Any] = self.config["datasets"][name]
        return described

    def source(self, dataset: str) -> Source:
        """Where a data set comes from."""
        return BY_NAME[self.dataset(dataset)["source"]]

    def kind_of(self, dataset: str) -> str:
        """Whether a data set is synthetic, planted, or holds photographs."""
        return self.source(dataset).kind

    def has_truth(self, dataset: str) -> bool:
        """Whether it is known which frequencies were planted."""
        return self.source(dataset).has_truth(self.dataset(dataset))

    def kind_in_findings(self, dataset: str) -> str:
        """The same, but photographs whose truth is known are no photographs: their cue was made."""
        kind = self.kind_of(dataset)
        return "planted" if self.has_truth(dataset) and kind not in WITH_TRUTH else kind

    def from_source(self, *sources: str) -> list[str]:
        """All data sets of the configuration, planned or not, with one of these values of the key `source`."""
        return [name for name, dataset in self.config["datasets"].items() if dataset["source"] in sources]

    def planting(self, mechanism: str) -> dict[str, Any]:
        """The constants of the planted sets of a mechanism: those of all sets, updated with its own."""
        constants = self.section("planting")
        own: Mapping[str, Any] = constants.pop("mechanisms").get(mechanism, {})
        return {**constants, **own}

    def graded_seeds(self) -> list[int]:
        """The seeds of the graded sets; none if there are no such sets."""
        first = self.config["graded"]["first_seed"]
        return list(range(first, first + self.config["graded"]["sets"]))

    def graded_settings(self) -> dict[str, Any]:
        """How graded sets are drawn, and how their networks are trained and tested."""
        constants, settings = self.planting("graded"), self.section("graded")
        images, network = constants.pop("images_per_class"), settings["network"]
        del constants["seeds"], constants["cue_seed"]
        return {
            "constants": constants,
            "network": self.config["networks"][network],
            "recipe": self.recipe("planted", network) | {"batch_size": settings["batch_size"]},
            "geometry": self.config["training"]["planted"]["geometry"],
            "iterations": settings["iterations"],
            "every": settings["every"],
            "images": (images["train"], settings["test_images_per_class"]),
        }

    def leak_jobs(self) -> list[tuple[str, int]]:
        """The parts of the benchmark and their seeds, in order; none if there is no benchmark."""
        settings = self.config["leaks"]
        counts = {  # what takes longest first
            "photographs": "crop_seeds", "pairs": "pair_seeds", "clothing": "seeds", "textures": "crop_seeds"
        }  # fmt: skip
        first = settings["first_seed"]
        return [(part, first + number) for part, key in counts.items() for number in range(settings[key])]

    def leak_images(self, part: str) -> str:
        """What the networks of a part of the benchmark are trained on: a store, or a folder of photographs."""
        if part in ("photographs", "textures"):
            return f"{self.results}/{'pictures' if part == 'photographs' else part}"
        return f"{self.results}/data/{self.config['leaks']['of']}.h5"

    def leak_settings(self) -> dict[str, Any]:
        """How the networks of the benchmark are trained and tested."""
        settings = self.section("leaks")
        names = [settings["network"], settings["small_network"]]
        first, count = settings["first_seed"], settings["seeds"]
        recipe, geometry = self._training_on_photographs(settings["network"])
        crops = recipe | {"epochs": settings["crop_epochs"], "batch_size": CROP_BATCH}
        return settings | {
            "seeds": list(range(first, first + count)),
            "compared": list(range(first, first + settings["compared"])),
            "networks": {name: self.config["networks"][name] for name in names},
            "recipes": {"clothing": recipe, "pairs": recipe, "photographs": crops, "textures": crops},
            "geometry": geometry,
        }

    def _training_on_photographs(self, network: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The recipe of a network on photographs, with its epochs, and the geometry of its images."""
        photographs = self.config["training"]["photographs"]
        geometry = {
            key: tuple(value) if isinstance(value, list) else value for key, value in photographs["geometry"].items()
        }
        return self.recipe("photographs", network) | {"epochs": photographs["epochs"]}, geometry

    def cure_jobs(self) -> list[tuple[str, int]]:
        """The cases of the benchmark of cures, clean data first, and their seeds; none if there is no benchmark."""
        settings = self.config["cure"]
        first = settings["first_seed"]
        return [(case, first + number) for case in (CLEAN, *CASES) for number in range(settings["seeds"])]

    def cure_settings(self) -> dict[str, Any]:
        """How the networks of the benchmark of cures are trained and tested."""
        settings = self.section("cure", "images_per_class", "judging", "jpeg_in", "trainings") | {"cases": list(CASES)}
        network = self.config["cure"]["network"]
        recipe, augmentation = self._training_on_photographs(network)
        augmentation |= {f"swap_{key}": value for key, value in self.config["training"]["swap_fine"].items()}
        return settings | {"network": self.config["networks"][network], "recipe": recipe, "augmentation": augmentation}

    def band_edges(self, dataset: str) -> list[float]:
        """The band edges of a synthetic set; none of others."""
        return self.config["synthesis"]["band_edges"] if self.kind_of(dataset) == "synthetic" else []

    def store_settings(self, dataset: str) -> dict[str, Any]:
        """The settings that determine the content of the image store of a data set."""
        return {key: value for key, value in self.dataset(dataset).items() if key != "ood"}

    def twin_datasets(self) -> list[str]:
        """All data sets with an out-of-distribution twin in folders."""
        return [name for name, dataset in self.config["datasets"].items() if "ood" in dataset]

    def renditions(self, dataset: str) -> list[str]:
        """The renditions of a data set: those of its twin, or the synthetic ones."""
        twin = self.dataset(dataset).get("ood")
        return list((twin or self.config["ood"])["renditions"])

    def rendition_files(self, dataset: str) -> list[str]:
        """The image stores of all renditions of a data set."""
        return [f"{self.results}/data/ood/{dataset}/{rendition}.h5" for rendition in self.renditions(dataset)]

    # Networks

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
        if augmentation == "swap_fine":
            settings |= {f"swap_{key}": value for key, value in training["swap_fine"].items()}
        return settings

    # Methods that find maps

    def method(self, name: str) -> dict[str, Any]:
        """A method that the plan can name: `method` and its settings.

        It is an entry of the section `methods`, or a name of the library. Raises ValueError for another name.
        """
        if name in self.config["methods"]:
            return dict(self.config["methods"][name])
        method, settings = registry.resolve(name)
        return {"method": method, **settings}

    def search(self, maps: str) -> dict[str, Any]:
        """How the maps in a folder are found: in `maps/{name}` by a method, in `dfm` by the culling.

        `own`: whether it is the culling of the study; `method`, its `module` of the library and its `settings` (those
        of screening or cells only if used); `split` and `images_per_class` of the images that rank; `limits` of the
        passes, and `percents`, the sizes of the maps.
        """
        culling = self.config["culling"]
        own = {"method": "culling", "search": culling["method"], **self.section("culling", "fill")}
        if culling["method"] == "screened":
            own |= self.section("culling", "percent", "target_recall", "patience")
        elif culling["patch"] > 1:
            own |= self.section("culling", "patch")
        _, _, name = maps.partition("/")
        settings = self.method(name) if name else own
        return {
            "own": not name,
            "method": settings["method"],
            "module": registry.module_of(settings["method"]),
            "settings": {key: value for key, value in settings.items() if key != "method"},
            "limits": self.section("culling", "precision", "compiled"),
            **self.section("culling", "split", "images_per_class"),
            **self.section("dfm"),
        }

    # Tests

    def shortcut_settings(self, **changes: Any) -> dict[str, Any]:
        """The settings of `Trials` in the configuration, with changes."""
        keys = ("parts", "fills", "controls", "radial", "others", "negatives", "seed")
        return self.section("shortcuts", *keys) | changes

    def advantage_settings(self, **changes: Any) -> dict[str, Any]:
        """The same for the own-map advantage alone: random masks, with which it compares nothing, would cost time."""
        return self.shortcut_settings(parts=["keep"], controls=0, radial=0, **changes)

    def tested_methods(self) -> list[str]:
        """The methods whose maps the study finds and tests beside those of its culling."""
        return list(self.config["shortcuts"]["methods"])
