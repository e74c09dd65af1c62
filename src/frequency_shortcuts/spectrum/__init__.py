"""The ground floor: conjugate pairs, masks, filters, fills, control masks.

from frequency_shortcuts import spectrum

low = spectrum.keep(images, spectrum.low_pass(32, 32, 8))  # images [..., 32, 32]
"""

from frequency_shortcuts import _lazily

# Names are loaded at first use: filters import PyTorch, for which drawing and scoring maps need not wait.
__getattr__, __dir__, __all__ = _lazily(__name__)
