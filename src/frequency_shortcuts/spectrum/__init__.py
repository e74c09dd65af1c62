"""The ground floor: conjugate pairs, masks, filters, fills, control masks.

from frequency_shortcuts import spectrum

low = spectrum.keep(images, spectrum.low_pass(32, 32, 8))  # images [..., 32, 32]
"""

from frequency_shortcuts import _lazily

# Loaded when first used: the filters import PyTorch, for which drawing and scoring maps need not wait. name -> module.
PUBLIC = {
    "BoolArray": "arrays",
    "FloatArray": "arrays",
    "IntArray": "arrays",
    "ConjugatePairs": "pairs",
    "frequencies": "pairs",
    "from_half_plane": "pairs",
    "mirror": "pairs",
    "radius": "pairs",
    "bands": "masks",
    "low_pass": "masks",
    "overlap": "masks",
    "positions": "masks",
    "symmetric": "masks",
    "hide": "filters",
    "half_plane": "filters",
    "keep": "filters",
    "remove": "filters",
}

__getattr__, __dir__ = _lazily(__name__, PUBLIC)
