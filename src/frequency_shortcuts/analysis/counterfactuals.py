"""The exchange test of an analysis: its table, and one image before and after it got a part of a class."""

import contextlib
import functools
import os
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn

from frequency_shortcuts.data_check.comparison import Cause, name_causes
from frequency_shortcuts.exchange.answers import FOLLOWS, PARTS, Answers, rates, typical
from frequency_shortcuts.exchange.class_statistics import FEWEST, ClassStatistics, class_statistics
from frequency_shortcuts.exchange.test import TESTED, Exchanged, example, remove
from frequency_shortcuts.images.artefacts import CAUSES
from frequency_shortcuts.images.pictures import ImageFiles
from frequency_shortcuts.images.source import Pixels, in_pixels
from frequency_shortcuts.images.splits import Split, first_of_each_class
from frequency_shortcuts.networks.predictions import device_of, dtype_of, evaluating
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray

from .advice import facts_apart, kind_of_images
from .wording import of_pair, reason

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
EACH, PICTURES = 2, 6  # images of a class and part that are drawn without it, and of all

Picture = npt.NDArray[np.uint8]


class Counterfactual(NamedTuple):
    """An image before and after it got a part of a class, and what the network says to both.

    before, after : uint8 [channels, H, W]; difference : the same, after minus before times `factor`, clipped, grey for
        none
    label : the class of the image; called_before, called_after : the classes that the network calls
    logits_before, logits_after : float64 [class]
    part : a name of `exchange.test.PARTS`; image : its position among the test images
    """

    before: Picture
    after: Picture
    difference: Picture
    factor: float
    label: str
    called_before: str
    called_after: str
    logits_before: FloatArray
    logits_after: FloatArray
    part: str
    image: int


@dataclass(frozen=True, eq=False)
class FlipTest:
    """The exchange test of an analysis.

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
    def table(self) -> pd.DataFrame:
        """See `Analysis.flips`."""
        table = rates(self.answers)
        words = {k: CAUSES[cause.name] for k, cause in self.causes.items()}
        if len(self.classes) == 2 and words:
            words = dict.fromkeys(
                (0, 1), of_pair({k: cause.name for k, cause in self.causes.items()}, self.classes)
            )
        labels, before = self.answers.labels, self.answers.before
        table["false_positives"] = [
            float((before[labels != c] == c).mean()) for c in table["class"]
        ]
        table["reason"] = [reason(row) for row in table.to_dict("records")]
        causes = pd.Series([words.get(k) for k in table["class"]], dtype=object)
        return table.assign(**{"class": [self.classes[c] for c in table["class"]], "cause": causes})

    @functools.cached_property
    def pixels(self) -> Pixels:
        """The ranking images, in pixels."""
        return in_pixels(self.ranking, self.test, torch.device("cpu"))[0]

    @functools.cached_property
    def statistics(self) -> ClassStatistics:
        """The statistics of the spectra of the ranking images."""
        return class_statistics(self.pixels, len(self.classes), self.classes)

    @functools.cached_property
    def about_images(self) -> tuple[str, dict[str, str]]:
        """Their kind, and what sets the files of classes apart; see `advice`."""
        return kind_of_images(self.pixels), facts_apart(self.ranking)

    @functools.cached_property
    def causes(self) -> dict[int, Cause]:
        """The likely causes of classes that follow: number of the class -> cause, if it has one.

        They are those of the ranking images alone, at least 10 of each class, see `comparison.name_causes`.
        """
        table = rates(self.answers)
        found = table.loc[table["verdict"] == FOLLOWS, "class"].tolist()
        if (
            not found
            or np.bincount(self.ranking.labels, minlength=len(self.classes)).min() < FEWEST
        ):
            return {}
        causes = name_causes(self.pixels, self.statistics, seed=self.seed)
        return {k: causes[k] for k in found if k in causes}

    @functools.cached_property
    def removed(self) -> tuple[pd.DataFrame, list[Counterfactual]]:
        """The table `Analysis.images`, and the clearest that flip before and after, but for those of `draw_flip`."""
        paths, rows = names_of_files(self.test), []
        best: list[tuple[float, Counterfactual]] = []
        typical_ones = {
            self.answers.images[k][typical(self.answers, part, k)] for k, part in self._clearest
        }
        pairs = zip(self.table["class"], self.table["follows"], strict=True)
        for k, part in (
            (self.classes.index(name), part)
            for name, parts in pairs
            for part in parts.split(", ")
            if part
        ):
            flipped = []
            for one in remove(self.answers, part, k, *self._on_device, self.seed, self._logits):
                image, called = int(self.shown[one.image]), int(one.without.argmax())
                before, without = float(one.said_before.softmax(0)[k]), float(one.without[k])
                rows.append(
                    (
                        image,
                        paths[image],
                        k,
                        part,
                        before,
                        without,
                        self.classes[called],
                        called != k,
                    )
                )
                if called != k and one.image not in typical_ones:
                    flipped.append((before - without, one))
            clearest = sorted(flipped, key=itemgetter(0), reverse=True)[:EACH]
            best += [(lost, self._shown(one, part)) for lost, one in clearest]
            of_images = {one.image: (lost, one) for lost, one in sorted(best, key=itemgetter(0))}
            best = sorted(of_images.values(), key=itemgetter(0), reverse=True)[:PICTURES]
        table = pd.DataFrame(rows, columns=[*COLUMNS])
        gained = table["probability_without"] - table["probability"]
        table = table.iloc[np.lexsort([table["image"], gained, table["class"]])].reset_index(
            drop=True
        )
        table["class"] = [self.classes[k] for k in table["class"]]
        return table.astype(COLUMNS), [one for _, one in best]

    @property
    def _clearest(self) -> list[tuple[int, str]]:
        """The number of the class that follows each part most clearly, or would, and the part."""
        return [
            (self.answers.tested[int(self.table[f"{part}_low"].argmax())], part) for part in PARTS
        ]

    @functools.cached_property
    def pictures(self) -> dict[tuple[int, str], Counterfactual]:
        """The counterfactuals of `draw_flip`, by class and part."""
        return {(k, part): self._counterfactual(k, part) for k, part in self._clearest}

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

    def counterfactual(self, k: int, part: str | None = None) -> Counterfactual:
        """A typical image before and after it got a part of class k: one that is then called k, if there is one.

        part : by default that which the class follows most clearly. Raises ValueError for a class that was not tested,
        and for an unknown part.
        """
        if k not in self.answers.tested:
            raise ValueError(f"class {self.classes[k]} was not tested: it is the neutral class")
        if part is not None and part not in PARTS:
            raise ValueError(f"unknown part {part!r}: choose from {', '.join(PARTS)}")
        part = part or str(
            margins(self.table).iloc[self.answers.tested.index(k)].astype(float).idxmax()
        )
        return self.__dict__.get("pictures", {}).get((k, part)) or self._counterfactual(k, part)

    def _counterfactual(self, k: int, part: str) -> Counterfactual:
        image, before, after = example(self.answers, part, k, *self._on_device, self.seed)
        said = [self._logits(one)[0] for one in (before, after)]
        return self._shown(Exchanged(image, before[0], after[0], said[0], said[1], said[1]), part)

    def _shown(self, made: Exchanged, part: str) -> Counterfactual:
        change = made.after - made.before
        # The hundredth part is clipped.
        large = float(np.quantile(change.abs().cpu().numpy(), 0.99))
        factor = max(1.0, 0.5 / max(large, 1e-3))
        before, after = (
            self.classes[int(said.argmax())] for said in (made.said_before, made.said_after)
        )
        return Counterfactual(
            as_picture(made.before),
            as_picture(made.after),
            as_picture(0.5 + factor * change),
            factor,
            self.classes[self.answers.labels[made.image]],
            before,
            after,
            made.said_before.numpy(),
            made.said_after.numpy(),
            part,
            int(self.shown[made.image]),
        )


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
    return pd.DataFrame(
        {part: table[f"{part}_low"] - kind.threshold for part, kind in PARTS.items()}
    )


def clearest_first(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `FlipTest.table`: what follows before the rest, and then by the clearest part."""
    kind = (table["verdict"] == FOLLOWS).to_numpy()
    order = np.lexsort([-margins(table).max(axis=1).to_numpy(), ~kind])
    return table.iloc[order]


def as_picture(pixels: Tensor) -> Picture:
    """An image in pixels as a picture."""
    return (255 * pixels.cpu().clamp(0, 1)).round().to(torch.uint8).numpy()
