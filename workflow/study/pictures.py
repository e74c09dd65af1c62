"""Pictures from Debian's packages, in a folder for each class: photographs of Tux Paint, textures of scikit-image.

The photographs are stamps of a drawing program, by Bill Kendrick and contributors (GNU General Public License 2), which
have no background; here it is grey. They are few and unlike ImageNet's.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from study.images.downloads import debian_sources, first_source

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
SIDE, LONGEST, SHORTEST = 224, 192, 96  # pixels: of a picture, of its longer side in it, and of that of the stamp
GREY = (127, 127, 127, 255)  # zero, as the network of `real.py` sees it
FEWEST = 20  # photographs of a group
STAMPS = "tuxpaint-stamps-default"
STAMP_SOURCES = debian_sources(STAMPS, Path("/usr/share/tuxpaint/stamps"))

# Textures: three photographs of 512 x 512 pixels (CC0), in tiles that are split as photographs are.
TEXTURES, TILE = ("brick", "grass", "gravel"), 128
SKIMAGE = "python3-skimage"
TEXTURE_SOURCES = debian_sources(SKIMAGE, Path("/usr/lib/python3/dist-packages/skimage/data"))


def lay_out_photographs(folder: Path) -> None:
    """Write the photographs of each group of stamps, PNG of 224 x 224 pixels, to a folder for each.

    Raises downloads.NotFound, with what to do, if none are found.
    """
    advice = f"Install Debian's package {STAMPS}, or unpack its file into / on another system"
    with first_source("The set of stamps of Tux Paint", STAMP_SOURCES, _check_stamps, advice) as (_, found):
        for group in STAMPS_OF:
            (folder / group).mkdir(parents=True)
            for file in _photographs(found, group):
                _on_grey(file).save(folder / group / file.name)


def _check_stamps(stamps: Path) -> None:
    """Raise FileNotFoundError if a folder has too few photographs of a group."""
    for group in STAMPS_OF:
        if (found := len(_photographs(stamps, group))) < FEWEST:
            raise FileNotFoundError(f"{stamps} has {found} photographs of {group}, fewer than {FEWEST}")


def _photographs(stamps: Path, group: str) -> list[Path]:
    """The photographs of a group, sorted by folder and name."""
    files = (file for name in STAMPS_OF[group] for file in sorted((stamps / name).rglob("*.png")))
    return [file for file in files if _is_photograph(file, stamps)]


def _is_photograph(file: Path, stamps: Path) -> bool:
    """Whether a stamp is a photograph in colour, with a background to fill, and large enough."""
    drawn = not {*file.relative_to(stamps).parts}.isdisjoint(NO_PHOTOGRAPHS) or file.with_suffix(".svg").exists()
    if drawn or any(name in file.stem for name in OTHERS):
        return False
    with Image.open(file) as picture:
        return picture.mode == "RGBA" and max(picture.size) >= SHORTEST


def _on_grey(file: Path) -> Image.Image:
    """A stamp in the middle of a grey square."""
    with Image.open(file) as picture:
        stamp = picture.convert("RGBA")
    scale = LONGEST / max(stamp.size)
    stamp = stamp.resize([max(1, round(scale * side)) for side in stamp.size], Image.Resampling.BICUBIC)
    square = Image.new("RGBA", (SIDE, SIDE), GREY)
    square.alpha_composite(stamp, ((SIDE - stamp.width) // 2, (SIDE - stamp.height) // 2))
    return square.convert("RGB")


def lay_out_textures(folder: Path) -> None:
    """Write the tiles of each texture of scikit-image, PNG of 128 x 128 pixels, to a folder for each."""
    advice = f"Install {SKIMAGE}"
    with first_source("The set of textures of scikit-image", TEXTURE_SOURCES, _check_textures, advice) as (_, found):
        for name in TEXTURES:
            (folder / name).mkdir(parents=True)
            picture = Image.open(found / f"{name}.png")
            for left in range(0, picture.width, TILE):
                for top in range(0, picture.height, TILE):
                    tile = picture.crop((left, top, left + TILE, top + TILE))
                    tile.save(folder / name / f"{left}_{top}.png")


def _check_textures(folder: Path) -> None:
    if missing := [name for name in TEXTURES if not (folder / f"{name}.png").is_file()]:
        raise FileNotFoundError(f"{folder} has no {missing[0]}.png")
