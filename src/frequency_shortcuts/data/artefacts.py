"""Artefacts in the images of one class: leaks whose truth is known, and the table of their kinds.

Each kind is what files and cameras leave in images: a plane wave, a trace of JPEG, of another size, of a filter, of a
sensor. Pixels stay whole numbers from 0 to 255, as in a file. In dark images a wave is then cut off below 0, which
makes harmonics: waves of multiples of its frequency.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray
from frequency_shortcuts.spectrum.pairs import frequencies, mirror

from .splits import Images

Pixels = npt.NDArray[np.uint8]
WAVE, CHECKERBOARD, BLOCKS = "wave", "checkerboard", "blocks"
LOST, RAISED = "lost high frequencies", "raised floor"
CAUSES = {  # of how a class differs, and in words
    WAVE: "a plane wave, such as mains hum or the lines of a scanner",
    CHECKERBOARD: "a checkerboard, as layers that enlarge images make",
    BLOCKS: "the blocks of JPEG",
    LOST: "lost high frequencies, as after resizing or blurring",
    RAISED: "raised high frequencies, as by noise or sharpening",
}
LOWEST_RADIUS = 2  # of a wave that is drawn, cycles per image


class Kind(NamedTuple):
    """An artefact, and all that is to be known of it.

    put : float64 pixels [n, channels, H, W] from 0 to 255, the level, and the frequency if it has one -> pixels
    levels : weak and strong, in the benchmark of leaks
    unit : of the level, which is above 0 and at most `most`
    cause : a key of `CAUSES`, the name of what it makes of spectra; empty where that is not fine
    has_frequency : whether an artefact has a frequency of its own
    tried : levels at which `forensics` puts it into images, to compare classes with; without any it is found elsewhere
    alike, share : how alike to it a class must be, and the share of its images that carry it, to be named by its cause
    cases : of the benchmark of cures: name -> a number of its own, which seeds its draws, and levels to draw from
    """

    put: Callable[..., FloatArray]
    levels: tuple[float, float]
    unit: str
    most: float
    cause: str
    has_frequency: bool = False
    tried: tuple[float, ...] = ()
    alike: float = 1.0
    share: float = 1.0
    cases: Mapping[str, tuple[int, tuple[float, ...]]] = {}


def _wave(pixels: FloatArray, amplitude: float, frequency: tuple[int, int]) -> FloatArray:
    height, width = pixels.shape[-2:]
    u, v = frequency
    phase = 2 * np.pi * (u * np.arange(height)[:, None] / height + v * np.arange(width) / width)
    waved: FloatArray = pixels + 255 * amplitude * np.cos(phase)
    return waved


def _jpeg(pixels: FloatArray, quality: float) -> FloatArray:
    from PIL import Image

    compressed, whole = np.empty_like(pixels), max(1, int(quality))  # of 0, Pillow makes 75
    for image, target in zip(np.moveaxis(pixels.astype(np.uint8), 1, -1), compressed, strict=True):
        file = io.BytesIO()
        Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file, "JPEG", quality=whole)
        with Image.open(file, formats=["JPEG"]) as picture:
            target[:] = np.moveaxis(np.atleast_3d(np.array(picture)), -1, 0)
    return compressed


def _resized(pixels: FloatArray, share: float) -> FloatArray:
    import torch
    from torchvision.transforms.v2 import InterpolationMode
    from torchvision.transforms.v2.functional import resize

    made = torch.from_numpy(pixels)
    height, width = pixels.shape[-2:]
    for size in ([max(1, round(share * height)), max(1, round(share * width))], [height, width]):
        made = resize(made, size, InterpolationMode.BILINEAR, antialias=True)
    resized: FloatArray = made.numpy()
    return resized


def _blurred(pixels: FloatArray, sigma: float) -> FloatArray:
    import torch
    from torchvision.transforms.v2.functional import gaussian_blur

    blurred: FloatArray = gaussian_blur(torch.from_numpy(pixels), [5, 5], [sigma, sigma]).numpy()
    return blurred


def _noise(pixels: FloatArray, deviation: float) -> FloatArray:
    # Drawn by the bytes of the image: the same in every batch, and not that of the image at its place in another split.
    seeds = [zlib.crc32(image.astype(np.uint8).tobytes()) for image in pixels]
    noise = [np.random.default_rng([7, seed]).standard_normal(pixels.shape[1:]) for seed in seeds]
    return pixels + 255 * deviation * np.stack(noise)


def _sharpened(pixels: FloatArray, amount: float) -> FloatArray:
    return pixels + amount * (pixels - _blurred(pixels, 1.0))


def _checkerboard(pixels: FloatArray, amplitude: float) -> FloatArray:
    rows, columns = (np.arange(side) for side in pixels.shape[-2:])
    return pixels + 255 * amplitude * (1 - 2 * ((rows[:, None] + columns) % 2))


def _brightness(pixels: FloatArray, shift: float) -> FloatArray:
    return pixels + 255 * shift


AMPLITUDE = "amplitude, pixels from 0 to 1"
# The only list of kinds: a new one needs its row and its function here. Natural classes differ from each other as if
# some were blurred or sharpened, and less as by JPEG or noise, so that `alike` differs.
KINDS = {
    "wave": Kind(
        _wave, (0.05, 0.1), AMPLITUDE, 1, WAVE, has_frequency=True, cases={"wave": (6, (0.05, 0.1))}
    ),
    "jpeg": Kind(
        _jpeg, (90, 50), "quality", 100, BLOCKS, tried=(40, 60, 80, 92), alike=0.22, share=0.11,
        cases={"jpeg 90": (0, (90,)), "jpeg 30": (1, (30,))},
    ),
    "resized": Kind(
        _resized, (0.75, 0.5), "size in between, share of a side", 1, LOST, tried=(0.45, 0.6, 0.7, 0.8), alike=0.47,
        share=0.04, cases={"resized": (2, (0.75, 0.5))},
    ),
    "blurred": Kind(
        _blurred, (0.5, 0.8), "standard deviation, pixels", 100, LOST, tried=(0.45, 0.6, 0.75, 0.9), alike=0.47,
        share=0.04, cases={"blurred": (3, (0.5, 0.8))},
    ),
    "noise": Kind(
        _noise, (0.02, 0.04), "standard deviation, pixels from 0 to 1", 1, RAISED, tried=(0.012, 0.018, 0.028, 0.045),
        alike=0.3, share=0.1, cases={"noise": (5, (0.02, 0.04))},
    ),
    "sharpened": Kind(
        _sharpened, (0.5, 1.0), "times the difference from a blurred copy", 100, RAISED, tried=(0.4, 0.6, 0.8, 1.1),
        alike=0.47, share=0.04,
    ),
    "checkerboard": Kind(
        _checkerboard, (0.02, 0.04), AMPLITUDE, 1, CHECKERBOARD, cases={"checkerboard": (4, (0.02, 0.04))}
    ),
    "brightness": Kind(_brightness, (0.05, 0.1), "added, pixels from 0 to 1", 1, "", tried=(0.03, 0.06, 0.12, 0.15)),
}  # fmt: skip
_CASES = [(number, case, name, levels) for name, kind in KINDS.items() for case, (number, levels) in kind.cases.items()]
CASES = {case: (name, number, levels) for number, case, name, levels in sorted(_CASES)}


def put(kind: str, level: float, images: Pixels, frequency: tuple[int, int] | None = None) -> Pixels:
    """Images uint8 [n, channels, H, W], one or more, with an artefact; see `KINDS` for the unit of its level.

    >>> put("jpeg", 75, images)
    """
    # In float64, where sums in another order, as batches have them, do not change what is rounded.
    made = KINDS[kind].put(images.astype(np.float64), level, *([] if frequency is None else [frequency]))
    pixels: Pixels = np.rint(made).clip(0, 255).astype(np.uint8)
    return pixels


@dataclass(frozen=True)
class Artefact:
    """An artefact in the images of one class, or in a share of them.

    kind : a key of `KINDS`. level : in its unit. label : number of the class. share : of its images that have the
    artefact, in every split. frequency : of a wave, (u, v) in cycles per image; other kinds have none. A horizontal
    flip leaves it as it is where u or v is 0.

    Raises ValueError for other kinds, levels, shares and frequencies.

    >>> Artefact("jpeg", 90, label=6, share=0.5).add(images, labels)
    """

    kind: str
    level: float
    label: int
    share: float = 1.0
    frequency: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown artefact {self.kind!r}: choose from {', '.join(KINDS)}")
        kind = KINDS[self.kind]
        if not 0 < self.level <= kind.most:
            raise ValueError(
                f"level {self.level} of the artefact {self.kind}, {kind.unit}: expected above 0 and at most {kind.most}"
            )
        if not 0 <= self.share <= 1:
            raise ValueError(f"share {self.share}: expected 0 to 1, of the images of the class")
        if (self.frequency is not None) != kind.has_frequency:
            raise ValueError(f"the artefact {self.kind} {'needs a' if kind.has_frequency else 'has no'} frequency")
        if self.frequency is not None and tuple(self.frequency) == (0, 0):
            raise ValueError("frequency [0, 0] is no wave: expected another one, in cycles per image")

    @property
    def strength(self) -> int:
        """1 for the weak and 2 for the strong level of the benchmark of leaks."""
        return KINDS[self.kind].levels.index(self.level) + 1

    def carriers(self, labels: npt.NDArray[np.int64]) -> BoolArray:
        """Which images have the artefact, bool [n]: a share of those of the class, spread evenly over their order.

        So the first images of a class have the same share as all of them, but for half an image.
        """
        carry: BoolArray = labels == self.label
        carry[carry] = np.diff(np.floor(np.arange(carry.sum() + 1) * self.share + 0.5)) > 0
        return carry

    def check(self, channels: int, height: int, width: int) -> None:
        """Raise ValueError for images that cannot have it: of JPEG by their channels, of a wave by their size."""
        if self.kind == "jpeg" and channels not in (1, 3):
            raise ValueError(f"images of {channels} channels: the artefact jpeg needs 1 or 3")
        u, v = self.frequency or (0, 0)
        if abs(u) > height // 2 or abs(v) > width // 2:
            raise ValueError(f"frequency {[u, v]}: images of {height} x {width} have up to half of that")

    def add(self, images: Pixels, labels: npt.NDArray[np.int64]) -> Pixels:
        """Images uint8 [n, channels, H, W], labels int64 [n], with the artefact in its share of the class."""
        return self.add_to(images, self.carriers(labels))

    def add_to(self, images: Pixels, carry: BoolArray) -> Pixels:
        """The images uint8 [n, channels, H, W] with the artefact where `carry` [n] is true."""
        changed = images.copy()
        if carry.any():
            changed[carry] = put(self.kind, self.level, images[carry], self.frequency)
        return changed

    def truth(self, n_classes: int, height: int, width: int) -> BoolArray:
        """The pair of a wave in its class, bool [class, H, W], centred."""
        assert self.frequency is not None
        u, v = frequencies(height, width)
        there = ((u - self.frequency[0]) % height == 0) & ((v - self.frequency[1]) % width == 0)
        masks = np.zeros((n_classes, height, width), bool)
        masks[self.label] = there | mirror(there)
        return masks


def draw_frequency(generator: np.random.Generator, height: int, width: int) -> tuple[int, int]:
    """A frequency of a wave: every pair of the spectrum below half the sampling rate, but the lowest, is as likely."""
    while True:
        u = int(generator.integers(-(height // 2) + 1, height // 2))
        v = int(generator.integers(0, width // 2))
        if np.hypot(u, v) >= LOWEST_RADIUS:
            return u, v


class ChangedImages:
    """Images of a set that get an artefact when they are read. See `splits.Images`.

    labels : int64 [n], of all images of the set
    """

    def __init__(self, images: Images, artefact: Artefact, labels: npt.NDArray[np.int64]) -> None:
        self._images, self._artefact, self._carry = images, artefact, artefact.carriers(labels)
        self.shape, self.dtype = images.shape, np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self._carry)

    def __getitem__(self, index: Any, /) -> Pixels:
        return self._artefact.add_to(np.asarray(self._images[index]), self._carry[index])
