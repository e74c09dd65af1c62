"""Culling: the rise of the loss of a class when one conjugate pair of frequencies is removed.

The increment of class c at a pair is a mean over the images of class c: the loss without the pair (in all channels)
minus the loss of the unfiltered image (Wang et al. 2023). `exact` evaluates every pair. `screened` evaluates only as
many pairs as it needs to find the best ones, and predicts the others (`screening`).

With the fill `swap` a pair is not removed: the coefficients of another image, its donor (`fills.donors`), replace those
of the image. This also finds pairs at which a class is recognised by a lack of energy.
"""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from frequency_shortcuts.data.splits import Images, accepts_split, check_classes
from frequency_shortcuts.maps.methods.engine import Engine
from frequency_shortcuts.networks.inference import Precision
from frequency_shortcuts.networks.numerics import deterministic_on_cuda
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray, as_array
from frequency_shortcuts.spectrum.fills import donors
from frequency_shortcuts.spectrum.masks import positions
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.journal import Journal, Stopped

from . import screening
from .evaluator import ClassEvaluator, images_per_block
from .features import FeatureCollector
from .fingerprint import fingerprint
from .progress import Progress
from .result import METHODS, PAIR_FILLS, Culling, Method, PairFill

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """The settings of a culling.

    percent, target_recall : `screened` looks for the best `percent` % of the spectrum, and for this share of them
    patience : `screened` searches until that set stays the same while this many pairs are evaluated further
    fill : what replaces a pair. `zeros`: nothing, the pair is removed. `swap`: the coefficients of the image's donor
        (`fills.donors`, drawn with `seed` from all images and fixed for all pairs), for method `exact` only
    precision, compiled : see `inference.InferenceCopy`
    memory_mib : memory limit on the device of the network, besides its weights; by default half of a
        GPU's memory, 2 GiB on a CPU
    batch : filtered images in one forward pass; by default chosen by the network and the memory
    seed : of the random draws of screening, and of the donors

    Raises ValueError for an unknown method or fill, and for numbers out of range.
    """

    method: Method = "screened"
    percent: float = 5
    target_recall: float = 0.98
    patience: int = 20
    fill: PairFill = "zeros"
    precision: Precision = "float32"
    compiled: bool = False
    memory_mib: float | None = None
    batch: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"unknown culling method {self.method!r}: choose from {', '.join(METHODS)}")
        if self.fill not in PAIR_FILLS:
            raise ValueError(f"unknown fill {self.fill!r} of a culling: choose from {', '.join(PAIR_FILLS)}")
        if self.fill == "swap" and self.method == "screened":
            raise ValueError(
                "fill swap needs method exact: screened predicts what the removal of a pair does, not an exchange"
            )
        if not 0 < self.target_recall <= 1:
            raise ValueError(f"target_recall {self.target_recall}: expected above 0 and at most 1")
        if self.patience < 0:
            raise ValueError(f"patience {self.patience}: expected at least 0 pairs")

    def engine(
        self, network: nn.Module, images: Images, mean: npt.ArrayLike | None = None, std: npt.ArrayLike | None = None
    ) -> Engine:
        """The network and the images, prepared for these settings."""
        return Engine.build(
            network,
            images,
            mean,
            std,
            precision=self.precision,
            compiled=self.compiled,
            memory_mib=self.memory_mib,
            batch=self.batch,
        )

    def identity(self, labels: IntArray, n_classes: int, donor: IntArray | None) -> tuple[object, ...]:
        """The settings that change the result, given network and images; those of screening count only for it."""
        aim = (self.percent, self.target_recall, self.patience, self.seed) if self.method == "screened" else ()
        filled = (self.fill, None if donor is None else donor.tolist())
        return labels.tolist(), n_classes, self.method, aim, filled, self.precision, self.compiled


def loss_increments(
    network: nn.Module, images: Images, labels: npt.ArrayLike | Tensor, n_classes: int, method: Method = "screened"
) -> FloatArray:
    """The increments alone, float64 [class, pairs], in the order of `ConjugatePairs`; see `cull`."""
    return cull(network, images, labels, n_classes, method).increment


@accepts_split
def cull(
    network: nn.Module,
    images: Images,
    labels: npt.ArrayLike | Tensor,
    n_classes: int,
    method: Method = "screened",
    *,
    mean: npt.ArrayLike | None = None,
    std: npt.ArrayLike | None = None,
    neutral: int | None = None,
    part: tuple[int, int] = (0, 1),
    state: str | os.PathLike[str] | None = None,
    version: str = "",
    checkpoint_minutes: float = 2.0,
    stop: Callable[[], bool] | None = None,
    progress: bool = False,
    **settings: Any,
) -> Culling:
    """Loss increment of every class at every conjugate pair.

    Parameters
    ----------
    network : images [n, channels, H, W] -> logits [n, n_classes]; it is used in evaluation mode and not changed
    images : [n, channels, H, W], a tensor, an array, an open HDF5 dataset or similar (`source.Source`), read in
        batches. float32 and float64 are used unchanged; uint8 is normalised with `mean` and `std`, which it needs
    labels : [n], 0 to n_classes - 1
    neutral : the class of all donors with the fill `swap`; by default they are of any class but the image's own
    part : (i, n), compute only the i-th of n parts (counted from 0); `merge` joins them. `exact` is divided by classes
        and blocks of pairs, `screened` by classes
    state : file of finished blocks, which is read at the start. The file of another culling, or a broken end, is
        dropped. It belongs to this culling if settings, images, weights and buffers are the same and the network gives
        the stored logits up to rounding. The caller deletes the file after saving the result
    version : version of the code, such as a digest of it. The state of another version is not resumed, and parts of
        different versions are not merged
    checkpoint_minutes : a longer block stores its state at this interval, in a second file beside `state` that is
        deleted at the end of the block (see `journal.Journal`)
    stop : called at the start and after every forward pass of filtered images; if it returns true, the unfinished block
        is stored and Stopped is raised
    progress : show a bar on a terminal
    settings : `percent`, `fill`, `precision`, `batch` and all others of `Settings`

    Raises ValueError for an unknown method or fill, a class without images, an image without a donor or a loss that is
    not finite; RuntimeError if another process uses `state`; `journal.Stopped` if `stop` returns true.

    >>> cull(network, images, labels, 4, "exact", fill="swap", neutral=0).increment.shape  # 32 x 32 images
    (4, 514)
    """
    how = Settings(method, **settings)
    if not 0 <= part[0] < part[1]:
        raise ValueError(f"part {part[0]} of {part[1]}: expected 0 to {part[1] - 1}")
    labels = as_array(labels)
    check_classes(labels, range(n_classes), n_images=images.shape[0])
    height, width = images.shape[-2:]
    wanted = positions(height, width, how.percent)
    engine = how.engine(network, images, mean, std)
    donor = donors(labels, neutral=neutral, seed=how.seed) if how.fill == "swap" else None
    identity = (version, *how.identity(labels, n_classes, donor))
    mark = fingerprint(network, engine, identity) if state or part[1] > 1 else ""
    count = np.bincount(labels, minlength=n_classes)
    result = _empty_result(how, count, len(engine.pairs), mark)
    units = list(itertools.islice(work_units(method, count, engine.pairs), part[0], None, part[1]))
    log.info("%s, fill %s, %d pairs, batches of %d filtered images", method, how.fill, len(engine.pairs), engine.batch)
    bar = Progress(sum(len(index) for _, index in units), progress)
    header = f"{mark}, part {part}, batches of {engine.batch}"
    journal = Journal(state, header, minutes=checkpoint_minutes, stop=stop)
    # Screening takes gradients, and the fastest algorithms for these add in any order.
    settled = nullcontext() if method == "exact" else deterministic_on_cuda(engine.frozen.device)
    with journal, bar, _describe_stop(bar, state), settled:
        journal.raise_if_stopped()
        for c, mine in itertools.groupby(units, key=lambda unit: unit[0]):
            chosen = np.flatnonzero(labels == c)
            theirs = None if donor is None else donor[chosen]
            evaluator = ClassEvaluator(c, chosen, engine, theirs, journal=journal, progress=bar)
            result.baseline_loss[c] = evaluator.losses.mean()
            if method == "exact":
                _evaluate_blocks(evaluator, (index for _, index in mine), result)
            else:
                _screen(evaluator, how, wanted, result)
            share = result.passes[c] / (len(engine.pairs) * len(evaluator))
            log.info("class %d of %d: %.1f %% of all forward passes", c + 1, n_classes, 100 * share)
    return result


def _empty_result(how: Settings, count: IntArray, n_pairs: int, mark: str) -> Culling:
    """A culling with empty arrays, which are filled class by class."""
    n_classes = len(count)
    return Culling(
        increment=np.full((n_classes, n_pairs), np.nan),
        evaluated=np.zeros((n_classes, n_pairs), bool),
        baseline_loss=np.full(n_classes, np.nan),
        images_per_class=count,
        passes=np.zeros(n_classes, np.int64),
        expected_recall=np.ones(n_classes),
        left_out=np.zeros(n_classes, np.int64),
        audited=np.zeros(n_classes, np.int64),
        missed=np.zeros(n_classes, np.int64),
        audits=np.zeros(n_classes, np.int64),
        method=how.method,
        percent=how.percent,
        target_recall=how.target_recall,
        precision=how.precision,
        fingerprint=mark,
        fill=how.fill,
    )


def _evaluate_blocks(evaluator: ClassEvaluator, blocks: Iterable[IntArray], result: Culling) -> None:
    """Evaluate blocks of pairs on all images of a class, and store the increments in the result."""
    c, n_images = evaluator.label, len(evaluator)
    for index in blocks:
        result.increment[c, index] = evaluator.sums(index, 0, n_images) / n_images
        result.evaluated[c, index] = True
        result.passes[c] += len(index) * n_images


def _screen(evaluator: ClassEvaluator, how: Settings, wanted: int, result: Culling) -> None:
    """Screen one class, and store its values in the result."""
    c, pairs = evaluator.label, evaluator.engine.pairs
    with evaluator.progress.complete_class(len(pairs)):
        found = screening.screen(
            FeatureCollector(evaluator).collect(),
            evaluator.group_sums,
            pairs,
            wanted,
            target_recall=how.target_recall,
            patience=how.patience,
            seed=(how.seed, c),
        )
    result.increment[c], result.evaluated[c] = found.increment, found.evaluated
    result.passes[c] = round(found.cost * len(pairs) * len(evaluator))
    result.expected_recall[c] = found.expected_recall
    result.left_out[c], result.audited[c], result.missed[c] = found.left_out, found.audited, found.missed
    result.audits[c] = found.audits


@contextmanager
def _describe_stop(bar: Progress, state: str | os.PathLike[str] | None) -> Iterator[None]:
    """Add the number of finished pairs to a `Stopped` from inside the block."""
    try:
        yield
    except Stopped:
        raise Stopped(f"{bar.reached:.0f} of {bar.total} pairs", state) from None


def work_units(method: Method, count: IntArray, pairs: ConjugatePairs) -> Iterator[tuple[int, IntArray]]:
    """The units that a culling can be divided into, (class, pairs), in order, the same on every machine.

    count : int64 [class], images of each class
    """
    everything = np.arange(len(pairs))
    for c, n in enumerate(count):
        step = len(pairs) if method == "screened" else images_per_block(n)
        for start in range(0, len(pairs), step):
            yield c, everything[start : start + step]
