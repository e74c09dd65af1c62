"""Check a configuration: one sentence a mistake, all of them at once, before anything runs."""

from __future__ import annotations

import copy
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import product
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

KINDS = ("synthetic", "planted", "photographs")
SCHEMA = Path(__file__).parents[2] / "config" / "schema.yaml"


def planting(config: Mapping[str, Any], mechanism: str) -> dict[str, Any]:
    """The constants of the planted sets of a mechanism: those of all sets, and over them its own."""
    constants = copy.deepcopy(dict(config["planting"]))
    for key, value in constants.pop("mechanisms").get(mechanism, {}).items():
        constants[key] = {**constants[key], **value} if isinstance(value, Mapping) else value
    return constants


def mistakes(config: Mapping[str, Any]) -> list[str]:
    """What is wrong with a configuration, a sentence each: the key, the value, what is allowed, the line to write."""
    schema = yaml.safe_load(SCHEMA.read_text())
    errors = sorted(Draft202012Validator(schema).iter_errors(config), key=lambda e: [str(part) for part in e.path])
    # What refers to what can only be checked once every part has its shape.
    found = dict.fromkeys(sentence for error in errors for sentence in _sentences(error))
    return list(found) or list(_references(config))


def _sentences(error: ValidationError) -> Iterator[str]:
    key = _key(error.absolute_path)
    match error.validator:
        case "additionalProperties":
            known = list(error.schema.get("properties", {}))
            for name in sorted(map(str, set(error.instance) - set(known))):
                guess = get_close_matches(name, known, 1)
                hint = f"; did you mean {guess[0]}?" if guess else ""
                yield f"{_join(key, name)}: unknown key, allowed here are {', '.join(known)}{hint}"
        case "required":
            for name in error.validator_value:
                if name not in error.instance:
                    example = f"; write, under {key or 'the top level'}: {name}: <{_allowed(error, name)}>"
                    yield f"{_join(key, name)}: missing{example}"
        case _:
            yield f"{key}: {error.instance!r} is not allowed, expected {_expected(error.schema)}; {_write(error)}"


def _write(error: ValidationError) -> str:
    return f"write {_last(error.absolute_path)}: <{_expected(error.schema)}>"


def _allowed(error: ValidationError, name: str) -> str:
    part = error.schema.get("properties", {}).get(name)
    return _expected(part) if isinstance(part, dict) else "value"


def _expected(schema: Mapping[str, Any]) -> str:
    """What a part of the schema allows, in words."""
    if "$ref" in schema:
        definitions = yaml.safe_load(SCHEMA.read_text())["$defs"]
        schema = {**definitions[schema["$ref"].rsplit("/", 1)[-1]], **schema}
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"]))
    if "pattern" in schema:
        return f"text like {schema['pattern']}"
    kinds = schema.get("type", "value")
    words = " or ".join("nothing (null)" if k == "null" else k for k in ([kinds] if isinstance(kinds, str) else kinds))
    bounds = [
        text.format(schema[name])
        for name, text in (
            ("minimum", "at least {}"),
            ("exclusiveMinimum", "above {}"),
            ("maximum", "at most {}"),
            ("exclusiveMaximum", "below {}"),
            ("minItems", "with at least {} entries"),
            ("maxItems", "with at most {} entries"),
            ("minProperties", "with at least {} entries"),
        )
        if name in schema
    ]
    if schema.get("uniqueItems"):
        bounds.append("each only once")
    return " ".join([words, ", ".join(bounds)]).strip()


def _references(config: Mapping[str, Any]) -> Iterator[str]:
    """Names and numbers that must agree between parts of the configuration."""
    datasets, networks = config["datasets"], config["networks"]
    for i, entry in enumerate(config["plan"]):
        for kind, known in (("datasets", datasets), ("networks", networks)):
            for name in entry[kind]:
                if name not in known:
                    yield f"plan.{i}.{kind}: {name!r} is not one of {kind}; choose from {', '.join(known)}"
    planned: dict[tuple[str, str], set[int]] = {}
    for entry in config["plan"]:
        for dataset, network, augmentation in product(entry["datasets"], entry["networks"], entry["augmentations"]):
            planned.setdefault((dataset, f"{network}/{augmentation}"), set()).update(entry["seeds"])

    def planned_for(dataset: str) -> dict[str, set[int]]:
        return {run: seeds for (name, run), seeds in planned.items() if name == dataset}

    for i, entry in enumerate(config["transfer"]):
        choices = planned_for(entry["dataset"])
        ends = ("maps_of", "tested_on")
        for end in ends:
            if entry[end] not in choices:
                there = ", ".join(choices) or "nothing"
                yield f"transfer.{i}.{end}: {entry[end]!r} is not planned for {entry['dataset']}; planned is {there}"
        if all(entry[end] in choices for end in ends) and not set.intersection(*(choices[entry[end]] for end in ends)):
            yield f"transfer.{i}: {entry['maps_of']} and {entry['tested_on']} are planned with no seed in common"
    yield from _brought(config)
    tested: Counter[tuple[str, ...]] = Counter()
    for i, entry in enumerate(config["published"]):
        run, choices = f"{entry['network']}/{entry['augmentation']}", planned_for(entry["dataset"])
        if run not in choices:
            there = ", ".join(choices) or "nothing"
            yield f"published.{i}: {run!r} is not planned for {entry['dataset']}; planned is {there}"
        if entry["name"] == "ours":
            yield f"published.{i}.name: 'ours' is what our own maps are called; write name: <another name>"
        tested[key := (entry["name"], entry["dataset"], run)] += 1
        if tested[key] == 2:
            yield f"published.{i}.name: {entry['name']!r} is named twice for {run} on {entry['dataset']}"
    edges = config["synthesis"]["band_edges"]
    corner = math.hypot(size := config["synthesis"]["size"], size) / 2
    if sorted(set(edges)) != list(edges) or edges[-1] > corner:
        yield (
            f"synthesis.band_edges: {edges} is not allowed, expected increasing radii of at most {corner:.1f} (the "
            f"corner of the spectrum of {size} pixels); write band_edges: <such as [4, 8, 12]>"
        )
    in_use = [datasets[name] for entry in config["plan"] for name in entry["datasets"] if name in datasets]
    for kind in KINDS:
        settings = config["training"][kind]
        low, high = settings["geometry"]["crop_scale"]
        if low > high:
            yield f"training.{kind}.geometry.crop_scale: [{low}, {high}] is not allowed, the least share comes first"
        elif settings["geometry"]["wrap"] and (low, high) != (1, 1):
            yield (
                f"training.{kind}.geometry.crop_scale: [{low}, {high}] is not allowed, images that wrap around are not "
                "cropped; write crop_scale: [1.0, 1.0] or wrap: false"
            )
        trained = [datasets[name] for name in _trained_on(config) if name in datasets]
        sizes = [size for dataset in trained if _kind(dataset) == kind for size in _size(dataset, config)]
        corner = math.sqrt(2) * min(sizes, default=math.inf) / 2
        if settings["dynamics"]["cutoff"] > corner:
            yield (
                f"training.{kind}.dynamics.cutoff: {settings['dynamics']['cutoff']} is not allowed, expected at most "
                f"{corner:.1f}, the corner of the spectrum of the smallest images"
            )
    if config["adcs"]["channel_weights"] == "luma" and any(_channels(dataset, config) != 3 for dataset in in_use):
        yield "adcs.channel_weights: luma needs three channels in every planned data set; write channel_weights: mean"
    if config["culling"]["fill"] == "swap" and config["culling"]["method"] == "screened":
        yield (
            "culling.fill: swap needs culling.method: exact, since screened predicts what the removal of a pair does; "
            "write method: exact or fill: zeros"
        )
    yield from _more_views(config, in_use)
    for name, dataset in datasets.items():
        if dataset["source"] == "synthetic" and dataset["control_band"] > len(edges) + 1:
            yield (
                f"datasets.{name}.control_band: {dataset['control_band']} is not allowed, the bands are 1 to "
                f"{len(edges) + 1}; write control_band: <1 to {len(edges) + 1}>"
            )
        shares = dataset.get("shares", {"all": 1})
        if abs(sum(shares.values()) - 1) > 1e-6:
            yield f"datasets.{name}.shares: {shares} do not sum to 1"
        if "test_root" in dataset and "test" in shares:
            yield f"datasets.{name}.shares: test images are a share of root's or those of test_root; drop one"
        if dataset.get("resize", math.inf) < max(_size(dataset, config), default=0):
            yield f"datasets.{name}.resize: {dataset['resize']} is not allowed, expected at least {dataset['size']}"
        if dataset.get("keep") == "files" and ("stylised" in dataset or dataset["on_error"] == "skip"):
            yield f"datasets.{name}.keep: files goes neither with stylised nor with on_error: skip; write keep: images"
    if config["stability"]["halves"] and config["culling"]["images_per_class"] == 1:
        yield (
            "stability.halves: true needs culling.images_per_class of 2 or more, to be divided; it is 1; "
            "write halves: false"
        )
    for part in ("synthesis", "planting"):
        seeds = config[part]["seeds"]
        if len(set(seeds.values())) < len(seeds):
            yield f"{part}.seeds: {seeds} must differ, or the splits hold the same images"
    if config["training"]["planted"]["geometry"]["flip"]:
        yield "training.planted.geometry.flip: true is not allowed, it would move what was planted; write flip: false"
    percents = config["dfm"]["percents"]
    for part in ("culling", "shortcuts") if config["culling"]["method"] == "screened" else ("shortcuts",):
        if config[part]["percent"] not in percents:
            yield (
                f"{part}.percent: {config[part]['percent']} is not one of dfm.percents {percents}; "
                f"write percent: <{' or '.join(map(str, percents))}>"
            )


def _more_views(config: Mapping[str, Any], in_use: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What `robustness` asks of the data sets in use."""
    settings = config["robustness"]
    cutoffs = settings["cutoffs"]
    sizes = [_size(dataset, config) for dataset in in_use]
    # The greatest frequency that there is, in either direction: H // 2 and W // 2.
    corner = min((math.hypot(size[0] // 2, size[-1] // 2) for size in sizes if size), default=math.inf)
    if sorted(cutoffs) != cutoffs or cutoffs[0] > corner:
        yield (
            f"robustness.cutoffs: {cutoffs} is not allowed, expected increasing radii, the first within the corner of "
            f"the spectrum of the smallest images ({corner:.1f}); write cutoffs: <such as [2, 4, 8, 16]>"
        )
    if settings["corruptions"] and any(_channels(dataset, config) not in (1, 3) for dataset in in_use):
        yield "robustness.corruptions: they need images of 1 or 3 channels; write corruptions: []"


def _brought(config: Mapping[str, Any]) -> Iterator[str]:
    """Networks that are brought, and data sets that lack a split or twins that the plan asks for."""
    networks, datasets = config["networks"], config["datasets"]
    for name, network in networks.items():
        mean, std = network.get("mean"), network.get("std")
        if (mean is None) != (std is None) or (mean and len(mean) != len(std)) or any(s <= 0 for s in std or ()):
            yield (
                f"networks.{name}: mean {mean} and std {std} do not go together; write both, a number a channel and "
                "std above 0, or null for both"
            )
    for name, dataset in datasets.items():
        if name == "all":
            yield f"datasets.{name}: that is what the findings call all data sets together; give it another name"
        if "original" in dataset.get("ood", {}).get("renditions", []):
            yield (
                f"datasets.{name}.ood.renditions: original is what the tables call the test images themselves; "
                "give that folder another name"
            )
    used = {part: config[part]["split"] for part in ("adcs", "culling", "shortcuts", "robustness")}
    for i, entry in enumerate(config["plan"]):
        brings = [name for name in entry["networks"] if "source" in networks.get(name, {})]
        if brings and (entry["augmentations"] != ["none"] or len(entry["seeds"]) > 1):
            yield (f"plan.{i}: {', '.join(brings)} is brought, not trained; write augmentations: [none] and one seed")
        trains = len(brings) < len(entry["networks"])
        for name in entry["datasets"]:
            dataset = datasets.get(name, {})
            if trains and "sin" in entry["augmentations"] and "stylised" not in dataset:
                yield (
                    f"plan.{i}.augmentations: sin needs stylised images of {name}; write datasets.{name}.stylised: "
                    "<folder>, or drop sin"
                )
            if "shares" not in dataset:
                continue
            there = {*dataset["shares"], *(["test"] if "test_root" in dataset else [])}
            needs = {split: f"{part}.split" for part, split in used.items()}
            needs |= {"test": "ood.renditions"} if config["ood"]["renditions"] and "ood" not in dataset else {}
            needs |= {split: "training" for split in ("train", "validation", "test") if trains}
            for split, why in needs.items():
                if split not in there:
                    yield f"datasets.{name}.shares: {why} needs a {split} split; there is {', '.join(sorted(there))}"
            bare = [network for network in brings if networks[network]["mean"] is None]
            if bare and "train" not in there:
                yield (
                    f"networks.{bare[0]}.mean: null takes mean and std of the training images, but {name} has none; "
                    "write the mean and std that the network was trained with"
                )


def _trained_on(config: Mapping[str, Any]) -> list[str]:
    """The data sets that some network is trained on."""
    networks = config["networks"]
    return [
        name
        for entry in config["plan"]
        if any("source" not in networks.get(network, {}) for network in entry["networks"])
        for name in entry["datasets"]
    ]


def _kind(dataset: Mapping[str, Any]) -> str:
    """Which of `KINDS` a data set is."""
    return dataset["source"] if dataset["source"] in KINDS else "photographs"


def _size(dataset: Mapping[str, Any], config: Mapping[str, Any]) -> list[int]:
    """Height and width of the images, as far as the configuration tells."""
    parts = {"synthetic": "synthesis", "planted": "planting"}
    known = {**{source: config[part]["size"] for source, part in parts.items()}, "fashion_mnist": 32, "cifar10": 32}
    size = known.get(dataset["source"], dataset.get("size", []))
    return [size] if isinstance(size, int) else size


def _channels(dataset: Mapping[str, Any], config: Mapping[str, Any]) -> int:
    parts = {"synthetic": "synthesis", "planted": "planting"}
    known = {**{source: config[part]["channels"] for source, part in parts.items()}, "fashion_mnist": 1, "cifar10": 3}
    return known.get(dataset["source"]) or dataset.get("channels", 3)


def _key(path: Sequence[str | int]) -> str:
    return ".".join(map(str, path))


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _last(path: Sequence[str | int]) -> str:
    names = [str(part) for part in path if isinstance(part, str)]
    return names[-1] if names else "it"
