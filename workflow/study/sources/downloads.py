"""Published sets of photographs: their files are fetched from the first place that has them, and verified.

CIFAR-10: Krizhevsky, "Learning multiple layers of features from tiny images" (2009). Its files are pickles, which
torchvision reads only if they have the published MD5 sums. Fashion-MNIST: Xiao, Rasul and Vollgraf, "Fashion-MNIST: a
novel image dataset for benchmarking machine learning algorithms" (arXiv 1708.07747), MIT licence.
"""

import gzip
import hashlib
import shutil
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.images.splits import stratified

from .description import ArraySource, Content, Shape

ImagesAndLabels = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]

# A name, and a function that takes an empty scratch folder and returns the folder of the files.
Place = tuple[str, Callable[[Path], Path]]


class NotFound(RuntimeError):
    """No source had the files; the message lists what was tried and says what to do."""


@contextmanager
def first_source(
    title: str, sources: Sequence[Place], check: Callable[[Path], object], advice: str
) -> Iterator[tuple[str, Path]]:
    """The name and the folder of the first source whose folder passes a check; scratch is deleted after the block.

    Raises NotFound, with the reasons and the advice, if there is none.
    """
    tried = []
    for name, locate in sources:
        with tempfile.TemporaryDirectory() as scratch:
            try:
                place = locate(Path(scratch))
                check(place)
            except Exception as error:  # after any error of one source, the next one is tried
                tried.append(f"{name} ({error})")
                continue
            yield name, place
            return
    raise NotFound(f"{title} was not found; tried {'; '.join(tried)}. {advice}")


def debian_sources(package: str, folder: Path) -> tuple[Place, Place]:
    """The folder that a package of Debian installs, and the package itself, downloaded and unpacked."""

    # A container may have no lists of packages yet.
    script = f"""
        apt-get download {package} || (apt-get update && apt-get download {package})
        dpkg-deb -x {package}*.deb package
    """

    def download(scratch: Path) -> Path:
        command = ["sh", "-ec", script]
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise RuntimeError(" ".join(done.stderr.split()))
        return scratch / "package" / folder.relative_to("/")

    return (f"folder {folder}", lambda scratch: folder), (f"apt-get download {package}", download)


def torchvision_source(name: str, folder: str) -> Place:
    """torchvision's download of one of its data sets, by the name of its class and the folder that this writes."""

    def download(scratch: Path) -> Path:
        from torchvision import datasets

        getattr(datasets, name)(str(scratch), download=True)
        return scratch / folder

    return "torchvision's download", download


class PublishedSet(ABC):
    """A published set of photographs of one size, with as many of each class.

    title: its name in messages. description: the attribute `source` of its store. shape: of an image. sealed: numbers,
    first and last, of the training photographs of each class that are in no split. files: paths of the published files.
    advice: where to get them and where to put them. sources: where they are looked for, in order.
    """

    title: str
    description: str
    shape: Shape
    sealed: Sequence[int] | None = None
    classes: Sequence[str]
    files: Sequence[str]
    advice: str
    sources: Sequence[Place]

    @abstractmethod
    def read(self, folder: Path) -> tuple[ImagesAndLabels, ImagesAndLabels]:
        """The training and the test photographs: images uint8 [n, channels, height, width] and labels int64 [n].

        Raises any error for files that are missing, or not the published ones.
        """

    @contextmanager
    def located(self, folder: str | None = None) -> Iterator[tuple[str, Path]]:
        """The name and the folder of the source of verified files.

        folder: where the user has them; without it, the `sources` are tried in order. Raises NotFound if none has them.
        """
        own = [(f"folder {folder}", lambda scratch: Path(folder or ""))]
        sources = own if folder else self.sources
        with first_source(self.title, sources, self.read, self.advice) as found:
            yield found

    def fetch(self, destination: Path, folder: str | None = None) -> str:
        """Copy the verified files into a folder; returns the name of their source. See `located`."""
        with self.located(folder) as (name, place):
            for file in self.files:
                copy = destination / file
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(place / file, copy)
        return name

    def numbered(
        self, labels: npt.NDArray[np.int64], numbers: Sequence[int]
    ) -> npt.NDArray[np.int64]:
        """Positions, int64, sorted, of the training photographs, which have these labels, with some numbers.

        numbers : the first and the last in each class, counted from 1 in the training split of the default study (share
            0.1, seed 0). No setting changes them
        """
        first, last = numbers
        train = stratified(labels, {"train": 0.9, "validation": 0.1}, seed=0)["train"]
        of_class = [train[labels[train] == c][first - 1 : last] for c in range(len(self.classes))]
        return np.sort(np.concatenate(of_class))

    def splits(
        self,
        folder: Path,
        validation_share: float,
        seed: int,
        test_images: str | Sequence[int] = "all",
        train_images: Sequence[int] | None = None,
    ) -> dict[str, ImagesAndLabels]:
        """The photographs of a folder in the splits of a study: `train`, `validation`, `test` -> images and labels.

        validation_share, seed : of the draw from the training photographs. test_images : `all` published ones, their
        `second_half` in order, or the numbers of training photographs (see `numbered`), which are then in no other
        split. train_images : numbers of those that train, by default all that are left. Sealed photographs are in no
        split. For the errors see `read`.
        """
        (images, labels), test = self.read(folder)
        left_out = np.empty(0, np.int64)
        if self.sealed:
            left_out = self.numbered(labels, self.sealed)
        if test_images == "second_half":
            half = len(test[1]) // 2
            test = test[0][half:], test[1][half:]
        elif not isinstance(test_images, str):
            tested = self.numbered(labels, test_images)
            test, left_out = (images[tested], labels[tested]), np.union1d(left_out, tested)
        shares = {"train": 1 - validation_share, "validation": validation_share}
        chosen = {
            name: np.setdiff1d(part, left_out, assume_unique=True)
            for name, part in stratified(labels, shares, seed).items()
        }
        if train_images:
            chosen["train"] = np.intersect1d(chosen["train"], self.numbered(labels, train_images))
        splits = {name: (images[part], labels[part]) for name, part in chosen.items()}
        return {**splits, "test": test}


class FashionMnist(PublishedSet):
    """Fashion-MNIST: 70,000 photographs of articles of clothing, with a black border, like their background."""

    title, description = "Fashion-MNIST", "Fashion-MNIST, 28 x 28 padded to 32 x 32"
    shape = Shape(1, 32, 32)
    sealed = 4901, 5400
    classes = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )
    # SHA-256 of the decompressed files: archives differ in their compression, but not in the arrays.
    sums: Mapping[str, str] = {
        "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    }
    files = tuple(sums)
    advice = (
        f"Install Debian's package dataset-fashion-mnist, or put {', '.join(files)} into a folder and name it in the "
        "config as datasets: fashion_mnist: folder"
    )
    _installed, _package = debian_sources(
        "dataset-fashion-mnist", Path("/usr/share/datasets/fashion-mnist")
    )
    sources = _installed, torchvision_source("FashionMNIST", "FashionMNIST/raw"), _package

    def read(self, folder: Path) -> tuple[ImagesAndLabels, ImagesAndLabels]:
        numbers = []
        for name, expected in self.sums.items():
            content = gzip.decompress((folder / name).read_bytes())
            if hashlib.sha256(content).hexdigest() != expected:
                raise ValueError(f"{name} has another SHA-256")
            numbers.append(np.frombuffer(content, np.uint8))
        return _clothing(*numbers[:2]), _clothing(*numbers[2:])


def _clothing(pixels: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8]) -> ImagesAndLabels:
    """Images with a border, and labels, of IDX files: a head of 16 bytes stands before pixels, of 8 before labels."""
    images = pixels[16:].reshape(-1, 1, 28, 28)
    return np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2))), labels[8:].astype(np.int64)


class Cifar10(PublishedSet):
    """CIFAR-10: 60,000 small colour photographs, from the published files for Python."""

    title, description = "CIFAR-10", "CIFAR-10"
    shape = Shape(3, 32, 32)
    classes = (
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    )
    files = tuple(
        f"cifar-10-batches-py/{name}"
        for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta")
    )
    advice = (
        "Unpack cifar-10-python.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html into a folder and name it in "
        "the config as datasets: cifar10: folder"
    )
    sources = (torchvision_source("CIFAR10", "."),)

    def read(self, folder: Path) -> tuple[ImagesAndLabels, ImagesAndLabels]:
        from torchvision.datasets import CIFAR10

        parts = [CIFAR10(folder, train=train) for train in (True, False)]
        train, test = (
            (
                np.ascontiguousarray(part.data.transpose(0, 3, 1, 2)),
                np.array(part.targets, np.int64),
            )
            for part in parts
        )
        return train, test


DOWNLOADS: Mapping[str, PublishedSet] = {"fashion_mnist": FashionMnist(), "cifar10": Cifar10()}


class Downloads(ArraySource):
    """The sets of `DOWNLOADS`."""

    names = tuple(DOWNLOADS)

    @property
    def published(self) -> PublishedSet:
        return DOWNLOADS[self.keys["source"]]

    @property
    def shape(self) -> Shape:
        return self.published.shape

    def inspect(self) -> Content:
        """Raises NotFound if the folder that the user names does not hold the published files."""
        published, folder = self.published, self.keys["folder"]
        if folder:
            with published.located(folder):
                pass
        return Content(published.classes, published.shape, published.title)

    def files(self) -> dict[str, Any]:
        return {"files": f"<results>/data/raw/{self.name}"}

    def settings(self) -> dict[str, Any]:
        """All but the folder, which changes no image."""
        settings = super().settings()
        del settings["folder"]
        return settings

    def content(self, given: Any) -> dict[str, Any]:
        keys, published = self.keys, self.published
        chosen = {key: keys[key] for key in ("test_images", "train_images") if key in keys}
        share, seed = keys["validation_share"], keys["split_seed"]
        return {
            "splits": published.splits(Path(given.files), share, seed, **chosen),
            "classes": published.classes,
            "source": published.description,
        }


SOURCE = Downloads
