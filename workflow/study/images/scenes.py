"""Scenes: articles of clothing, enlarged and coloured, at random places on crops of photographs.

The class is the article. Its place, size and colour and all of the background are drawn for each image, whatever its
class. The photographs are those of three of Debian's packages of backgrounds (CC0, CC BY, CC BY-SA and GPL-2+) that are
no drawings and seldom plain, reduced to so few pixels that no trace of their JPEG is left.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from study.sources.downloads import debian_sources, first_source

# The photographs of a package: their folder, and the names of the files.
BACKGROUNDS: Mapping[str, tuple[Path, Sequence[str]]] = {
    "budgie-backgrounds": (
        Path("/usr/share/backgrounds/budgie"),
        (
            "abstract-spiral",
            "beacon-street-sunset",
            "blue-periwinkle",
            "canyon-wren",
            "casa-mila",
            "high-trestle-trail",
            "lake-sherburne",
            "oakland-zoo-otters",
            "perched-osprey",
            "piazza-gae-aulenti",
            "roman-colosseum",
            "singaporean-cityscape",
            "tea-gardens",
        ),
    ),
    "lomiri-wallpapers-16.04": (
        Path("/usr/share/backgrounds"),
        (
            "Bridge_by_Sander_Klootwijk",
            "Dragonfly_by_Bolly",
            "Picture_0B_by_freespace",
            "Picture_1A_by_freespace",
            "Wine_by_Jakkub_Mede",
            "aitzgorri_by_Aitzol_Berasategi",
            "friends_by_Aitzol_Berasategi",
            "life_by_Aitzol_Berasategi",
            "picosdeeuropa_by_Aitzol_Berasategi",
            "seeding_by_Clements_Engelhardt",
            "sunset_by_Aitzol_Berasategi",
        ),
    ),
    "mate-backgrounds": (
        Path("/usr/share/backgrounds/mate/nature"),
        (
            "Aqua",
            "Blinds",
            "Dune",
            "FreshFlower",
            "Garden",
            "GreenMeadow",
            "LadyBird",
            "RainDrops",
            "Storm",
            "TwoWings",
            "Wood",
            "YellowFlower",
        ),
    ),
}
# What the photographs serve, in turn, in the order of their names: half train, a quarter each tunes and judges.
ROLES = ("train", "tune", "train", "judge")
SHORTER_SIDE = 256  # of a reduced photograph, pixels
SCENE = 64  # side of a scene, pixels
CROP = (64, 160)  # side of a crop of a reduced photograph, pixels
LIGHT = (0.2, 0.6)  # share of the light of a crop that stays
ENLARGED = (1.6, 1.9)  # factor of an article
DARK = 8  # grey levels up to this one are no article
EDGE = 4  # opacity of a grey level above these
BORDER = 2  # pixels beside an article
LEAST_LIGHT = 0.4  # of black cloth; white has 1
LEAST_COLOUR = 0.3  # of a channel; the brightest channel has 1


def lay_out_backgrounds(folder: Path) -> None:
    """Write the reduced photographs, PNG with a shorter side of 256 pixels, to the folders train, tune and judge.

    Raises downloads.NotFound, with what to do, if a package or one of its photographs is not found.
    """
    roles = roles_of([name for _, names in BACKGROUNDS.values() for name in names])
    for role in ROLES:
        (folder / role).mkdir(parents=True, exist_ok=True)
    for package, (place, names) in BACKGROUNDS.items():
        title = f"The set of photographs {package}"
        sources = debian_sources(package, place)
        check = partial(_check_files, names=names)
        advice = f"Install Debian's package {package}, or unpack its file into / on another system"
        with first_source(title, sources, check, advice) as (_, found):
            for name in names:
                picture = _reduced(_file(found, name))
                picture.save(folder / roles[name] / f"{name}.png")


def _file(folder: Path, name: str) -> Path:
    """The file of a photograph."""
    return folder / f"{name}.jpg"


def _check_files(folder: Path, names: Sequence[str]) -> None:
    """Raise FileNotFoundError for a photograph that is not there."""
    for name in names:
        _file(folder, name).stat()


def roles_of(names: Sequence[str]) -> dict[str, str]:
    """What each photograph serves, by its name: train, tune or judge."""
    return {name: ROLES[number % len(ROLES)] for number, name in enumerate(sorted(names))}


def _reduced(file: Path) -> Image.Image:
    """A photograph whose shorter side has 256 pixels."""
    with Image.open(file) as picture:
        scale = SHORTER_SIDE / min(picture.size)
        size = round(scale * picture.width), round(scale * picture.height)
        return picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def read_backgrounds(folder: str | Path, role: str) -> list[Image.Image]:
    """The photographs of a role, in the order of their names."""
    return [Image.open(file).convert("RGB") for file in sorted(Path(folder, role).glob("*.png"))]


def draw_scenes(
    articles: npt.NDArray[np.uint8], photographs: Sequence[Image.Image], seed: int
) -> npt.NDArray[np.uint8]:
    """A scene of each article, uint8 [n, 3, 64, 64]: an image depends on its article, its number and the seed alone.

    articles : uint8 [n, 1, H, W], on black, each of 1 to 31 pixels a side; photographs : of at least 160 pixels a side

    >>> photographs = read_backgrounds("results/leaks/backgrounds", "train")
    >>> images = draw_scenes(articles, photographs, seed=0)
    """
    made = np.empty((len(articles), 3, SCENE, SCENE), np.uint8)
    for number, article in enumerate(articles[:, 0]):
        generator = np.random.default_rng([seed, number])
        photograph = photographs[int(generator.integers(len(photographs)))]
        background = _darker_crop(photograph, generator)
        _put(background, article, generator)
        made[number] = np.asarray(background).transpose(2, 0, 1)
    return made


def _darker_crop(photograph: Image.Image, generator: np.random.Generator) -> Image.Image:
    """A square of random size, place and light, in the size of a scene."""
    side = generator.uniform(*CROP)
    left = generator.uniform(0, photograph.width - side)
    top = generator.uniform(0, photograph.height - side)
    box = (left, top, left + side, top + side)
    crop = photograph.resize((SCENE, SCENE), Image.Resampling.HAMMING, box=box)
    black = Image.new("RGB", crop.size)
    return Image.blend(black, crop, generator.uniform(*LIGHT))


def _put(
    background: Image.Image, article: npt.NDArray[np.uint8], generator: np.random.Generator
) -> None:
    """Enlarge and colour an article, and put it at a random place onto a background."""
    opacity = (EDGE * (article.astype(int) - DARK)).clip(0, 255).astype(np.uint8)
    rows = np.flatnonzero(opacity.any(axis=1))
    columns = np.flatnonzero(opacity.any(axis=0))
    box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    factor = generator.uniform(*ENLARGED)
    width = round(factor * (box[2] - box[0]))
    height = round(factor * (box[3] - box[1]))
    article_and_opacity = Image.fromarray(np.stack([article, opacity], axis=2))
    enlarged = article_and_opacity.resize((width, height), Image.Resampling.BICUBIC, box)
    grey, mask = enlarged.split()
    colour = generator.uniform(LEAST_COLOUR, 1, 3)
    light = LEAST_LIGHT * 255 + (1 - LEAST_LIGHT) * np.asarray(grey, float)
    coloured = light[:, :, None] * (colour / colour.max())
    left = generator.integers(BORDER, SCENE - BORDER - width, endpoint=True)
    top = generator.integers(BORDER, SCENE - BORDER - height, endpoint=True)
    background.paste(Image.fromarray(coloured.astype(np.uint8)), (left, top), mask)
