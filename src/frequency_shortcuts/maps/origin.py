"""What maps, scores and spectra were made from: the identities of the weights and of the images."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from frequency_shortcuts.networks.weights import identity
from frequency_shortcuts.storage.checksums import read_hdf5

Path = str | os.PathLike[str]


def check_origin(
    path: Path,
    attributes: Mapping[str, Any],
    *,
    weights: Path | None = None,
    images: Path | None = None,
    renditions: Path | None = None,
) -> None:
    """Raise ValueError unless a file was made with the weights and from the images of these files.

    attributes : of the file, `weights_sha256` and `images_sha256` among them
    weights, images : a file of weights and an image store; None where the file may be of any
    renditions : a store of renditions of the images

    A file of another program names no origin, and is accepted.
    """
    if "created_by" not in attributes and not {"weights_sha256", "images_sha256"} & set(attributes):
        return
    if weights is not None:
        _compare(path, attributes, "weights_sha256", "weights", identity(weights), weights)
    for store, name in ((images, "checksum"), (renditions, "made_from")):
        if store is not None:
            with read_hdf5(store) as file:
                expected = str(file.attrs[name])
            _compare(path, attributes, "images_sha256", "images", expected, store)


def _compare(path: Path, attributes: Mapping[str, Any], key: str, what: str, expected: str, other: Path) -> None:
    if attributes.get(key) != expected:
        raise ValueError(f"{path}: it was made from other {what} than those in {other}; make it again from these")


def origin_of(*, weights: Path, images: Path) -> dict[str, str]:
    """The attributes of a file that is made with the weights and from the images of these files."""
    with read_hdf5(images) as store:
        return {"weights_sha256": identity(weights), "images_sha256": str(store.attrs["checksum"])}
