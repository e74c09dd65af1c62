"""A result as an HDF5 file that holds all but the images and the network: for `Analysis.save`, `load` and pickle."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd
from torch import nn

from frequency_shortcuts.data_check.comparison import Cause
from frequency_shortcuts.exchange.answers import FOLLOWS, PARTS, read_answers, write_answers
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps.methods.method import Found
from frequency_shortcuts.shortcuts.examples import Cards
from frequency_shortcuts.shortcuts.hits import read_hits, write_hits
from frequency_shortcuts.storage.hdf5 import read_hdf5

from .counterfactuals import COLUMNS, Counterfactual, FlipTest

if TYPE_CHECKING:
    from .result import Analysis

FILE, DATA = "flips.h5", "data.json"


class Absent:
    """The images of a result that was loaded: their number and shape, and an error where they are read."""

    dtype = np.dtype(np.float32)

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> Any:
        raise ValueError(
            "this needs the images and the network, which a stored result has not: call analyse again"
        )

    def subset(self, chosen: npt.NDArray[np.int64]) -> "Absent":
        """As many of them."""
        return Absent((len(chosen), *self.shape[1:]))


def write(file: h5py.Group, result: "Analysis") -> None:
    """Write a result to an open HDF5 file; `read` reads it."""
    words: dict[str, Any] = {
        "classes": list(result.classes),
        "about": dict(result.about),
        "neutral": result.test.neutral,
        "shape": list(result.test.images.shape[1:]),
        "sources": None if result.sources is None else result.sources.tolist(),
    }
    arrays: dict[str, npt.NDArray[Any]] = {
        "ranking/labels": result.ranking.labels,
        "test/labels": result.test.labels,
    }
    if (test := result.flip_test) is not None:
        write_answers(file, test.answers)
        table, drawn = test.removed
        pictures = [*test.pictures.values(), *drawn]
        words |= {
            "seed": test.seed,
            "causes": {k: cause.name for k, cause in test.causes.items()},
            "about_images": test.about_images if (test.table["verdict"] == FOLLOWS).any() else None,
            "images": table.to_dict("list"),
            "typical": [k for k, _ in test.pictures],
        }
        columns = {
            name: [getattr(one, name) for one in pictures] for name in Counterfactual._fields
        }
        _split(columns, "pictures", words, arrays)
    if result.maps is not None:
        arrays["maps"] = result.maps
    if result.found is not None:
        _split(vars(result.found), "found", words, arrays)
    if result.hits is not None:
        write_hits(file.create_group("hits"), result.hits)
        _split(vars(result.shown_on_cards), "cards", words, arrays)
    for name, values in arrays.items():
        file.create_dataset(name, data=values, compression="gzip", shuffle=True)
    file["result"] = json.dumps(words, default=lambda value: value.tolist())


def _split(
    named: dict[str, Any], group: str, words: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]
) -> None:
    """Put values that are arrays, or lists of arrays, among the arrays, and others among the words."""
    words[group] = {}
    for name, value in named.items():
        if isinstance(value, np.ndarray) or (
            isinstance(value, list) and isinstance(value[0], np.ndarray)
        ):
            arrays[f"{group}/{name}"] = np.asarray(value)
        else:
            words[group][name] = value


def read(file: h5py.Group) -> "Analysis":
    """The result in an open HDF5 file that `write` wrote, with stand-ins for the images and the network."""
    from .result import Analysis

    words = json.loads(file["result"].asstr()[()])

    def joined(group: str) -> dict[str, Any]:
        return words[group] | {name: values[:] for name, values in file.get(group, {}).items()}

    def split(name: str) -> Split:
        labels = file[f"{name}/labels"][:]
        return Split(
            Absent((len(labels), *words["shape"])),
            labels,
            words["classes"],
            neutral=words["neutral"],
        )

    ranking, shown, test = split("ranking"), split("test"), None
    if "before" in file:
        test = FlipTest(nn.Identity(), ranking, shown, read_answers(file), words["seed"])
        rows = zip(*(joined("pictures")[name] for name in Counterfactual._fields), strict=True)
        pictures = [Counterfactual(*row) for row in rows]
        test.__dict__.update(
            causes={
                int(k): Cause(name, np.nan, np.empty(0)) for k, name in words["causes"].items()
            },
            removed=(pd.DataFrame(words["images"]).astype(COLUMNS), pictures[len(PARTS) :]),
            about_images=words["about_images"],
            pictures=dict(zip(zip(words["typical"], PARTS, strict=True), pictures, strict=False)),
        )
    result = Analysis(
        ranking,
        shown,
        words["about"],
        test,
        maps=file["maps"][:] if "maps" in file else None,
        found=Found(**joined("found")) if "found" in words else None,
        hits=read_hits(file["hits"]) if "hits" in file else None,
        sources=None if words["sources"] is None else np.array(words["sources"]),
    )
    if "cards" in words:
        result.__dict__["shown_on_cards"] = Cards(**joined("cards"))
    return result


def load(folder: str | os.PathLike[str]) -> "Analysis":
    """The result of an analysis that `Analysis.save` wrote to a folder: tables, maps, summary, and its pictures.

    It has no images and no network: what needs these raises ValueError, such as the counterfactual of any other class.

    Raises FileNotFoundError or ValueError, in one sentence, for a folder without a result or with an older one.

    >>> fs.load("results/torchvision_resnet50").flips
    """
    path, of_data = Path(folder) / FILE, (Path(folder) / DATA).exists()
    if not path.exists():
        holds = (
            f"holds a result of the data check, which {DATA} and its tables have"
            if of_data
            else "holds no result"
        )
        raise FileNotFoundError(
            f"{folder} {holds}: expected {FILE}, which the result of an analysis saves"
        )
    with read_hdf5(path) as file:
        if "result" not in file:
            raise ValueError(
                f"{path} is of an older version, or of a study: analyse again, and save the result"
            )
        return read(file)


def about_of(folder: str | os.PathLike[str]) -> dict[str, Any] | None:
    """How the analysis in a folder was made; None without one, and nothing of one of an older version."""
    if not (path := Path(folder) / FILE).exists():
        return None
    with read_hdf5(path) as file:
        words = json.loads(file["result"].asstr()[()]) if "result" in file else {}
        files = {"files": file.attrs["files"]} if "files" in file.attrs else {}
    return words and words["about"] | {"names": words["classes"]} | files
