"""The operations of torchvision's augmentation policies, on batches: every image has its own operation and magnitude.

torchvision applies one operation at one magnitude to a whole batch. These functions give each image the result of
torchvision for this image alone. The names are those of torchvision's augmentation spaces.
"""

import functools
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as tv

# For every image of a batch, the name of an operation and its magnitude.
Draw = tuple[list[str], list[float]]
LEVELS = 10  # levels of magnitude in both policies


@functools.cache
def magnitudes(
    policy: v2.AutoAugment | v2.AugMix, height: int, width: int
) -> dict[str, tuple[list[float], ...]]:
    """The magnitudes of each operation from least to greatest, as given and with the sign, if any, reversed.

    torchvision's policies, operations and magnitudes have no public name. They are only read.
    """
    table: dict[str, tuple[list[float], ...]] = {}
    for name, (levels, signed) in policy._AUGMENTATION_SPACE.items():
        drawn = levels(LEVELS, height, width)
        values = [0.0] * LEVELS if drawn is None else drawn.tolist()
        table[name] = (values, [-value for value in values] if signed else values)
    return table


def apply(
    images: Tensor,
    names: Sequence[str],
    magnitudes: Sequence[float],
    interpolation: str = "nearest",
) -> Tensor:
    """Apply to each image the operation of that name: uint8 [n, channels, H, W] -> the same, on the images' device.

    `interpolation`, nearest or bilinear, is for the geometric operations; pixels from outside the image are black. The
    images are sorted by operation, so that each operation runs once, on its images. The CPU never waits for the device.
    """
    kinds = ["Geometric" if name in _MATRICES else name for name in names]
    order = sorted(range(len(kinds)), key=kinds.__getitem__)
    names, magnitudes = [names[i] for i in order], [magnitudes[i] for i in order]
    there = torch.tensor(order)
    there, back = torch.stack([there, there.argsort()]).to(images.device, non_blocking=True)
    # float64: torchvision computes with Python's numbers and then rounds to float32.
    strength = torch.tensor(magnitudes, dtype=torch.float64).to(images.device, non_blocking=True)[
        :, None, None, None
    ]
    images = images[there]
    done, start = [], 0
    for kind in sorted(set(kinds)):
        part = slice(start, start + kinds.count(kind))
        if kind == "Geometric":
            done.append(_resample(images[part], names[part], magnitudes[part], interpolation))
        else:
            done.append(_TONES[kind](images[part], strength[part]))
        start = part.stop
    return torch.cat(done)[back]


# The source of each pixel of the result, in pixels from the centre of an image of height h and width w; shears do not
# move the upper left corner.
_MATRICES: dict[str, Callable[[float, int, int], tuple[float, ...]]] = {
    "ShearX": lambda m, h, w: (1, m, m * h / 2, 0, 1, 0),
    "ShearY": lambda m, h, w: (1, 0, 0, m, 1, m * w / 2),
    "TranslateX": lambda m, h, w: (1, 0, -int(m), 0, 1, 0),
    "TranslateY": lambda m, h, w: (1, 0, 0, 0, 1, -int(m)),
    "Rotate": lambda m, h, w: (
        c := math.cos(math.radians(m)),
        -(s := math.sin(math.radians(m))),
        0,
        s,
        c,
        0,
    ),
}


def _resample(
    images: Tensor, names: Sequence[str], magnitudes: Sequence[float], interpolation: str
) -> Tensor:
    n, _, height, width = images.shape
    matrices = torch.tensor(
        [_MATRICES[name](m, height, width) for name, m in zip(names, magnitudes, strict=True)]
    )
    # grid_sample uses half images from the centre as its unit.
    scaled = matrices.view(n, 2, 3) / torch.tensor([[width / 2], [height / 2]])
    x = torch.arange(width, device=images.device) + 0.5 - width / 2
    y = torch.arange(height, device=images.device) + 0.5 - height / 2
    pixels = torch.stack(
        [x.repeat(height), y.repeat_interleave(width), x.new_ones(height * width)], dim=1
    )
    grid = (pixels.expand(n, -1, -1) @ scaled.to(images.device, non_blocking=True).mT).view(
        n, height, width, 2
    )
    sampled = functional.grid_sample(
        images.float(), grid, interpolation, "zeros", align_corners=False
    )
    return sampled.round_().to(torch.uint8)


def _blend(images: Tensor, other: Tensor, factor: Tensor) -> Tensor:
    """factor * images + (1 - factor) * other; addcmul rounds once, as torchvision's add does."""
    return (
        torch.addcmul(images * factor.float(), other, (1 - factor).float())
        .clamp_(0, 255)
        .to(torch.uint8)
    )


def _color(images: Tensor, magnitude: Tensor) -> Tensor:
    if images.shape[1] == 1:
        return images
    return _blend(images, tv.rgb_to_grayscale(images).float(), 1 + magnitude)


def _contrast(images: Tensor, magnitude: Tensor) -> Tensor:
    mean = tv.rgb_to_grayscale(images).float().mean(dim=(1, 2, 3), keepdim=True)
    return _blend(images, mean, 1 + magnitude)


def _sharpness(images: Tensor, magnitude: Tensor) -> Tensor:
    if min(images.shape[-2:]) <= 2:
        return images
    sharp = images.float()
    inner = sharp[..., 1:-1, 1:-1]
    # Sums of integers are exact on every device, and a thirteenth of an integer is never half way between integers.
    smooth = (
        (functional.avg_pool2d(sharp, 3, stride=1, divisor_override=1) + 4 * inner)
        .div_(13)
        .round_()
    )
    inner.addcmul_(smooth.sub_(inner), (1 - (1 + magnitude)).float())  # in torchvision's order
    return sharp.clamp_(0, 255).to(torch.uint8)


# uint8 [k, channels, H, W] and float64 [k, 1, 1, 1] -> uint8 [k, channels, H, W]
_TONES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "Identity": lambda images, magnitude: images,
    "Brightness": lambda images, magnitude: (
        (images * (1 + magnitude).float()).clamp_(0, 255).to(torch.uint8)
    ),
    "Color": _color,
    "Contrast": _contrast,
    "Sharpness": _sharpness,
    # The magnitude is the number of the highest bits of a pixel, which are kept.
    "Posterize": lambda images, magnitude: (
        images & (256 - (256 >> magnitude.int())).to(torch.uint8)
    ),
    "Solarize": lambda images, magnitude: torch.where(
        images >= (255 * magnitude).float(), ~images, images
    ),
    # These three have no magnitude, and torchvision's functions treat every image of a batch separately.
    "AutoContrast": lambda images, magnitude: tv.autocontrast(images),
    "Equalize": lambda images, magnitude: tv.equalize(images),
    "Invert": lambda images, magnitude: tv.invert(images),
}
