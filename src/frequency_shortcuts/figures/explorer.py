"""The explorer: one page that shows an image, a map, reduced images and rates for each choice of class and method.

The page holds all pictures and numbers, and loads nothing from elsewhere.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from frequency_shortcuts.evaluation import flip_rates
from frequency_shortcuts.evaluation.flip_rates import LEAST_RECALL, NUMBERS, Thresholds
from frequency_shortcuts.evaluation.method_scores import CONTROL, UNFILTERED
from frequency_shortcuts.evaluation.verdicts import LOWEST, MOST_FPR, RECOGNISED_TPR
from frequency_shortcuts.spectrum.arrays import BoolArray
from frequency_shortcuts.storage.tables import RUN

from .canvas import CONTROLS, control_label
from .shortcuts import VERDICTS

if TYPE_CHECKING:
    from frequency_shortcuts.evaluation.examples import Counterfactual, Donor, Explored, Reduced

OWN = "culling (the study's own)"  # the method whose maps the shortcut tests judge
SIDE = 112  # pixels of the longer side of a picture; larger ones are shrunk
LIMIT = 8e6  # bytes that the pictures may take, by estimate; above that, fewer classes are shown
ROWS = {  # filter in the table of tests -> what is kept, in words
    "unfiltered": "all frequencies (unfiltered)",
    "dfm": "the map",
    **{kind: CONTROLS[kind] for kind in ("radial", "random", "low_pass", "other")},
}
SAID = {  # verdict of the counterfactual test -> what it says of a class
    flip_rates.FOLLOWS: "The network follows the fine spectrum of {}: a texture or artefact.",
    flip_rates.NEEDS: "The network needs the fine spectrum of {}, a texture or artefact, to recognise it.",
    flip_rates.BOTH: "The network follows the fine spectrum of {} and needs it: a texture or artefact.",
    flip_rates.NOT_SHOWN_VERDICT: "Not shown for {}: a share above its threshold would have been seen.",
    flip_rates.CANNOT_TELL: "Cannot tell for {}: the images are too few for these shares.",
    flip_rates.NOT_RECOGNISED: f"The network recognises less than {100 * LEAST_RECALL:.0f} % of {{}}.",
}
CHANGED = {  # numbers of the counterfactual test in words
    "flip": "flip: other images that are called {} after they got its fine spectrum, minus before",
    "sham": "sham: the same after a change of the same size at other frequencies",
    "part": "part: with the finest part of an image of {}, minus with one of their own class",
    "need": "need: images of {} that are no longer recognised without its fine spectrum",
    "coarse": "as flip, of all other frequencies: shape and brightness",
}
WITH = {  # kinds of change in words
    "flip": "with the fine spectrum of {}",
    "sham": "disturbed as much as by {}",
    "own_part": "with the finest part of another image of its class",
    "part": "with the finest part of an image of {}",
    "away": "without the fine spectrum of {}",
    "away_sham": "disturbed as much as without that of {}",
}
_PAGE = jinja2.Environment(
    autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
).from_string(Path(__file__).with_name("explorer.html.jinja").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class ExploredSet:
    """What the page shows of one data set.

    note : which of its classes are shown; empty where they are all. classes : the names of the k classes
    images : uint8 [k, channels, H, W], one of each class; networks : of `examples.read_explored`, one after the other
    verdicts, flips : on its networks (`tables/shortcuts.csv`, `tables/flips.csv`)
    """

    name: str
    note: str
    classes: Sequence[str]
    images: npt.NDArray[np.uint8]
    networks: Iterable[Explored]
    verdicts: pd.DataFrame
    flips: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=[*RUN, "class"]))


def explorer_page(title: str, sets: Iterable[ExploredSet], tested: Mapping[str, Any]) -> str:
    """The page as text; data sets and their networks are offered in this order.

    tested : `fills`, `split` of the images and `percent` of the spectrum, as in the test; `strong`, as in `verdicts`

    >>> zoo = ExploredSet("zoo", "", ["ant", "bee"], images, [explored], verdicts)
    >>> text = explorer_page("Explorer", [zoo], {"fills": ["zeros"], "split": "test", "percent": 5, "strong": 0.6})
    """
    content = {
        "fills": list(tested["fills"]),
        "split": tested["split"],
        "percent": f"{tested['percent']:g}",
        "recognised": RECOGNISED_TPR,
        "datasets": [
            {
                "name": one.name,
                "note": one.note,
                "classes": one.classes,
                "images": [png(image) for image in one.images],
                "networks": [_network(network, one, tested) for network in one.networks],
            }
            for one in sets
        ],
    }
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _PAGE.render(
        title=title, content=content, side=SIDE, strong=tested["strong"], most_fpr=MOST_FPR,
        data=data.replace("<", "\\u003c"),
    )  # fmt: skip


def affordable(sets: Iterable[tuple[tuple[int, ...], int]], fills: int, most: int) -> int:
    """The number of classes of each data set, at most `most`, whose pictures stay below `LIMIT`.

    sets : of each data set, the shape (class, H, W) of its maps, and how many sizes of maps all its networks have
    """
    cost = []
    for (n_classes, height, width), sizes in sets:
        shown = height * width * min(1, SIDE / max(height, width)) ** 2
        pictures = sizes * (fills + 0.2)  # a map takes a fifth of a picture
        cost.append((n_classes, pictures * (shown + 500) * 4 / 3))
    fitting = [k for k in range(1, most + 1) if sum(min(k, n) * each for n, each in cost) <= LIMIT]
    return max(fitting, default=1)


def _network(network: Explored, dataset: ExploredSet, tested: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a network: donors, and for each method its maps with what they leave and the rates."""
    verdicts, flips = (
        table[np.logical_and.reduce([table[name] == network.run[name] for name in RUN])]
        for table in (dataset.verdicts, dataset.flips)
    )
    measured_with = {
        name: _Rates.of_tests(table, verdicts if name == OWN else pd.DataFrame(), tested["percent"])
        for name, table in network.tests.items()
    }
    methods = []
    for name, maps in network.maps.items():
        rates = measured_with.get(name) or (_Rates.of_method(network.rates, name) if len(network.rates) else _Rates())
        sizes = [
            {
                "percent": f"{reduced.percent:g}",
                "classes": [
                    {**shown, "rates": rates.of(reduced.percent, c, tested["fills"])}
                    for c, shown in zip(dataset.classes, _reduced(reduced), strict=True)
                ],
            }
            for reduced in maps
        ]
        methods.append({"name": name, "measured": [f"{percent:g}" for percent in rates.percents], "sizes": sizes})
    return {
        "name": network.run["network"],
        "augmentation": network.run["augmentation"],
        "seed": int(network.run["seed"]),
        "flips": [
            _flips(flips[flips["class"] == name], name, example)
            for name, example in zip(dataset.classes, network.counterfactuals, strict=True)
        ],
        "donors": [donor and _donor(donor) for donor in network.donors],
        "methods": methods,
    }


def _flips(rows: pd.DataFrame, name: str, example: Counterfactual | None) -> dict[str, Any] | None:
    """What the counterfactual test says of a class; None where it was not tested."""
    if rows.empty:
        return None
    row = rows.iloc[0]
    shares = [
        {
            "what": what.format(name),
            "share": [_number(row[f"{number}{end}"]) for end in ("", "_low", "_high")[: 3 if number in NUMBERS else 1]],
            "threshold": getattr(Thresholds(), number, None),
        }
        for number, what in CHANGED.items()
    ]
    shown: dict[str, Any] = {
        "said": SAID[row["verdict"]].format(name),
        "shares": shares,
        "images": f"{row['images']} other images; of {row['own_images']} of {name}, {100 * row['recall']:.0f} % are "
        "recognised",
    }
    if example:
        change = example.after - example.before / 255
        shown["example"] = {
            "class": example.name,
            "called": example.called,
            "with": WITH[example.kind].format(name),
            "before": png(example.before),
            "after": png(example.after),
            "change": png(0.5 + change / (2 * max(float(np.abs(change).max()), 1e-6))),
        }
    return shown


# Pictures


def _donor(donor: Donor) -> dict[str, Any]:
    return {"class": donor.name, "number": donor.number, "image": png(donor.image)}


def _reduced(reduced: Reduced) -> list[dict[str, Any]]:
    """The map of each image, its number of positions, and the image reduced to it under each fill, as pictures."""
    pictures = zip(*reduced.pictures, strict=True)
    return [
        {"map": mask_png(mask), "kept": int(mask.sum()), "of": mask.size, "reduced": [png(one) for one in under_fills]}
        for mask, under_fills in zip(reduced.masks, pictures, strict=True)
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
        """Of one method in a table of `compare_methods`; random masks and the lowest frequencies are controls."""
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
        of_class = self.table[(self.table["percent"] == percent) & (self.table["class"] == name)]
        rates = [self._under_fill(of_class[of_class["fill"] == fill], name, fill) for fill in fills]
        return rates if any(rates) else None

    def _under_fill(self, table: pd.DataFrame, name: str, fill: str) -> dict[str, Any] | None:
        if table.empty:
            return None
        sizes = table.iloc[0]
        shown: dict[str, Any] = {
            "rows": {row: _summary(table[table["row"] == row]) for row in ROWS.values() if row in set(table["row"])},
            "images": int(sizes["images"]),
            "others": int(sizes["negatives"]),
        }
        if len(self.verdicts):
            judged = self.verdicts[(self.verdicts["class"] == name) & (self.verdicts["fill"] == fill)]
            for row in judged.to_dict("records"):
                shown["margin"] = [_number(row[f"margin{end}"]) for end in ("", "_low", "_high")]
                shown["control"] = control_label(row["best_control"], row["closest_class"])
                shown["low"] = [_number(row[f"low_pass_margin{end}"]) for end in ("", "_low", "_high")]
                shown["verdict"] = VERDICTS.get(row["verdict"])
                shown["lowest"] = LOWEST.get(row["than_lowest"])
        return shown


def _summary(part: pd.DataFrame) -> dict[str, Any]:
    """TPR and FPR of one row, or their mean over several draws, each with both ends, and the number of draws.

    The ends of one row are its interval, those of several draws the least and the greatest of them.
    """
    shown: dict[str, Any] = {"draws": len(part)}
    for rate in ("tpr", "fpr"):
        values = part[rate]
        ends = (part[f"{rate}_low"], part[f"{rate}_high"]) if len(part) == 1 else (values, values)
        shown[rate] = [_number(value) for value in (values.mean(), ends[0].min(), ends[1].max())]
    return shown


def _number(value: float) -> float | None:
    """A number with the digits that are shown, and one more; None for a missing one."""
    return None if pd.isna(value) else round(float(value), 4)
