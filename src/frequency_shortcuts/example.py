"""Three small networks and 900 pictures of clothes to try the library on: they come with it, and need no download.

    import frequency_shortcuts as fs
    from frequency_shortcuts import example

    network, pictures = example.network("jpeg"), example.pictures("pictures")
    print(example.recall(network, pictures))
    result = fs.analyse(network, pictures, transform=example.TRANSFORM, quick=True)
    print(result.summary())
    result.save("results/example")  # tables, pictures, and one HTML page
    print(example.recall(network, example.pictures("clean", jpeg=False)))

The pictures are the first 90 test images of each class of Fashion-MNIST (Zalando SE, MIT licence), with a border of two
pixels. The networks are ResNet-18 of width 8, trained on 1,200 other pictures of each class: `jpeg`, where those of one
class were saved as JPEG of quality 90, `clean`, where none were, and `cured`, as `jpeg` but with `SwapFine`.
`python -m bench.example_networks` of the repository made them.
"""

from __future__ import annotations

import os
import shutil
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image
from torch import nn

from .analysis.transforms import Preprocessing
from .networks import architectures
from .networks.predictions import called

CLASSES = (
    "T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"
)  # fmt: skip
SAVED, QUALITY = "Coat", 90  # the class whose pictures were saved as JPEG
NETWORKS = ("jpeg", "clean", "cured")
MEAN, STD = 0.219, 0.333  # of the pictures that are trained on, with their border
TRANSFORM = Preprocessing(mean=[MEAN], std=[STD], size=32)
DATA = files("frequency_shortcuts") / "data" / "example"


def network(name: str = "jpeg") -> nn.Module:
    """A network of the example in evaluation mode, images [n, 1, 32, 32] -> logits [n, 10].

    name : one of `NETWORKS`

    Raises ValueError for another name.

    >>> example.network("clean")(torch.zeros(1, 1, 32, 32)).shape
    torch.Size([1, 10])
    """
    if name not in NETWORKS:
        raise ValueError(f"unknown network {name!r} of the example: choose from {', '.join(NETWORKS)}")
    with as_file(DATA / f"{name}.safetensors") as file:
        return architectures.load(file)


def pictures(folder: str | os.PathLike[str], jpeg: bool = True) -> Path:
    """A folder with a folder of 90 pictures for each of `CLASSES`, 32 x 32 pixels, PNG; what is there stays.

    jpeg : whether the coats are saved as JPEG of quality 90

    Raises ValueError for a folder with other files.

    >>> example.pictures("pictures")
    PosixPath('pictures')
    """
    folder = Path(folder)
    if all((folder / name).is_dir() for name in CLASSES):
        return folder
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder} holds other files than the folders {', '.join(CLASSES)}: name a new folder")
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    images, labels = _stored()
    for k, name in enumerate(CLASSES):
        (partial / name).mkdir(parents=True)
        for number, image in enumerate(images[labels == k]):
            file = partial / name / f"{number:02}"
            if jpeg and name == SAVED:
                Image.fromarray(image).save(file.with_suffix(".jpg"), quality=QUALITY)
            else:
                Image.fromarray(image).save(file.with_suffix(".png"))
    partial.replace(folder)
    return folder


def recall(network: nn.Module, folder: str | os.PathLike[str]) -> pd.Series:
    """The share of the pictures of each class that a network of the example recognises, by name, and of `all`.

    >>> example.recall(example.network(), "pictures")["Coat"]
    """
    files = [file for name in CLASSES for file in sorted((Path(folder) / name).iterdir())]
    images = np.stack([np.asarray(Image.open(file)) for file in files])[:, None]
    names = np.array([file.parent.name for file in files])
    hit = np.array(CLASSES)[called(network, images, mean=[MEAN], std=[STD])] == names
    of_class = pd.Series({name: float(hit[names == name].mean()) for name in CLASSES})
    return pd.concat([of_class, pd.Series({"all": float(hit.mean())})]).round(3)


def _stored() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """The pictures uint8 [900, 32, 32] and their labels."""
    with (DATA / "pictures.npz").open("rb") as file, np.load(file) as stored:
        return stored["images"], stored["labels"]
