"""Artefacts in the images of one class: leaks whose truth is known, and the table of their kinds.

Each kind is what files, cameras and rooms leave in images. Three families: what is *fine* (waves, JPEG, another size,
filters, noise), what is *smooth* (brightness, colour cast, light from above, dark corners), and what is *local*, at a
fixed place (a frame, a tag, a line). Places and widths are shares of a side. Pixels stay whole numbers from 0 to 255,
as in a file. In dark images a wave is then cut off below 0, which makes harmonics, waves of multiples of its frequency,
and a brighter background.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray
from frequency_shortcuts.spectrum.pairs import frequencies, mirror

PixelArray = npt.NDArray[np.uint8]
FINE, SMOOTH, LOCAL = "fine", "smooth", "local"  # families
WAVE, CHECKERBOARD, BLOCKS = "wave", "checkerboard", "blocks"
LOST, RAISED = "lost high frequencies", "raised floor"
BRIGHTNESS, CAST = "brightness", "colour cast"
GRADIENT, VIGNETTE = "light from one side", "dark corners"
FRAME, TAG, LINE = "frame", "tag", "line"
CAUSES = {  # of how a class differs, and in words
    WAVE: "a plane wave, such as mains hum or the lines of a scanner",
    CHECKERBOARD: "a checkerboard, as layers that enlarge images make",
    BLOCKS: "the blocks of JPEG",
    LOST: "lost high frequencies, as after resizing or blurring",
    RAISED: "raised high frequencies, as by noise or sharpening",
    BRIGHTNESS: "another brightness, as by another exposure",
    CAST: "a colour cast, as by another lamp or white balance",
    GRADIENT: "light from one side, as by a window or lamp",
    VIGNETTE: "dark corners, as by a lens",
    FRAME: "a frame, as by a scanner or a cut",
    TAG: "a tag in a corner, such as a logo or a marker",
    LINE: "a bright line, as by a fault of a sensor",
}
CORNER = (0.1, 0.1)  # a place, from (0, 0) at the upper left to (1, 1) at the lower right


class ArtefactKind(NamedTuple):
    """An artefact, and all that is to be known of it.

    put : float64 pixels [n, channels, H, W] from 0 to 255, the level, and the frequency or place if it has one ->
        pixels
    levels : weak and strong, in the benchmark of leaks
    unit : of the level, which is above 0 and at most `most`
    family : FINE, SMOOTH or LOCAL
    cause : a key of `CAUSES`, the name of what it makes of images; the data alone show those of fine kinds
    has_frequency, has_place : whether an artefact has a frequency or a place of its own
    tried : levels at which `forensics` puts it into images, to compare classes with; without any it is found elsewhere
    alike, share : how alike to it a class must be, and the share of its images that carry it, to be named by its cause
    """

    put: Callable[..., FloatArray]
    levels: tuple[float, float]
    unit: str
    most: float
    family: str
    cause: str
    has_frequency: bool = False
    has_place: bool = False
    tried: tuple[float, ...] = ()
    alike: float = 1.0
    share: float = 1.0


def _added(pattern: Callable[..., Any]) -> Callable[..., FloatArray]:
    """Adds the level, in pixels from 0 to 1, times a pattern of channels, height, width and the frequency if any."""
    return lambda pixels, level, *wave: pixels + 255 * level * pattern(*pixels.shape[1:], *wave)


def _wave(channels: int, height: int, width: int, frequency: tuple[int, int]) -> Any:
    u, v = frequency
    rows, columns = np.arange(height)[:, None], np.arange(width)
    return np.cos(2 * np.pi * (u * rows / height + v * columns / width))


def _hum(channels: int, height: int, width: int) -> Any:
    rows = np.arange(height)[:, None]
    return sum(np.cos(2 * np.pi * cycles_per_row * rows) for cycles_per_row in (9 / 32, 13 / 32))


def _checkerboard(channels: int, height: int, width: int) -> Any:
    return 1 - 2 * ((np.arange(height)[:, None] + np.arange(width)) % 2)


def _jpeg(pixels: FloatArray, quality: float) -> FloatArray:
    from PIL import Image

    whole = max(1, int(quality))  # of 0, Pillow makes 75
    compressed = []
    for image in pixels.astype(np.uint8):
        file = io.BytesIO()
        picture = Image.fromarray(image.transpose(1, 2, 0) if len(image) > 1 else image[0])
        picture.save(file, "JPEG", quality=whole)
        with Image.open(file, formats=["JPEG"]) as opened:
            compressed.append(np.atleast_3d(np.array(opened)).transpose(2, 0, 1))
    return np.array(compressed, float)


def _resized(pixels: FloatArray, share: float) -> FloatArray:
    import torch
    from torchvision.transforms.v2 import InterpolationMode
    from torchvision.transforms.v2.functional import resize

    size = list(pixels.shape[-2:])
    smaller = [max(1, round(share * side)) for side in size]
    between = resize(torch.from_numpy(pixels), smaller, InterpolationMode.BILINEAR, antialias=True)
    return np.asarray(resize(between, size, InterpolationMode.BILINEAR, antialias=True))


def _blurred(pixels: FloatArray, sigma: float) -> FloatArray:
    import torch
    from torchvision.transforms.v2.functional import gaussian_blur

    return np.asarray(gaussian_blur(torch.from_numpy(pixels), [5, 5], [sigma, sigma]))


def _noise(pixels: FloatArray, deviation: float) -> FloatArray:
    # Drawn by the bytes of the image: the same in every batch, and not that of the image at its place in another split.
    seeds = [zlib.crc32(image.astype(np.uint8).tobytes()) for image in pixels]
    noise = [np.random.default_rng([7, seed]).standard_normal(pixels.shape[1:]) for seed in seeds]
    return pixels + 255 * deviation * np.stack(noise)


def _sharpened(pixels: FloatArray, amount: float) -> FloatArray:
    return pixels + amount * (pixels - _blurred(pixels, 1.0))


def _ramp(side: int) -> FloatArray:
    """From -1 in the first row or column to 1 in the last; 0 if there is one."""
    return np.linspace(-1, 1, side) if side > 1 else np.zeros(1)


def _vignette(pixels: FloatArray, share: float) -> FloatArray:
    rows, columns = (_ramp(side) for side in pixels.shape[-2:])
    return pixels * (1 - share * (rows[:, None] ** 2 + columns**2) / 2)


def _towards_white(pixels: FloatArray, opacity: float, where: BoolArray) -> FloatArray:
    return np.where(where, pixels + opacity * (255 - pixels), pixels)


def _frame(pixels: FloatArray, opacity: float) -> FloatArray:
    where = np.zeros(pixels.shape[-2:], bool)
    for lines in (where, where.T):
        thick = max(1, round(len(lines) / 32))
        lines[:thick] = True
        lines[-thick:] = True
    return _towards_white(pixels, opacity, where)


def _tag(pixels: FloatArray, opacity: float, place: tuple[float, float]) -> FloatArray:
    height, width = pixels.shape[-2:]
    where = np.zeros((height, width), bool)
    rows, columns = max(1, round(height / 8)), max(1, round(width / 8))
    top, left = round(place[0] * (height - rows)), round(place[1] * (width - columns))
    where[top : top + rows, left : left + columns] = True
    return _towards_white(pixels, opacity, where)


def _line(pixels: FloatArray, opacity: float, place: tuple[float, float]) -> FloatArray:
    where = np.zeros(pixels.shape[-2:], bool)
    where[round(place[0] * (len(where) - 1))] = True
    return _towards_white(pixels, opacity, where)


AMPLITUDE = "amplitude, pixels from 0 to 1"
ADDED, OPACITY = "added, pixels from 0 to 1", "opacity of white"
# The only list of kinds: a new one needs its row and its function here. Natural classes differ from each other as if
# some were blurred or sharpened, and less as by JPEG or noise, so that `alike` differs.
KINDS = {
    "wave": ArtefactKind(_added(_wave), (0.05, 0.1), AMPLITUDE, 1, FINE, WAVE, has_frequency=True),
    "jpeg": ArtefactKind(
        _jpeg,
        (50, 30),
        "quality",
        100,
        FINE,
        BLOCKS,
        tried=(40, 60, 80, 92),
        alike=0.22,
        share=0.11,
    ),
    "resized": ArtefactKind(
        _resized,
        (0.75, 0.5),
        "size in between, share of a side",
        1,
        FINE,
        LOST,
        tried=(0.45, 0.6, 0.7, 0.8),
        alike=0.47,
        share=0.04,
    ),
    "blurred": ArtefactKind(
        _blurred,
        (0.5, 0.8),
        "standard deviation, pixels",
        100,
        FINE,
        LOST,
        tried=(0.45, 0.6, 0.75, 0.9),
        alike=0.47,
        share=0.04,
    ),
    "noise": ArtefactKind(
        _noise,
        (0.02, 0.04),
        "standard deviation, pixels from 0 to 1",
        1,
        FINE,
        RAISED,
        tried=(0.012, 0.018, 0.028, 0.045),
        alike=0.3,
        share=0.1,
    ),
    "sharpened": ArtefactKind(
        _sharpened,
        (1.0, 2.0),
        "times the difference from a blurred copy",
        100,
        FINE,
        RAISED,
        tried=(0.4, 0.6, 0.8, 1.1),
        alike=0.47,
        share=0.04,
    ),
    "checkerboard": ArtefactKind(
        _added(_checkerboard), (0.02, 0.04), AMPLITUDE, 1, FINE, CHECKERBOARD
    ),
    "brightness": ArtefactKind(
        _added(lambda *_: 1),
        (0.05, 0.1),
        ADDED,
        1,
        SMOOTH,
        BRIGHTNESS,
        tried=(0.03, 0.06, 0.12, 0.15),
    ),
    "hum": ArtefactKind(_added(_hum), (0.03, 0.06), AMPLITUDE, 1, FINE, WAVE),
    "cast": ArtefactKind(
        _added(lambda channels, *_: np.linspace(1, -1, channels)[:, None, None]),
        (0.05, 0.1),
        ADDED,
        1,
        SMOOTH,
        CAST,
    ),
    "gradient": ArtefactKind(
        _added(lambda channels, height, width: -_ramp(height)[:, None]),
        (0.08, 0.16),
        AMPLITUDE,
        1,
        SMOOTH,
        GRADIENT,
    ),
    "vignette": ArtefactKind(
        _vignette, (0.6, 0.9), "share that the corners lose", 1, SMOOTH, VIGNETTE
    ),
    "frame": ArtefactKind(_frame, (0.2, 0.5), OPACITY, 1, LOCAL, FRAME),
    "tag": ArtefactKind(_tag, (0.7, 1.0), OPACITY, 1, LOCAL, TAG, has_place=True),
    "line": ArtefactKind(_line, (0.12, 0.25), OPACITY, 1, LOCAL, LINE, has_place=True),
}


def put(
    kind: str,
    level: float,
    images: PixelArray,
    frequency: tuple[int, int] | None = None,
    place: tuple[float, float] = CORNER,
) -> PixelArray:
    """Images uint8 [n, channels, H, W], one or more, with an artefact; see `KINDS` for the unit of its level."""
    about = KINDS[kind]
    options: list[Any] = []
    if about.has_frequency:
        options = [frequency]
    elif about.has_place:
        options = [place]
    # In float64, where sums in another order, as batches have them, do not change what is rounded.
    changed = about.put(images.astype(np.float64), level, *options)
    return np.rint(changed).clip(0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Artefact:
    """An artefact in the images of one class, or in a share of them, and perhaps in some of each other class.

    kind : a key of `KINDS`. level : in its unit. label : number of the class. share : of its images that have the
    artefact, in every split. others : share of the images of each other class that have it. frequency : of a wave,
    (u, v) in cycles per image; other kinds have none. A horizontal flip leaves it as it is where u or v is 0. place :
    of a tag, (row, column), and of a line, its row, from 0 to 1.

    Raises ValueError for other kinds, levels, shares and frequencies.
    """

    kind: str
    level: float
    label: int
    share: float = 1.0
    frequency: tuple[int, int] | None = None
    others: float = 0.0
    place: tuple[float, float] = CORNER

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown artefact {self.kind!r}: choose from {', '.join(KINDS)}")
        kind = KINDS[self.kind]
        if not all(0 <= share <= 1 for share in self.place):
            raise ValueError(
                f"place {list(self.place)}: expected shares of the height and the width, 0 to 1"
            )
        if not 0 < self.level <= kind.most:
            raise ValueError(
                f"level {self.level} of the artefact {self.kind}, {kind.unit}: expected above 0 and at most {kind.most}"
            )
        if not (0 <= self.share <= 1 and 0 <= self.others <= 1):
            raise ValueError(
                f"share {self.share} and share of others {self.others}: expected 0 to 1, of the images of a class"
            )
        if (self.frequency is not None) != kind.has_frequency:
            rule = "needs a" if kind.has_frequency else "has no"
            raise ValueError(f"the artefact {self.kind} {rule} frequency")
        if self.frequency is not None and tuple(self.frequency) == (0, 0):
            raise ValueError(
                "frequency [0, 0] is no wave: expected another one, in cycles per image"
            )

    def carriers(self, labels: IntArray) -> BoolArray:
        """Which images have the artefact, bool [n]: its share of each class, spread evenly over its order.

        So the first images of a class have the same share as all of them, but for half an image. In other classes, the
        spread begins at an image of its own, so that two artefacts do not lie on the same images.
        """
        carry = np.zeros(len(labels), bool)
        for c in np.unique(labels):
            share, first = (self.share, 0) if c == self.label else (self.others, self.label)
            of_class = np.flatnonzero(labels == c)
            steps = np.floor((first + np.arange(len(of_class) + 1)) * share + 0.5)
            carry[of_class] = np.diff(steps) > 0
        return carry

    def check(self, channels: int, height: int, width: int) -> None:
        """Raise ValueError for images that cannot have it: of JPEG by their channels, of a wave by their size."""
        if self.kind == "jpeg" and channels not in (1, 3):
            raise ValueError(f"images of {channels} channels: the artefact jpeg needs 1 or 3")
        u, v = self.frequency or (0, 0)
        if abs(u) > height // 2 or abs(v) > width // 2:
            raise ValueError(
                f"frequency {[u, v]}: images of {height} x {width} have up to half of that"
            )

    def add(self, images: PixelArray, labels: IntArray) -> PixelArray:
        """Images uint8 [n, channels, H, W], labels int64 [n], with the artefact in its share of the class."""
        return self.add_to(images, self.carriers(labels))

    def add_to(self, images: PixelArray, carry: BoolArray) -> PixelArray:
        """The images uint8 [n, channels, H, W] with the artefact where `carry` [n] is true."""
        changed = images.copy()
        if carry.any():
            changed[carry] = put(self.kind, self.level, images[carry], self.frequency, self.place)
        return changed

    def truth(self, n_classes: int, height: int, width: int) -> BoolArray:
        """The pair of a wave in its class, bool [class, H, W], centred."""
        assert self.frequency is not None
        u, v = frequencies(height, width)
        there = ((u - self.frequency[0]) % height == 0) & ((v - self.frequency[1]) % width == 0)
        masks = np.zeros((n_classes, height, width), bool)
        masks[self.label] = there | mirror(there)
        return masks
