"""Counterfactual test: does a network follow the fine part of a class's spectrum, and what would that cost?

Images of other classes are given the fine spectrum of class k (`moves`). The share of them that is then called c, minus
that before, is a *flip rate*; those of all c and k are the cross matrix of flips. Beside it stand

- the *sham*: the flip rate of changes that are not of c: one of the same size at other frequencies, or the finest part
  of another image of its own class; the larger. If it is high, any disturbance is called c: c is a sink.
- the *part*: the share that is called c with the finest part of an image of c, minus that with the part of another
  image of its own class. It holds what is coupled between frequencies, such as the blocks of JPEG.
- the *need*: how much the recall of c falls when its own images lose their finest spectrum.

Everything inside the fine radius is shape and brightness, by which ordinary classes are rightly recognised. Flips by
it are shown as *coarse*, without a verdict. `flip_rates.rates` turns the hits into rates and verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn
from tqdm import tqdm

from frequency_shortcuts.data.pixels import Pixels, in_pixels
from frequency_shortcuts.data.source import index_batches
from frequency_shortcuts.data.splits import Split, first_of_each_class
from frequency_shortcuts.networks.predictions import Classifier, check_alone, confusion
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray
from frequency_shortcuts.spectrum.filters import hide
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from .class_statistics import ClassStatistics, beyond, class_statistics, fine_radius
from .hits import NOT_SHOWN
from .moves import Move, draw_donors, move_away, move_to, sham

IMAGES = 200  # of other classes that get the spectrum of a class; and of its own that lose it
CONFUSED, CONFUSED_IMAGES = 0.02, 1  # a class counts if at most this share, or so many, are confused either way
CALLED_PER_CLASS = 50  # ranking images of a class that tell which classes are confused

Called = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Settings:
    """Settings of the test; the defaults were chosen on tuning seeds, see docs/method.md.

    fine, finest : the share of the mean squared difference between images of two classes that lies outside the radius,
        for flips, and for parts and needs; the latter have no waves longer than `longest` pixels, a block of JPEG
    draws : of the sham. images : in each column, and of a class itself
    """

    fine: float = 0.2
    finest: float = 0.1
    longest: float = 8.0
    draws: int = 2
    images: int = IMAGES


@dataclass(frozen=True)
class Flips:
    """What a network calls test images before and after moves, as numbers of classes; `NOT_SHOWN` where it is unknown.

    labels, unfiltered : int [n], of the test images
    columns : int [class, m], the images that get the spectrum of a class, padded with -1
    called : int16 [draw, class, m], of these images after each change: `flip`, `sham`, `part`, `own_part`, `coarse`
    own : int [class, m], the images of a class that lose its spectrum, padded with -1
    own_called : int16 [draw, class, m], of these after `away` and `away_sham`
    comparable : bool [class c, class], whose images count in flips to c: those that are hardly confused with it
    differences : float64 [class, H, W], see `ClassStatistics.differences`
    neutral : the class without a cue of its own; it has no column
    about : radii of the parts, in cycles per image, and size of the moves, root mean square of pixels from 0 to 1
    """

    labels: IntArray
    unfiltered: IntArray
    columns: IntArray
    called: Mapping[str, Called]
    own: IntArray
    own_called: Mapping[str, Called]
    comparable: BoolArray
    differences: FloatArray
    neutral: int | None
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_classes(self) -> int:
        return len(self.columns)

    @property
    def tested(self) -> list[int]:
        """The classes that have a column."""
        return [k for k in range(self.n_classes) if k != self.neutral]


def collect(
    network: nn.Module | Classifier,
    ranking: Split,
    test: Split,
    *,
    settings: Settings | None = None,
    statistics: ClassStatistics | None = None,
    seed: int = 0,
    progress: bool = False,
) -> Flips:
    """The class that a network calls each test image before and after it got the spectrum of each class.

    Parameters
    ----------
    network : images [n, channels, H, W], normalised -> logits [n, classes]. It does not change
    ranking : images of which the statistics are, at least 10 a class; they are read in batches
    test : images that are changed, of the same classes and size
    statistics : of the ranking images, if they are known

    Raises ValueError for a class with too few ranking images or no test image, for images that do not vary, for a
    network whose answer depends on the other images of a batch, and for one that does not return finite logits of these
    classes.

    >>> flips = collect(network, stores.read(path, "validation"), stores.read(path, "test"))
    >>> rates(flips)[["class", "flip", "need", "verdict"]]
    """
    settings = settings or Settings()
    frozen, n_classes = Classifier.frozen(network), len(test.classes)
    ranking_pixels, pixels = in_pixels(ranking, test, frozen.device)
    statistics = statistics or class_statistics(ranking_pixels, n_classes, ranking.classes)
    first = pixels.seen(pixels.take(np.arange(min(4, len(pixels))))).to(frozen.dtype)
    frozen.check(first[:1])
    check_alone(frozen.network, first)
    batch = max(1, min(frozen.batch_sizes(first[:1])[0], settings.images))
    with frozen.naming(n_classes) as predict:

        def name(images: Tensor) -> npt.NDArray[np.int64]:
            return predict(pixels.seen(images).to(frozen.dtype)).cpu().numpy()

        def name_all(source: Pixels, chosen: IntArray) -> npt.NDArray[np.int64]:
            return np.concatenate([name(source.take(part)) for part in index_batches(chosen, batch)] or [chosen])

        few = first_of_each_class(ranking.labels, CALLED_PER_CLASS)
        comparable = hardly_confused(confusion(ranking.labels[few], name_all(ranking_pixels, few), n_classes))
        unfiltered = name_all(pixels, np.arange(len(pixels)))
        changes = Changes(statistics, settings, pixels, seed)
        columns = _padded([_column(test.labels, k, comparable, settings.images, seed) for k in range(n_classes)])
        shuffled = (np.random.default_rng([seed, 5, k]).permutation(np.flatnonzero(test.labels == k))
                    for k in range(n_classes))  # fmt: skip
        own = _padded([np.sort(of_class[: settings.images]) for of_class in shuffled])
        tables: tuple[dict[str, Called], dict[str, Called]] = ({}, {})
        rms, tested = [float("nan")] * n_classes, [k for k in range(n_classes) if k != test.neutral]
        total = int((columns[tested] >= 0).sum() + (own[tested] >= 0).sum())
        with tqdm(total=total, desc="moving", unit="image", leave=False, disable=None if progress else True) as bar:
            for k in tested:
                others, lost = (chosen[k][chosen[k] >= 0] for chosen in (columns, own))
                found, rms[k] = changes.called(others, changes.moves_to(k), changes.donors_to(k, others), name, batch)
                away, _ = changes.called(lost, changes.moves_away(k), {}, name, batch)
                for table, of_class, chosen in zip(tables, (found, away), (columns, own), strict=True):
                    for kind, values in of_class.items():
                        empty = np.full((len(values), *chosen.shape), NOT_SHOWN, np.int16)
                        table.setdefault(kind, empty)[:, k, : values.shape[1]] = values
                bar.update(len(others) + len(lost))
    return Flips(
        labels=test.labels,
        unfiltered=unfiltered,
        columns=columns,
        called=tables[0],
        own=own,
        own_called=tables[1],
        comparable=comparable,
        differences=np.stack([statistics.differences(k) for k in range(n_classes)]),
        neutral=test.neutral,
        about={f"radius_{part}": radius for part, radius in changes.radii.items()} | {"rms": rms},
    )


def hardly_confused(counts: IntArray) -> BoolArray:
    """Which classes count in flips to each, bool [class c, class], from a confusion matrix [true, called].

    Those of which at most 2 %, or one image, are called c, and the other way round; all others if none is left. Of two
    classes the other one counts in any case. A neutral class counts as any other.
    """
    n = counts.sum(axis=1, keepdims=True)
    rarely = counts <= np.maximum(CONFUSED * n, CONFUSED_IMAGES)
    others = ~np.eye(len(counts), dtype=bool)
    count: BoolArray = np.asarray(rarely & rarely.T & others)
    none = ~count.any(axis=1)
    count[none] = others[none]
    return count


class Changes:
    """What becomes of images when they get the spectrum of a class, or lose it; the same for the same seed.

    regions : bool [H, W // 2 + 1], and radii in cycles per image, of what is fine and finest
    """

    def __init__(self, statistics: ClassStatistics, settings: Settings, pixels: Pixels, seed: int) -> None:
        self.statistics, self.settings, self.pixels, self.seed = statistics, settings, pixels, seed
        self.size, self.pairs = statistics.size, ConjugatePairs(*statistics.size)
        fine, finest = (fine_radius(statistics, share) for share in (settings.fine, settings.finest))
        self.radii = {"fine": fine, "finest": max(finest, min(statistics.size) / settings.longest)}
        self.regions = {part: beyond(self.size, radius) for part, radius in self.radii.items()}

    def _region(self, part: str) -> Tensor:
        return torch.from_numpy(self.regions[part]).to(self.statistics.mean.device)

    def _shams(self, move: Move, part: str, *key: int) -> list[Move]:
        generator = np.random.default_rng([self.seed, *key])
        return [sham(move, self.pairs, self.regions[part], generator) for _ in range(self.settings.draws)]

    def moves_to(self, k: int) -> dict[str, list[Move]]:
        """What gives images of other classes the spectrum of class k, and its controls: kind -> draws."""
        whole = move_to(self.statistics, k)
        move = whole.within(self._region("fine"))
        coarse = whole.within(~self._region("fine"))
        return {"flip": [move], "sham": self._shams(move, "fine", 1, k), "coarse": [coarse]}

    def moves_away(self, k: int) -> dict[str, list[Move]]:
        """What takes the finest spectrum of class k from its images, and its control: kind -> draws."""
        move = move_away(self.statistics, k).within(self._region("finest"))
        return {"away": [move], "away_sham": self._shams(move, "finest", 3, k)}

    def donors_to(self, k: int, images: IntArray) -> dict[str, IntArray]:
        """Whose finest part some images [m] get: kind -> positions [m], -1 where there is no donor."""
        generator, labels = np.random.default_rng([self.seed, 2, k]), self.pixels.labels
        return {
            "part": draw_donors(labels, np.full(len(images), k), images, generator),
            "own_part": draw_donors(labels, labels[images], images, generator),
        }

    def changed(
        self, spectra: Tensor, moves: Mapping[str, list[Move]], donors: Mapping[str, IntArray]
    ) -> dict[str, list[Tensor]]:
        """Images after moves and with the finest part of donors [n], from their spectra [n, ...]; not clipped."""
        changed = {kind: [move.apply(spectra, self.size) for move in draws] for kind, draws in moves.items()}
        for kind, positions in donors.items():
            of_donors = torch.fft.rfft2(self.pixels.take(np.maximum(positions, 0)))
            changed[kind] = [hide(of_donors, self._region("finest"), spectra, size=self.size)]
        return changed

    def called(
        self, images: IntArray, moves: Mapping[str, list[Move]], donors: Mapping[str, IntArray],
        name: Callable[[Tensor], npt.NDArray[np.int64]], batch: int,
    ) -> tuple[dict[str, Called], float]:  # fmt: skip
        """The predicted classes of changed images [m], kind -> [draw, m], and the size of the first change."""
        called: dict[str, list[Called]] = {}
        squares = 0.0
        for places in index_batches(np.arange(len(images)), batch):
            pixels = self.pixels.take(images[places])
            of_batch = {kind: positions[places] for kind, positions in donors.items()}
            changed = self.changed(torch.fft.rfft2(pixels), moves, of_batch)
            first = next(iter(changed.values()))[0]
            squares += float((first.clamp(0, 1) - pixels).square().mean(dim=(1, 2, 3)).sum())
            for kind, draws in changed.items():
                called.setdefault(kind, []).append(np.stack([name(draw) for draw in draws]).astype(np.int16))
        joined = {kind: np.concatenate(batches, axis=1) for kind, batches in called.items()}
        for kind, positions in donors.items():
            joined[kind][:, positions < 0] = NOT_SHOWN
        return joined, (squares / max(1, len(images))) ** 0.5

    def of_image(self, kind: str, k: int, images: IntArray, place: int) -> tuple[Tensor, Tensor]:
        """One of the images [m] that were changed for class k, before and after a change: [1, channels, H, W] each."""
        before, moves = self.pixels.take(images[[place]]), self.moves_to(k) | self.moves_away(k)
        donors = {other: positions[[place]] for other, positions in self.donors_to(k, images).items()}
        changed = self.changed(torch.fft.rfft2(before), moves, donors)
        return before, changed[kind][0].clamp_(0, 1)


def _column(labels: IntArray, k: int, comparable: BoolArray, images: int, seed: int) -> IntArray:
    """The images that get the spectrum of class k: of classes that count, and half as many at most of the others.

    They are drawn evenly over the classes, as far as these have images.
    """
    generator = np.random.default_rng([seed, 4, k])
    order = generator.permutation(len(labels))
    counts = comparable[k]
    counted = _evenly(labels, order[counts[labels[order]]], images)
    others = order[~counts[labels[order]] & (labels[order] != k)]
    return np.sort(np.concatenate([counted, _evenly(labels, others, images // 2)]))


def _evenly(labels: IntArray, order: IntArray, count: int) -> IntArray:
    """The first `count` images of a random order of positions, equally many of each class."""
    turn = pd.Series(order).groupby(labels[order]).cumcount().to_numpy()
    return order[np.argsort(turn, kind="stable")[:count]]


def _padded(rows: list[IntArray]) -> IntArray:
    table = np.full((len(rows), max(map(len, rows))), -1)
    for row, values in zip(table, rows, strict=True):
        row[: len(values)] = values
    return table


_ARRAYS, _CALLED = ("labels", "unfiltered", "columns", "own", "comparable", "differences"), ("called", "own_called")
_PACKED = {"compression": "gzip", "shuffle": True}


def write_flips(group: h5py.Group, flips: Flips) -> None:
    """Write flips to an open HDF5 file or to a group in it; `read_flips` reads them.

    >>> with replacing_hdf5("flips.h5") as file:
    ...     write_flips(file, flips)
    """
    for name in _ARRAYS:
        group.create_dataset(name, data=getattr(flips, name), **_PACKED)
    for name in _CALLED:
        for kind, values in getattr(flips, name).items():
            group.create_dataset(f"{name}/{kind}", data=values, **_PACKED)
    group.attrs.update(layout="centred", neutral=-1 if flips.neutral is None else flips.neutral, **flips.about)


def read_flips(group: h5py.Group) -> Flips:
    """The flips in an open HDF5 file, or in a group of it, that `write_flips` wrote.

    >>> with read_hdf5("results/laptop/tests/fashion_mnist/resnet18_w8/none/seed200/flips.h5") as file:
    ...     flips = read_flips(file)
    """
    neutral = int(group.attrs["neutral"])
    arrays: dict[str, Any] = {name: group[name][:] for name in _ARRAYS}
    for name in _CALLED:
        arrays[name] = {kind: data[:] for kind, data in group[name].items()}
    about = {name: group.attrs[name] for name in group.attrs if name.startswith("radius_") or name == "rms"}
    return Flips(**arrays, neutral=None if neutral < 0 else neutral, about=about)
