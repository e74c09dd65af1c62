"""What follows from an exchange test: the table of classes, typical images, and pictures of both."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn

from frequency_shortcuts.data_check.comparison import name_causes
from frequency_shortcuts.exchange.answers import Answers, rates
from frequency_shortcuts.exchange.class_statistics import FEWEST, ClassStatistics, class_statistics
from frequency_shortcuts.exchange.patch import place_in_words
from frequency_shortcuts.exchange.test import examples
from frequency_shortcuts.exchange.verdict import FOLLOWS, MEASURED, PARTS
from frequency_shortcuts.images.artefacts import CAUSES
from frequency_shortcuts.images.source import Pixels, in_pixels
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.networks.predictions import device_of, dtype_of, evaluating
from frequency_shortcuts.spectrum.arrays import FloatArray

from .cells import MOST
from .reasons import cause_of_pair

IMAGES_OF_PATCH = 3  # that show a patch that is followed
GREATEST = 0.99  # quantile of a change that is drawn as half of the range; the rest is clipped

Picture = npt.NDArray[np.uint8]


class ExchangedImage(NamedTuple):
    """An image before and after it got a part of a class, and what the network says to both.

    class_name, part : whose part, a name of `PARTS`; label : the class of the image
    before, after : uint8 [channels, H, W]; difference : the same, after minus before times `factor`, clipped, grey for
        none
    called_before, called_after : the classes that the network calls; logits_before, logits_after : float64 [class]
    image : its position among the test images
    place : of a patch, see `exchange.patch.places`; else -1
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
    place: int


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
    def pixels(self) -> Pixels:
        """The ranking images, in pixels."""
        return in_pixels(self.ranking, self.test, torch.device("cpu"))[0]

    @functools.cached_property
    def statistics(self) -> ClassStatistics:
        """The statistics of the spectra of the ranking images."""
        return class_statistics(self.pixels, len(self.classes), self.classes)

    @functools.cached_property
    def table(self) -> pd.DataFrame:
        """See `Analysis.exchanges`."""
        size = self.test.images.shape[2:]
        return exchange_table(self.answers, self.classes, self.causes, size)

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

    def typical_pictures(self) -> list[ExchangedImage]:
        """A typical image with each part of each class: the clearest class of each part first, then the others.

        Of many classes, the twelve that follow most clearly. Of a patch that the clearest class follows, three images.
        """
        pairs = [(k, part) for part, k in self.clearest.items()]
        names = clearest_first(self.table)["class"].head(MOST)
        pairs += [(self.classes.index(name), part) for name in names for part in PARTS]
        pictures = []
        for k, part in dict.fromkeys(pairs):
            follows = self.table["follows"].iloc[self.answers.tested.index(k)]
            is_found = part == "patch" and k == self.clearest[part] and part in follows
            most = IMAGES_OF_PATCH if is_found else 1
            shown = examples(self.answers, part, k, *self._on_device, self.seed, most)
            pictures += [self._picture(k, part, *images) for images in shown]
        return pictures

    def _picture(
        self, k: int, part: str, image: int, before: Tensor, after: Tensor
    ) -> ExchangedImage:
        said_before, said_after = self._logits(before)[0], self._logits(after)[0]
        change = after - before
        large = float(np.quantile(change.abs().cpu().numpy(), GREATEST))
        factor = max(1.0, 0.5 / max(large, 1e-3))
        return ExchangedImage(
            self.classes[k],
            part,
            self.classes[self.answers.labels[image]],
            as_picture(before[0]),
            as_picture(after[0]),
            as_picture(0.5 + factor * change[0]),
            factor,
            self.classes[int(said_before.argmax())],
            self.classes[int(said_after.argmax())],
            said_before.numpy(),
            said_after.numpy(),
            image,
            int(self.answers.place[part][k]) if part == "patch" else -1,
        )

    @functools.cached_property
    def _on_device(self) -> tuple[Pixels, Pixels]:
        """The ranking images and the test images, where the network is."""
        return in_pixels(self.ranking, self.test, device_of(self.network))

    def _logits(self, images: Tensor) -> Tensor:
        """What the network says of images in pixels: float64 [n, class], on the CPU."""
        pixels = self._on_device[1]
        dtype = torch.float64 if dtype_of(self.network) == torch.float64 else torch.float32
        with evaluating(self.network), torch.no_grad():
            return self.network(pixels.seen(images.clone()).to(dtype)).double().cpu()


def exchange_table(
    answers: Answers, classes: Sequence[str], causes: Mapping[int, str], size: Sequence[int]
) -> pd.DataFrame:
    """The rates of an exchange test with the names of the classes, likely causes, and places of patches in words.

    causes : number of the class -> a key of `CAUSES`. Of two classes, the cause is that of the pair.
    size : (height, width) of the images
    """
    table = rates(answers)
    numbers = table["class"].tolist()
    table["class"] = [classes[c] for c in numbers]
    if len(classes) == 2 and causes:
        words = dict.fromkeys((0, 1), cause_of_pair(causes, classes))
    else:
        words = {k: CAUSES[name] for k, name in causes.items()}
    table["cause"] = pd.Series([words.get(c) for c in numbers], dtype=object)
    places = [place_in_words(answers.place["patch"][c], size) for c in numbers]
    has_place = table["follows"].str.contains("patch")
    table["place"] = pd.Series(places, dtype=object).where(has_place, None)
    return table


def clearest_first(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `Analysis.exchanges`: what follows before the rest, and then by the largest lower end."""
    follows = (table["verdict"] == FOLLOWS).to_numpy()
    largest = table[[f"{name}_low" for name in MEASURED]].max(axis=1).to_numpy()
    order = np.lexsort([-largest, ~follows])
    return table.iloc[order]


def as_picture(pixels: Tensor) -> Picture:
    """An image in pixels as a picture."""
    return (255 * pixels.cpu().clamp(0, 1)).round().to(torch.uint8).numpy()
