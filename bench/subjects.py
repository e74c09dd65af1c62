"""What is measured: a few networks, trained for a minute each and stored, with images that they were not trained on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from frequency_shortcuts.images import normalisation
from frequency_shortcuts.images.source import Source
from frequency_shortcuts.images.splits import Split, first_of_each_class
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.storage.journal import Work
from study.sources import synthetic
from study.sources.downloads import DOWNLOADS
from study.sources.drawn import draw_images
from study.trainings import training
from study.trainings.augmentation import Augmentation

# name: architecture, width, data set, side in pixels, images a class to train on, epochs
TRAINED = {
    "syn_1 resnet18 32": ("resnet18", 8, "syn_1", 32, 400, 8),
    "syn_3 resnet34 32": ("resnet34", 8, "syn_3", 32, 400, 8),
    "fashion resnet18 32": ("resnet18", 16, "fashion", 32, 600, 5),
    "fashion vgg16_bn 32": ("vgg16_bn", 16, "fashion", 32, 600, 5),
    "syn_2 resnet18 64": ("resnet18", 8, "syn_2", 64, 200, 6),
    "syn_4 resnet34 64": ("resnet34", 8, "syn_4", 64, 200, 6),
    "fashion resnet18 64": ("resnet18", 8, "fashion", 64, 200, 5),
    "fashion vgg16_bn 64": ("vgg16_bn", 8, "fashion", 64, 600, 8),
}


@dataclass(frozen=True)
class BenchCase:
    """A network in evaluation mode and validation images, uint8 and as the network sees them."""

    name: str
    network: nn.Module
    split: Split
    seen: Split


def subject(name: str, folder: Path, per_class: int, device: torch.device) -> BenchCase:
    """A trained network with `per_class` validation images of every class; it is trained if it is not in the folder."""
    architecture, width, dataset, side, count, epochs = TRAINED[name]
    train, validation = splits(dataset, side, count, folder)
    path = folder / "networks" / f"{name.replace(' ', '_')}.safetensors"
    if not path.exists():
        form = architectures.Architecture(
            architecture, len(train.classes), train.images.shape[1], side, width=width, stem="small"
        )
        network = architectures.build(form, 0).to(device)
        how = {"seed": 0, "augmentation": Augmentation(), "work": Work(progress=True)}
        done = training.train(network, train, validation, training.Recipe(epochs=epochs), **how)
        architectures.save(path, done.weights, form)
    network = architectures.load(path, device).to(memory_format=torch.channels_last)
    split = validation.subset(first_of_each_class(validation.labels, per_class))
    seen = Source(split, device=device).take(np.arange(len(split)))
    return BenchCase(name, network, split, Split(seen, split.labels, split.classes))


def splits(dataset: str, side: int, count: int, folder: Path) -> tuple[Split, Split]:
    """Training images, `count` of each class, and others to validate and to cull with."""
    if dataset == "fashion":
        raw, fashion = folder / "fashion_mnist", DOWNLOADS["fashion_mnist"]
        if not raw.exists():
            fashion.fetch(raw)
        parts = [(p[0][kept], p[1][kept]) for p in fashion.read(raw) for kept in [first_of_each_class(p[1], count)]]
        if side != 32:
            parts = [(np.stack([_enlarged(picture, side) for picture in part[0]]), part[1]) for part in parts]
        classes: tuple[str, ...] = fashion.classes
    else:
        edges = tuple(edge * side // 32 for edge in (4, 8, 12))
        design = synthetic.Design(control_band=int(dataset[-1]), size=side, band_edges=edges)
        parts = [draw_images(design, n, seed) for n, seed in ((count, 1), (100, 2))]
        classes = synthetic.CLASSES
    mean, std = normalisation.pixel_statistics(parts[0][0])
    train, validation = (Split(*part, classes, mean, std) for part in parts)
    return train, validation


def _enlarged(picture: np.ndarray, side: int) -> np.ndarray:
    return np.asarray(Image.fromarray(picture[0]).resize((side, side), Image.Resampling.BICUBIC))[None]
