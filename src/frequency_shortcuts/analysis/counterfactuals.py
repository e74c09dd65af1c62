"""The exchange test of an analysis: its table, and one image before and after it got a part of a class."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn

from frequency_shortcuts.data.artefacts import CAUSES
from frequency_shortcuts.data.pictures import ImageFiles
from frequency_shortcuts.data.pixels import Pixels, in_pixels
from frequency_shortcuts.data.source import fitting_batch
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.evaluation.data_check import Cause, carries, name_causes
from frequency_shortcuts.exchange.answers import FOLLOWS, PARTS, Answers, rates
from frequency_shortcuts.exchange.class_statistics import FEWEST, ClassStatistics, class_statistics
from frequency_shortcuts.exchange.field import Field, coefficients, terms
from frequency_shortcuts.exchange.part import Subject
from frequency_shortcuts.exchange.test import example, shown_images
from frequency_shortcuts.networks.predictions import device_of, dtype_of, evaluating
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray

from .advice import facts_apart, kind_of_images
from .wording import of_pair, reason

LARGE = 0.99  # share of the pixels whose difference is shown in full; the others are clipped

Picture = npt.NDArray[np.uint8]


class Counterfactual(NamedTuple):
    """An image before and after it got a part of a class, and what the network says to both.

    before, after : uint8 [channels, H, W]; difference : the same, after minus before times `factor`, clipped, grey for
        none
    label : the class of the image; called_before, called_after : the classes that the network calls
    logits_before, logits_after : float64 [class]
    part : a name of `exchange.test.PARTS`
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
        return shown_images(self.test)

    @functools.cached_property
    def table(self) -> pd.DataFrame:
        """Numbers and verdict of each class, see `exchange.answers.rates`; `false_positives`, and words or None.

        `false_positives` : the share of the images of other classes that are called the class
        `cause` : a likely one; `reason` : why there is no verdict, see `wording.reason`
        """
        table = rates(self.answers)
        words = {k: CAUSES[cause.name] for k, cause in self.causes.items()}
        if len(self.classes) == 2 and words:
            words = dict.fromkeys((0, 1), of_pair({k: cause.name for k, cause in self.causes.items()}, self.classes))
        labels, before = self.answers.labels, self.answers.before
        table["false_positives"] = [float((before[labels != c] == c).mean()) for c in table["class"]]
        table["reason"] = [reason(row) for row in table.to_dict("records")]
        causes = pd.Series([words.get(k) for k in table["class"]], dtype=object)
        return table.assign(**{"class": [self.classes[c] for c in table["class"]], "cause": causes})

    @functools.cached_property
    def pixels(self) -> tuple[Pixels, Pixels]:
        """The ranking and the test images, in pixels."""
        return in_pixels(self.ranking, self.test, torch.device("cpu"))

    @functools.cached_property
    def statistics(self) -> ClassStatistics:
        """The statistics of the spectra of the ranking images."""
        return class_statistics(self.pixels[0], len(self.classes), self.classes)

    @functools.cached_property
    def about_images(self) -> tuple[str, dict[str, str]]:
        """Their kind, and what sets the files of classes apart; see `advice`."""
        return kind_of_images(self.pixels[0]), facts_apart(self.ranking)

    @functools.cached_property
    def causes(self) -> dict[int, Cause]:
        """The likely causes of classes that follow: number of the class -> cause, if it has one.

        They are those of the ranking images alone, at least 10 of each class, see `data_check.name_causes`.
        """
        table = rates(self.answers)
        found = table.loc[table["verdict"] == FOLLOWS, "class"].tolist()
        if not found or np.bincount(self.ranking.labels, minlength=len(self.classes)).min() < FEWEST:
            return {}
        causes = name_causes(self.pixels[0], self.statistics, seed=self.seed)
        return {k: causes[k] for k in found if k in causes}

    @functools.cached_property
    def carried(self) -> pd.DataFrame:
        """How clearly images carry what a class follows, clearest first: columns class, cause, path, score, label.

        Of what is fine, the likely cause; of a field, how far an image is along that of the class. The index is the
        place of an image among ranking and test images; path is its folder and file, or None; label is its class.
        """
        of_parts = [carries(own, self.causes) for own in self.pixels] if self.causes else []
        scores = {
            (self.classes[k], CAUSES[cause.name]): np.concatenate([of[k] for of in of_parts])
            for k, cause in self.causes.items()
        }
        names = self.table.loc[self.table["follows"].str.contains("field"), "class"]
        if len(names):
            along = np.concatenate([*along_fields(self.pixels, len(self.classes))])
            scores |= {(name, PARTS["field"].words): along[:, self.classes.index(name)] for name in names}
        images = pd.concat(map(_files, (self.ranking, self.test)), ignore_index=True)
        rows = [images.assign(**{"class": of, "cause": cause, "score": own}) for (of, cause), own in scores.items()]
        table = pd.concat(rows or [images[:0]]).reindex(columns=["class", "cause", "path", "score", "label"])
        return table.sort_values(["class", "cause", "score"], ascending=[True, True, False], kind="stable")

    def picture(self, i: int) -> Picture:
        """An image by its place among ranking and test images."""
        own, place = (self.pixels[0], i) if i < len(self.ranking) else (self.pixels[1], i - len(self.ranking))
        return as_picture(own.take(np.array([place])))

    def counterfactual(self, k: int, part: str | None = None) -> Counterfactual:
        """A typical image before and after it got a part of class k: one that is then called k, if there is one.

        part : by default that which the class follows most clearly. Raises ValueError for a class that was not tested,
        and for an unknown part.
        """
        if k not in self.answers.tested:
            raise ValueError(f"class {self.classes[k]} was not tested: it is the neutral class")
        if part is not None and part not in PARTS:
            raise ValueError(f"unknown part {part!r}: choose from {', '.join(PARTS)}")
        part = part or str(margins(self.table).iloc[self.answers.tested.index(k)].astype(float).idxmax())
        ranking, pixels = in_pixels(self.ranking, self.test.subset(self.shown), device_of(self.network))
        image, before, after = example(self.answers, part, k, ranking, pixels, self.seed)
        dtype = torch.float64 if dtype_of(self.network) == torch.float64 else torch.float32
        with evaluating(self.network), torch.no_grad():
            logits = [self.network(pixels.seen(one.clone()).to(dtype))[0].double().cpu() for one in (before, after)]
        large = float(np.quantile((after - before).abs().cpu().numpy(), LARGE))
        factor = max(1.0, 0.5 / max(large, 1e-3))
        called_before, called_after = (self.classes[int(one.argmax())] for one in logits)
        return Counterfactual(
            before=as_picture(before),
            after=as_picture(after),
            difference=as_picture(0.5 + factor * (after - before)),
            factor=factor,
            label=self.classes[self.answers.labels[image]],
            called_before=called_before,
            called_after=called_after,
            logits_before=logits[0].numpy(),
            logits_after=logits[1].numpy(),
            part=part,
        )


def along_fields(parts: Sequence[Pixels], n_classes: int) -> Iterator[FloatArray]:
    """How far images are along the field of each class, which the first of some parts makes: [n, class], in batches."""
    unknown = np.ones((n_classes, n_classes), bool)  # a field does not ask the network
    subject = Subject(parts[0], lambda images: np.zeros(len(images), int), unknown, torch.Generator())
    at_pixels = terms(torch.Size(parts[0].shape[2:])).flatten(1)
    own = torch.tensordot(Field(subject).own, at_pixels @ at_pixels.T / at_pixels.shape[1], dims=1)
    for pixels in parts:
        for _, images in pixels.batches(fitting_batch(pixels.shape[1:])):
            yield torch.einsum("nci,kci->nk", coefficients(images).double(), own).numpy()


def _files(split: Split) -> pd.DataFrame:
    """The class of each image, and its folder and file, or None."""
    files = split.images.files if isinstance(split.images, ImageFiles) else None
    paths = None if files is None else ["/".join(Path(file).parts[-2:]) for file in files]
    return pd.DataFrame({"label": np.array(split.classes)[split.labels], "path": paths}, dtype=object)


def margins(table: pd.DataFrame) -> pd.DataFrame:
    """By how much the lower end of each part is above its threshold: a row a class, a column a part."""
    return pd.DataFrame({part: table[f"{part}_low"] - kind.threshold for part, kind in PARTS.items()})


def clearest_first(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `FlipTest.table`: what follows before the rest, and then by the clearest part."""
    kind = (table["verdict"] == FOLLOWS).to_numpy()
    order = np.lexsort([-margins(table).max(axis=1).to_numpy(), ~kind])
    return table.iloc[order]


def clearest_of_parts(table: pd.DataFrame) -> dict[str, str]:
    """Part -> the class that follows it most clearly, or would."""
    return {part: str(table["class"].iloc[int(table[f"{part}_low"].argmax())]) for part in PARTS}


def as_picture(pixels: Tensor) -> Picture:
    """The first of some images in pixels."""
    return (255 * pixels[0].cpu().clamp(0, 1)).round().to(torch.uint8).numpy()
