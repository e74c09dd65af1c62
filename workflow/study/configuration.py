"""Check a configuration: one sentence per mistake, all of them at once, before anything runs.

The schema checks each key. Here are the rules that join several keys. What images, networks and methods allow, the
library says by `study.inputs`, before the first job.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
import yaml
from jsonschema.exceptions import ValidationError

from frequency_shortcuts.maps.methods.registry import METHOD_NAMES, METHODS
from frequency_shortcuts.spectrum.fills import named

from . import runs
from .datasets import complete, has_truth
from .schema import Validator, allowed, schema
from .sources import source_of

LONG = 200  # letters of what jsonschema says of a mistake, which has the whole value in it


def mistakes(config: Mapping[str, Any]) -> list[str]:
    """One sentence for each mistake in a configuration: the key, the value, what is allowed."""
    errors = sorted(Validator(schema()).iter_errors(config), key=lambda error: error.json_path)
    # References between parts are checked only if every part has the right type.
    return list(map(_sentence, errors)) or list(_references(config))


def _sentence(error: ValidationError) -> str:
    """The place, and what jsonschema says; where the schema has words of its own, the value and these."""
    place = ".".join(map(str, error.absolute_path)) or "at the top"
    message = error.message
    if "title" in error.schema or "oneOf" in error.schema:
        message = f"{error.instance!r} is not allowed, expected {allowed(error.schema)}"
    if len(message) > LONG:
        message = f"{message[: LONG // 2]} ... {message[-LONG // 2 :]}"
    return f"{place}: {message}"


def typed(value: Any) -> Any:
    """Values of `--config` as YAML has them: Snakemake reads the nested ones as text."""
    if isinstance(value, Mapping):
        return {key: typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    return yaml.safe_load(value) if isinstance(value, str) else value


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "nothing"


def _references(config: Mapping[str, Any]) -> Iterator[str]:
    """Names and numbers that must agree between parts of the configuration."""
    # The other checks look these names up.
    if first := [*_names(config)]:
        yield from first
        return
    config = complete(config)
    planned = runs.table(config)
    if config["plan"] and not planned["maps"].any():
        yield "plan: no network has maps, which the study needs; leave out maps: false of at least one entry"
    for i, entry in enumerate(config["plan"]):
        yield from _entry(config, planned, f"plan.{i}", entry)
    for name in config["datasets"]:
        yield from source_of(config, name).mistakes()
    if config["training"]["planted"]["geometry"]["flip"]:
        yield "training.planted.geometry.flip: true is not allowed, it would move what was planted; write flip: false"
    yield from _graded(config)
    for i, entry in enumerate(config["transfer"]):
        yield from _transfer(planned, f"transfer.{i}", entry)
    for section, part in config.items():
        seeds = part.get("seeds") if isinstance(part, Mapping) else None
        if isinstance(seeds, Mapping) and len(set(seeds.values())) < len(seeds):  # of splits
            yield f"{section}.seeds: {seeds} must differ, otherwise the splits hold the same images"
    yield from _culling(config)


def _names(config: Mapping[str, Any]) -> Iterator[str]:
    """Data sets, networks and methods that have no description, and data sets that have two."""
    methods, datasets = [*METHOD_NAMES, *config["methods"]], config["datasets"]
    known = {"datasets": datasets, "networks": config["networks"], "methods": methods}

    def unknown(key: str, names: Iterable[str], kind: str, choices: Iterable[str]) -> Iterator[str]:
        for name in names:
            if name not in choices:
                yield f"{key}: {name!r} is not one of {kind}; choose from {_listed(choices)}"

    for i, entry in enumerate(config["plan"]):
        for kind, choices in known.items():
            yield from unknown(f"plan.{i}.{kind}", entry.get(kind, ()), kind, choices)
    others = [name for name in methods if name != "culling"]  # its maps are always tested
    yield from unknown("shortcuts.methods", config["shortcuts"]["methods"], "methods", others)
    photographs = [name for name in datasets if not has_truth(config, name)]
    for name, dataset in datasets.items():
        if "set" in dataset:
            yield from unknown(
                f"datasets.{name}.set", [dataset["set"]], "the sets of photographs", photographs
            )
    for name, method in config["methods"].items():
        yield from unknown(
            f"methods.{name}.method", [method["method"]], "the methods of the library", METHODS
        )
    if config["graded"]["sets"]:
        trained = [name for name, network in config["networks"].items() if "source" not in network]
        yield from unknown(
            "graded.network", [config["graded"]["network"]], "the trained networks", trained
        )


def _entry(
    config: Mapping[str, Any], planned: pd.DataFrame, key: str, entry: Mapping[str, Any]
) -> Iterator[str]:
    """What the networks or data sets of an entry of the plan do not allow."""
    needed = {
        "methods": "methods find",
        "reliance": "reliance removes the frequencies of",
        "ood": "ood tests",
    }
    for name, why in needed.items():
        if entry.get(name) and not entry.get("maps", True):
            yield f"{key}: {why} maps, but maps is false; leave out one of the two"
    external = [name for name in entry["networks"] if "source" in config["networks"][name]]
    trains = len(external) < len(entry["networks"])
    if external and (entry["augmentations"] != ["none"] or len(entry["seeds"]) > 1):
        yield (
            f"{key}: {_listed(external)} is not trained, since it has a source; write "
            "augmentations: [none] and seeds: [0]"
        )
    for name in entry["datasets"]:
        dataset = config["datasets"][name]
        if trains and "sin" in entry["augmentations"] and "stylised" not in dataset:
            yield (
                f"{key}.augmentations: sin needs stylised images of {name}; write datasets.{name}.stylised: "
                "my_stylised_images or remove sin"
            )
        if "shares" in dataset:
            needed = runs.needed_splits(config, planned, name, trains)
            yield from _splits(config, name, needed, external)


def _splits(
    config: Mapping[str, Any], name: str, needed: Mapping[str, str], external: Sequence[str]
) -> Iterator[str]:
    """Splits that the study needs and a data set with `shares` does not have."""
    dataset = config["datasets"][name]
    there = {*dataset["shares"], *(["test"] if "test_root" in dataset else [])}
    for split, reason in needed.items():
        if split not in there:
            yield f"datasets.{name}.shares: {reason} needs a {split} split; the data set has {', '.join(sorted(there))}"
    unnormalised = [network for network in external if config["networks"][network]["mean"] is None]
    if unnormalised and "train" not in there:
        yield (
            f"networks.{unnormalised[0]}.mean: null takes mean and std of the training images, but {name} has none; "
            "write the mean and std that the network was trained with"
        )


def _graded(config: Mapping[str, Any]) -> Iterator[str]:
    """The section `graded`, and the constants of these sets."""
    settings = config["graded"]
    if not settings["sets"]:
        return
    every, last = settings["every"], settings["iterations"]
    if every > last:
        yield f"graded.every: {every} is not allowed, expected at most graded.iterations, {last}; write every: {last}"
    try:
        source_of(config, f"graded_{settings['first_seed']}").inspect()
    except ValueError as error:
        yield f"planting.mechanisms.graded: {error}; correct it, or leave these sets out; write graded.sets: 0"


def _transfer(planned: pd.DataFrame, key: str, entry: Mapping[str, Any]) -> Iterator[str]:
    """Both ends of a transfer must be planned with maps, and have a seed in common."""
    if runs.transfers({"transfer": [entry]}, planned).empty:
        of_set = planned[planned["maps"] & planned["dataset"].eq(entry["dataset"])]
        kinds = (of_set["network"] + "/" + of_set["augmentation"]).unique()
        yield (
            f"{key}: {entry['maps_of']} and {entry['tested_on']} have no planned seed in common, with maps for "
            f"{entry['dataset']}; planned is {_listed(kinds)}"
        )


def _culling(config: Mapping[str, Any]) -> Iterator[str]:
    """The section `culling`, and sections that use its maps."""
    culling = config["culling"]
    if named(culling["fill"]).needs_donors and culling["method"] == "screened":
        yield (
            "culling.fill: swap needs culling.method: exact, since screened predicts what the removal of a pair does; "
            "write method: exact or fill: zeros"
        )
    if culling["patch"] > 1 and (culling["method"], culling["parts"]) != ("exact", 1):
        yield (
            f"culling.patch: {culling['patch']} needs culling.method: exact and culling.parts: 1; "
            "write these, or patch: 1"
        )
    percents = config["dfm"]["percents"]  # the sizes of maps that are written
    for section in ("culling", "shortcuts") if culling["method"] == "screened" else ("shortcuts",):
        if (percent := config[section]["percent"]) not in percents:
            yield f"{section}.percent: {percent:g} is not one of dfm.percents {percents}; write percent: {percents[0]}"
