"""CIFAR-10: 60,000 small colour photographs in ten classes, from the published files for Python.

Krizhevsky, "Learning multiple layers of features from tiny images" (2009). The files are pickles; reading them executes
nothing (see `pickles`). Their address and MD5 sums are those of `torchvision.datasets.CIFAR10`.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import downloads, pickles
from .downloads import Source
from .splits import Labelled

NotFound = downloads.NotFound

DESCRIPTION = "CIFAR-10"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SHAPE = (3, 32, 32)
TRAIN = tuple(f"data_batch_{i}" for i in range(1, 6))
TEST = "test_batch"
META = "batches.meta"
FILES = (*TRAIN, TEST, META)
FOLDER = "cifar-10-batches-py"  # the folder in the archive
ARCHIVE = "cifar-10-python.tar.gz"
ADVICE = (
    f"Put {ARCHIVE} from https://www.cs.toronto.edu/~kriz/cifar.html, or the files {', '.join(FILES)} in it, into a "
    "folder and name it in the config as datasets: cifar10: folder"
)


def checksums() -> dict[str, str]:
    """The MD5 sum, in hexadecimal, of each of the seven `FILES`, as torchvision publishes them."""
    from torchvision.datasets import CIFAR10

    return {**dict(CIFAR10.train_list), **dict(CIFAR10.test_list), CIFAR10.meta["filename"]: CIFAR10.meta["md5"]}


def fetch(
    destination: str | os.PathLike[str],
    sources: Sequence[Source] | None = None,
    md5: Mapping[str, str] | None = None,
) -> str:
    """Copy the seven verified files into a folder; returns the name of their source.

    sources: see `downloads.Source`, tried in order, by default torchvision's download; md5: as in `verify`. Raises
    NotFound when no source works.

        cifar10.fetch("raw", cifar10.default_sources("/data/cifar10"))
        (images, labels), test = cifar10.read("raw")
    """
    return downloads.fetch(
        destination,
        default_sources() if sources is None else sources,
        files=FILES,
        verify=lambda folder: verify(folder, md5),
        title="CIFAR-10",
        advice=ADVICE,
    )


def default_sources(folder: str | os.PathLike[str] | None = None) -> list[Source]:
    """The sources of the files: the user's folder if one is named (see `locate`), else torchvision's download."""
    if folder:
        return [(f"folder {folder}", lambda scratch: locate(Path(folder), scratch))]
    return [("torchvision's download", _torchvision)]


def locate(folder: Path, scratch: Path) -> Path:
    """The folder with the files: the named one, the archive's folder in it, or scratch with its archive unpacked.

    Only the seven files are unpacked. Raises FileNotFoundError if there is no folder, and RuntimeError for an archive
    that is not whole.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder {folder}")
    for place in (folder, folder / FOLDER):
        if any((place / name).is_file() for name in FILES):
            return place
    if (folder / ARCHIVE).is_file():
        return _unpack(folder / ARCHIVE, scratch)
    return folder


def check_folder(folder: str | os.PathLike[str], md5: Mapping[str, str] | None = None) -> None:
    """Raise NotFound, with the reason, unless a folder holds the published files or their archive."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            verify(locate(Path(folder), Path(scratch)), md5)
        except (FileNotFoundError, RuntimeError) as error:
            raise NotFound(f"{error}. {ADVICE}") from error


def verify(folder: Path, md5: Mapping[str, str] | None = None) -> None:
    """Raise FileNotFoundError or RuntimeError, naming the file, unless all seven published files are in the folder.

    md5: the expected sum of each of the `FILES`, by default `checksums()`.
    """
    expected = checksums() if md5 is None else md5
    for name in FILES:
        path = folder / name
        if not path.is_file():
            raise FileNotFoundError(f"no file {path}")
        with open(path, "rb") as file:
            found = hashlib.file_digest(file, "md5").hexdigest()
        if found != expected[name]:
            raise RuntimeError(f"{path} is not the published file (md5 {found[:12]}, expected {expected[name][:12]})")


def read(folder: str | os.PathLike[str], md5: Mapping[str, str] | None = None) -> tuple[Labelled, Labelled]:
    """The 50,000 training and 10,000 test photographs: uint8 [n, 3, 32, 32], RGB, and labels int64 [n].

    md5: as in `verify`, whose errors are raised. Raises ValueError for a file that is not a pickle of numbers, or that
    has another layout.
    """
    folder = Path(folder)
    verify(folder, md5)
    names = _content(folder / META).get("label_names")
    if names != list(CLASSES):
        raise ValueError(f"{folder / META} is not laid out as CIFAR-10: expected label_names {', '.join(CLASSES)}")
    batches = [_batch(folder / name) for name in TRAIN]
    images, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return (images, labels), _batch(folder / TEST)


def _batch(path: Path) -> Labelled:
    """Images and labels of one file: a dict with data uint8 [n, 3072], three planes per row, and a list labels."""
    content = _content(path)
    data, labels = content.get("data"), content.get("labels")
    images: npt.NDArray[Any] = data.values if isinstance(data, pickles.Array) else np.empty(0)
    width = math.prod(SHAPE)
    if images.dtype != np.uint8 or images.ndim != 2 or images.shape[1] != width:
        raise ValueError(f"{path} is not laid out as CIFAR-10: expected an array data, uint8 [n, {width}]")
    if (
        not isinstance(labels, list)
        or len(labels) != len(images)
        or not all(isinstance(label, int) and 0 <= label < len(CLASSES) for label in labels)
    ):
        raise ValueError(
            f"{path} is not laid out as CIFAR-10: expected a list of {len(images)} labels from 0 to {len(CLASSES) - 1}"
        )
    return images.reshape(-1, *SHAPE), np.array(labels, np.int64)


def _content(path: Path) -> dict[Any, Any]:
    content = pickles.read(path, "images")
    if not isinstance(content, dict):
        raise ValueError(f"{path} is not laid out as CIFAR-10: expected a dict, found {type(content).__name__}")
    return content


def _torchvision(scratch: Path) -> Path:
    """Download the archive as torchvision's CIFAR10 does; its class is not used, since its unpickling is not safe."""
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import download_url

    with downloads.server_timeout():
        download_url(CIFAR10.url, str(scratch), CIFAR10.filename, CIFAR10.tgz_md5)
    return _unpack(scratch / CIFAR10.filename, scratch)


def _unpack(archive: Path, folder: Path) -> Path:
    """Write those of the seven files that an archive holds into a folder; returns the folder."""
    wanted = {f"{FOLDER}/{name}": name for name in FILES}
    try:
        with tarfile.open(archive, "r:gz") as members:
            for member in members:
                content = members.extractfile(member) if member.name in wanted and member.isfile() else None
                if content is not None:
                    with content, open(folder / wanted[member.name], "wb") as file:
                        shutil.copyfileobj(content, file)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RuntimeError(f"{archive} is not a whole tar.gz archive") from error
    return folder
