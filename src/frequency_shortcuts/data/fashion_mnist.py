"""Fashion-MNIST: 70,000 photographs of articles of clothing, from its original IDX files.

Xiao, Rasul and Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
algorithms" (arXiv 1708.07747), MIT licence.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from . import downloads
from .downloads import Source
from .splits import Labelled

NotFound = downloads.NotFound

DESCRIPTION = "Fashion-MNIST, 28 x 28 padded to 32 x 32"
CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
DEBIAN_PACKAGE = "dataset-fashion-mnist"
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
# SHA-256 of the decompressed files: archives differ in their compression, but not in the arrays.
FILES = {
    "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def fetch(destination: str | os.PathLike[str], sources: Sequence[Source] | None = None) -> str:
    """Copy the four verified IDX files (gzip) into a folder; returns the name of their source.

    Each source is a name and a function that takes an empty scratch folder and returns the folder of the files. The
    sources are tried in order. Raises NotFound if none works.
    """
    return downloads.fetch(
        destination,
        default_sources() if sources is None else sources,
        files=FILES,
        verify=verify,
        title="Fashion-MNIST",
        advice=f"Install Debian's package {DEBIAN_PACKAGE}, or put {', '.join(FILES)} into a folder and name it in the "
        "config as datasets: fashion_mnist: folder",
    )


def default_sources(folder: str | os.PathLike[str] | None = None) -> list[Source]:
    """The sources, in order: a folder of the user, Debian's folder, torchvision's download, Debian's package."""
    own: list[Source] = [(f"folder {folder}", lambda _: Path(folder))] if folder else []
    return [
        *own,
        (f"folder {DEBIAN_FOLDER}", lambda _: DEBIAN_FOLDER),
        ("torchvision's download", _torchvision),
        (f"apt-get download {DEBIAN_PACKAGE}", _debian_package),
    ]


def verify(folder: Path) -> None:
    """Raise FileNotFoundError or RuntimeError, naming the file, unless all four published files are in the folder."""
    for name, expected in FILES.items():
        path = folder / name
        if not path.is_file():
            raise FileNotFoundError(f"no file {path}")
        try:
            found = hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest()
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise RuntimeError(f"{path} is not a whole gzip file") from error
        if found != expected:
            raise RuntimeError(f"{path} is not the published file (sha256 {found[:12]}, expected {expected[:12]})")


def read(folder: str | os.PathLike[str], *, pad: int = 2) -> tuple[Labelled, Labelled]:
    """The 60,000 training and 10,000 test photographs: uint8 [n, 1, 28 + 2 pad, 28 + 2 pad] and labels int64 [n].

    The border is black, like the background of the photographs.
    """
    folder = Path(folder)
    verify(folder)
    parts = []
    for part in ("train", "t10k"):
        images = _read_idx(folder / f"{part}-images-idx3-ubyte.gz")
        labels = _read_idx(folder / f"{part}-labels-idx1-ubyte.gz")
        padded = np.pad(images[:, None], ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        parts.append((padded, labels.astype(np.int64)))
    return parts[0], parts[1]


def _read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """IDX: two zero bytes, the type (8 = unsigned byte), the number of axes, their lengths, the data."""
    data = gzip.decompress(path.read_bytes())
    axes = data[3]
    shape = np.frombuffer(data, ">u4", count=axes, offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)


def _torchvision(scratch: Path) -> Path:
    from torchvision.datasets import FashionMNIST

    with downloads.server_timeout():
        FashionMNIST(str(scratch), download=True)
    return scratch / "FashionMNIST" / "raw"


def _debian_package(scratch: Path) -> Path:
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise RuntimeError("not a Debian machine")

    def run(*command: str) -> None:
        subprocess.run(command, cwd=scratch, check=True, capture_output=True, text=True, timeout=600)

    try:
        run("apt-get", "download", DEBIAN_PACKAGE)
    except subprocess.CalledProcessError:
        if os.geteuid() != 0:
            raise
        run("apt-get", "update")
        run("apt-get", "download", DEBIAN_PACKAGE)
    (archive,) = scratch.glob(f"{DEBIAN_PACKAGE}*.deb")
    run("dpkg-deb", "-x", archive.name, "package")
    return scratch / "package" / DEBIAN_FOLDER.relative_to("/")
