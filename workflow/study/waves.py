"""The wave of a data set, from its description in the configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from frequency_shortcuts.data.waved import Wave


def wave_of(settings: Mapping[str, Any], classes: Sequence[Any]) -> Wave:
    """The wave that a set of the source `waved` adds to a class. Raises ValueError for a class that is not there."""
    if settings["class"] not in classes:
        choices = ", ".join(map(str, classes))
        raise ValueError(f"no class {settings['class']!r} in {settings['of']}: choose from {choices}")
    label = list(classes).index(settings["class"])
    return Wave(label, tuple(settings["frequency"]), settings["amplitude"], settings.get("share", 1.0))
