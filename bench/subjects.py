"""What is measured: a few networks, trained for a minute each and stored, with images that they were not trained on."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from frequency_shortcuts.images import normalisation
from frequency_shortcuts.images.source import Source
from frequency_shortcuts.images.splits import Split, first_of_each_class
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.architectures import Architecture
from frequency_shortcuts.storage.journal import Work
from study.sources import synthetic
from study.sources.downloads import DOWNLOADS
from study.sources.drawn import draw_images
from study.trainings.training import train_anew

# Data set, architecture and side in pixels: width, images a class to train on, epochs.
TRAINED = {
    "syn_1 resnet18 32": (8, 400, 8),
    "syn_3 resnet34 32": (8, 400, 8),
    "fashion resnet18 32": (16, 600, 5),
    "fashion vgg16_bn 32": (16, 600, 5),
    "syn_2 resnet18 64": (8, 200, 6),
    "syn_4 resnet34 64": (8, 200, 6),
    "fashion resnet18 64": (8, 200, 5),
    "fashion vgg16_bn 64": (8, 600, 8),
}


def subject(
    name: str, folder: Path, per_class: int, device: torch.device
) -> tuple[nn.Module, Split, Split]:
    """A network in evaluation mode, and `per_class` validation images of every class, uint8 and as it sees them.

    It is trained if it is not in the folder.
    """
    dataset, architecture, side = name.split()
    width, count, epochs = TRAINED[name]
    train, validation = splits(dataset, int(side), count, folder)
    path = folder / "networks" / f"{name.replace(' ', '_')}.safetensors"
    if not path.exists():
        channels = train.images.shape[1]
        form = Architecture(
            architecture, len(train.classes), channels, int(side), width=width, stem="small"
        )
        work = Work(progress=True)
        _, done = train_anew(
            form, {"epochs": epochs}, {}, train, validation, seed=0, device=device, work=work
        )
        architectures.save(path, done.weights, form)
    network = architectures.load(path, device).to(memory_format=torch.channels_last)
    split = validation.subset(first_of_each_class(validation.labels, per_class))
    seen = Source(split, device=device).take(np.arange(len(split)))
    return network, split, Split(seen, split.labels, split.classes)


def splits(dataset: str, side: int, count: int, folder: Path) -> tuple[Split, Split]:
    """Training images, `count` of each class, and others to validate and to cull with."""
    if dataset == "fashion":
        raw, fashion = folder / "fashion_mnist", DOWNLOADS["fashion_mnist"]
        if not raw.exists():
            fashion.fetch(raw)
        parts, classes = [], fashion.classes
        for images, labels in fashion.read(raw):
            kept = first_of_each_class(labels, count)
            # Bicubic.
            pictures = [Image.fromarray(image[0]).resize((side, side)) for image in images[kept]]
            parts.append((np.stack(pictures)[:, None], labels[kept]))
    else:
        edges = tuple(edge * side // 32 for edge in (4, 8, 12))
        design = synthetic.Design(control_band=int(dataset[-1]), size=side, band_edges=edges)
        parts = [draw_images(design, n, seed) for n, seed in ((count, 1), (100, 2))]
        classes = synthetic.CLASSES
    statistics = normalisation.pixel_statistics(parts[0][0])
    train, validation = (Split(*part, classes, *statistics) for part in parts)
    return train, validation
