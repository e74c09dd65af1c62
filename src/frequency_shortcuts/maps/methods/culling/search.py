"""Culling: by how much the loss of a class rises when one conjugate pair of frequencies is removed.

The increment of class c at a pair is the mean, over the images of class c, of the loss with the pair
removed from all channels less the loss as it is (Wang et al. 2023). `exact` evaluates every pair.
`screened` evaluates as few as it needs to find the best ones, and predicts the others (`screening`).

With the fill `swap` a pair is not removed: the coefficients of another image, its donor (`fills.donors`), replace those
of the image. That also finds a class that is recognised by the lack of energy at a pair.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import logging
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from tqdm import tqdm

from frequency_shortcuts.data.source import Source
from frequency_shortcuts.data.splits import Images, accepts_split, check_classes
from frequency_shortcuts.networks.inference import InferenceCopy, Precision, memory_budget, tiling
from frequency_shortcuts.networks.predictions import check_logits
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray
from frequency_shortcuts.spectrum.fills import donors
from frequency_shortcuts.spectrum.masks import positions
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.spectrum.waves import PairRemover
from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.journal import Journal, Stopped

from . import gradients, screening
from .digest import network_digest
from .surrogate import Features

log = logging.getLogger(__name__)

Method = Literal["exact", "screened"]
METHODS = ("exact", "screened")
PairFill = Literal["zeros", "swap"]
PAIR_FILLS = ("zeros", "swap")
# Filtered images, or gradients, of a block, which is stored when it is finished: after a second on a large GPU, after
# minutes on a CPU at 224 pixels, where what there is of it is stored in between.
BLOCK = 8192


@dataclass(frozen=True)
class Culling:
    """Loss increments with what is needed to judge them.

    increment : float64 [class, pairs]; NaN where this part of a divided culling has nothing
    evaluated : bool [class, pairs], true where the increment was evaluated exactly, not predicted
    baseline_loss : float64 [class], the mean loss of the unfiltered images
    images_per_class : int64 [class]
    passes : int64 [class], filtered images shown to the network; exact shows pairs times images; the gradients
        that screening starts from cost `gradients.passes` forward passes an image besides
    expected_recall : float64 [class], the share of the true top `percent` % in the one found, as screening's
        model expects it; 1 for exact
    left_out, audited, missed : int64 [class], pairs that screening's audits could draw from, drew, and found to
        belong to the top, all audits together; 0 for exact
    audits : int64 [class], how many audits there were, of which the last one passed
    fingerprint : of network, images, settings and code, where parts are to be merged or blocks are kept; else empty
    fill : what replaces a pair: `zeros`, or with `swap` the coefficients of a donor image
    """

    increment: FloatArray
    evaluated: BoolArray
    baseline_loss: FloatArray
    images_per_class: IntArray
    passes: IntArray
    expected_recall: FloatArray
    left_out: IntArray
    audited: IntArray
    missed: IntArray
    audits: IntArray
    method: Method
    percent: float
    target_recall: float
    precision: Precision
    fingerprint: str
    fill: PairFill = "zeros"


def loss_increments(
    network: nn.Module, images: Any, labels: npt.ArrayLike | Tensor, n_classes: int, method: Method = "screened"
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
    percent: float = 5,
    target_recall: float = 0.98,
    patience: int = 20,
    fill: PairFill = "zeros",
    neutral: int | None = None,
    mean: npt.ArrayLike | None = None,
    std: npt.ArrayLike | None = None,
    precision: Precision = "float32",
    compiled: bool = False,
    memory_mib: float | None = None,
    batch: int | None = None,
    part: tuple[int, int] = (0, 1),
    seed: int = 0,
    state: str | os.PathLike[str] | None = None,
    checkpoint_minutes: float = 2.0,
    stop: Callable[[], bool] | None = None,
    progress: bool = False,
) -> Culling:
    """Loss increment of every class at every conjugate pair.

    Parameters
    ----------
    network : images [n, channels, H, W] -> logits [n, n_classes]; it is used in evaluation mode and left as it was
    images : [n, channels, H, W], a tensor, an array, an open HDF5 dataset or the like (`sources.Source`), read piece
        by piece. float32 and float64 are taken as they are; uint8 is normalised with `mean` and `std`, which it needs
    labels : [n], 0 to n_classes - 1
    percent, target_recall : `screened` looks for the best `percent` % of the spectrum, and for this share of them
    patience : `screened` goes on until that set has held while so many pairs were evaluated further
    fill : what replaces a pair. `zeros`: nothing, the pair is removed. `swap`: the coefficients of the image's donor
        (`fills.donors`, drawn with `seed` from all images and fixed for all pairs), for method `exact` only
    neutral : the class that all donors are of with `swap`; by default they are of any class but the image's own
    precision, compiled : see `frozen.InferenceCopy`
    memory_mib : what may be used on the network's device, besides its weights; by default half of a
        GPU's memory, 2 GiB on a CPU
    batch : filtered images in one forward pass; by default what suits the network and the memory
    part : (i, n), do the i-th of n parts only (counted from 0), to be put together by `merge`. `exact` is
        divided by classes and blocks of pairs, `screened` by classes
    seed : of what screening draws at random, and of the donors
    state : file that keeps finished blocks and is read at the start; that of another culling, or a broken
        end, is dropped. It is the caller's to delete, once the result is safe
    checkpoint_minutes : what there is of a block that takes longer is stored so often, in a file beside `state`
        that lasts as long as the block (see `storage.Journal`)
    stop : asked after every forward pass, whether to store what there is and to raise Stopped
    progress : show a bar on a terminal

    Raises ValueError for an unknown method or fill, a class without images, an image without a donor or a loss that is
    not finite; RuntimeError where another process is at work on `state`; `storage.Stopped` when `stop` says so.

    >>> cull(network, images, labels, 4, "exact", fill="swap", neutral=0).increment.shape  # 32 x 32 images
    (4, 514)
    """
    if method not in METHODS:
        raise ValueError(f"unknown culling method {method!r}: choose from {', '.join(METHODS)}")
    if fill not in PAIR_FILLS:
        raise ValueError(f"unknown fill {fill!r} of a culling: choose from {', '.join(PAIR_FILLS)}")
    if fill == "swap" and method == "screened":
        raise ValueError(
            "fill swap needs method exact: screened predicts what the removal of a pair does, not an exchange"
        )
    if not 0 < target_recall <= 1:
        raise ValueError(f"target_recall {target_recall}: expected above 0 and at most 1")
    if patience < 0:
        raise ValueError(f"patience {patience}: expected at least 0 pairs")
    if not 0 <= part[0] < part[1]:
        raise ValueError(f"part {part[0]} of {part[1]}: expected 0 to {part[1] - 1}")
    labels = np.asarray(labels)
    check_classes(labels, range(n_classes), n_images=images.shape[0])
    pairs = ConjugatePairs(*images.shape[-2:])
    wanted = positions(pairs.height, pairs.width, percent)
    work = engine(
        network, images, mean, std, precision=precision, compiled=compiled, memory_mib=memory_mib, batch=batch
    )
    # What only screening uses does not tell two exact cullings apart.
    aim = (percent, target_recall, patience, seed) if method == "screened" else ()
    donor = donors(labels, neutral=neutral, seed=seed) if fill == "swap" else None
    filled = (fill, None if donor is None else donor.tolist())
    settings = (labels.tolist(), n_classes, method, aim, filled, precision, compiled)
    fingerprint = _fingerprint(network, work, settings) if state or part[1] > 1 else ""
    work.journal = Journal(
        state, f"{fingerprint}, part {part}, batches of {work.batch}", minutes=checkpoint_minutes, stop=stop
    )
    log.info("%s, fill %s, %d pairs, batches of %d filtered images", method, fill, len(pairs), work.batch)
    count = np.bincount(labels, minlength=n_classes)
    result = Culling(
        increment=np.full((n_classes, len(pairs)), np.nan),
        evaluated=np.zeros((n_classes, len(pairs)), bool),
        baseline_loss=np.full(n_classes, np.nan),
        images_per_class=count,
        passes=np.zeros(n_classes, np.int64),
        expected_recall=np.ones(n_classes),
        left_out=np.zeros(n_classes, np.int64),
        audited=np.zeros(n_classes, np.int64),
        missed=np.zeros(n_classes, np.int64),
        audits=np.zeros(n_classes, np.int64),
        method=method,
        percent=percent,
        target_recall=target_recall,
        precision=precision,
        fingerprint=fingerprint,
        fill=fill,
    )

    def units() -> Iterator[tuple[int, IntArray]]:
        return itertools.islice(_units(method, count, pairs), part[0], None, part[1])

    work.bar = Progress(sum(len(index) for _, index in units()), progress)
    with work.journal, work.bar, _telling_how_far(work.bar, state):
        for c, mine in itertools.groupby(units(), key=lambda unit: unit[0]):
            chosen = np.flatnonzero(labels == c)
            one = OneClass(c, chosen, work, None if donor is None else donor[chosen])
            result.baseline_loss[c] = one.losses.mean()
            if method == "exact":
                for _, index in mine:
                    result.increment[c, index] = one.sums(index, 0, len(one)) / len(one)
                    result.evaluated[c, index] = True
                    result.passes[c] += len(index) * len(one)
            else:
                with work.bar.filling(len(pairs)):
                    found = screening.screen(
                        one.features(),
                        one.group_sums,
                        pairs,
                        wanted,
                        target_recall=target_recall,
                        patience=patience,
                        seed=seed,
                    )
                result.increment[c], result.evaluated[c] = found.increment, found.evaluated
                result.passes[c] = round(found.cost * len(pairs) * len(one))
                result.expected_recall[c] = found.expected_recall
                result.left_out[c], result.audited[c], result.missed[c] = found.left_out, found.audited, found.missed
                result.audits[c] = found.audits
            share = result.passes[c] / (len(pairs) * len(one))
            log.info("class %d of %d: %.1f %% of all forward passes", c + 1, n_classes, 100 * share)
    return result


@contextmanager
def _telling_how_far(bar: Progress, state: str | os.PathLike[str] | None) -> Iterator[None]:
    try:
        yield
    except Stopped:
        raise Stopped(f"{bar.reached:.0f} of {bar.total} pairs", state) from None


def merge(parts: Iterable[Culling]) -> Culling:
    """The culling whose parts these are, in any order, looked at one by one: an iterator may read them.

    Raises ValueError where parts differ in their settings, overlap, or one is missing.
    """
    names = [field.name for field in fields(Culling)]
    joined: dict[str, Any] = {}
    for part in parts:
        mine = {name: getattr(part, name) for name in names}
        there = ~np.isnan(part.increment)
        if not joined:
            joined = {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in mine.items()}
            times, owned = there.astype(np.int32), there.any(axis=1)
            continue
        settings = [name for name in names if not isinstance(joined[name], np.ndarray)]
        if differ := [name for name in settings if mine[name] != joined[name]]:
            raise ValueError(f"the parts come from different cullings: they differ in {', '.join(differ)}")
        times += there
        joined["increment"][there] = part.increment[there]
        joined["evaluated"] |= part.evaluated
        joined["passes"] += part.passes
        # What is said of a whole class is the same in all of its parts.
        new = there.any(axis=1) & ~owned
        for name in set(names).difference(settings, ("increment", "evaluated", "passes")):
            joined[name][new] = mine[name][new]
        owned |= new
    if not joined:
        raise ValueError("there are no parts to merge")
    if (times != 1).any():
        c = int(np.argmax((times != 1).any(axis=1)))
        problem = "missing" if (times == 0).any() else "there twice"
        raise ValueError(f"the parts do not make up one culling: some increments of class {c} are {problem}")
    return Culling(**joined)


def write_part(path: str | os.PathLike[str], part: Culling) -> None:
    """Write one part of a divided culling, HDF5: arrays as datasets, the rest as attributes."""
    with replacing_hdf5(path) as file:
        for field in fields(Culling):
            value = getattr(part, field.name)
            if isinstance(value, np.ndarray):
                # The increments of other parts are missing here: compressed they take no room.
                file.create_dataset(field.name, data=value, compression="gzip" if value.ndim > 1 else None)
            else:
                file.attrs[field.name] = value


def read_part(path: str | os.PathLike[str]) -> Culling:
    """Read what `write_part` wrote."""
    with h5py.File(path, "r") as file:
        arrays = {name: file[name][:] for name in file}
        settings = {name: value.item() if hasattr(value, "item") else value for name, value in file.attrs.items()}
    return Culling(**arrays, **settings)


def _units(method: Method, count: IntArray, pairs: ConjugatePairs) -> Iterator[tuple[int, IntArray]]:
    """What can be done apart, (class, pairs), in order, the same on every machine."""
    everything = np.arange(len(pairs))
    for c, n in enumerate(count):
        step = len(pairs) if method == "screened" else _per_block(n)
        for start in range(0, len(pairs), step):
            yield c, everything[start : start + step]


def _per_block(n_images: int) -> int:
    """How many times so many images fit into one block."""
    return max(1, BLOCK // n_images)


@dataclass
class Engine:
    """What the culling of every class works with; `batch` shrinks when the device's memory does not suffice."""

    source: Source
    frozen: InferenceCopy
    pairs: ConjugatePairs
    batch: int
    backward: int  # images of one backward pass
    room: int  # bytes for the images of one class
    journal: Journal
    bar: Progress
    # The batch size at first, whatever memory then did: a culling that goes on shares the same forward passes.
    shared: int = field(init=False)

    def __post_init__(self) -> None:
        self.shared = self.batch


def engine(
    network: nn.Module,
    images: Images,
    mean: npt.ArrayLike | None = None,
    std: npt.ArrayLike | None = None,
    *,
    precision: Precision = "float32",
    compiled: bool = False,
    memory_mib: float | None = None,
    batch: int | None = None,
) -> Engine:
    """The frozen network, the images and the batch size that suits them; see `cull`."""
    if (memory_mib is not None and not 0 < memory_mib < math.inf) or (batch is not None and batch < 1):
        raise ValueError(f"memory_mib {memory_mib}, batch {batch}: expected above 0 and at least 1, or None")
    frozen = InferenceCopy(network, precision, compiled=compiled)
    source = Source(images, mean, std, device=frozen.device, dtype=frozen.dtype)
    frozen.check(source.take(np.arange(1)))
    budget = memory_budget(memory_mib, frozen.device)
    if batch:
        backward = math.ceil(batch / 8)  # which keeps the activations of every layer
    else:
        batch, backward = frozen.batch_sizes(source.take(np.arange(1)), budget // 2)
    pairs, bar = ConjugatePairs(*images.shape[-2:]), Progress(0, shown=False)
    return Engine(source, frozen, pairs, batch, backward, budget // 4, Journal(None), bar)


class OneClass:
    """The images of one class, the most influential first, and what the network says of them.

    chosen, donors : int64 [n], positions of the images in the source and of the image that each is filled from; without
        donors a pair is removed
    """

    def __init__(self, label: int, chosen: IntArray, engine: Engine, donors: IntArray | None = None) -> None:
        self.label, self.chosen, self.engine, self.donors = label, chosen, engine, donors
        source = engine.source
        # Images that fit stay on the device.
        fit = source.take(chosen[:1]).nbytes * len(chosen) <= engine.room
        self._resident = source.take(chosen) if fit else None
        losses, influence = self._step(f"class {label}", self._look)
        if not np.isfinite(mean := losses.mean()):
            raise ValueError(f"the loss of class {label} is {mean}: the network does not give finite logits")
        order = np.argsort(-influence, kind="stable")
        self.chosen, self.losses, self.influence = chosen[order], losses[order], influence[order]
        self.donors = None if donors is None else donors[order]
        if self._resident is not None:
            self._resident = self._resident[torch.as_tensor(order, device=source.device)]
        self._before = torch.as_tensor(self.losses, device=source.device)
        self.bounds = screening.group_bounds(len(self))

    def __len__(self) -> int:
        return len(self.chosen)

    def take(self, first: int, last: int) -> Tensor:
        if self._resident is not None:
            return self._resident[first:last]
        return self.engine.source.take(self.chosen[first:last])

    def take_donors(self, first: int, last: int) -> Tensor | None:
        """The donors of the images first to last, [last - first, channels, H, W], if a pair is swapped."""
        return None if self.donors is None else self.engine.source.take(self.donors[first:last])

    @torch.inference_mode()
    def _look(self) -> FloatArray:
        """Loss of each image and its influence, the length of the loss's gradient at the logits: [2, n]."""
        begun = self._begun()
        found = [] if begun is None else [torch.tensor(begun, device=self.engine.source.device)]
        for start in range(0 if begun is None else begun.shape[1], len(self), self.engine.batch):
            logits = self.engine.frozen(self.take(start, start + self.engine.batch).clone())
            check_logits(logits, len(logits), self.label + 1)
            slope = logits.softmax(dim=1)
            slope[:, self.label] -= 1
            found.append(torch.stack([self._loss(logits), slope.norm(dim=1)]))
            self._keep(lambda: torch.cat(found, dim=1).cpu().numpy())
        return torch.cat(found, dim=1).cpu().numpy()

    def _loss(self, logits: Tensor) -> Tensor:
        """Cross-entropy of each image, float64 [n]."""
        return logits.logsumexp(dim=1) - logits[:, self.label]

    def sums(self, index: IntArray, first: int, last: int) -> FloatArray:
        """Increments of the pairs index [k], summed over the images first to last: float64 [k].

        What lies in the journal is not computed again.
        """
        step = _per_block(last - first)
        found = []
        for start in range(0, len(index), step):
            block = index[start : start + step]
            key = f"class {self.label}, images {first} to {last}, pairs {hashlib.sha256(block.tobytes()).hexdigest()}"
            share = (last - first) / len(self)
            found.append(self._step(key, functools.partial(self._evaluate, block, first, last)))
            self.engine.bar.upto(len(block) * share)
        return np.concatenate(found)

    def _step(self, key: str, compute: Callable[[], FloatArray]) -> FloatArray:
        return self.engine.journal.step(key, functools.partial(self._fitting, compute))

    def _begun(self) -> FloatArray | None:
        """What the step under way kept, if it was made with batches of the same size."""
        return self.engine.journal.partial_result(f"batches of {self.engine.batch}")

    def _keep(self, made: Callable[[], FloatArray]) -> None:
        self.engine.journal.checkpoint(made, f"batches of {self.engine.batch}")

    def _fitting(self, compute: Callable[[], FloatArray]) -> FloatArray:
        """What `compute` gives, with ever smaller batches where the device's memory does not suffice."""
        while True:
            try:
                return compute()
            except torch.OutOfMemoryError:
                if self.engine.batch == 1:
                    raise
                self.engine.batch //= 2
            # Outside the handler, whose traceback would keep the batch that did not fit.
            torch.cuda.empty_cache()
            log.warning("out of memory: going on with batches of %d", self.engine.batch)

    @torch.inference_mode()
    def _evaluate(self, index: IntArray, first: int, last: int) -> FloatArray:
        """One batch holds some images times some pairs; nothing waits for the device until the block is done."""
        at_once, step = tiling(last - first, self.engine.batch)
        chosen = torch.as_tensor(index, device=self.engine.source.device)
        # The batches that were done already, and what they add up to.
        ready, sums = _uncounted(self._begun(), (len(index),))
        total = torch.tensor(sums, device=self.engine.source.device)
        batches = math.ceil(len(index) / step)  # of the same images
        for before, start in zip(itertools.count(0, batches), range(first, last, at_once)):
            if ready >= before + batches:
                continue
            stop = min(start + at_once, last)
            frozen = self.engine.frozen
            # A compiled network is compiled for each shape: it is always shown the whole buffer.
            removal = PairRemover(
                self.engine.pairs,
                self.take(start, stop),
                step if frozen.compiled else min(step, len(index)),
                self.take_donors(start, stop),
            )
            parts = zip(itertools.count(before + 1), chosen.split(step), total.split(step))
            for done, some, summed in itertools.islice(parts, max(0, ready - before), None):
                filtered = removal.remove(some)
                logits = frozen(removal.buffer)[: len(filtered)] if frozen.compiled else frozen(filtered)
                after = self._loss(logits)
                summed += (after.view(len(some), -1) - self._before[start:stop]).sum(dim=1)
                self.engine.bar.within(len(some) * (stop - start) / len(self))
                self._keep(functools.partial(_counted, done, total))
        return self._finite(total, index)

    def _finite(self, total: Tensor, index: IntArray) -> FloatArray:
        """What was found for the pairs index [k], on the CPU."""
        found = total.cpu().numpy()
        if not np.isfinite(found).all():
            worst = self.engine.pairs.frequencies[index[~np.isfinite(found)][0]]
            change = "without the frequency" if self.donors is None else "with a donor's coefficients at the frequency"
            raise ValueError(
                f"the loss of class {self.label} is not finite {change} {worst[0]}, {worst[1]}: "
                "the network does not give finite logits"
            )
        return found

    def group_sums(self, group: IntArray, index: IntArray) -> FloatArray:
        """What `screening.screen` evaluates: the pair index[i] on the images of the group group[i], [k].

        Where several groups ask for few pairs each, they share forward passes.
        """
        found = np.empty(len(index))
        passes: list[list[IntArray]] = []  # of each, what it evaluates of several groups
        room = 0
        for g in np.unique(group):
            mine, (first, last) = np.flatnonzero(group == g), self.bounds[g : g + 2]
            images = len(mine) * (last - first)
            if images >= self.engine.shared or self.engine.frozen.compiled:
                found[mine] = self.sums(index[mine], first, last)
                continue
            if images > room:
                passes.append([])
                room = self.engine.shared
            passes[-1].append(mine)
            room -= images
        for together in passes:
            mine = np.concatenate(together)
            digest = hashlib.sha256(np.stack([group[mine], index[mine]]).tobytes()).hexdigest()
            compute = functools.partial(self._evaluate_together, group[mine], index[mine])
            found[mine] = self._step(f"class {self.label}, groups and pairs {digest}", compute)
            self.engine.bar.upto(float(np.diff(self.bounds)[group[mine]].sum()) / len(self))
        return found / len(self)

    @torch.inference_mode()
    def _evaluate_together(self, group: IntArray, index: IntArray) -> FloatArray:
        """As `_evaluate`, of pairs of several groups, sorted by these, in one forward pass."""
        filtered: list[Tensor] = []
        before: list[Tensor] = []
        for g in np.unique(group):
            first, last = self.bounds[g : g + 2]
            mine = torch.as_tensor(index[group == g], device=self.engine.source.device)
            filtered.append(PairRemover(self.engine.pairs, self.take(first, last), len(mine)).remove(mine))
            before.append(self._before[first:last])
        # In index_batches, where the batch was halved.
        index_batches = torch.cat(filtered).split(self.engine.batch)
        after = self._loss(torch.cat([self.engine.frozen(piece) for piece in index_batches]))
        parts = zip(after.split([len(images) for images in filtered]), before, strict=True)
        sums = torch.cat([(part.view(-1, len(one)) - one).sum(dim=1) for part, one in parts])
        self.engine.bar.within(len(after) / len(self))
        return self._finite(sums, index)

    def features(self) -> Features:
        """What `prediction` starts from; `gradients.passes` says what it costs."""
        sums = np.zeros((2, 5, len(self.bounds) - 1, len(self.engine.pairs)))
        step = _per_block(1 + gradients.noisy_copies(len(self.engine.pairs)))  # images, each with its views
        for first in range(0, len(self), step):
            last = min(first + step, len(self))
            key = f"class {self.label}, features of images {first} to {last}"
            sums += self._step(key, functools.partial(self._features, first, last))
        return Features(sums[0], sums[1], np.diff(self.bounds) / len(self))

    @torch.no_grad()  # `first_order` allows it for the loss alone
    def _features(self, begin: int, end: int) -> FloatArray:
        """One gradient after the other, an image's own and then those of its noisy copies, in full batches."""
        pairs, device = self.engine.pairs, self.engine.source.device
        groups, count = len(self.bounds) - 1, len(pairs)
        views, at_once = 1 + gradients.noisy_copies(count), min(self.engine.backward, self.engine.batch)
        # The sums, and what the gradients of the image under way told.
        shape, open_shape = (2, 5, groups, count), (views, 2, count)
        done, kept = _uncounted(self._begun(), (math.prod(shape) + math.prod(open_shape),))
        sums, told = torch.tensor(kept, device=device).split((math.prod(shape), math.prod(open_shape)))
        out, told = sums.view(shape), told.view(open_shape)[: done % views]
        for start in range(begin * views + done, end * views, at_once):
            stop = min(start + at_once, end * views)
            first, last = start // views, -(-stop // views)
            images = self.take(first, last)
            shown = torch.arange(start, stop, device=device) - first * views
            seen = gradients.with_noise(images, pairs, views - 1, range(first, last))[shown]
            found = gradients.first_order(self.engine.frozen, seen, images[shown // views], self.label, pairs)
            told = torch.cat([told, torch.stack(found, dim=1)])
            if ended := len(told) // views:
                whole = told[: ended * views].unflatten(0, (ended, views))
                self._add_features(out, whole, images[:ended], first)
                told = told[ended * views :]
            self._keep(functools.partial(_padded, stop - begin * views, sums, told, math.prod(open_shape)))
        return out.cpu().numpy()

    def _add_features(self, out: Tensor, told: Tensor, images: Tensor, first: int) -> None:
        """Add to the sums [2, 5, groups, pairs] what gradients told [n, views, 2, pairs] of the images from `first`."""
        group = np.repeat(np.arange(len(self.bounds) - 1), np.diff(self.bounds))[first : first + len(images)]
        influence = torch.as_tensor(self.influence[first : first + len(images)], device=images.device)
        change, product = told.unbind(2)
        plain, noisy = change[:, 0], change[:, 1:]
        energy = influence[:, None] * gradients.energies(images, self.engine.pairs)
        smoothing, deviation = noisy.mean(dim=1) - plain, noisy.std(dim=1, correction=0)
        each = torch.stack([plain, product[:, 0], energy, smoothing, deviation])
        for g in np.unique(group):
            mine = each[:, torch.as_tensor(group == g, device=images.device)]
            out[0, :, g] += mine.sum(dim=1) / len(self)
            out[1, :, g] += mine.square().sum(dim=1) / len(self) ** 2


def _counted(done: int, sums: Tensor) -> FloatArray:
    """What a step keeps: how much of it is done, and the sums of that."""
    return np.r_[float(done), sums.cpu().numpy().ravel()]


def _padded(done: int, sums: Tensor, rest: Tensor, room: int) -> FloatArray:
    """As `_counted`, with something after the sums that may take so much room."""
    return _counted(done, torch.cat([sums, rest.flatten(), sums.new_zeros(room - rest.numel())]))


def _uncounted(kept: FloatArray | None, shape: tuple[int, ...]) -> tuple[int, FloatArray]:
    """What `_counted` was given; for nothing kept, nothing done."""
    return (0, np.zeros(shape)) if kept is None else (int(kept[0]), kept[1:].reshape(shape).copy())


def _fingerprint(network: nn.Module, work: Engine, settings: tuple[object, ...]) -> str:
    """What must agree for blocks and parts to belong to one culling: weights, images, settings, code."""
    found = hashlib.sha256(work.source.digest())
    found.update(network_digest(network))
    for module in sorted(Path(__file__).parent.glob("*.py")):
        found.update(module.read_bytes())
    found.update(repr((settings, work.frozen.device.type)).encode())
    return found.hexdigest()


class Progress:
    """A bar in pairs on a terminal, and a line in the log now and then."""

    EVERY = 60.0  # seconds between two lines

    def __init__(self, total: int, shown: bool) -> None:
        self.total, self.done, self._ahead = total, 0.0, 0.0
        self._began = self._told = time.monotonic()
        self._computed = 0.0
        self._bar = tqdm(
            total=total,
            desc="culling",
            bar_format="{l_bar}{bar}| {n:.0f}/{total} pairs [{elapsed}<{remaining}, {rate_noinv:.1f} pairs/s]",
            leave=False,
            disable=None if shown else True,
        )

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    @property
    def reached(self) -> float:
        """Pairs that are done, with those of the block under way."""
        return self.done + self._ahead

    def within(self, pairs: float) -> None:
        """So much of a block is done; `upto` counts the whole block, whether computed or read."""
        self._ahead += pairs
        self._computed += pairs  # what is read from a journal says nothing of the rate
        self._bar.update(pairs)

    def upto(self, pairs: float) -> None:
        self._bar.update(pairs - self._ahead)
        self.done, self._ahead = self.done + pairs, 0.0
        now = time.monotonic()
        if now - self._told > self.EVERY:
            rate = self._computed / (now - self._began)
            left = (self.total - self.done) / max(rate, 1e-9)
            log.info("%.0f of %d pairs, %.1f pairs/s, at most %.0f s left", self.done, self.total, rate, left)
            self._told = now

    @contextmanager
    def filling(self, pairs: int) -> Iterator[None]:
        """A class of `pairs` pairs is screened inside the block; what it did not need counts as done after it."""
        goal = self.done + pairs
        yield
        self._bar.update(goal - self.done)
        self.done = goal
