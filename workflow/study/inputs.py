"""Check all inputs of the user in the plan: folders, stores, Datasets, networks and checkpoints."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from frequency_shortcuts.images import folders, normalisation
from frequency_shortcuts.images.entry_points import first_line
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import make_settings
from frequency_shortcuts.networks import architectures, external
from frequency_shortcuts.networks.numerics import pick_device
from study.trainings.augmentation import Augmentation

from . import runs
from .settings import search
from .sources import source_of
from .sources.description import Content, Shape
from .trainings.training import architecture_of


def check(config: Mapping[str, Any], *, scheduled: bool = False) -> tuple[list[str], list[str]]:
    """Check one image per class of every planned data set, every network on images of noise, and the device.

    config: a configuration (see `datasets.complete`)
    scheduled: a scheduler runs the jobs, whose GPUs are not visible here

    Returns the mistakes, a sentence each, and what was found, a line each.
    """
    mistakes: list[str] = []
    lines: list[str] = []

    @contextmanager
    def collect_error(key: str) -> Iterator[None]:
        try:
            yield
        except (
            Exception,
            SystemExit,
        ) as error:  # whatever happens, the other mistakes are found, too
            usual = isinstance(error, ValueError | OSError | RuntimeError) and str(error)
            sentence = " ".join((usual or first_line(error)).split())
            mistakes.append(f"{key}: {sentence}")

    if not scheduled:
        with collect_error("device"):
            pick_device(config["device"])
    planned = runs.table(config).query("planned")
    of_plan = [name for names in planned["methods"] for name in names]
    for name in runs.unique([*config["methods"], *of_plan, *config["shortcuts"]["methods"]]):
        with collect_error(f"methods.{name}"):
            found = search(config, f"maps/{name}")
            make_settings(registry.load(found["method"]), found["settings"])
    for kind in planned["kind"][planned["trained"]].unique():
        with collect_error(f"training.{kind}.geometry"):
            Augmentation(**config["training"][kind]["geometry"])
    for name, of_set in planned.groupby("dataset", sort=False):
        networks = {network: config["networks"][network] for network in of_set["network"]}
        dataset = None
        with collect_error(f"datasets.{name}"):
            dataset = inspect_dataset(config, name)
            sizes = " x ".join(map(str, dataset.shape))
            lines.append(f"{name}: {len(dataset.classes)} classes, {sizes}, {dataset.description}")
        for network, settings in networks.items():
            with collect_error(f"networks.{network}"):
                if dataset is None:
                    check_checkpoint(settings)  # all that can be checked without images
                else:
                    probe_network(settings, len(dataset.classes), dataset.shape)
                    lines.append(f"{name}: {network} takes its images")
    return runs.unique(mistakes), lines


def check_checkpoint(settings: Mapping[str, Any]) -> None:
    """Raises ValueError if a network has a checkpoint that is not there."""
    path = settings.get("checkpoint")
    if path and not Path(path).is_file():
        raise ValueError(f"no weights at {path}")


def inspect_dataset(config: Mapping[str, Any], name: str) -> Content:
    """The content of a data set and its twin, with one image read per class.

    Raises ValueError if it does not fit the study.
    """
    content = source_of(config, name).inspect()
    if len(content.classes) < 2:
        raise ValueError(f"it has {len(content.classes)} class: expected 2 to 1,000")
    if config["adcs"]["channel_weights"] == "luma" and content.shape.channels != 3:
        raise ValueError(
            f"its images have {content.shape.channels} channels, but adcs.channel_weights: luma needs three"
        )
    twin, description = config["datasets"][name].get("ood", {}), content.description
    for rendition in twin.get("renditions", ()):
        root = f"{twin['root']}/{rendition}"
        _, labels, _ = folders.class_files(
            root, folders.matched(content.classes, root, twin.get("classes"))
        )
        description += f", {len(labels)} {rendition}"
    return content._replace(description=description)


def probe_network(settings: Mapping[str, Any], n_classes: int, shape: Shape) -> None:
    """Show images of noise to a network: an external one with its weights, one to train only with its shapes.

    Raises ValueError or RuntimeError if the network does not accept the images.
    """
    if "source" not in settings:
        with torch.device("meta"):
            network = architectures.build(architecture_of(settings, n_classes, shape))
            external.probe(network, n_classes, *shape)
        return
    if settings["mean"] or settings["std"]:
        normalisation.check_statistics(settings["mean"], settings["std"], shape.channels)
    options = settings.get("options", {})
    described = external.ExternalNetwork(settings["source"], n_classes, *shape, options)
    network = architectures.build(described)
    if settings["checkpoint"]:
        architectures.load_weights(network, settings["checkpoint"])
    external.probe(network, n_classes, *shape)
