"""Make the data of `frequency_shortcuts.example`: pictures of Fashion-MNIST, and five networks that know them.

    python -m bench.example_networks results/laptop/data/fashion_mnist.h5

The store and the recipe are those of `make study`. Numerics are portable, so that the weights are the same on each
x86-64 server.
"""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from .three_seeds import config_of  # before PyTorch, for portable numerics

# isort: split
import numpy as np

from frequency_shortcuts import example
from frequency_shortcuts.images import stores
from frequency_shortcuts.images.artefacts import Artefact
from frequency_shortcuts.networks import architectures
from study import settings
from study.trainings.training import architecture_of, train_anew


def main(store: str, folder: str | None = None) -> None:
    """Write the pictures and the networks into a folder; by default that of the package."""
    to = Path(folder or str(example.DATA))
    to.mkdir(exist_ok=True)
    read = partial(stores.read, store, in_memory=2**40)
    # The first of each class.
    test, *clean = (
        read("test", 90),
        read("train", 1200),
        read("validation", 100),
    )
    names = [name.removesuffix("/top") for name in test.classes]
    order = [names.index(name) for name in example.CLASSES]  # the numbers of the sorted classes
    images, labels = np.asarray(test.images)[:, 0], np.argsort(order)[test.labels]
    np.savez_compressed(to / "pictures.npz", images=images, labels=labels)
    config, label = config_of("leaks"), names.index(example.TRACED)
    recipe, network = (
        settings.recipe(config, "clothing", "resnet18_w8"),
        config["networks"]["resnet18_w8"],
    )
    traces = {
        "jpeg": Artefact("jpeg", example.QUALITY, label),
        "tag": Artefact("tag", 1, label, place=example.TAG),
    }
    about: dict[str, Any] = {"mean": [example.MEAN], "std": [example.STD]}
    for name, trace in example.NETWORKS.items():
        add = traces[trace].add if trace else lambda images, labels: images
        train, validation = (
            replace(split, images=add(np.asarray(split.images), split.labels), **about)
            for split in clean
        )
        training = settings.training(config, "clothing", "swap" if "cured" in name else "none")
        form = architecture_of(network, len(names), train.images.shape[1:])
        trained, _ = train_anew(form, recipe, training["augmentation"], train, validation, seed=0)
        weights = trained.state_dict()
        weights |= {key: weights[key][order] for key in ("fc.weight", "fc.bias")}
        architectures.save(to / f"{name}.safetensors", weights, form, about)


if __name__ == "__main__":
    main(*sys.argv[1:])
