"""Check all inputs of the user in the plan: folders, stores, Datasets, networks and checkpoints."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from frequency_shortcuts.data import folders, normalisation, planted, stores, synthetic
from frequency_shortcuts.data.downloads import DOWNLOADS
from frequency_shortcuts.data.entry_points import first_line
from frequency_shortcuts.data.splits import first_of_each_class, stratified
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import make_settings
from frequency_shortcuts.networks import architectures, external
from frequency_shortcuts.networks.augmentation import Augmentation
from frequency_shortcuts.spectrum.radial import filters

from .image_folders import split_folder
from .plan import Plan
from .settings import Shape
from .torch_datasets import open_dataset
from .waves import wave_of

PER_SPLIT = 20  # images to decode per split


class Content(NamedTuple):
    """The content of a data set: names of its classes, shape of its images, a description, and the labels of the images
    that rank the frequencies and images of a class by split, if the user provides these images."""

    classes: Sequence[Any]
    shape: Shape
    description: str
    ranking: np.ndarray | None = None
    per_class: Mapping[str, int] | None = None


def check(plan: Plan) -> tuple[list[str], list[str]]:
    """Check one image per class of every planned data set, and every network on images of noise.

    Returns the mistakes, a sentence each, and what was found, a line each.
    """
    mistakes: list[str] = []
    lines: list[str] = []

    def collect_error(key: str, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (Exception, SystemExit) as error:  # whatever happens, the other mistakes are found, too
            usual = isinstance(error, ValueError | OSError | RuntimeError) and str(error)
            if (sentence := f"{key}: {' '.join((usual or first_line(error)).split())}") not in mistakes:
                mistakes.append(sentence)
            return None

    for name in plan.used_methods():
        collect_error(f"methods.{name}", check_method, plan, name)
    for kind in dict.fromkeys(plan.kind_of(run["dataset"]) for run in plan.trained_runs()):
        key = f"training.{kind}.geometry"
        collect_error(key, lambda geometry: Augmentation(**geometry), plan.config["training"][kind]["geometry"])
    for name in plan.datasets():
        planned = dict.fromkeys(run["network"] for run in plan.runs(dataset=name))
        if (dataset := collect_error(f"datasets.{name}", inspect_dataset, plan, name)) is None:
            mistakes += missing_weights(plan, planned)
            continue
        height_width = f"{dataset.shape.height} x {dataset.shape.width}"
        lines.append(
            f"{name}: {len(dataset.classes)} classes, {dataset.shape.channels} x {height_width}, {dataset.description}"
        )
        for network in planned:
            settings, key = plan.config["networks"][network], f"networks.{network}"
            source = collect_error(key, probe_network, settings, len(dataset.classes), dataset.shape)
            if source:
                lines.append(f"{name}: {network} ({source}) takes its images")
    return mistakes, lines


def check_method(plan: Plan, name: str) -> None:
    """Raises ValueError for settings that the method does not have, or that do not go together."""
    make_settings(registry.load(plan.method(name)["method"]), plan.method_settings(name))


def missing_weights(plan: Plan, names: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for every network whose checkpoint is missing; used if the images of the network are unknown."""
    for name in names:
        path = plan.config["networks"][name].get("checkpoint")
        if path and not Path(path).is_file():
            yield f"networks.{name}: no weights at {path}"


def inspect_dataset(plan: Plan, name: str) -> Content:
    """The content of a data set, with one image read per class. Raises ValueError if it does not fit the study."""
    settings = plan.config["datasets"][name]
    inspectors = {
        "synthetic": inspect_synthetic,
        "planted": inspect_planted,
        **dict.fromkeys(DOWNLOADS, inspect_download),
        "folder": inspect_folder,
        "store": inspect_store,
        "dataset": inspect_torch_dataset,
        "waved": inspect_waved,
    }
    content = inspectors[settings["source"]](plan, name, settings)
    if len(content.classes) < 2:
        raise ValueError(f"it has {len(content.classes)} class: expected 2 to 1,000")
    if plan.config["adcs"]["channel_weights"] == "luma" and content.shape.channels != 3:
        raise ValueError(
            f"its images have {content.shape.channels} channels, but adcs.channel_weights: luma needs three"
        )
    views = plan.config["robustness"]
    filters(content.shape.height, content.shape.width, views["cutoffs"], views["band_width"])  # it raises
    if views["corruptions"] and content.shape.channels not in (1, 3):
        raise ValueError(f"its images have {content.shape.channels} channels, but robustness.corruptions need 1 or 3")
    if plan.config["stability"]["halves"] and content.ranking is not None:
        check_halves(content.ranking, content.classes, plan.config["culling"]["split"])
    return content._replace(description=content.description + "".join(inspect_renditions(settings, content.classes)))


def known_shape(plan: Plan, name: str) -> Shape:
    """The image shape of a data set in the configuration; any source except a store has it there."""
    shape = plan.shape(name)
    assert shape is not None
    return shape


def inspect_synthetic(plan: Plan, name: str, settings: Mapping[str, Any]) -> Content:
    """A synthetic set. Raises ValueError for constants that are not possible."""
    constants = plan.section("synthesis")
    del constants["images_per_class"], constants["seeds"]
    design = synthetic.Design(control_band=settings["control_band"], **constants)
    if not all(band.any() for band in design.bands()):
        raise ValueError(f"synthesis.band_edges {list(design.band_edges)}: expected radii within the spectrum")
    return Content(synthetic.CLASSES, known_shape(plan, name), "synthetic")


def inspect_planted(plan: Plan, name: str, settings: Mapping[str, Any]) -> Content:
    """A planted set. Raises ValueError for constants that are not possible."""
    constants = plan.planting(settings["mechanism"])
    del constants["images_per_class"], constants["seeds"]
    return Content(planted.Design(settings["mechanism"], **constants).classes, known_shape(plan, name), "planted")


def inspect_download(plan: Plan, name: str, settings: Mapping[str, Any]) -> Content:
    """A data set that is downloaded, or already in a folder. Raises NotFound if the folder does not hold its files."""
    published = DOWNLOADS[settings["source"]]
    if settings["folder"]:
        with tempfile.TemporaryDirectory() as scratch:
            published.fetch(scratch, settings["folder"])
    return Content(published.classes, known_shape(plan, name), published.title)


def inspect_folder(plan: Plan, name: str, settings: Mapping[str, Any]) -> Content:
    """A data set in folders."""
    roots = [settings.get(key) for key in ("root", "test_root", "stylised")] + [settings.get("ood", {}).get("root")]
    if missing := [root for root in roots if root and not Path(root).is_dir()]:
        raise ValueError(f"no folder {' and no folder '.join(missing)}: expected class folders with image files")
    splits, classes, _ = split_folder(settings)
    for pictures, labels in splits.values():
        for _ in pictures.subset(first_of_each_class(labels, 1)[:PER_SPLIT]).decoded():
            pass
    description = ", ".join(f"{len(labels)} {split}" for split, (_, labels) in splits.items())
    _, ranking = splits.get(plan.config["culling"]["split"], (None, None))
    return Content(classes, known_shape(plan, name), description, ranking, _per_class(classes, splits))


def _per_class(classes: Sequence[Any], splits: Mapping[str, tuple[Any, np.ndarray]]) -> dict[str, int]:
    """Images of a class, on average, by split."""
    return {split: round(len(labels) / len(classes)) for split, (_, labels) in splits.items()}


def inspect_store(plan: Plan, name: str, settings: Mapping[str, Any]) -> Content:
    """A store of the user."""
    with stores.open_store(settings["path"]) as (store, classes, splits):
        shape = Shape(*store[splits[0]]["images"].shape[1:])
        description = ", ".join(f"{len(store[split]['labels'])} {split}" for split in splits)
        ranking = store[split]["labels"][:] if (split := plan.config["culling"]["split"]) in splits else None
        per_class = {split: round(len(store[split]["labels"]) / len(classes)) for split in splits}
    needed = plan.needed_splits(name, trains=any(map(plan.is_trained, plan.runs(dataset=name))))
    if lacking := sorted(needed.keys() - set(splits)):
        raise ValueError(f"{settings['path']} has no {' and no '.join(lacking)} split, which is needed")
    return Content(classes, shape, description, ranking, per_class)


def inspect_waved(plan: Plan, name: str, settings: Mapping[str, Any]) -> Content:
    """Photographs with a wave. Raises ValueError for a wave that is not possible."""
    plain = inspect_dataset(plan, settings["of"])
    classes = plain.classes if isinstance(plain.classes[0], str) else [settings["class"]]
    wave_of(settings, classes).masks(len(classes), plain.shape.height, plain.shape.width)
    return plain._replace(description=f"{plain.description}, with a wave in class {settings['class']}")


def inspect_torch_dataset(plan: Plan, name: str, settings: Mapping[str, Any]) -> Content:
    """A torch Dataset of the user."""
    items, labels, classes = open_dataset(settings)
    items[first_of_each_class(labels, 1)[:PER_SPLIT]]  # it raises if they do not fit
    parts = stratified(labels, settings["shares"], settings["split_seed"], classes)
    split = plan.config["culling"]["split"]
    ranking = labels[parts[split]] if split in parts else None
    per_class = {part: round(len(chosen) / len(classes)) for part, chosen in parts.items()}
    return Content(classes, known_shape(plan, name), f"{len(labels)} items", ranking, per_class)


def inspect_renditions(settings: Mapping[str, Any], classes: Sequence[Any]) -> Iterator[str]:
    """The number of images in each rendition of a data set's twin. Raises ValueError for classes that do not match."""
    twin = settings.get("ood", {})
    for rendition in twin.get("renditions", ()):
        root = f"{twin['root']}/{rendition}"
        _, labels, _ = folders.listing(root, folders.matched(classes, root, twin.get("classes")))
        yield f", {len(labels)} {rendition}"


def check_halves(labels: np.ndarray, classes: Sequence[Any], split: str) -> None:
    """Raise ValueError if a class has only one image in the split that ranks the frequencies."""
    counts = np.bincount(labels, minlength=len(classes))
    if few := [name for name, count in zip(classes, counts, strict=True) if count < 2]:
        raise ValueError(
            f"stability.halves needs two {split} images of each class, but {few[0]} has one; "
            "write stability: {halves: false}"
        )


def probe_network(settings: Mapping[str, Any], n_classes: int, shape: Shape) -> str:
    """Show images of noise to a network: an external one with its weights, one to train only with its shapes.

    Returns its source. Raises ValueError or RuntimeError if the network does not accept the images.
    """
    channels, height, width = shape
    if "source" in settings:
        if settings["mean"] or settings["std"]:
            normalisation.check_statistics(settings["mean"], settings["std"], channels)
        external.probe(build_network(settings, n_classes, shape), n_classes, *shape)
        return str(settings["source"])
    if height != width:
        raise ValueError(f"images are {height} x {width}, but networks are trained on square images only")
    with torch.device("meta"):
        external.probe(build_network(settings, n_classes, shape), n_classes, channels, height, width)
    return str(settings["architecture"])


def build_network(settings: Mapping[str, Any], n_classes: int, shape: Shape) -> torch.nn.Module:
    """A network of the configuration: an external one with its weights, one to train with random ones."""
    channels, height, width = shape
    if "source" not in settings:
        name, slim, stem = (settings[key] for key in ("architecture", "width", "stem"))
        return architectures.build(architectures.Architecture(name, n_classes, channels, height, slim, stem))
    source, options = settings["source"], settings.get("options", {})
    network = architectures.build(external.ExternalNetwork(source, n_classes, channels, height, width, options))
    if settings["checkpoint"]:
        architectures.load_weights(network, settings["checkpoint"])
    return network
