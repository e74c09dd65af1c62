"""The types of numeric arrays in signatures, and arrays of tensors."""

from typing import Any

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def as_array(values: Any) -> npt.NDArray[Any]:
    """An array of numbers, or of a tensor, also of one on a GPU, which NumPy does not take."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    return np.asarray(values)
