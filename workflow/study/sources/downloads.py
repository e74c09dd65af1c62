"""Published sets of photographs: their files are fetched from the first place that has them, and verified.

CIFAR-10: Krizhevsky, "Learning multiple layers of features from tiny images" (2009). Its files are pickles, which
torchvision reads only if they have the published MD5 sums. Fashion-MNIST: Xiao, Rasul and Vollgraf, "Fashion-MNIST: a
novel image dataset for benchmarking machine learning algorithms" (arXiv 1708.07747), MIT licence.
"""

import gzip
import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.images.splits import stratified

from .description import Config, Content, Shape, Source

ImagesAndLabels = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]

NUMBERED = (
    4900  # training images of each class that `test_images` may take: all but the sealed ones
)
TIMEOUT = 20.0  # seconds to wait for a silent server

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
                tried.append(f"{name} ({_reason(error)})")
                continue
            yield name, place
            return
    raise NotFound(f"{title} was not found; tried {'; '.join(tried)}. {advice}")


def debian_sources(package: str, folder: Path) -> tuple[Place, Place]:
    """The folder that a package of Debian installs, and the package itself, downloaded and unpacked."""

    def download(scratch: Path) -> Path:
        if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
            raise RuntimeError("not a Debian machine")

        def run(*command: str) -> None:
            subprocess.run(
                command, cwd=scratch, check=True, capture_output=True, text=True, timeout=600
            )

        try:
            run("apt-get", "download", package)
        except subprocess.CalledProcessError:
            if os.geteuid() != 0:
                raise
            run("apt-get", "update")
            run("apt-get", "download", package)
        (archive,) = scratch.glob(f"{package}*.deb")
        run("dpkg-deb", "-x", archive.name, "package")
        return scratch / "package" / folder.relative_to("/")

    return (f"folder {folder}", lambda scratch: folder), (f"apt-get download {package}", download)


class PublishedSet(ABC):
    """A published set of photographs of one size, with as many of each class.

    torchvision: the name of its class there, and the folder that this downloads. title: its name in messages.
    description: the attribute `source` of its store. shape: (channels, height, width). sealed_per_class: the last
    training photographs of each class, which are in no split. files: names of the published files. advice: where to get
    them and where to put them. sources: where they are looked for, in order.
    """

    torchvision: tuple[str, str]
    title: str
    description: str
    shape: tuple[int, int, int]
    sealed_per_class: int = 0
    classes: tuple[str, ...]
    files: Collection[str]
    advice: str
    sources: Sequence[Place]

    @abstractmethod
    def _load(self, folder: Path) -> tuple[ImagesAndLabels, ImagesAndLabels]:
        """The training and the test photographs of a folder. May raise any error for files that are not published."""

    def _located(self, folder: Path, scratch: Path) -> Path:
        """The folder of the files: one that the user names, or scratch, into which files may be unpacked."""
        return folder

    def _downloaded(self, scratch: Path) -> Path:
        """The folder of torchvision's download. A server that is silent for `TIMEOUT` seconds is an error."""
        from torchvision import datasets

        (name, folder), before = self.torchvision, socket.getdefaulttimeout()
        socket.setdefaulttimeout(TIMEOUT)
        try:
            getattr(datasets, name)(str(scratch), download=True)
        finally:
            socket.setdefaulttimeout(before)
        return scratch / folder

    def fetch(
        self, destination: str | os.PathLike[str], folder: str | os.PathLike[str] | None = None
    ) -> str:
        """Copy the verified files into a folder; returns the name of their source.

        folder: where the user has the files; without it, the `sources` are tried in order. Raises NotFound if no source
        has the files.
        """
        own = [(f"folder {folder}", lambda scratch: self._located(Path(folder or ""), scratch))]
        with first_source(self.title, own if folder else self.sources, self.read, self.advice) as (
            name,
            place,
        ):
            Path(destination).mkdir(parents=True, exist_ok=True)
            for file in self.files:
                shutil.copyfile(place / file, Path(destination, file))
        return name

    def read(self, folder: str | os.PathLike[str]) -> tuple[ImagesAndLabels, ImagesAndLabels]:
        """The training and the test photographs: images uint8 [n, channels, height, width] and labels int64 [n].

        Raises FileNotFoundError for a missing file, and RuntimeError for files that are not the published ones.
        """
        if missing := [path for name in self.files if not (path := Path(folder, name)).is_file()]:
            raise FileNotFoundError(f"no file {missing[0]}")
        try:
            return self._load(Path(folder))
        except Exception as error:  # those of gzip, pickle and torchvision
            problem = (
                f"{folder} does not hold the published files of {self.title} ({_reason(error)})"
            )
            raise RuntimeError(problem) from error

    def sealed(self, labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Positions, int64, sorted, of the sealed photographs among all training photographs with these labels.

        They are the last of each class. No setting changes them.
        """
        return self._of_each_class(
            labels, slice(-self.sealed_per_class, None) if self.sealed_per_class else slice(0)
        )

    def _of_each_class(self, labels: npt.NDArray[np.int64], part: slice) -> npt.NDArray[np.int64]:
        """The same of a part of each class in the training split of the default study (share 0.1, seed 0)."""
        train = stratified(labels, {"train": 0.9, "validation": 0.1}, seed=0)["train"]
        return np.sort(
            np.concatenate([train[labels[train] == c][part] for c in range(len(self.classes))])
        )

    def _numbered(
        self, labels: npt.NDArray[np.int64], ends: Sequence[int]
    ) -> npt.NDArray[np.int64]:
        return self._of_each_class(labels, slice(ends[0] - 1, ends[1]))

    def splits(
        self,
        folder: str | os.PathLike[str],
        validation_share: float,
        seed: int,
        test_images: str | Sequence[int] = "all",
        train_images: Sequence[int] | None = None,
    ) -> dict[str, ImagesAndLabels]:
        """The photographs of a folder in the splits of a study: `train`, `validation`, `test` -> images and labels.

        validation_share, seed : of the draw from the training photographs. test_images : `all` published ones, their
        `first_half` or `second_half` in order, or [first, last], the training photographs with these numbers in each
        class, counted from 1 in the training split of the default study, which are then in no other split.
        train_images : in the same way those that train, by default all that are left. Sealed photographs are in no
        split. For the errors see `read`.
        """
        (images, labels), test = self.read(folder)
        left_out = self.sealed(labels)
        if isinstance(test_images, str):
            middle = len(test[1]) // 2
            ends = {
                "all": (None, None),
                "first_half": (None, middle),
                "second_half": (middle, None),
            }[test_images]
            test = test[0][slice(*ends)], test[1][slice(*ends)]
        else:
            numbered = self._numbered(labels, test_images)
            test, left_out = (images[numbered], labels[numbered]), np.union1d(left_out, numbered)
        parts = stratified(
            labels, {"train": 1 - validation_share, "validation": validation_share}, seed
        )
        chosen = {
            name: np.setdiff1d(part, left_out, assume_unique=True) for name, part in parts.items()
        }
        if train_images:
            chosen["train"] = np.intersect1d(chosen["train"], self._numbered(labels, train_images))
        return {
            **{name: (images[part], labels[part]) for name, part in chosen.items()},
            "test": test,
        }


class FashionMnist(PublishedSet):
    """Fashion-MNIST: 70,000 photographs of articles of clothing, with a black border, like their background."""

    torchvision = "FashionMNIST", "FashionMNIST/raw"
    title, description = "Fashion-MNIST", "Fashion-MNIST, 28 x 28 padded to 32 x 32"
    shape, sealed_per_class = (1, 32, 32), 500
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
    files: Mapping[str, str] = {
        "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    }
    debian_package, debian_folder = (
        "dataset-fashion-mnist",
        Path("/usr/share/datasets/fashion-mnist"),
    )
    advice = (
        f"Install Debian's package {debian_package}, or put {', '.join(files)} into a folder and name it in the config "
        "as datasets: fashion_mnist: folder"
    )

    def __init__(self) -> None:
        installed, package = debian_sources(self.debian_package, self.debian_folder)
        self.sources = (installed, ("torchvision's download", self._downloaded), package)

    def _load(self, folder: Path) -> tuple[ImagesAndLabels, ImagesAndLabels]:
        numbers = []
        for name, expected in self.files.items():
            content = gzip.decompress((folder / name).read_bytes())
            if hashlib.sha256(content).hexdigest() != expected:
                raise ValueError(f"{name} has another SHA-256")
            numbers.append(np.frombuffer(content, np.uint8))
        border = (0, 0), (0, 0), (2, 2), (2, 2)
        (
            train,
            test,
        ) = (  # of IDX files: a head of 16 bytes stands before pixels, of 8 bytes before labels
            (np.pad(pixels[16:].reshape(-1, 1, 28, 28), border), labels[8:].astype(np.int64))
            for pixels, labels in (numbers[:2], numbers[2:])
        )
        return train, test


class Cifar10(PublishedSet):
    """CIFAR-10: 60,000 small colour photographs, from the published files for Python."""

    torchvision = "CIFAR10", "cifar-10-batches-py"
    title, description = "CIFAR-10", "CIFAR-10"
    shape = (3, 32, 32)
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
    files = (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta")
    advice = (
        "Put cifar-10-python.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html, or the files "
        f"{', '.join(files)} in it, into a folder and name it in the config as datasets: cifar10: folder"
    )

    def __init__(self) -> None:
        self.sources = (("torchvision's download", self._downloaded),)

    def _load(self, folder: Path) -> tuple[ImagesAndLabels, ImagesAndLabels]:
        from torchvision.datasets import CIFAR10

        in_folder = type("InFolder", (CIFAR10,), {"base_folder": "."})
        parts = (in_folder(folder, train=train) for train in (True, False))
        train, test = (
            (
                np.ascontiguousarray(part.data.transpose(0, 3, 1, 2)),
                np.array(part.targets, np.int64),
            )
            for part in parts
        )
        return train, test

    def _located(self, folder: Path, scratch: Path) -> Path:
        """The named folder, the archive's folder in it, or scratch with its archive unpacked."""
        from torchvision.datasets import CIFAR10
        from torchvision.datasets.utils import check_integrity, extract_archive

        inner, archive = folder / str(CIFAR10.base_folder), folder / str(CIFAR10.filename)
        if inner.is_dir():
            return inner
        if not archive.is_file():
            return folder
        if not check_integrity(archive, CIFAR10.tgz_md5):
            raise RuntimeError(f"{archive} is not the published archive")
        extract_archive(archive, scratch)
        return scratch / inner.name


DOWNLOADS: Mapping[str, PublishedSet] = {"fashion_mnist": FashionMnist(), "cifar10": Cifar10()}


def _reason(error: BaseException) -> str:
    text = (
        error.stderr
        if isinstance(error, subprocess.CalledProcessError) and error.stderr
        else str(error)
    )
    lines = text.strip().splitlines()
    return lines[-1] if lines else type(error).__name__


class Downloads(Source):
    """The sets of `DOWNLOADS`."""

    names = tuple(DOWNLOADS)

    def mistakes(self, config: Config, name: str) -> Iterator[str]:
        """Numbers of test images that no training image has."""
        for key in ("test_images", "train_images"):
            numbers = config["datasets"][name].get(key, "")
            if not isinstance(numbers, str) and not numbers[0] <= numbers[1] <= NUMBERED:
                yield (
                    f"datasets.{name}.{key}: {numbers} is not allowed, expected the first and the last of the numbers "
                    f"1 to {NUMBERED:,} of a class"
                )

    def inspect(self, config: Config, name: str) -> Content:
        """Raises NotFound if the folder that the user names does not hold the published files."""
        settings = config["datasets"][name]
        published = DOWNLOADS[settings["source"]]
        if settings["folder"]:
            with tempfile.TemporaryDirectory() as scratch:
                published.fetch(scratch, settings["folder"])
        return Content(published.classes, Shape(*published.shape), published.title)

    def files(self, config: Config, name: str) -> dict[str, Any]:
        return {"files": f"<results>/data/raw/{name}"}

    def settings(self, config: Config, name: str) -> dict[str, Any]:
        """All but the folder, which changes no image."""
        return {
            key: value for key, value in super().settings(config, name).items() if key != "folder"
        }

    def build(
        self, path: str, settings: Mapping[str, Any], given: Any, workers: int, **about: Any
    ) -> None:
        from frequency_shortcuts.images import stores

        published = DOWNLOADS[settings["source"]]
        chosen = {key: settings[key] for key in ("test_images", "train_images") if key in settings}
        splits = published.splits(
            given.files, settings["validation_share"], settings["split_seed"], **chosen
        )
        stores.write(path, splits, classes=published.classes, source=published.description, **about)


SOURCE = Downloads()
