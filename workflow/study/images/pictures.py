"""Photographs of Tux Paint from a package of Debian, in a folder for each class.

They are stamps of a drawing program, by Bill Kendrick and contributors (GNU General Public License 2), which have no
background; here it is grey. They are few and unlike ImageNet's.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

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
SIDE = 224
LONGEST = 192
SHORTEST = 96
GREY = (127, 127, 127, 255)  # zero, as the network of `real.py` sees it
STAMPS = "tuxpaint-stamps-default"
STAMP_SOURCES = debian_sources(STAMPS, Path("/usr/share/tuxpaint/stamps"))


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
