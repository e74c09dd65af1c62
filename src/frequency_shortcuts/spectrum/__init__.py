"""The ground floor: conjugate pairs, masks, filters, fills, control masks.

from frequency_shortcuts import spectrum

low = spectrum.keep(images, spectrum.low_pass(32, 32, 8))  # images [..., 32, 32]
"""

from importlib import import_module
from typing import Any

# Loaded when first used: the filters import PyTorch, for which drawing and scoring maps need not wait. name -> module.
PUBLIC = {
    "BoolArray": "arrays", "FloatArray": "arrays", "IntArray": "arrays", "ConjugatePairs": "pairs",
    "frequencies": "pairs", "from_half_plane": "pairs", "mirror": "pairs", "radius": "pairs", "bands": "masks",
    "low_pass": "masks", "overlap": "masks", "positions": "masks", "symmetric": "masks", "hide": "filters",
    "half_plane": "filters", "keep": "filters", "remove": "filters",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in PUBLIC:
        return getattr(import_module(f"{__name__}.{PUBLIC[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *PUBLIC])
