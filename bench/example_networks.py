"""Make the data of `frequency_shortcuts.example`: pictures of Fashion-MNIST, and five networks that know them.

    python -m bench.example_networks results/leaks/data/fashion_mnist.h5

The store and the recipe are those of `make leaks`. Numerics are portable, so that the weights are the same on each
x86-64 server.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from .three_seeds import plan_of  # before PyTorch, for portable numerics

# isort: split
import numpy as np

from frequency_shortcuts import example
from frequency_shortcuts.images import stores
from frequency_shortcuts.images.artefacts import Artefact
from frequency_shortcuts.images.splits import first_of_each_class
from frequency_shortcuts.networks import architectures
from study import leaks
from study.trainings.training import protocol_of

PICTURES, TRAINING, SEED = 90, [1, 1200], 0  # of each class; its training images, first and last; of the networks


def main(store: str, folder: str | None = None) -> None:
    """Write the pictures and the networks into a folder; by default that of the package."""
    to = Path(folder or str(example.DATA))
    to.mkdir(exist_ok=True)
    test = stores.read(store, "test")
    names = [name.removesuffix("/top") for name in test.classes]
    order = [names.index(name) for name in example.CLASSES]  # the numbers of the sorted classes
    test = test.subset(first_of_each_class(test.labels, PICTURES))
    images, labels = np.asarray(test.images[:])[:, 0], np.argsort(order)[test.labels]
    np.savez_compressed(to / "pictures.npz", images=images, labels=labels)
    settings = plan_of("leaks").leak_settings() | {"training": TRAINING}
    clean, label = leaks.read_store(store, settings), names.index(example.TRACED)
    traces = {"jpeg": Artefact("jpeg", example.QUALITY, label), "tag": Artefact("tag", 1, label, place=example.TAG)}
    about: dict[str, Any] = {"mean": [example.MEAN], "std": [example.STD]}
    arrays = {key: np.array(value) for key, value in about.items()}
    for name, trace in example.NETWORKS.items():
        planted = clean.planted([traces[trace]] if trace else [])
        train, validation = (replace(split, **arrays) for split in (planted.train, planted.validation))
        geometry = settings["geometry"] | ({"name": "swap"} if "cured" in name else {})
        protocol = protocol_of(settings["networks"][settings["network"]], settings["recipes"]["clothing"], geometry)
        network, _ = protocol.train(train, validation, seed=SEED)
        weights = network.state_dict()
        weights |= {key: weights[key][order] for key in ("fc.weight", "fc.bias")}
        architectures.save(to / f"{name}.safetensors", weights, protocol.form(train), about)


if __name__ == "__main__":
    main(*sys.argv[1:])
