"""The wave of a data set, from its description in the configuration, and the photographs without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from frequency_shortcuts.data import stores
from frequency_shortcuts.data.waved import Wave
from frequency_shortcuts.storage.checksums import DamagedFile, read_hdf5


def wave_of(settings: Mapping[str, Any], classes: Sequence[Any]) -> Wave:
    """The wave that a set of the source `waved` adds to a class. Raises ValueError for a class that is not there."""
    if settings["class"] not in classes:
        choices = ", ".join(map(str, classes))
        raise ValueError(f"no class {settings['class']!r} in {settings['of']}: choose from {choices}")
    label = list(classes).index(settings["class"])
    return Wave(label, tuple(settings["frequency"]), settings["amplitude"], settings.get("share", 1.0))


def check_plain(waved: str, plain: str) -> None:
    """Raises DamagedFile if a store of photographs with a wave was not made from this one."""
    with read_hdf5(waved) as file:
        if file.attrs["made_from"] != stores.checksum(plain):
            raise DamagedFile(waved, f"its images are not those of {plain}")
