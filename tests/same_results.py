"""Whether two runs of a study gave the same results: every file of its folder, by what it holds."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
from safetensors import safe_open

# What is not a result: logs, run times, and the states of unfinished work.
BESIDE = re.compile(r"logs/|benchmarks/|\.snakemake/|(.*/)?state\.pt$|.*\.state$|(.*/)?\.")
# Results that hold measured times or the date: what, and the pattern of what is left out before they are compared.
ALL = r"(?s).*"
MEASURED = {
    "checked.txt": ("milliseconds of a forward pass", r"[\d.]+ ms each .*"),
    "tables/runtimes.csv": ("run times, and whether jobs resumed", r"(?<=,)([\d.]+|True|False)(?=[,\n])"),
    "tables/runtimes.html": ("the same", ALL),
    "tables/runtimes.tex": ("the same", ALL),
    "tables/headlines.rst": ("run times", r"(?s)\.\. list-table:: Run time.*"),
    "tables/provenance.csv": ("when it was written", r"written,.*"),
    "tables/provenance.html": ("the same", r"base64,[^\"]*|written</td><td>[^<]*"),
    "tables/provenance.tex": ("the same", r"written & .*"),
    "report.html": ("all of these", ALL),
}


def results(folder: Path) -> Iterator[str]:
    """The files of a folder of results that are results, as paths in it."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not BESIDE.match(name):
            yield name


def differences(mine: Path, theirs: Path) -> dict[str, str]:
    """What differs between two folders of results: file, and a sentence."""
    names, others = set(results(mine)), set(results(theirs))
    found = dict.fromkeys(names ^ others, "is in one folder only")
    for name in sorted(names & others):
        if reason := difference(mine, theirs, name):
            found[name] = reason
    return found


def difference(mine: Path, theirs: Path, name: str) -> str:
    """A sentence if the file `name` of two folders of results holds something else, or an empty text."""
    mine, theirs = mine / name, theirs / name
    if mine.read_bytes() == theirs.read_bytes():
        return ""
    if name in MEASURED:
        _, pattern = MEASURED[name]
        first, second = (re.sub(pattern, "", path.read_text()) for path in (mine, theirs))
        return "" if first == second else "differs in more than what was measured"
    try:
        first, second = content(mine), content(theirs)
    except Exception as error:  # each reader has its own errors for a file that is cut
        return f"cannot be read: {type(error).__name__}: {error}"
    differing = sorted(key for key in first.keys() | second.keys() if first.get(key) != second.get(key))
    return f"differs in {', '.join(differing)}" if differing else ""


def content(path: Path) -> dict[str, str]:
    """What a file holds, by name: digests of its data sets, tensors, attributes, cells or bytes."""
    match path.suffix:
        case ".h5":
            return dict(_hdf5(path))
        case ".safetensors":
            with safe_open(path, "numpy") as file:
                found = {f"tensor {name}": _digest(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
                return found | {f"metadata {name}": text for name, text in (file.metadata() or {}).items()}
        case ".ipynb":
            return dict(_notebook(json.loads(path.read_text())))
        case _:
            return {"bytes": hashlib.sha256(path.read_bytes()).hexdigest()}


def _hdf5(path: Path) -> Iterator[tuple[str, str]]:
    items: dict[str, h5py.Dataset | h5py.Group] = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: items.update({name: item}))
        for name, item in [("", file), *items.items()]:
            for key, value in item.attrs.items():
                yield f"attribute {name}/{key}", _digest(np.asarray(value))
            if isinstance(item, h5py.Dataset):
                yield f"data set {name}", _digest(item[()])


def _digest(array: np.ndarray) -> str:
    array = np.asarray(array)
    body = repr(array.tolist()).encode() if array.dtype == object else np.ascontiguousarray(array).tobytes()
    return f"{array.dtype} {array.shape} {hashlib.sha256(body).hexdigest()}"


def _notebook(notebook: dict) -> Iterator[tuple[str, str]]:
    """The cells of a notebook with their output, without the times that papermill notes."""
    for number, cell in enumerate(notebook["cells"]):
        yield f"cell {number}", json.dumps([cell["source"], cell.get("outputs")], sort_keys=True)
