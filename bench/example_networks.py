"""Make the data of `frequency_shortcuts.example`: pictures of Fashion-MNIST, and three networks that know them.

    python -m bench.example_networks results/cure/data/fashion_mnist.h5

The store is one of `make cure`, and so are the images, the recipe and the settings of `SwapFine`. Numerics are
portable, so that the weights are the same on each x86-64 server.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from .three_seeds import photographs, plan_of, protocol_of  # before PyTorch, for portable numerics

# isort: split
import numpy as np

from frequency_shortcuts import example
from frequency_shortcuts.data import stores
from frequency_shortcuts.data.artefacts import Artefact
from frequency_shortcuts.data.splits import first_of_each_class
from frequency_shortcuts.evaluation import leak_networks
from frequency_shortcuts.networks import architectures

PICTURES, SEED = 90, 0  # of each class; of the networks


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
    chosen = plan_of("cure").cure_settings()
    clean = photographs.read(store, chosen)
    protocol = protocol_of(chosen["network"], chosen["recipe"], chosen["augmentation"])
    about: dict[str, Any] = {"mean": [example.MEAN], "std": [example.STD]}
    arrays = {key: np.array(value) for key, value in about.items()}
    for name in example.NETWORKS:
        images = clean.planted([] if name == "clean" else [Artefact("jpeg", 90, names.index(example.SAVED))])
        splits = (replace(split, **arrays) for split in (images.train, images.ranking, images.test))
        augmentation = replace(protocol.augmentation, name="swap_fine" if name == "cured" else "none")
        of_network = replace(protocol, augmentation=augmentation)
        made = leak_networks.Photographs(*splits)
        network, _ = of_network.train(made.train, made.validation, seed=SEED)
        channels, size = images.train.images.shape[1:3]
        architecture = architectures.Architecture(
            n_classes=len(example.CLASSES), channels=channels, size=size, **protocol.network
        )
        weights = network.state_dict()
        weights |= {key: weights[key][order] for key in ("fc.weight", "fc.bias")}
        architectures.save(to / f"{name}.safetensors", weights, architecture, about)


if __name__ == "__main__":
    main(*sys.argv[1:])
