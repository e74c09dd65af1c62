"""The wave or the artefact of a data set, from its description in the configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from frequency_shortcuts.data.artefacts import Artefact
from frequency_shortcuts.data.waved import Wave


def wave_of(settings: Mapping[str, Any], classes: Sequence[Any]) -> Wave:
    """The wave that a set of the source `waved` adds to a class. Raises ValueError for a class that is not there."""
    label = _label(settings["class"], classes, settings["of"])
    return Wave(label, tuple(settings["frequency"]), settings["amplitude"], settings.get("share", 1.0))


def artefact_of(settings: Mapping[str, Any], classes: Sequence[Any]) -> Artefact:
    """The artefact of a set of the source `artefact`. Raises ValueError for a class that is not there."""
    label = _label(settings["class"], classes, settings["set"])
    frequency = tuple(settings["frequency"]) if "frequency" in settings else None
    return Artefact(settings["kind"], settings["strength"], label, settings.get("share", 1.0), frequency)


def _label(name: str, classes: Sequence[Any], of: str) -> int:
    if name not in classes:
        raise ValueError(f"no class {name!r} in {of}: choose from {', '.join(map(str, classes))}")
    return list(classes).index(name)
