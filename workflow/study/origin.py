"""What each result is of, and what it was made from: written into it, and compared before a step reads it.

A file of a run holds the run, a file of a data set its name. Both hold the digests of what they were made from. No
digest depends on a path, on a commit or on `created_by`.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from frequency_shortcuts.networks.weights import read_metadata, read_weights_digest
from frequency_shortcuts.storage.checksums import DamagedFile, read_hdf5

_RUN = r"(?P<run>\w+/\w+/\w+/seed\d+)"
# Of HDF5 files and weights below results/<study>/, in the order in which they are made. A group is an attribute.
_PLACES = {
    "images": r"data/(?P<dataset>\w+)\.h5",
    "rendition": r"data/ood/(?P<dataset>\w+)/(?P<rendition>[\w-]+)\.h5",
    "spectra": r"adcs/(?P<dataset>\w+)\.h5",
    "weights": rf"networks/{_RUN}/weights\.safetensors",
    "part": rf"dfm/{_RUN}_part\d+\.h5",
    "maps": rf"dfm/{_RUN}\.h5",
    "halves": rf"stability/{_RUN}\.h5",
    "method": rf"maps/(?P<name>\w+)/{_RUN}\.h5",
    "test": rf"tests/{_RUN}/(?P<test>\w+)\.h5",
}
_OF_METHOD = re.compile(r"maps_of_(\w+)_sha256")
_PATTERNS = {kind: re.compile(rf"(?:.*/)?results/[^/]+/{place}") for kind, place in _PLACES.items()}


def place_of(path: str | Path) -> dict[str, str]:
    """The attributes that a result at this path must hold; none for any other file.

    >>> place_of("results/laptop/dfm/syn_1/resnet18/none/seed0.h5")
    {'kind': 'maps', 'run': 'syn_1/resnet18/none/seed0'}
    """
    matches = ((kind, pattern.fullmatch(str(path))) for kind, pattern in _PATTERNS.items())
    return next(({"kind": kind, **match.groupdict()} for kind, match in matches if match), {})


def origin_of(
    path: str | Path,
    *,
    weights: str | Path = "",
    images: str | Path = "",
    maps: str | Path = "",
    methods: Mapping[str, str | Path] | None = None,
) -> dict[str, str]:
    """The attributes of a result that is written to `path`: what it is of, and the digests of what it is made from.

    weights, images, maps : a file of weights, an image store and a file of maps
    methods : name -> file of its maps, of other methods that are tested as well
    """
    sources = {"weights": weights, "images": images, "maps": maps}
    digests = {f"{kind}_sha256": _digest(kind, path) for kind, path in sources.items() if path}
    digests |= {f"maps_of_{name}_sha256": _digest("maps", path) for name, path in (methods or {}).items()}
    return place_of(path) | digests


def _digest(kind: str, path: str | Path) -> str:
    if kind == "weights":
        return read_weights_digest(path)
    with read_hdf5(path) as file:
        if kind == "images":
            return str(file.attrs["checksum"])
        digest = hashlib.sha256()
        for name, planes in sorted(file["mask"].items()):
            digest.update(f"{name} {planes.shape}\n".encode())
            for plane in planes:  # class by class: a thousand planes may not fit into memory
                digest.update(plane.tobytes())
        return digest.hexdigest()


def check_origin(paths: Iterable[str | Path]) -> None:
    """Raise DamagedFile unless the results among the inputs of a step are what their paths say, and belong together.

    What was made from weights, images or maps that are also inputs must have been made from these. Files of other
    programs state nothing, and are accepted.
    """
    results = {}  # path -> kind, run, data set and attributes
    for path in dict.fromkeys(map(str, paths)):
        expected = place_of(path)
        about = _stated(path) if expected else {}
        if "created_by" not in about and not any(key in expected or key.endswith("_sha256") for key in about):
            continue
        for key, value in expected.items():
            if about.get(key) != value:
                raise DamagedFile(path, f"its {key} is {about.get(key, 'not stated')}, not {value}")
        run = expected.get("run", "")
        results[path] = expected["kind"], run, expected.get("dataset", run.partition("/")[0]), about
    sources = {(kind, dataset if kind == "images" else run): path for path, (kind, run, dataset, _) in results.items()}
    digest_of = functools.cache(_digest)
    order = list(_PLACES)
    for path, (kind, run, dataset, about) in sorted(results.items(), key=lambda item: order.index(item[1][0])):
        for source, of in (("weights", run), ("images", dataset), ("maps", run)):
            key, other = f"{source}_sha256", sources.get((source, of))
            # Of all that states maps, only tests are made from those of their own run.
            if other is None or kind == source or (source == "maps" and (kind != "test" or key not in about)):
                continue
            if about.get(key) != digest_of(source, other):
                raise DamagedFile(path, f"it was made from other {source} than those in {other}")
    of_methods = {(about["name"], run): path for path, (kind, run, _, about) in results.items() if kind == "method"}
    for path, (_, run, _, about) in results.items():
        for key, digest in about.items():
            stated = _OF_METHOD.fullmatch(key)
            if stated and (other := of_methods.get((stated[1], run))) and digest != digest_of("maps", other):
                raise DamagedFile(path, f"it was made from other maps than those in {other}")


def _stated(path: str) -> dict[str, Any]:
    if path.endswith(".safetensors"):
        return read_metadata(path)
    with read_hdf5(path) as file:
        return dict(file.attrs)
