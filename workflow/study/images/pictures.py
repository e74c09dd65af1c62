"""Pictures from Debian's packages, in a folder for each class: photographs of Tux Paint, textures of scikit-image.

The photographs are stamps of a drawing program, by Bill Kendrick and contributors (GNU General Public License 2), which
have no background; here it is grey. They are few and unlike ImageNet's. Small images are crops of them; no crop of a
test photograph is trained on.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from frequency_shortcuts.spectrum.arrays import IntArray
from study.sources.downloads import debian_sources, first_source

# The folders of the package whose photographs show a group. No other group of ImageNet has twenty.
STAMPS_OF: Mapping[str, Sequence[str]] = {
    "birds": ["animals/birds"],
    "mammals": ["animals/mammals", "animals/marsupials"],
    "objects": ["hobbies", "household", "sports", "vehicles"],
}
# What is no photograph of the group: folders of drawings and toys, the mirror image of another stamp, a drawing among
# photographs, and letters that are put onto a car. A stamp that also exists as a vector graphic is a drawing, too.
NO_PHOTOGRAPHS = ("cartoon", "toys")
OTHERS = ("_mirror", "hedgehog", "sedan_police")
# Pixels: of a picture, of its longer side in it, and of that of the stamp.
SIDE, LONGEST, SHORTEST = (
    224,
    192,
    96,
)
GREY = (127, 127, 127, 255)  # zero, as the network of `real.py` sees it
STAMPS = "tuxpaint-stamps-default"
STAMP_SOURCES = debian_sources(STAMPS, Path("/usr/share/tuxpaint/stamps"))

# Textures: three photographs of 512 x 512 pixels (CC0), in tiles that are split as photographs are.
TEXTURES, TILE = ("brick", "grass", "gravel"), 128
SKIMAGE = "python3-skimage"
TEXTURE_SOURCES = debian_sources(SKIMAGE, Path("/usr/lib/python3/dist-packages/skimage/data"))
LEAST_DEVIATION = 12.0  # of the pixels of a crop, 0 to 255: less is background
TRIES = 50  # for a crop that is no background


def lay_out_photographs(folder: Path) -> None:
    """Write the photographs of each group of stamps, PNG of 224 x 224 pixels, to a folder for each.

    Raises downloads.NotFound, with what to do, if none are found.
    """
    advice = f"Install Debian's package {STAMPS}, or unpack its file into / on another system"
    title = "The set of stamps of Tux Paint"
    with first_source(title, STAMP_SOURCES, os.listdir, advice) as (_, found):
        for group in STAMPS_OF:
            (folder / group).mkdir(parents=True)
            for file in _photographs(found, group):
                _on_grey(file).save(folder / group / file.name)


def _photographs(stamps: Path, group: str) -> list[Path]:
    """The photographs of a group, sorted by folder and name."""
    files = (file for name in STAMPS_OF[group] for file in sorted((stamps / name).rglob("*.png")))
    return [file for file in files if _is_photograph(file, stamps)]


def _is_photograph(file: Path, stamps: Path) -> bool:
    """Whether a stamp is a photograph in colour, with a background to fill, and large enough."""
    drawn = (
        not {*file.relative_to(stamps).parts}.isdisjoint(NO_PHOTOGRAPHS)
        or file.with_suffix(".svg").exists()
    )
    if drawn or any(name in file.stem for name in OTHERS):
        return False
    with Image.open(file) as picture:
        return picture.mode == "RGBA" and max(picture.size) >= SHORTEST


def _on_grey(file: Path) -> Image.Image:
    """A stamp in the middle of a grey square."""
    with Image.open(file) as picture:
        stamp = picture.convert("RGBA")
    scale = LONGEST / max(stamp.size)
    stamp = stamp.resize(
        [max(1, round(scale * side)) for side in stamp.size], Image.Resampling.BICUBIC
    )
    square = Image.new("RGBA", (SIDE, SIDE), GREY)
    square.alpha_composite(stamp, ((SIDE - stamp.width) // 2, (SIDE - stamp.height) // 2))
    return square.convert("RGB")


def lay_out_textures(folder: Path) -> None:
    """Write the tiles of each texture of scikit-image, PNG of 128 x 128 pixels, to a folder for each."""
    advice = f"Install {SKIMAGE}"
    title = "The set of textures of scikit-image"
    with first_source(title, TEXTURE_SOURCES, os.listdir, advice) as (_, found):
        for name in TEXTURES:
            (folder / name).mkdir(parents=True)
            picture = Image.open(found / f"{name}.png")
            for left in range(0, picture.width, TILE):
                for top in range(0, picture.height, TILE):
                    tile = picture.crop((left, top, left + TILE, top + TILE))
                    tile.save(folder / name / f"{left}_{top}.png")


def read_photographs(
    folder: str | os.PathLike[str],
) -> tuple[npt.NDArray[np.uint8], IntArray, tuple[str, ...]]:
    """Photographs of one size in the folders of a folder: uint8 [n, 3, H, W], groups [n] and their names."""
    groups = sorted(path for path in Path(folder).iterdir() if path.is_dir())
    files, numbers = [], []
    for number, group in enumerate(groups):
        of_group = sorted(group.glob("*.png"))
        files += of_group
        numbers += [number] * len(of_group)
    pictures = [np.asarray(Image.open(file).convert("RGB")).transpose(2, 0, 1) for file in files]
    return np.stack(pictures), np.array(numbers), tuple(group.name for group in groups)


def every_other(groups: IntArray, first: int) -> IntArray:
    """The positions of the photographs with even numbers in their group, for `first` 0, or odd ones, for 1."""
    return np.concatenate(
        [np.flatnonzero(groups == group)[first::2] for group in np.unique(groups)]
    )


def split_photographs(groups: IntArray, seed: int) -> dict[str, IntArray]:
    """The positions of photographs for training, validation and test, drawn within each group: 50, 20 and 30 %."""
    generator = np.random.default_rng([seed, 48])
    parts: dict[str, list[IntArray]] = {"train": [], "validation": [], "test": []}
    for group in np.unique(groups):
        members = generator.permutation(np.flatnonzero(groups == group))
        ends = np.rint(np.array([0.5, 0.7]) * len(members)).astype(int)
        for part, chosen in zip(parts.values(), np.split(members, ends), strict=True):
            part.append(chosen)
    return {name: np.concatenate(part) for name, part in parts.items()}


def crops(
    photographs: npt.NDArray[np.uint8], size: int, each: int, seed: int
) -> npt.NDArray[np.uint8]:
    """Square crops at random places that are no plain background: uint8 [photographs * each, 3, size, size].

    The crops of a photograph lie together. Each photograph draws its own places, by the seed and its number.
    """
    height, width = photographs.shape[2:]
    made = np.empty((len(photographs) * each, 3, size, size), np.uint8)
    for number, photograph in enumerate(photographs):
        generator = np.random.default_rng([seed, number])
        for place in range(each):
            for _ in range(TRIES):
                top = generator.integers(height - size + 1)
                left = generator.integers(width - size + 1)
                crop = photograph[:, top : top + size, left : left + size]
                if crop.std(axis=(1, 2)).mean() >= LEAST_DEVIATION:
                    break
            made[number * each + place] = crop
    return made
