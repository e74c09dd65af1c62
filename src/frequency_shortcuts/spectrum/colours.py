"""Opponent colours: lightness, red against green, and yellow against blue.

Files and cameras treat them apart: JPEG saves on colour, and the noise of a sensor is independent in red, green and
blue, while photographs hardly differ between them. In opponent colours such traces stand out from the photograph.
"""

from __future__ import annotations

import torch
from torch import Tensor

_OPPONENT = torch.tensor([[1, 1, 1], [1, -1, 0], [1, 1, -2]], dtype=torch.float64)
_OPPONENT /= torch.tensor([3, 2, 6], dtype=torch.float64)[:, None] ** 0.5  # rows of length 1: its inverse is its mirror


def opponent(values: Tensor) -> Tensor:
    """Real or complex values [..., 3, H, W] of red, green and blue in opponent colours; of other channels as they are.

    The transform keeps lengths. `rgb` is its inverse.
    """
    return _mixed(values, _OPPONENT)


def rgb(values: Tensor) -> Tensor:
    """The inverse of `opponent`."""
    return _mixed(values, _OPPONENT.T)


def _mixed(values: Tensor, weights: Tensor) -> Tensor:
    if values.shape[-3] != 3:
        return values
    mixed: Tensor = torch.einsum("dc,...chw->...dhw", weights.to(values), values)
    return mixed
