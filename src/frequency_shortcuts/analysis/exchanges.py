"""What follows from an exchange test: the table of classes, the images that flip, and pictures of both."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn

from frequency_shortcuts.data_check.comparison import name_causes
from frequency_shortcuts.exchange.answers import FOLLOWS, PARTS, Answers, rates, typical
from frequency_shortcuts.exchange.class_statistics import FEWEST, ClassStatistics, class_statistics
from frequency_shortcuts.exchange.test import TESTED, Exchanged, example, remove
from frequency_shortcuts.images.artefacts import CAUSES
from frequency_shortcuts.images.pictures import ImageFiles
from frequency_shortcuts.images.source import Pixels, in_pixels
from frequency_shortcuts.images.splits import Split, first_of_each_class
from frequency_shortcuts.networks.predictions import device_of, dtype_of, evaluating
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray

from .cells import MOST
from .reasons import cause_of_pair, reason

COLUMNS = {  # of `Analysis.images`, and their types
    "image": int,
    "path": object,
    "class": object,
    "part": object,
    "probability": float,
    "probability_without": float,
    "called_without": object,
    "flips": bool,
}
EACH = 2  # images of a class and part that are drawn without it
PICTURES = 6  # of all classes
GREATEST = 0.99  # quantile of a change that is drawn as half of the range; the rest is clipped

Picture = npt.NDArray[np.uint8]


class Counterfactual(NamedTuple):
    """An image before and after it got a part of a class, and what the network says to both.

    class_name, part : whose part, a name of `PARTS`; label : the class of the image
    before, after : uint8 [channels, H, W]; difference : the same, after minus before times `factor`, clipped, grey for
        none
    called_before, called_after : the classes that the network calls; logits_before, logits_after : float64 [class]
    image : its position among the test images
    """

    class_name: str
    part: str
    label: str
    before: Picture
    after: Picture
    difference: Picture
    factor: float
    called_before: str
    called_after: str
    logits_before: FloatArray
    logits_after: FloatArray
    image: int


@dataclass(frozen=True, eq=False)
class ExchangeTest:
    """An exchange test with its network and images.

    network : its logits of the classes, and nothing else
    ranking, test : the images that give parts, and those of which some get them
    answers : see `exchange.test.collect`; seed : of its draws
    """

    network: nn.Module
    ranking: Split
    test: Split
    answers: Answers
    seed: int

    @property
    def classes(self) -> tuple[str, ...]:
        return self.test.classes

    @functools.cached_property
    def shown(self) -> IntArray:
        """The test images that the network was shown, by their positions."""
        return first_of_each_class(self.test.labels, TESTED)

    @functools.cached_property
    def pixels(self) -> Pixels:
        """The ranking images, in pixels."""
        return in_pixels(self.ranking, self.test, torch.device("cpu"))[0]

    @functools.cached_property
    def statistics(self) -> ClassStatistics:
        """The statistics of the spectra of the ranking images."""
        return class_statistics(self.pixels, len(self.classes), self.classes)

    @functools.cached_property
    def table(self) -> pd.DataFrame:
        """See `Analysis.flips`."""
        return flip_table(self.answers, self.classes, self.causes)

    @functools.cached_property
    def causes(self) -> dict[int, str]:
        """The likely causes of classes that follow: number of the class -> a key of `CAUSES`, if it has one.

        They are those of the ranking images alone, at least 10 of each class, see `comparison.name_causes`.
        """
        table = rates(self.answers)
        found = table.loc[table["verdict"] == FOLLOWS, "class"].tolist()
        images_of_class = np.bincount(self.ranking.labels, minlength=len(self.classes))
        if not found or images_of_class.min() < FEWEST:
            return {}
        causes = name_causes(self.pixels, self.statistics, seed=self.seed)
        return {k: causes[k].name for k in found if k in causes}

    @functools.cached_property
    def clearest(self) -> dict[str, int]:
        """Part -> the number of the class that follows it most clearly, or would."""
        rows = {part: int(self.table[f"{part}_low"].argmax()) for part in PARTS}
        return {part: self.answers.tested[row] for part, row in rows.items()}

    def typical_pictures(self) -> list[Counterfactual]:
        """A typical image with each part of each class: the clearest class of each part first, then the others.

        Of many classes, the twelve that follow most clearly.
        """
        pairs = [(k, part) for part, k in self.clearest.items()]
        names = clearest_first(self.table)["class"].head(MOST)
        pairs += [(self.classes.index(name), part) for name in names for part in PARTS]
        return [self._typical(k, part) for k, part in dict.fromkeys(pairs)]

    def _typical(self, k: int, part: str) -> Counterfactual:
        image, before, after = example(self.answers, part, k, *self._on_device, self.seed)
        said_before, said_after = self._logits(before)[0], self._logits(after)[0]
        made = Exchanged(image, before[0], after[0], said_before, said_after, said_after)
        return self._picture(made, k, part)

    def without_parts(self) -> tuple[pd.DataFrame, list[Counterfactual]]:
        """The table `Analysis.images`, and the clearest images that flip, but for the `typical` ones."""
        paths = names_of_files(self.test)
        rows: list[tuple[object, ...]] = []
        flipping: list[tuple[float, Counterfactual]] = []
        for k, part in self._followed():
            removed = remove(self.answers, part, k, *self._on_device, self.seed, self._logits)
            flips = []
            for made in removed:
                image = int(self.shown[made.image])
                called = int(made.without.argmax())
                before = float(made.said_before.softmax(0)[k])
                without = float(made.without[k])
                about = (image, paths[image], k, part, before, without)
                rows.append((*about, self.classes[called], called != k))
                if called != k and made.image not in self._drawn:
                    flips.append((before - without, made))
            flips.sort(key=lambda pair: pair[0], reverse=True)
            for lost, made in flips[:EACH]:
                flipping.append((lost, self._picture(made, k, part)))
        return self._images_table(rows), _clearest_pictures(flipping)

    @functools.cached_property
    def _drawn(self) -> set[int]:
        """The images in the pictures of the clearest class of each part."""
        images = {
            self.answers.images[k][typical(self.answers, part, k)]
            for part, k in self.clearest.items()
        }
        return set(map(int, images))

    def _followed(self) -> list[tuple[int, str]]:
        """The number of each class that follows, with each part that it follows."""
        followed = []
        for row in self.table[["class", "follows"]].itertuples(index=False):
            k = self.classes.index(row[0])
            followed += [(k, part) for part in row[1].split(", ") if part]
        return followed

    def _images_table(self, rows: Sequence[tuple[object, ...]]) -> pd.DataFrame:
        """By class, and then those first that lose the most."""
        table = pd.DataFrame(rows, columns=[*COLUMNS])
        gained = table["probability_without"] - table["probability"]
        order = np.lexsort([table["image"], gained, table["class"]])
        table = table.iloc[order].reset_index(drop=True)
        table["class"] = [self.classes[k] for k in table["class"]]
        return table.astype(COLUMNS)

    @functools.cached_property
    def _on_device(self) -> tuple[Pixels, Pixels]:
        """The ranking images, and the test images that were shown, where the network is."""
        return in_pixels(self.ranking, self.test.subset(self.shown), device_of(self.network))

    def _logits(self, images: Tensor) -> Tensor:
        """What the network says of images in pixels: float64 [n, class], on the CPU."""
        pixels = self._on_device[1]
        dtype = torch.float64 if dtype_of(self.network) == torch.float64 else torch.float32
        with evaluating(self.network), torch.no_grad():
            return self.network(pixels.seen(images.clone()).to(dtype)).double().cpu()

    def _picture(self, made: Exchanged, k: int, part: str) -> Counterfactual:
        change = made.after - made.before
        large = float(np.quantile(change.abs().cpu().numpy(), GREATEST))
        factor = max(1.0, 0.5 / max(large, 1e-3))
        return Counterfactual(
            self.classes[k],
            part,
            self.classes[self.answers.labels[made.image]],
            as_picture(made.before),
            as_picture(made.after),
            as_picture(0.5 + factor * change),
            factor,
            self.classes[int(made.said_before.argmax())],
            self.classes[int(made.said_after.argmax())],
            made.said_before.numpy(),
            made.said_after.numpy(),
            int(self.shown[made.image]),
        )


def flip_table(answers: Answers, classes: Sequence[str], causes: Mapping[int, str]) -> pd.DataFrame:
    """The rates of an exchange test with the names of the classes, reasons and likely causes in words.

    causes : number of the class -> a key of `CAUSES`. Of two classes, the cause is that of the pair.
    """
    table = rates(answers)
    numbers = table["class"].tolist()
    others = [answers.before[answers.labels != c] == c for c in numbers]
    table["false_positives"] = [float(called.mean()) for called in others]
    table["reason"] = [reason(row) for row in table.to_dict("records")]
    table["class"] = [classes[c] for c in numbers]
    if len(classes) == 2 and causes:
        words = dict.fromkeys((0, 1), cause_of_pair(causes, classes))
    else:
        words = {k: CAUSES[name] for k, name in causes.items()}
    table["cause"] = pd.Series([words.get(c) for c in numbers], dtype=object)
    return table


def _clearest_pictures(flipping: Sequence[tuple[float, Counterfactual]]) -> list[Counterfactual]:
    """Six at most of the pictures, clearest first; of an image that stands there twice, the clearest."""
    ordered = sorted(flipping, key=lambda pair: pair[0], reverse=True)
    of_images: dict[int, Counterfactual] = {}
    for _, picture in ordered:
        of_images.setdefault(picture.image, picture)
    return [*of_images.values()][:PICTURES]


def names_of_files(split: Split) -> list[str | None]:
    """The path of each image from the folder that all are in, if there is one; None for images without files."""
    if not isinstance(split.images, ImageFiles):
        return [None] * len(split)
    files = [Path(os.path.abspath(file)) for file in split.images.files]  # noqa: PTH100  # links stay as they are
    with contextlib.suppress(ValueError):  # files are on several drives
        common = os.path.commonpath([file.parent for file in files])
        return [file.relative_to(common).as_posix() for file in files]
    return [file.as_posix() for file in files]


def margins(table: pd.DataFrame) -> pd.DataFrame:
    """By how much the lower end of each part is above its threshold: a row a class, a column a part."""
    lows = {part: table[f"{part}_low"] - kind.threshold for part, kind in PARTS.items()}
    return pd.DataFrame(lows)


def clearest_first(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `Analysis.flips`: what follows before the rest, and then by the clearest part."""
    follows = (table["verdict"] == FOLLOWS).to_numpy()
    order = np.lexsort([-margins(table).max(axis=1).to_numpy(), ~follows])
    return table.iloc[order]


def as_picture(pixels: Tensor) -> Picture:
    """An image in pixels as a picture."""
    return (255 * pixels.cpu().clamp(0, 1)).round().to(torch.uint8).numpy()
