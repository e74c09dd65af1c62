"""What the configuration says of a training, of a search for maps and of the tests of maps."""

from collections.abc import Mapping
from typing import Any

from frequency_shortcuts.maps.methods import registry

from .datasets import kind_of


def section(config: Mapping[str, Any], name: str, *keys: str) -> dict[str, Any]:
    """Some keys of a section of the configuration."""
    return {key: config[name][key] for key in keys}


def recipe(config: Mapping[str, Any], dataset: str, network: str) -> dict[str, Any]:
    """The recipe of a training: the common one, with changes for the kind of data set, the network and the set."""
    training = config["training"]
    of_kind = training[kind_of(config, dataset)]
    found = {"epochs": of_kind["epochs"], **training["recipe"]}
    for part in (of_kind, config["networks"][network], config["datasets"][dataset]):
        found |= part.get("recipe", {})
    return found


def training(config: Mapping[str, Any], dataset: str, augmentation: str = "none") -> dict[str, Any]:
    """The settings of a training besides its recipe."""
    of_kind = config["training"][kind_of(config, dataset)]
    settings = config["datasets"][dataset]
    every_image = "cue_seed" in settings  # a graded set
    return {
        "images_per_class": None if every_image else of_kind["images_per_class"],
        "validation_per_class": of_kind["validation_per_class"],
        "dynamics": of_kind["dynamics"] | settings.get("dynamics", {}),
        "augmentation": {
            "name": augmentation,
            "stylised_share": config["training"]["stylised_share"],
            **of_kind["geometry"],
        },
    }


def search(config: Mapping[str, Any], maps: str) -> dict[str, Any]:
    """How the maps in a folder are found: in `maps/{name}` by a method, in `dfm` by the culling.

    `own`: whether it is the culling of the study; `method` and its `settings` (those of screening or cells only if
    used); `split` and `images_per_class` of the images that rank; `limits` of the passes.
    """
    culling = config["culling"]
    name = maps.partition("/")[2]
    if name in config["methods"]:
        settings = dict(config["methods"][name])
        method = settings.pop("method")
    elif name:
        method, settings = registry.resolve(name)
    else:
        method, settings = "culling", {"search": culling["method"], "fill": culling["fill"]}
        if culling["method"] == "screened":
            settings |= section(config, "culling", "percent", "target_recall", "patience")
        elif culling["patch"] > 1:
            settings["patch"] = culling["patch"]
    return {
        "own": not name,
        "method": method,
        "settings": settings,
        "limits": section(config, "culling", "precision", "compiled"),
        **section(config, "culling", "split", "images_per_class"),
    }


def trials(config: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """The settings of the test of maps, of `Trials`, with changes."""
    keys = ("parts", "fills", "controls", "radial", "others", "negatives", "seed")
    return section(config, "shortcuts", *keys) | changes


def advantage_trials(config: Mapping[str, Any], fills: list[str]) -> dict[str, Any]:
    """The same for the own-map advantage alone: random masks, with which it compares nothing, would cost time."""
    return trials(config, parts=["keep"], controls=0, radial=0, fills=fills)


def rendition_trials(config: Mapping[str, Any]) -> dict[str, Any]:
    """The same on renditions: with the fills of `ood`, and no random masks but those of the lowest frequencies."""
    radial = config["shortcuts"]["controls"]
    return trials(config, parts=["keep"], radial=radial, fills=config["ood"]["fills"])


def deciding(fills: list[str]) -> list[str]:
    """The fill that findings on photographs are about, zeros; if it is not tested, the first one."""
    return ["zeros"] if "zeros" in fills else list(fills[:1])
