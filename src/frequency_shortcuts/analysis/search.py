"""The search of an analysis: its method and settings."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any

from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import Method, make_settings
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

log = logging.getLogger(__name__)

DEFAULT = "mixture"
QUICK_SAMPLES = 8  # of each image, of a quick search by the default method
QUICK_CELLS = 16  # cells of frequencies along a side of the spectrum, of a quick culling
NO_GRADIENT = "the network gives no gradient, which the default method needs"


@dataclass(frozen=True)
class Search:
    """A method with its settings. name : of the method or preset; remark : why it is not the default, if it should be"""

    name: str
    method: Method
    settings: dict[str, Any]
    remark: str = ""


def choose(
    name: str | None,
    settings: Mapping[str, Any] | None,
    pairs: ConjugatePairs,
    *,
    quick: bool = False,
    percent: float = 5.0,
    gradients: bool = True,
) -> Search:
    """The search for a name of `registry`, or the default one for None.

    settings : that differ from those of the name. Without settings, culling is screened, or by cells if quick
    percent : of the frequencies in a map, for methods that look for maps of one size
    gradients : whether the network gives gradients; if not, the default is culling, and a warning says so

    Raises ValueError for an unknown name, and for settings that its method does not have or that are out of range.
    """
    remark, given = "", dict(settings or {})
    if name is None and not gradients:
        if given:
            raise ValueError(f"{NO_GRADIENT}: name the method that the settings {', '.join(given)} are for")
        remark = f"{NO_GRADIENT}: culling {'by cells of frequencies' if quick else '(screened)'} finds the maps instead"
        log.warning("%s", remark)
    name = name or (DEFAULT if gradients else "culling")
    method, chosen = registry.resolve(name)
    module = registry.load(method)
    if "percent" in signature(module.Settings).parameters:
        chosen["percent"] = percent
    if name == "culling" and not given:
        # Cells so large that some 128 of them cover the half of the spectrum that real images have.
        cell = math.ceil(max(pairs.height, pairs.width) / QUICK_CELLS)
        chosen |= {"search": "exact", "patch": cell} if quick else {"search": "screened"}
    if name == DEFAULT and quick:
        chosen["samples"] = QUICK_SAMPLES
    chosen |= given
    make_settings(module, chosen)
    return Search(name, module, chosen, remark)
