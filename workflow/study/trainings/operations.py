"""The operations of torchvision's augmentation policies, on batches: every image has an operation of its own.

torchvision's policies, operations and magnitudes have no public name.
"""

import functools
from typing import Any

from torch import Tensor
from torchvision.transforms import v2

# The name of an operation, as in torchvision's augmentation spaces, and its magnitude.
Operation = tuple[str, float]
NOTHING: Operation = ("Identity", 0.0)
LEVELS = 10  # levels of magnitude in both policies


@functools.cache
def magnitudes(
    policy: v2.AutoAugment | v2.AugMix, height: int, width: int
) -> dict[str, tuple[list[float], ...]]:
    """The magnitudes of each operation from least to greatest, as given and with the sign, if any, reversed."""
    table: dict[str, tuple[list[float], ...]] = {}
    for name, (levels, signed) in policy._AUGMENTATION_SPACE.items():
        drawn = levels(LEVELS, height, width)
        values = [0.0] * LEVELS if drawn is None else drawn.tolist()
        table[name] = (values, [-value for value in values] if signed else values)
    return table


def apply(policy: Any, images: Tensor, operations: list[Operation]) -> Tensor:
    """Apply to each image its operation: uint8 [n, channels, H, W] -> the same, on the images' device.

    torchvision applies an operation to a whole batch: here to all images that have it with the same magnitude.
    """
    done = images.clone()
    for operation in set(operations) - {NOTHING}:
        chosen = [i for i, drawn in enumerate(operations) if drawn == operation]
        done[chosen] = policy._apply_image_or_video_transform(
            images[chosen], *operation, policy.interpolation, policy._fill
        )
    return done
