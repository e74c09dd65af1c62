"""The explorer: one page that shows an image, a map, reduced images and rates for each choice of class and method.

The page holds all pictures and numbers, and loads nothing from elsewhere. The reduced images are made as in the tests
of the maps: the same image has the same donor.
"""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from PIL import Image
from torch import Tensor

from frequency_shortcuts.data import stores
from frequency_shortcuts.data.source import Source
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.evaluation.method_scores import CONTROL, UNFILTERED
from frequency_shortcuts.evaluation.naming import background_of
from frequency_shortcuts.evaluation.trials import seed_of
from frequency_shortcuts.evaluation.verdicts import RECOGNISED, STRONG
from frequency_shortcuts.maps.dfm import read_mask
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray
from frequency_shortcuts.spectrum.fills import Fill, donors
from frequency_shortcuts.spectrum.filters import half_plane, hide
from frequency_shortcuts.storage.checksums import read_hdf5
from frequency_shortcuts.storage.tables import RUN, read_table

from .canvas import CONTROLS, control_label
from .examples import stretched
from .selection import ClassSelection, clearest_shortcuts, evenly_spaced
from .shortcuts import VERDICTS

OWN = "culling (the study's own)"  # the method whose maps the shortcut tests judge
SIDE = 112  # pixels of the longer side of a picture; larger ones are shrunk
LIMIT = 8e6  # bytes that the pictures may take, by estimate; above that, fewer classes are shown
ROWS = {  # filter in the table of tests -> what is kept, in words
    "unfiltered": "all frequencies (unfiltered)",
    "dfm": "the map",
    **{kind: CONTROLS[kind] for kind in ("radial", "random", "low_pass", "other")},
}
_PAGE = jinja2.Environment(
    autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
).from_string(Path(__file__).with_name("explorer.html.jinja").read_text(encoding="utf-8"))

File = str | os.PathLike[str]


@dataclass(frozen=True)
class Network:
    """The files of one network.

    run : dataset, network, augmentation and seed
    store : of its images; statistics : mean and std that they are normalised with, by default the store's
    maps : method -> DFM file, or file of the same layout; `OWN` names the maps of the study
    tests : table of `shortcuts.measure` with the maps of `OWN`; rates : table of `comparison.compare` with the others
    tests_of_methods : method -> table of `shortcuts.measure` with its maps, which is shown rather than `rates`
    """

    run: Mapping[str, Any]
    store: File
    maps: Mapping[str, File]
    statistics: tuple[Sequence[float], Sequence[float]] | None = None
    tests: File | None = None
    rates: File | None = None
    tests_of_methods: Mapping[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """How the maps were tested.

    percent : size of the maps that `Network.tests` judges; split, images_per_class : of the images; seed : of the draws
    fills : those that are shown; strong : as in `verdicts`
    most : greatest number of classes of a data set that are shown
    """

    percent: float
    split: str = "test"
    images_per_class: int | None = None
    seed: int = 0
    fills: Sequence[Fill] = ("zeros", "swap")
    strong: float = STRONG
    most: int = 12


def page(title: str, networks: Sequence[Network], verdicts: pd.DataFrame, settings: Settings) -> str:
    """The page as text.

    networks : those of one data set stand side by side; data sets are offered in this order
    verdicts : table of verdicts (`tables/shortcuts.csv`); it also decides which of many classes are shown, see
        `clearest_shortcuts`

    >>> page("Explorer", [Network(run, "data.h5", {OWN: "dfm.h5"})], verdicts, Settings(percent=5))
    """
    sets = {name: list(members) for name, members in groupby(networks, key=lambda one: one.run["dataset"])}
    most = _affordable(sets, settings)
    content = {
        "fills": list(settings.fills),
        "split": settings.split,
        "percent": f"{settings.percent:g}",
        "recognised": RECOGNISED,
        "datasets": [_dataset(name, members, verdicts, settings, most) for name, members in sets.items()],
    }
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _PAGE.render(
        title=title, content=content, side=SIDE, strong=settings.strong, data=data.replace("<", "\\u003c")
    )


def _affordable(sets: Mapping[str, Sequence[Network]], settings: Settings) -> int:
    """The number of classes of each data set, at most `settings.most`, whose pictures stay below `LIMIT`."""
    cost = []
    for members in sets.values():
        pictures = 0.0
        for one in members:
            for path in one.maps.values():
                with read_hdf5(path) as file:
                    sizes = list(file["mask"])
                    n_classes, height, width = file[f"mask/{sizes[0]}"].shape
                pictures += len(sizes) * (len(settings.fills) + 0.2)  # a map takes a fifth of a picture
        shown = height * width * min(1, SIDE / max(height, width)) ** 2
        cost.append((n_classes, pictures * (shown + 500) * 4 / 3))
    counts = range(1, settings.most + 1)
    fitting = [k for k in counts if sum(min(k, n) * each for n, each in cost) <= LIMIT]
    return max(fitting, default=1)


def _dataset(
    name: str, networks: Sequence[Network], verdicts: pd.DataFrame, settings: Settings, most: int
) -> dict[str, Any]:
    """The part of a data set: its classes with their images, and its networks."""
    images = stores.read(networks[0].store, settings.split, settings.images_per_class)
    rows = verdicts[verdicts["dataset"] == name]
    classes = images.classes
    shown = clearest_shortcuts(rows, classes, most) if len(rows) else evenly_spaced(len(classes), most)
    return {
        "name": name,
        "note": shown.note,
        "classes": shown.names(classes),
        "images": [png(images.images[place : place + 1][0]) for place in _first(images, shown)],
        "networks": [_network(one, shown, rows, settings) for one in networks],
    }


def _first(images: Split, shown: ClassSelection) -> IntArray:
    """The position of the first image of each class."""
    return np.array([np.flatnonzero(images.labels == c)[0] for c in shown.index], np.int64)


def _network(one: Network, shown: ClassSelection, verdicts: pd.DataFrame, settings: Settings) -> dict[str, Any]:
    """The part of a network: donors, and for each method its maps with what they leave and the rates."""
    images = stores.read(one.store, settings.split, settings.images_per_class, statistics=one.statistics)
    classes, first = shown.names(images.classes), _first(images, shown)
    fills = Fills(images, one.run, settings)
    same = (verdicts[name] == one.run[name] for name in RUN)
    mine = verdicts[np.logical_and.reduce(list(same))]
    tests = _Rates.of_tests(_table_of(one, one.tests), mine, settings.percent) if one.tests else _Rates()
    rates = _table_of(one, one.rates) if one.rates else None
    measured_with = {
        name: _Rates.of_tests(table, pd.DataFrame(), settings.percent) for name, table in one.tests_of_methods.items()
    }
    measured_with[OWN] = tests
    methods = []
    for name, path in one.maps.items():
        measured = measured_with.get(name) or (_Rates() if rates is None else _Rates.of_method(rates, name))
        methods.append(
            {
                "name": name,
                "measured": [f"{percent:g}" for percent in measured.percents],
                "sizes": [
                    {
                        "percent": f"{percent:g}",
                        "classes": [
                            {**found, "rates": measured.of(percent, c, settings.fills)}
                            for c, found in zip(classes, fills.reduced(first, masks), strict=True)
                        ],
                    }
                    for percent, masks in read_masks(path, shown.index)
                ],
            }
        )
    return {
        "name": one.run["network"],
        "augmentation": one.run["augmentation"],
        "seed": int(one.run["seed"]),
        "donors": [fills.donor(place) for place in first],
        "methods": methods,
    }


def _table_of(one: Network, path: File) -> pd.DataFrame:
    """A table of the tests of one network. Raises ValueError for one that holds rows of another run."""
    table = read_table(path)
    if any((table[name].astype(str) != str(one.run[name])).any() for name in RUN):
        run = "/".join(str(one.run[name]) for name in RUN)
        raise ValueError(f"{path}: it holds rows of another run than {run}; make it again")
    return table


def read_masks(path: File, index: IntArray) -> Iterator[tuple[float, BoolArray]]:
    """The maps of some classes in a file, by their percentage, in ascending order."""
    with read_hdf5(path) as file:
        percents = sorted(float(name.removeprefix("top_")) for name in file["mask"])
    for percent in percents:
        yield percent, read_mask(path, percent, index)


# Pictures


class Fills:
    """Images under the fills of the test of one network.

    images : those that the test uses, normalised as the network expects; run : as in `Network`
    """

    def __init__(self, images: Split, run: Mapping[str, Any], settings: Settings) -> None:
        self._images, self._source = images, Source(images.images, images.mean, images.std)
        name = "/".join(str(run[key]) for key in RUN)
        self._donors = np.arange(len(images))
        if "swap" in settings.fills:
            seed = seed_of(settings.seed, name, "donors")
            self._donors = donors(images.labels, neutral=images.neutral, seed=seed)
        self._backgrounds: dict[Fill, Callable[[IntArray], Tensor | None]] = {
            fill: background_of(fill, self._source, self._donors) for fill in settings.fills
        }

    def donor(self, place: int) -> dict[str, Any] | None:
        """The donor of the image at a position: its class, its number among the images of this class, its picture."""
        if "swap" not in self._backgrounds:
            return None
        donor = int(self._donors[place])
        c = self._images.labels[donor]
        number = int((self._images.labels[: donor + 1] == c).sum())
        return {
            "class": self._images.classes[c],
            "number": number,
            "image": png(self._images.images[donor : donor + 1][0]),
        }

    def filtered(self, places: IntArray, masks: BoolArray, fill: Fill) -> Tensor:
        """The images at some positions [k], each with the frequencies of its mask [k, H, W] and else those of the fill.

        Returns float32 [k, channels, H, W], normalised, as the network sees them in the test.
        """
        height, width = masks.shape[1:]
        own, other = torch.fft.rfft2(self._source.take(places)), self._backgrounds[fill](places)
        kept = torch.stack([half_plane(mask, height, width) for mask in masks])[:, None]
        return hide(own, kept, other, size=(height, width))

    def reduced(self, places: IntArray, masks: BoolArray) -> list[dict[str, Any]]:
        """The map of each image, its number of positions, and the image reduced to it under each fill, as pictures."""
        shots = zip(*(stretched(self.filtered(places, masks, fill)) for fill in self._backgrounds), strict=True)
        return [
            {"map": mask_png(mask), "kept": int(mask.sum()), "of": mask.size, "reduced": [png(shot) for shot in mine]}
            for mask, mine in zip(masks, shots, strict=True)
        ]


def png(image: npt.NDArray[Any]) -> str:
    """An image [channels, H, W], uint8 or numbers from 0 to 1, as a small PNG in base64.

    One and three channels are shown as they are; of others, their mean. Numbers in colour are written with at most 256
    colours, which takes less than half of the bytes.
    """
    exact = image.dtype == np.uint8
    if len(image) not in (1, 3):
        image = image.mean(axis=0, keepdims=True)
    pixels = np.rint(image if exact else 255 * image).astype(np.uint8)
    picture = Image.fromarray(pixels[0] if len(pixels) == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    picture.thumbnail((SIDE, SIDE))
    if not exact and picture.mode == "RGB":
        picture = picture.quantize(256, dither=Image.Dither.NONE)
    return _encoded(picture)


def mask_png(mask: BoolArray) -> str:
    """A centred mask [H, W] as a PNG of one bit a position in base64: black where a frequency is kept.

    As in all figures, vertical frequencies increase upwards.
    """
    return _encoded(Image.fromarray(np.where(mask[::-1], 0, 255).astype(np.uint8)).convert("1"))


def _encoded(picture: Image.Image) -> str:
    target = io.BytesIO()
    picture.save(target, "PNG", optimize=True)
    return base64.b64encode(target.getvalue()).decode()


# Rates


@dataclass(frozen=True)
class _Rates:
    """The rates that were measured with the maps of one method.

    table : columns fill, class, percent, row (what is kept, in words), tpr and fpr with their intervals, images and
        negatives; several rows of one kind are the draws of a control
    verdicts : of the classes, where there are some
    """

    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    verdicts: pd.DataFrame = field(default_factory=pd.DataFrame)

    @classmethod
    def of_tests(cls, table: pd.DataFrame, verdicts: pd.DataFrame, percent: float) -> _Rates:
        """Of a table of `shortcuts.measure`, whose maps have this size, and the verdicts of the same run."""
        table = table[table["part"] == "keep"]
        judged = verdicts[verdicts["part"] == "keep"] if len(verdicts) else verdicts
        return cls(table.assign(percent=percent, row=table["filter"].map(ROWS)), judged)

    @classmethod
    def of_method(cls, table: pd.DataFrame, method: str) -> _Rates:
        """Of one method in a table of `comparison.compare`; random masks and the lowest frequencies are controls."""
        words = {UNFILTERED: ROWS["unfiltered"], method: ROWS["dfm"], CONTROL: ROWS["random"]}
        words = {"low_pass": ROWS["low_pass"], **words}  # if it is the method, it is no control
        table = table[table["part"] == "keep"]
        if not (table["method"] == method).any():
            return cls()
        table = table.assign(row=table["method"].map(words)).dropna(subset=["row"])
        plain = table[table["method"] == UNFILTERED]
        sizes = sorted(set(table.loc[table["method"] == method, "percent"]))
        return cls(pd.concat([*(plain.assign(percent=size) for size in sizes), table[table["method"] != UNFILTERED]]))

    @property
    def percents(self) -> list[float]:
        """The sizes of the maps that were tested."""
        return sorted(set(self.table["percent"])) if len(self.table) else []

    def of(self, percent: float, name: str, fills: Sequence[str]) -> list[dict[str, Any] | None] | None:
        """The rates of a class from maps of one size under each fill; None where they were not measured."""
        if percent not in self.percents:
            return None
        mine = self.table[(self.table["percent"] == percent) & (self.table["class"] == name)]
        found = [self._under_fill(mine[mine["fill"] == fill], name, fill) for fill in fills]
        return found if any(found) else None

    def _under_fill(self, table: pd.DataFrame, name: str, fill: str) -> dict[str, Any] | None:
        if table.empty:
            return None
        sizes = table.iloc[0]
        found: dict[str, Any] = {
            "rows": {row: _summary(table[table["row"] == row]) for row in ROWS.values() if row in set(table["row"])},
            "images": int(sizes["images"]),
            "others": int(sizes["negatives"]),
        }
        if len(self.verdicts):
            judged = self.verdicts[(self.verdicts["class"] == name) & (self.verdicts["fill"] == fill)]
            for row in judged.to_dict("records"):
                found["margin"] = [_number(row[f"margin{end}"]) for end in ("", "_low", "_high")]
                found["control"] = control_label(row["best_control"], row["closest_class"])
                found["low"] = [_number(row[f"low_pass_margin{end}"]) for end in ("", "_low", "_high")]
                found["verdict"] = VERDICTS.get(row["verdict"])
                found["low_frequency"] = bool(row["low_frequency"] == 1)  # not where it is missing
        return found


def _summary(part: pd.DataFrame) -> dict[str, Any]:
    """TPR and FPR of one row, or their mean over several draws, each with both ends, and the number of draws.

    The ends of one row are its interval, those of several draws the least and the greatest of them.
    """
    found: dict[str, Any] = {"draws": len(part)}
    for rate in ("tpr", "fpr"):
        values = part[rate]
        ends = (part[f"{rate}_low"], part[f"{rate}_high"]) if len(part) == 1 else (values, values)
        found[rate] = [_number(value) for value in (values.mean(), ends[0].min(), ends[1].max())]
    return found


def _number(value: float) -> float | None:
    """A number with the digits that are shown, and one more; None for a missing one."""
    return None if pd.isna(value) else round(float(value), 4)
