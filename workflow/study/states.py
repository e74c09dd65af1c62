"""States of the user's files: digests that change when a file does, for the params of rules."""

import hashlib
import stat
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from .dependencies import code_of_entry_point

# The sections of the configuration for the check of the inputs; it gets no other sections.
CHECKED_SECTIONS = (
    "study", "plan", "datasets", "networks", "synthesis", "planting", "adcs", "culling", "shortcuts",
    "ood", "methods", "device", "training", "dfm", "graded", "harm",
)  # fmt: skip
MANY = 50_000  # files; in larger folders single files are not examined


def file_state(path: str | Path | None) -> tuple[int, int] | None:
    """Size in bytes and time in ns of a file; None if it does not exist."""
    try:
        status = Path(path or "").stat()
    except OSError:  # the check of the inputs names it
        return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


@cache
def folder_state(root: Path) -> tuple[Any, ...]:
    """Names, sizes and times of all pictures below a folder; for very many files, names and folder times.

    What cannot be read counts by its name, so that the check of the inputs names it.
    """
    from frequency_shortcuts.images.folders import listing

    try:
        found = listing(root)
    except (OSError, ValueError) as error:  # the check of the inputs names it
        return (str(error),)
    names, wrong = [*map(str, found.files)], [found.problems] if found.problems else []
    if len(names) > MANY:
        return (names, [folder.stat().st_mtime_ns for folder in sorted({file.parent for file in found.files})], *wrong)
    return (*((name, file_state(name)) for name in names), *wrong)


def digest(states: Iterable[Any]) -> str:
    """One text for several states."""
    return hashlib.sha256(repr(list(states)).encode()).hexdigest()


def rendition_digest(dataset: Mapping[str, Any], rendition: str) -> str:
    """The state of the folder of one rendition of a data set's twin."""
    return digest([folder_state(Path(dataset["ood"]["root"]) / rendition)])


def inputs_digest(plan: Any) -> str:
    """The state of all files of the data sets and networks of a `Plan`."""
    states: list[Any] = []
    for name in plan.datasets():
        dataset = plan.dataset(name)
        states.append(plan.source(name).state(plan, name))
        states += [rendition_digest(dataset, rendition) for rendition in dataset.get("ood", {}).get("renditions", ())]
    for name in dict.fromkeys(run["network"] for run in plan.runs()):
        network = plan.config["networks"][name]
        code = code_of_entry_point(network.get("source", ""))
        states += [file_state(network.get("checkpoint")), *map(file_state, code)]
    return digest(states)
