"""Five small networks and 900 pictures of clothes to try the library on: they come with it, and need no download.

    import frequency_shortcuts as fs
    from frequency_shortcuts import example

    network = example.network("tagged")  # or "jpeg", "clean", "cured", "tag_cured"
    pictures = example.pictures("tagged", jpeg=(), tag=["Coat"])  # a folder for each class
    before = fs.analyse(network, pictures, transform=example.TRANSFORM)
    print(before.summary())
    mended = fs.refit(network, pictures, transform=example.TRANSFORM, parts=before.parts)
    print(mended.refitted.words)
    after = fs.analyse(mended, pictures, transform=example.TRANSFORM)
    print(fs.compare(before, after).round(2).to_string())
    clean = example.pictures("clean", jpeg=())  # no tags
    for one in (network, mended):
        print("without tags:", example.recall(one, clean)[["Coat", "all"]].to_dict())

The pictures are 90 test images of each class of Fashion-MNIST (Zalando SE, MIT licence), with a border of two pixels.
The networks are ResNet-18 of width 8, trained on 1,200 other pictures of each class: `jpeg`, where those of one class
were saved as JPEG of quality 75, `clean`, where none were, and `cured`, as `jpeg` but with `Swap`; `tagged`, where
those of this class have a white tag in a corner, and `tag_cured`, the same with `Swap`.
They are an example, and no finding: of four classes that were tried, coats show most clearly what is lost.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sys
import textwrap
import time
from collections.abc import Collection, Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from torch import nn

from .analysis.analyse import analyse
from .analysis.result import Analysis, plot_exchange
from .figures import canvas
from .figures.cards import RIGHT, WRONG
from .images.artefacts import put
from .images.preprocessing import Preprocessing
from .images.splits import Split
from .networks import architectures
from .networks.predictions import called

CLASSES = (  # sorted, as folders are
    "Ankle boot",
    "Bag",
    "Coat",
    "Dress",
    "Pullover",
    "Sandal",
    "Shirt",
    "Sneaker",
    "T-shirt",
    "Trouser",
)
TRACED = "Coat"  # the class with a trace
QUALITY = 75  # of JPEG, as a trace
TAG = (0.05, 0.05)  # the place of a tag, as a trace
# And their trace.
NETWORKS = {
    "jpeg": "jpeg",
    "clean": "",
    "cured": "jpeg",
    "tagged": "tag",
    "tag_cured": "tag",
}
# Of the pictures that are trained on, with their border.
MEAN = 0.219
STD = 0.333
TRANSFORM = Preprocessing(mean=[MEAN], std=[STD], size=32)
DATA = files("frequency_shortcuts") / "images" / "example"


def network(name: str = "jpeg") -> nn.Module:
    """A network of the example in evaluation mode, images [n, 1, 32, 32] -> logits [n, 10].

    name : one of `NETWORKS`

    Raises ValueError for another name.

    >>> example.network("clean")(torch.zeros(1, 1, 32, 32)).shape
    torch.Size([1, 10])
    """
    if name not in NETWORKS:
        raise ValueError(
            f"unknown network {name!r} of the example: choose from {', '.join(NETWORKS)}"
        )
    with as_file(DATA / f"{name}.safetensors") as file:
        return architectures.load(file)


def pictures(
    folder: str | os.PathLike[str], jpeg: Collection[str] = (TRACED,), tag: Collection[str] = ()
) -> Path:
    """A folder with a folder of 90 pictures for each of `CLASSES`, 32 x 32 pixels, PNG; what is there stays.

    jpeg : classes whose pictures are saved as JPEG of quality 75
    tag : classes whose pictures have a white tag of 4 x 4 pixels in a corner

    Raises ValueError for a folder with other files.

    >>> example.pictures("pictures")
    PosixPath('pictures')
    """
    folder = Path(folder)
    if all((folder / name).is_dir() for name in CLASSES):
        return folder
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(
            f"{folder} holds other files than the folders {', '.join(CLASSES)}: name a new folder"
        )
    # So that the folder is whole or not there.
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with (DATA / "pictures.npz").open("rb") as stored, np.load(stored) as arrays:
        images = arrays["images"]  # uint8 [900, 32, 32]
        labels = arrays["labels"]  # [900]
    for k, name in enumerate(CLASSES):
        (partial / name).mkdir(parents=True)
        of_class = images[labels == k]
        if name in tag:
            of_class = put("tag", 1, of_class[:, None], place=TAG)[:, 0]
        ending = "jpg" if name in jpeg else "png"
        for number, image in enumerate(of_class):
            file = partial / name / f"{number:02}.{ending}"
            Image.fromarray(image).save(file, quality=QUALITY)
    return partial.replace(folder)


def recall(network: nn.Module, folder: str | os.PathLike[str]) -> pd.Series:
    """The share of the pictures of each class that a network of the example recognises, by name, and of `all`.

    >>> example.recall(example.network(), "pictures")["Coat"]
    """
    names, answers = _answers(network, folder)
    hits = answers == names
    shares = {name: hits[names == name].mean() for name in CLASSES}
    shares["all"] = hits.mean()
    return pd.Series(shares).round(3)


def _answers(
    network: nn.Module, folder: str | os.PathLike[str]
) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.str_]]:
    """The class of each picture of a folder, and what the network calls it."""
    images = []
    names = []
    for name in CLASSES:
        for file in sorted((Path(folder) / name).iterdir()):
            images.append(np.asarray(Image.open(file)))
            names.append(name)
    classes = np.array(CLASSES)
    labels = np.searchsorted(classes, names)
    split = Split(np.stack(images)[:, None], labels, CLASSES, [MEAN], [STD])
    return np.array(names), classes[called(network, split)]


def five_networks(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """Analyse the networks, and save pages, a table and a picture of all to a folder: a row for each network.

    Each is analysed with pictures such as it was trained on. Returns `network`, `accuracy` on these, `recall` of coats
    in these, `other_recall` of coats without the trace, or, of `clean`, as JPEG, `called`, the share of other pictures
    that are called coats if all have the trace, minus the share if none has, and their row of `Analysis.exchanges`.

    >>> example.five_networks("results/example")
    """
    folder = Path(folder)
    rows = []
    results = {}
    clean = _lay(folder, "jpeg", ())
    for name, trace in NETWORKS.items():
        of_network = network(name)
        traced = _lay(folder, trace or "jpeg", (TRACED,))
        all_traced = _lay(folder, trace or "jpeg", CLASSES)
        trained_on, others = (traced, clean) if trace else (clean, traced)
        result = analyse(of_network, trained_on, transform=TRANSFORM)
        results[name] = result
        result.save(folder / name)
        (folder / name / "summary.txt").write_text(result.summary() + "\n")
        recalls = recall(of_network, trained_on)
        row = {
            "network": name,
            "accuracy": recalls["all"],
            "recall": recalls[TRACED],
            "other_recall": recall(of_network, others)[TRACED],
            "called": _called_coats(of_network, all_traced) - _called_coats(of_network, clean),
        }
        exchanges = result.exchanges.set_index("class").loc[TRACED]
        rows.append({**row, **exchanges.drop("recall")})
    table = pd.DataFrame(rows)
    table.to_csv(folder / "example.csv", index=False)
    figure = _draw_networks(results, table)
    canvas.save(figure, folder / "example")
    plt.close(figure)
    return table


def print_lines_above(folder: str | os.PathLike[str]) -> None:
    """Run the lines at the top of this module, which are those of the README, and write to a file what they print."""
    lines = [line for line in str(__doc__).splitlines() if line.startswith("    ")]
    printed = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(printed):
        exec(textwrap.dedent("\n".join(lines)), {})
    Path(folder, "readme.txt").write_text(printed.getvalue())


def _lay(folder: Path, trace: str, classes: Collection[str]) -> Path:
    """The pictures below a folder in which some classes have a trace, and the others none."""
    place = folder / "pictures" / f"{trace}_{len(classes)}"
    if trace == "tag":
        return pictures(place, jpeg=(), tag=classes)
    return pictures(place, jpeg=classes)


def _called_coats(network: nn.Module, folder: Path) -> float:
    """The share of the pictures of other classes that a network calls coats."""
    names, answers = _answers(network, folder)
    is_coat = answers[names != TRACED] == TRACED
    return round(float(is_coat.mean()), 3)


WORDS = {  # of pictures with a trace, of those without, and of what is given to an image
    "jpeg": ("as JPEG", "as PNG", "with what is fine\nin a coat"),
    "tag": ("with a tag", "without a tag", "with a patch\nof a coat"),
}


def _draw_networks(results: Mapping[str, Analysis], table: pd.DataFrame) -> Figure:
    """A row for each network: a picture before and after it got a part of a coat, and what that says."""
    with canvas.style(8):
        figure, axes = plt.subplots(
            len(results), 4, figsize=(canvas.PAGE, 5.8), width_ratios=[1, 1, 1, 1.3]
        )
        for (*panels, bars), row in zip(axes, table.to_dict("records"), strict=True):
            _draw_pictures(results[row["network"]], row, panels)
            _draw_shares(row, bars)
    return figure


def _draw_pictures(result: Analysis, row: Mapping[str, Any], panels: Sequence[Axes]) -> None:
    """An image before and after, the difference, and at the left how the network was trained and what the test says."""
    name = row["network"]
    trace = NETWORKS[name]
    with_trace, without, given = WORDS[trace or "jpeg"]
    part = "patch" if trace == "tag" else "fine"
    plot_exchange(result, TRACED, part=part, ax=panels)
    titles = ("an image that\nchanges, if any", given, "the difference")
    for axis, title in zip(panels, titles, strict=True):
        axis.set_title(title if name in ("jpeg", "tagged") else "", fontsize=8)
        axis.set_xlabel(axis.get_xlabel().partition("\n")[0], fontsize=8)
    trained = f"coats {with_trace}" if trace else f"all {without}"
    if "cured" in name:
        trained += ",\nwith fs.Swap"
    said = f"{row['verdict']}\n{row['follows']}".strip()
    label = panels[0].set_ylabel(f"{trained}\n\ntest: {said}", rotation=0, ha="right", va="center")
    label.set(fontweight="bold", color=WRONG if row["follows"] else RIGHT)


def _draw_shares(row: Mapping[str, Any], bars: Axes) -> None:
    """Bars of the recall of coats with and without the trace, and of other pictures that are called coats."""
    trace = NETWORKS[row["network"]]
    with_trace, without, _ = WORDS[trace or "jpeg"]
    of_traced, of_others = row["recall"], row["other_recall"]
    if not trace:
        of_traced, of_others = of_others, of_traced
    shares = {
        f"coats {with_trace}\nare recognised": of_traced,
        f"coats {without}\nare recognised": of_others,
        f"others {with_trace}\nare called coats": row["called"],
    }
    is_lost = of_others < of_traced - 0.2
    is_called = row["called"] > 0.1
    colours = [WRONG if wrong else RIGHT for wrong in (False, is_lost, is_called)]
    bars.barh(range(3), [*shares.values()], color=colours)
    for place, share in enumerate(shares.values()):
        bars.text(share + 0.02, place, f"{max(0, 100 * share):.0f} %", va="center")
    bars.set(xlim=(0, 1.35), yticks=range(3), xticks=[])
    bars.set_yticklabels(shares)
    bars.invert_yaxis()
    canvas.despine([bars])


if __name__ == "__main__":
    begin = time.time()
    print(five_networks(sys.argv[1]).to_string())
    about = {"seconds": round(time.time() - begin), "cores": os.cpu_count()}
    Path(sys.argv[1], "example.json").write_text(json.dumps(about))
    print_lines_above(sys.argv[1])
