"""The evaluation of one class: its losses with and without pairs of frequencies, and features of all pairs."""

import functools
import hashlib

import numpy as np
import torch
from torch import Tensor

from frequency_shortcuts.images.source import tiling
from frequency_shortcuts.maps.methods import gradients
from frequency_shortcuts.maps.methods.workspace import Workspace, per_block
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.spectrum.fills import named
from frequency_shortcuts.spectrum.filters import PairRemover

from .screening import group_bounds
from .surrogate import Features

CPU_IMAGES = 2**29  # bytes of images of a class that are kept in the memory of a CPU


class ClassEvaluator:
    """The images of one class, the most influential first, with the losses of the network on them.

    label : the class
    fill : `zeros`, a pair is removed; `swap`, the coefficients of the image's donor replace it

    losses : float64 [n], losses of the unfiltered images
    influence : float64 [n], norm of the gradient of the loss at the logits
    bounds : int64 [groups + 1], first image of each group that screening evaluates, and the end

    Raises ValueError if a loss is not finite.
    """

    def __init__(self, workspace: Workspace, label: int, fill: str = "zeros") -> None:
        self.workspace, self.source, self.label = workspace, workspace.source, label
        source, device = self.source, self.source.device
        self.chosen = np.flatnonzero(workspace.labels == label)
        # Images that fit stay on the device.
        cuda = device.type == "cuda"
        room = torch.cuda.get_device_properties(device).total_memory // 8 if cuda else CPU_IMAGES
        fit = source.take(self.chosen[:1]).nbytes * len(self.chosen) <= room
        self._resident = source.take(self.chosen) if fit else None
        self.losses, self.influence = workspace.step(f"class {label}", self._unfiltered)
        if not np.isfinite(mean := self.losses.mean()):
            raise ValueError(
                f"the loss of class {label} is {mean}: the network does not give finite logits"
            )
        order = np.argsort(-self.influence, kind="stable")
        self.chosen, self.losses, self.influence = (
            self.chosen[order],
            self.losses[order],
            self.influence[order],
        )
        self._donors = workspace.donors[self.chosen] if named(fill).needs_donors else None
        if self._resident is not None:
            self._resident = self._resident[torch.as_tensor(order, device=device)]
        self._before = torch.as_tensor(self.losses, device=device)
        self.bounds = group_bounds(len(self))

    def __len__(self) -> int:
        return len(self.chosen)

    def take(self, first: int, last: int) -> Tensor:
        """The images first to last, [last - first, channels, H, W], on the device."""
        if self._resident is not None:
            return self._resident[first:last]
        return self.source.take(self.chosen[first:last])

    @torch.inference_mode()
    def _unfiltered(self) -> FloatArray:
        """Loss and influence of each unfiltered image, [2, n]."""
        parts = []
        for start in range(0, len(self), self.workspace.batch):
            logits = self.workspace.forward(self.take(start, start + self.workspace.batch).clone())
            slope = logits.softmax(dim=1)
            slope[:, self.label] -= 1
            parts.append(torch.stack([self._loss(logits), slope.norm(dim=1)]))
        return torch.cat(parts, dim=1).cpu().numpy()

    def _loss(self, logits: Tensor) -> Tensor:
        """Cross-entropy of each image, float64 [n]."""
        return logits.logsumexp(dim=1) - logits[:, self.label]

    # Increments, every pair on the same images

    def sums(self, index: IntArray, first: int, last: int) -> FloatArray:
        """Increments of the pairs index [k], summed over the images first to last: float64 [k]."""
        name = f"class {self.label}, images {first} to {last}, pairs"
        return self.workspace.in_blocks(
            name, index, last - first, lambda block: self._evaluate(block, first, last)
        )

    @torch.inference_mode()
    def _evaluate(self, index: IntArray, first: int, last: int) -> FloatArray:
        """One batch holds some images times some pairs. The CPU waits for the device only at the end of the block."""
        at_once, step = tiling(last - first, self.workspace.batch)
        device, compiled = self.source.device, self.workspace.frozen.compiled
        pairs = torch.as_tensor(index, device=device)
        total = torch.zeros(len(index), dtype=torch.float64, device=device)
        for start in range(first, last, at_once):
            stop = min(start + at_once, last)
            donors = None if self._donors is None else self.source.take(self._donors[start:stop])
            # A compiled network is compiled for each shape, so it always gets the whole buffer.
            capacity = step if compiled else min(step, len(index))
            remover = PairRemover(self.workspace.pairs, self.take(start, stop), capacity, donors)
            for part, part_total in zip(pairs.split(step), total.split(step), strict=True):
                filtered = remover.remove(part)
                logits = self.workspace.forward(remover.buffer if compiled else filtered)[
                    : len(filtered)
                ]
                after = self._loss(logits).view(len(part), -1)
                part_total += (after - self._before[start:stop]).sum(dim=1)
        return self._finite(total, index)

    def _finite(self, total: Tensor, index: IntArray) -> FloatArray:
        """The sums of the pairs index [k], on the CPU. Raises ValueError if one is not finite."""
        sums = total.cpu().numpy()
        if not np.isfinite(sums).all():
            worst = self.workspace.pairs.frequencies[index[~np.isfinite(sums)][0]]
            change = (
                "without the frequency"
                if self._donors is None
                else "with a donor's coefficients at the frequency"
            )
            raise ValueError(
                f"the loss of class {self.label} is not finite {change} {worst[0]}, {worst[1]}: "
                "the network does not give finite logits"
            )
        return sums

    # Increments, every pair on a group of its own

    def group_sums(self, group: IntArray, index: IntArray) -> FloatArray:
        """Sums of the pair index[i] over the images of the group group[i], [k], for `screening.screen`.

        Groups that need few pairs share forward passes.
        """
        sums = np.empty(len(index))
        shared: list[list[IntArray]] = []
        room = 0
        for g in np.unique(group):
            of_group = np.flatnonzero(group == g)
            images = len(of_group) * int(self.bounds[g + 1] - self.bounds[g])
            if images >= self.workspace.nominal_batch or self.workspace.frozen.compiled:
                sums[of_group] = self.sums(index[of_group], *self.bounds[g:][:2])
                continue
            if images > room:
                shared.append([])
                room = self.workspace.nominal_batch
            shared[-1].append(of_group)
            room -= images
        for places in map(np.concatenate, shared):
            groups, pairs = group[places], index[places]
            digest = hashlib.sha256(np.stack([groups, pairs]).tobytes()).hexdigest()
            compute = functools.partial(self._evaluate_shared, groups, pairs)
            images = int(np.diff(self.bounds)[groups].sum())
            sums[places] = self.workspace.step(
                f"class {self.label}, groups and pairs {digest}", compute, images
            )
        return sums / len(self)

    @torch.inference_mode()
    def _evaluate_shared(self, group: IntArray, index: IntArray) -> FloatArray:
        """As `_evaluate`, for pairs of several groups, sorted by these, in one forward pass."""
        filtered: list[Tensor] = []
        before: list[Tensor] = []
        for g in np.unique(group):
            first, last = self.bounds[g : g + 2]
            pairs = torch.as_tensor(index[group == g], device=self.source.device)
            filtered.append(
                PairRemover(self.workspace.pairs, self.take(first, last), len(pairs)).remove(pairs)
            )
            before.append(self._before[first:last])
        # In pieces, if the batch was halved.
        pieces = torch.cat(filtered).split(self.workspace.batch)
        after = self._loss(torch.cat([self.workspace.forward(piece) for piece in pieces]))
        parts = zip(after.split([len(images) for images in filtered]), before, strict=True)
        sums = torch.cat(
            [(part.view(-1, len(losses)) - losses).sum(dim=1) for part, losses in parts]
        )
        return self._finite(sums, index)

    # Features, from gradients at the images and at noisy copies of them

    def features(self) -> Features:
        """The features of all pairs, which `surrogate.Model` needs, summed over each group of images."""
        groups, pairs = len(self.bounds) - 1, len(self.workspace.pairs)
        views = 1 + gradients.noisy_copies(pairs)  # of each image: itself and its noisy copies
        sums = np.zeros((2, 5, groups, pairs))
        step = per_block(views)
        for first in range(0, len(self), step):
            last = min(first + step, len(self))
            compute = functools.partial(self._feature_sums, first, last, views)
            key = f"class {self.label}, features of images {first} to {last}"
            sums += self.workspace.step(key, compute, 3 * (last - first) * views)
        return Features(sums[0], sums[1], np.diff(self.bounds) / len(self))

    @torch.no_grad()  # `first_order` enables gradients only for the loss
    def _feature_sums(self, begin: int, end: int, views: int) -> FloatArray:
        """Sums over the images begin to end: float64 [2, 5, groups, pairs], the features and their squares."""
        pairs, device = self.workspace.pairs, self.source.device
        at_once, group = (
            self.workspace.backward_batch,
            np.repeat(np.arange(len(self.bounds) - 1), np.diff(self.bounds)),
        )
        sums = torch.zeros(
            2, 5, len(self.bounds) - 1, len(pairs), dtype=torch.float64, device=device
        )
        # Of the unfinished image.
        responses = torch.empty(0, 2, len(pairs), dtype=torch.float64, device=device)
        for start in range(begin * views, end * views, at_once):
            stop = min(start + at_once, end * views)
            first, last = start // views, -(-stop // views)
            images = self.take(first, last)
            shown = torch.arange(start, stop, device=device) - first * views
            seen = gradients.with_noise(images, pairs, views - 1, range(first, last))[shown]
            both = gradients.first_order(
                self.workspace.forward, seen, images[shown // views], self.label, pairs
            )
            responses = torch.cat([responses, torch.stack(both, dim=1)])
            complete = len(responses) // views
            if not complete:
                continue
            change, product = (
                responses[: complete * views].unflatten(0, (complete, views)).unbind(2)
            )
            responses = responses[complete * views :]
            plain, noisy = change[:, 0], change[:, 1:]
            influence = torch.as_tensor(
                self.influence[first : first + complete, None], device=device
            )
            energy = influence * gradients.energies(images[:complete], pairs)
            smoothing, deviation = noisy.mean(dim=1) - plain, noisy.std(dim=1, correction=0)
            features = torch.stack([plain, product[:, 0], energy, smoothing, deviation])
            of_images = group[first : first + complete]
            for g in np.unique(of_images):
                of_group = features[:, torch.as_tensor(of_images == g, device=device)]
                sums[0, :, g] += of_group.sum(dim=1) / len(self)
                sums[1, :, g] += of_group.square().sum(dim=1) / len(self) ** 2
        return sums.cpu().numpy()
