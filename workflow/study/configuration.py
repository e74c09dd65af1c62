"""Check a configuration: one sentence per mistake, all of them at once, before anything runs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from jsonschema.exceptions import ValidationError

from frequency_shortcuts.data import planted
from frequency_shortcuts.maps.methods.registry import NAMES
from frequency_shortcuts.spectrum.fills import NO_NOISE

from .job import RUN
from .network_tests.registry import TESTS
from .plan import Plan, Run
from .schema import Validator, allowed, cut, example, listed, part_at, schema, shown
from .settings import DRAWN, KINDS, WITH_MAPS

MOST = 30  # mistakes that are named
# Snakemake plans so many in about 20 s.
MOST_RUNS = 1_000
MOST_JOBS = 5_000  # of one kind: parts of cullings, methods, published maps
# Networks that config.yaml had before, and what to write instead.
FORMER = {"vgg16_bn": "write vgg16_bn_w8, or networks: {vgg16_bn: {architecture: vgg16_bn, width: 16, stem: auto}}"}


def mistakes(config: Mapping[str, Any]) -> list[str]:
    """One sentence for each mistake in a configuration: the key, the value, what is allowed, the line to write."""
    errors = sorted(Validator(schema()).iter_errors(config), key=lambda e: [str(part) for part in e.path])
    found: dict[tuple[Any, ...], str] = {}  # one for a line, however many items of its list are wrong
    for error in errors:
        for line, sentence in _sentences(error, config):
            found.setdefault(line, sentence)
    # References between parts are checked only if every part has the right type.
    sentences = list(found.values()) or list(_references(Plan(config)))
    more = len(sentences) - MOST
    return sentences if more <= 0 else [*sentences[:MOST], f"and {more} more mistakes"]


def duplicate_keys(paths: Iterable[str | Path]) -> Iterator[str]:
    """A sentence for each key that a file of YAML holds twice, of which Snakemake takes the last in silence."""
    for path in paths:
        text = Path(path).read_text(encoding="utf-8")
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError:  # JSON with tabs, which Snakemake reads
            continue
        yield from (f"{path}: {sentence}" for sentence in _duplicates(root, set()))


def _duplicates(node: yaml.Node | None, seen: set[int]) -> Iterator[str]:
    if node is None or id(node) in seen:  # an anchor that several places use is examined once
        return
    seen.add(id(node))
    lines: dict[tuple[str, str], int] = {}
    for child in node.value if isinstance(node, yaml.CollectionNode) else ():
        key, value = child if isinstance(node, yaml.MappingNode) else (None, child)
        if isinstance(key, yaml.ScalarNode):
            name, line = (key.tag, key.value), key.start_mark.line + 1
            if name in lines:
                yield f"the key {shown(key.value)} is there twice, in line {lines[name]} and in line {line}; remove one"
            lines[name] = line
        yield from _duplicates(value, seen)


def _sentences(error: ValidationError, config: Mapping[str, Any]) -> Iterator[tuple[tuple[Any, ...], str]]:
    """The line of the configuration, as the path of its key, and a sentence, for each mistake in an error."""
    path = tuple(error.absolute_path)
    key = _key(path)
    if "propertyNames" in error.absolute_schema_path:
        yield (
            (*path, error.instance),
            f"{_join(key, shown(error.instance))}: this name is not allowed, expected {allowed(error.schema)}"
            + ("" if isinstance(error.instance, str) else "; write it in quotes"),
        )
        return
    match error.validator:
        case "additionalProperties":
            known = list(error.schema.get("properties", {}))
            for name in sorted(map(str, set(error.instance) - set(known))):
                guess = get_close_matches(name, known, 1)
                hint = f"; did you mean {guess[0]}?" if guess else ""
                yield (*path, name), f"{_join(key, shown(name))}: unknown key, allowed here are {listed(known)}{hint}"
        case "required":
            for name in error.validator_value:
                if name not in error.instance:
                    part = error.schema["properties"][name]
                    advice = example((*path, name), part)
                    advice = f"write, under {key or 'the top level'}, {advice}" if advice else "see config/README.md"
                    yield (*path, name), f"{_join(key, name)}: missing, expected {allowed(part)}; {advice}"
        case _:
            line = path[: max((i for i, part in enumerate(path, 1) if isinstance(part, str)), default=0)]
            advice = example(line, part_at(line, config))
            advice = f"write {advice}" if advice else "see config/README.md"
            wrong = f"{cut(repr(error.instance))} is not allowed, expected {allowed(error.schema)}"
            if error.instance == "noise" and "fills" in path:
                wrong = NO_NOISE
            yield line, f"{key}: {wrong}; {advice}"


def _references(plan: Plan) -> Iterator[str]:
    """Names and numbers that must agree between parts of the configuration."""
    if unknown := list(_plan_names(plan)):  # the other checks need these names
        yield from unknown
        return
    if many := list(_jobs(plan)):  # the other checks expand the plan
        yield from many
        return
    yield from _transfer(plan)
    yield from _networks(plan)
    yield from _plan(plan)
    yield from _published(plan)
    yield from _drawn(plan)
    yield from _graded(plan)
    yield from _training(plan)
    yield from _datasets(plan)
    yield from _training_maps(plan)
    yield from _culling(plan)
    yield from _robustness(plan)
    yield from _percents(plan)


def _plan_names(plan: Plan) -> Iterator[str]:
    for i, entry in enumerate(plan.config["plan"]):
        for kind in ("datasets", "networks", "methods"):
            known = [*(NAMES if kind == "methods" else ()), *plan.config[kind]]
            for name in entry.get(kind, ()):
                if name not in known:
                    instead = FORMER.get(name, f"choose from {listed(known)}")
                    yield f"plan.{i}.{kind}: {name!r} is not one of {kind}; {instead}"
    known = [*NAMES, *plan.config["methods"]]
    for name in plan.tested_methods():
        if name not in known:
            yield f"shortcuts.methods: {name!r} is not one of methods; choose from {listed(known)}"
    for name in plan.config["methods"]:
        if name in NAMES:
            yield f"methods.{name}: this name of the library means the same in every study; give the entry another name"
    datasets = plan.config["datasets"]
    for name, dataset in datasets.items():
        others = [other for other in datasets if datasets[other]["source"] not in ("waved", "synthetic", "planted")]
        if dataset["source"] == "waved" and dataset["of"] not in others:
            yield f"datasets.{name}.of: {dataset['of']!r} is no set of photographs; choose from {listed(others)}"


def _jobs(plan: Plan) -> Iterator[str]:
    """More jobs than Snakemake plans in about a minute."""
    entries = [(entry, math.prod(len(entry[f"{key}s"]) for key in RUN)) for entry in plan.config["plan"]]
    runs = sum(n for _, n in entries)
    if runs > MOST_RUNS:
        yield f"plan: {runs:,} runs are planned, expected at most {MOST_RUNS:,}; divide the study into several"
        return
    if (jobs := sum(n * len(entry.get("methods", ())) for entry, n in entries)) > MOST_JOBS:
        yield f"plan: {jobs:,} runs of methods are planned, expected at most {MOST_JOBS:,}; name fewer methods"
    if (jobs := len(TESTS["published"].jobs(plan))) > MOST_JOBS:
        yield f"published: {jobs:,} tests are planned, expected at most {MOST_JOBS:,}; list fewer maps"
    parts, cullings = plan.config["culling"]["parts"], len(plan.mapped_runs()) + 2 * len(plan.halved_runs())
    if parts > 1 and parts * cullings > MOST_JOBS:
        yield (
            f"culling.parts: {parts} parts of {cullings:,} cullings are {parts * cullings:,} jobs, expected at most "
            f"{MOST_JOBS:,}; write parts: {max(1, MOST_JOBS // cullings)}"
        )


def _planned_seeds(plan: Plan, dataset: str) -> dict[str, set[int]]:
    """The seeds of every network/augmentation of a data set that is planned with maps."""
    seeds: dict[str, set[int]] = {}
    for run in plan.mapped_runs(dataset=dataset):
        seeds.setdefault(f"{run['network']}/{run['augmentation']}", set()).add(run["seed"])
    return seeds


def _runs_of(plan: Plan, dataset: str, name: str) -> list[Run]:
    """The planned runs of network/augmentation on a data set, with and without maps."""
    network, _, augmentation = name.partition("/")
    return plan.runs(dataset=dataset, network=network, augmentation=augmentation)


def _transfer(plan: Plan) -> Iterator[str]:
    for i, entry in enumerate(plan.config["transfer"]):
        seeds, ends = _planned_seeds(plan, entry["dataset"]), ("maps_of", "tested_on")
        for end in ends:
            if entry[end] not in seeds:
                instead = FORMER.get(entry[end].partition("/")[0], f"planned is {listed(list(seeds))}")
                without = " with maps" if _runs_of(plan, entry["dataset"], entry[end]) else ""
                yield f"transfer.{i}.{end}: {entry[end]!r} is not planned{without} for {entry['dataset']}; {instead}"
        if all(entry[end] in seeds for end in ends) and not set.intersection(*(seeds[entry[end]] for end in ends)):
            yield f"transfer.{i}: {entry['maps_of']} and {entry['tested_on']} have no planned seed in common"


def _published(plan: Plan) -> Iterator[str]:
    counted: Counter[tuple[str, ...]] = Counter()
    for i, entry in enumerate(plan.config["published"]):
        run, planned = f"{entry['network']}/{entry['augmentation']}", _planned_seeds(plan, entry["dataset"])
        if run not in planned:
            there, without = listed(list(planned)), " with maps" if _runs_of(plan, entry["dataset"], run) else ""
            yield f"published.{i}: {run!r} is not planned{without} for {entry['dataset']}; planned is {there}"
        if entry["name"] == "ours":
            yield f"published.{i}.name: 'ours' is the name of the study's own maps; write name: <another name>"
        counted[key := (entry["name"], entry["dataset"], run)] += 1
        if counted[key] == 2:
            yield f"published.{i}.name: two entries for {run} on {entry['dataset']} have the name {entry['name']!r}"


def _networks(plan: Plan) -> Iterator[str]:
    for name, network in plan.config["networks"].items():
        mean, std = network.get("mean"), network.get("std")
        if (mean is None) != (std is None) or (mean and len(mean) != len(std)) or any(s <= 0 for s in std or ()):
            yield (
                f"networks.{name}: mean {cut(str(mean))} and std {cut(str(std))} do not match; write a number for "
                "each channel in both, with std above 0, or null for both"
            )


def _plan(plan: Plan) -> Iterator[str]:
    """Entries of the plan that their networks or data sets do not allow."""
    datasets = plan.config["datasets"]
    if not plan.mapped_runs():
        yield "plan: no network has maps, which the study needs; leave out maps: false of at least one entry"
    for i, entry in enumerate(plan.config["plan"]):
        if "methods" in entry and not entry.get("maps", True):
            yield f"plan.{i}: methods find maps, but maps is false; leave out one of the two"
        external = [name for name in entry["networks"] if name in plan.external_networks]
        trains = len(external) < len(entry["networks"])
        if external and (entry["augmentations"] != ["none"] or len(entry["seeds"]) > 1):
            yield (
                f"plan.{i}: {listed(external)} is not trained, since it has a source; write "
                "augmentations: [none] and seeds: [0]"
            )
        for name in entry["datasets"]:
            if trains and "sin" in entry["augmentations"] and "stylised" not in datasets[name]:
                yield (
                    f"plan.{i}.augmentations: sin needs stylised images of {name}; write datasets.{name}.stylised: "
                    "my_stylised_images or remove sin"
                )
            if "shares" in datasets[name]:
                yield from _splits(plan, name, external, trains)


def _splits(plan: Plan, name: str, external: Sequence[str], trains: bool) -> Iterator[str]:
    """Splits that the study needs and a data set with `shares` does not have."""
    dataset = plan.config["datasets"][name]
    there = {*dataset["shares"], *(["test"] if "test_root" in dataset else [])}
    for split, reason in plan.needed_splits(name, trains).items():
        if split not in there:
            yield f"datasets.{name}.shares: {reason} needs a {split} split; the data set has {', '.join(sorted(there))}"
    unnormalised = [network for network in external if plan.config["networks"][network]["mean"] is None]
    if unnormalised and "train" not in there:
        yield (
            f"networks.{unnormalised[0]}.mean: null takes mean and std of the training images, but {name} has none; "
            "write the mean and std that the network was trained with"
        )


def _drawn(plan: Plan) -> Iterator[str]:
    """The constants of synthetic and planted sets."""
    edges, size = plan.config["synthesis"]["band_edges"], plan.config["synthesis"]["size"]
    corner = math.hypot(size, size) / 2
    if sorted(set(edges)) != list(edges) or edges[-1] > corner:
        yield (
            f"synthesis.band_edges: {cut(str(edges))} is not allowed, expected increasing radii of at most "
            f"{corner:.1f} (the corner of the spectrum of {size} pixels); write band_edges: "
            f"[{size // 8}, {size // 4}, {size // 2}]"
        )
    for name in plan.from_source("synthetic"):
        band = plan.config["datasets"][name]["control_band"]
        if band > len(edges) + 1:
            yield (
                f"datasets.{name}.control_band: {band} is not allowed, the bands are 1 to {len(edges) + 1}; "
                f"write control_band: {len(edges) + 1}"
            )
    for section in DRAWN.values():
        seeds = plan.config[section]["seeds"]
        if len(set(seeds.values())) < len(seeds):
            yield f"{section}.seeds: {seeds} must differ, otherwise the splits hold the same images"


def _graded(plan: Plan) -> Iterator[str]:
    """The section `graded`, and the constants of these sets."""
    settings, constants = plan.config["graded"], plan.planting("graded")
    for name, values in plan.config["planting"]["mechanisms"].items():
        low, high = values.get("gain_range", (1, 1))
        if low > high:
            yield (
                f"planting.mechanisms.{name}.gain_range: [{low:g}, {high:g}] is not allowed, the least gain comes "
                f"first; write gain_range: [{high:g}, {low:g}]"
            )
            return
    if not settings["sets"]:
        return
    if settings["network"] not in plan.trained_networks:
        known = listed(plan.trained_networks)
        yield f"graded.network: {settings['network']!r} is no network that is trained; choose from {known}"
    if settings["every"] > (last := settings["iterations"]):
        yield (
            f"graded.every: {settings['every']} is not allowed, expected at most graded.iterations, {last}; "
            f"write every: {last}"
        )
    for key in ("images_per_class", "seeds"):
        del constants[key]
    try:
        planted.Design("graded", **constants)
    except ValueError as error:
        yield f"planting.mechanisms.graded: {error}; correct it, or leave these sets out; write graded.sets: 0"


def _training(plan: Plan) -> Iterator[str]:
    trained = dict.fromkeys(run["dataset"] for run in plan.trained_runs())
    for kind in KINDS:
        settings = plan.config["training"][kind]
        low, high = settings["geometry"]["crop_scale"]
        if low > high:
            yield f"training.{kind}.geometry.crop_scale: [{low}, {high}] is not allowed, the least share comes first"
        elif settings["geometry"]["wrap"] and (low, high) != (1, 1):
            yield (
                f"training.{kind}.geometry.crop_scale: [{low}, {high}] is not allowed, images that wrap around are not "
                "cropped; write crop_scale: [1.0, 1.0] or wrap: false"
            )
        shapes = [plan.shape(name) for name in trained if plan.kind_of(name) == kind]
        corner = min((math.sqrt(2) * min(shape[1:]) / 2 for shape in shapes if shape), default=math.inf)
        if settings["dynamics"]["cutoff"] > corner:
            yield (
                f"training.{kind}.dynamics.cutoff: {settings['dynamics']['cutoff']} is not allowed, expected at most "
                f"{corner:.1f}, the corner of the spectrum of the smallest images"
            )
    if plan.config["training"]["planted"]["geometry"]["flip"]:
        yield "training.planted.geometry.flip: true is not allowed, it would move what was planted; write flip: false"


def _training_maps(plan: Plan) -> Iterator[str]:
    """What a training with an augmentation that needs maps requires: maps of the network without augmentation."""
    with_maps = [run for run in plan.trained_runs() if run["augmentation"] in WITH_MAPS]
    for run in with_maps:
        name = run["augmentation"]
        if not plan.runs(**{**run, "augmentation": "none"}):
            yield (
                f"plan: {name} of {run['network']} on {run['dataset']} needs the maps of that network with "
                f"augmentation none and seed {run['seed']}, which is not planned; write augmentations: [none, {name}]"
            )
    settings, percents = plan.config["training"]["dfmx"], plan.config["dfm"]["percents"]
    known = [*NAMES, *plan.config["methods"]]
    if with_maps and settings["maps"] not in known:
        yield f"training.dfmx.maps: {settings['maps']!r} is not one of methods; choose from {listed(known)}"
    if with_maps and settings["percent"] not in percents:
        yield (
            f"training.dfmx.percent: {settings['percent']:g} is not one of dfm.percents {percents}; write percent: "
            f"{percents[0]}"
        )


def _datasets(plan: Plan) -> Iterator[str]:
    """Names, shares and sizes of the data sets."""
    for name, dataset in plan.config["datasets"].items():
        if "original" in dataset.get("ood", {}).get("renditions", []):
            yield (
                f"datasets.{name}.ood.renditions: original is the name of the test images in the tables; "
                "rename that folder"
            )
        shares, shape = dataset.get("shares", {"all": 1}), plan.shape(name)
        if abs(sum(shares.values()) - 1) > 1e-6:
            yield f"datasets.{name}.shares: {shares} do not sum to 1"
        if "test_root" in dataset and "test" in shares:
            yield f"datasets.{name}.shares: test images come from root (shares.test) or from test_root; remove one"
        if shape and dataset.get("resize", math.inf) < max(shape[1:]):
            least = max(shape[1:])
            sentence = f"{dataset['resize']} is not allowed, expected at least {least}; write resize: {least}"
            yield f"datasets.{name}.resize: {sentence}"
        if dataset.get("keep") == "files" and ("stylised" in dataset or dataset["on_error"] == "skip"):
            yield f"datasets.{name}.keep: files excludes stylised and on_error: skip; write keep: images"


def _culling(plan: Plan) -> Iterator[str]:
    """The sections `adcs`, `culling` and `stability`."""
    culling, shapes = plan.config["culling"], map(plan.shape, plan.datasets())
    if plan.config["adcs"]["channel_weights"] == "luma" and any(shape and shape.channels != 3 for shape in shapes):
        yield "adcs.channel_weights: luma needs three channels in every planned data set; write channel_weights: mean"
    if culling["fill"] == "swap" and culling["method"] == "screened":
        yield (
            "culling.fill: swap needs culling.method: exact, since screened predicts what the removal of a pair does; "
            "write method: exact or fill: zeros"
        )
    if plan.config["stability"]["halves"] and culling["images_per_class"] == 1:
        yield (
            "stability.halves: true needs culling.images_per_class of 2 or more, to be divided; it is 1; "
            "write halves: false"
        )


def _robustness(plan: Plan) -> Iterator[str]:
    settings, shapes = plan.config["robustness"], [shape for shape in map(plan.shape, plan.datasets()) if shape]
    cutoffs = settings["cutoffs"]
    # The greatest frequency in each direction: H // 2 and W // 2.
    corner = min((math.hypot(shape.height // 2, shape.width // 2) for shape in shapes), default=math.inf)
    if sorted(cutoffs) != cutoffs or cutoffs[0] > corner:
        yield (
            f"robustness.cutoffs: {cut(str(cutoffs))} is not allowed, expected increasing radii, the first within "
            f"the corner of the spectrum of the smallest images ({corner:.1f}); write cutoffs: [2, 4, 8, 16]"
        )
    if settings["corruptions"] and any(shape.channels not in (1, 3) for shape in shapes):
        yield "robustness.corruptions: they need images of 1 or 3 channels; write corruptions: []"


def _percents(plan: Plan) -> Iterator[str]:
    percents = plan.config["dfm"]["percents"]
    names = [f"{percent:g}" for percent in percents]
    if len(set(names)) < len(names):
        yield f"dfm.percents: {cut(str(percents))} must differ in their first six digits, which name the maps in files"
    screened = plan.config["culling"]["method"] == "screened"
    for section in ("culling", "shortcuts") if screened else ("shortcuts",):
        if (percent := plan.config[section]["percent"]) not in percents:
            yield (f"{section}.percent: {percent} is not one of dfm.percents {percents}; write percent: {percents[0]}")


def _key(path: Sequence[str | int]) -> str:
    return ".".join(map(shown, path))


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
