"""The exact evaluation of one class: its losses with and without pairs of frequencies."""

from __future__ import annotations

import functools
import hashlib
import itertools
import logging
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from frequency_shortcuts.maps.methods.engine import Engine
from frequency_shortcuts.networks.fingerprint import same_logits
from frequency_shortcuts.networks.inference import tiling
from frequency_shortcuts.networks.predictions import check_logits
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.spectrum.waves import PairRemover
from frequency_shortcuts.storage.journal import Journal

from .progress import Progress
from .screening import group_bounds

log = logging.getLogger(__name__)

# Filtered images, or gradients, in a block. A finished block is stored. A block takes a second on a large GPU, and
# minutes on a CPU at 224 pixels, where the unfinished block is stored as well.
BLOCK = 8192


def images_per_block(n_images: int) -> int:
    """How many batches of `n_images` images fit into one block."""
    return max(1, BLOCK // n_images)


class ClassEvaluator:
    """The images of one class, the most influential first, with the losses of the network on them.

    chosen, donors : int64 [n], positions in the source of the images and of the donor of each; without donors a pair is
        removed
    journal, progress : where results are stored and counted; by default nowhere

    losses : float64 [n], losses of the unfiltered images
    influence : float64 [n], norm of the gradient of the loss at the logits
    bounds : int64 [groups + 1], first image of each group that screening evaluates, and the end
    """

    def __init__(
        self,
        label: int,
        chosen: IntArray,
        engine: Engine,
        donors: IntArray | None = None,
        *,
        journal: Journal | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.label, self.chosen, self.engine, self.donors = label, chosen, engine, donors
        self.journal, self.progress = journal or Journal(None), progress or Progress()
        source = engine.source
        # Images that fit stay on the device.
        fit = source.take(chosen[:1]).nbytes * len(chosen) <= engine.class_image_bytes
        self._resident = source.take(chosen) if fit else None
        # Always computed and stored: if the stored logits are those of another network, the stored results are dropped.
        found = engine.within_memory(self._baseline_losses)
        baseline = self.journal.step(f"class {label}", lambda: found, lambda stored: self._accept(stored, found))
        losses, influence = baseline["loss"], baseline["influence"]
        if not np.isfinite(mean := losses.mean()):
            raise ValueError(f"the loss of class {label} is {mean}: the network does not give finite logits")
        order = np.argsort(-influence, kind="stable")
        self.chosen, self.losses, self.influence = chosen[order], losses[order], influence[order]
        self.donors = None if donors is None else donors[order]
        if self._resident is not None:
            self._resident = self._resident[torch.as_tensor(order, device=source.device)]
        self._before = torch.as_tensor(self.losses, device=source.device)
        self.bounds = group_bounds(len(self))

    def __len__(self) -> int:
        return len(self.chosen)

    def take(self, first: int, last: int) -> Tensor:
        """The images first to last, [last - first, channels, H, W], on the device."""
        if self._resident is not None:
            return self._resident[first:last]
        return self.engine.source.take(self.chosen[first:last])

    def take_donors(self, first: int, last: int) -> Tensor | None:
        """The donors of the images first to last, [last - first, channels, H, W], if a pair is swapped."""
        return None if self.donors is None else self.engine.source.take(self.donors[first:last])

    # Steps in the journal

    def step(self, key: str, compute: Callable[[], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """The array of a step: the stored one, or else the result of `compute` in batches that fit into memory."""
        return self.journal.step(key, functools.partial(self.engine.within_memory, compute))

    def partial_result(self) -> npt.NDArray[Any] | None:
        """The last stored state of the unfinished step, if it used the current batch size."""
        return self.journal.partial_result(f"batches of {self.engine.batch}")

    def checkpoint(self, snapshot: Callable[[], npt.NDArray[Any]]) -> None:
        """Store the state of the unfinished step, if a checkpoint is due. Raises Stopped if a stop is requested."""
        self.journal.checkpoint(snapshot, f"batches of {self.engine.batch}")

    # Losses

    @torch.inference_mode()
    def _baseline_losses(self) -> npt.NDArray[Any]:
        """Named fields `loss`, `influence` and `logits` [outputs] of each unfiltered image: [n]."""
        found = []
        for start in range(0, len(self), self.engine.batch):
            logits = self.engine.frozen(self.take(start, start + self.engine.batch).clone())
            check_logits(logits, len(logits), self.label + 1)
            slope = logits.softmax(dim=1)
            slope[:, self.label] -= 1
            found.append((self._loss(logits), slope.norm(dim=1), logits))
        columns = [torch.cat(part).cpu().numpy() for part in zip(*found, strict=True)]
        outputs = columns[-1].shape[1]
        baseline = np.empty(len(self), [("loss", "f8"), ("influence", "f8"), ("logits", "f4", (outputs,))])
        baseline["loss"], baseline["influence"], baseline["logits"] = columns
        return baseline

    def _accept(self, stored: npt.NDArray[Any], found: npt.NDArray[Any]) -> bool:
        """Whether the stored losses are those of this network."""
        ours, theirs = (torch.from_numpy(values["logits"]).double() for values in (found, stored))
        if same := same_logits(theirs, ours, self.engine.frozen.tolerance):
            return same
        log.warning("the stored logits of class %d are those of another network: starting anew there", self.label)
        return False

    def _loss(self, logits: Tensor) -> Tensor:
        """Cross-entropy of each image, float64 [n]."""
        return logits.logsumexp(dim=1) - logits[:, self.label]

    # Increments, every pair on the same images

    def sums(self, index: IntArray, first: int, last: int) -> FloatArray:
        """Increments of the pairs index [k], summed over the images first to last: float64 [k].

        Blocks that the journal holds are not computed again.
        """
        step = images_per_block(last - first)
        share = (last - first) / len(self)
        found = []
        for start in range(0, len(index), step):
            block = index[start : start + step]
            key = f"class {self.label}, images {first} to {last}, pairs {hashlib.sha256(block.tobytes()).hexdigest()}"
            found.append(self.step(key, functools.partial(self._evaluate, block, first, last)))
            self.progress.finish_block(len(block) * share)
        return np.concatenate(found)

    @torch.inference_mode()
    def _evaluate(self, index: IntArray, first: int, last: int) -> FloatArray:
        """One batch holds some images times some pairs. The CPU waits for the device only at the end of the block."""
        at_once, step = tiling(last - first, self.engine.batch)
        device, frozen = self.engine.source.device, self.engine.frozen
        chosen = torch.as_tensor(index, device=device)
        # A checkpoint holds the number of finished batches and their sums.
        stored = self.partial_result()
        done, sums = (0, np.zeros(len(index))) if stored is None else (int(stored["batches"]), stored["sums"])
        total = torch.tensor(sums, device=device)
        batches = math.ceil(len(index) / step)  # of the same images

        def snapshot(done: int) -> npt.NDArray[Any]:
            held = np.empty((), [("batches", "i8"), ("sums", "f8", total.shape)])
            held["batches"], held["sums"] = done, total.cpu().numpy()
            return held

        for before, start in zip(itertools.count(0, batches), range(first, last, at_once)):
            if done >= before + batches:
                continue
            stop = min(start + at_once, last)
            # A compiled network is compiled for each shape, so it always gets the whole buffer.
            remover = PairRemover(
                self.engine.pairs,
                self.take(start, stop),
                step if frozen.compiled else min(step, len(index)),
                self.take_donors(start, stop),
            )
            parts = zip(itertools.count(before + 1), chosen.split(step), total.split(step))
            for number, some, summed in itertools.islice(parts, max(0, done - before), None):
                filtered = remover.remove(some)
                logits = frozen(remover.buffer)[: len(filtered)] if frozen.compiled else frozen(filtered)
                after = self._loss(logits)
                summed += (after.view(len(some), -1) - self._before[start:stop]).sum(dim=1)
                self.progress.advance(len(some) * (stop - start) / len(self))
                self.checkpoint(functools.partial(snapshot, number))
        return self._finite(total, index)

    def _finite(self, total: Tensor, index: IntArray) -> FloatArray:
        """The sums of the pairs index [k], on the CPU. Raises ValueError if one is not finite."""
        found = total.cpu().numpy()
        if not np.isfinite(found).all():
            worst = self.engine.pairs.frequencies[index[~np.isfinite(found)][0]]
            change = "without the frequency" if self.donors is None else "with a donor's coefficients at the frequency"
            raise ValueError(
                f"the loss of class {self.label} is not finite {change} {worst[0]}, {worst[1]}: "
                "the network does not give finite logits"
            )
        return found

    # Increments, every pair on a group of its own

    def group_sums(self, group: IntArray, index: IntArray) -> FloatArray:
        """Sums of the pair index[i] over the images of the group group[i], [k], for `screening.screen`.

        Groups that need few pairs share forward passes.
        """
        found = np.empty(len(index))
        alone, shared = self._plan_passes(group)
        for mine in alone:
            found[mine] = self.sums(index[mine], *self.bounds[group[mine[0]] :][:2])
        for mine in shared:
            digest = hashlib.sha256(np.stack([group[mine], index[mine]]).tobytes()).hexdigest()
            compute = functools.partial(self._evaluate_shared, group[mine], index[mine])
            found[mine] = self.step(f"class {self.label}, groups and pairs {digest}", compute)
            self.progress.finish_block(float(np.diff(self.bounds)[group[mine]].sum()) / len(self))
        return found / len(self)

    def _plan_passes(self, group: IntArray) -> tuple[list[IntArray], list[IntArray]]:
        """Positions in `group` for each evaluation: of single groups, and of groups that share forward passes."""
        alone: list[IntArray] = []
        shared: list[list[IntArray]] = []
        room = 0
        for g in np.unique(group):
            mine = np.flatnonzero(group == g)
            images = len(mine) * int(self.bounds[g + 1] - self.bounds[g])
            if images >= self.engine.nominal_batch or self.engine.frozen.compiled:
                alone.append(mine)
                continue
            if images > room:
                shared.append([])
                room = self.engine.nominal_batch
            shared[-1].append(mine)
            room -= images
        return alone, [np.concatenate(members) for members in shared]

    @torch.inference_mode()
    def _evaluate_shared(self, group: IntArray, index: IntArray) -> FloatArray:
        """As `_evaluate`, for pairs of several groups, sorted by these, in one forward pass."""
        filtered: list[Tensor] = []
        before: list[Tensor] = []
        for g in np.unique(group):
            first, last = self.bounds[g : g + 2]
            mine = torch.as_tensor(index[group == g], device=self.engine.source.device)
            filtered.append(PairRemover(self.engine.pairs, self.take(first, last), len(mine)).remove(mine))
            before.append(self._before[first:last])
        # In pieces, if the batch was halved.
        pieces = torch.cat(filtered).split(self.engine.batch)
        after = self._loss(torch.cat([self.engine.frozen(piece) for piece in pieces]))
        parts = zip(after.split([len(images) for images in filtered]), before, strict=True)
        sums = torch.cat([(part.view(-1, len(losses)) - losses).sum(dim=1) for part, losses in parts])
        self.progress.advance(len(after) / len(self))
        return self._finite(sums, index)
