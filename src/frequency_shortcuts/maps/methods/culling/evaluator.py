"""The evaluation of one class: its losses with and without pairs of frequencies, and features of all pairs."""

import functools
import hashlib
import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from frequency_shortcuts.images.source import index_batches, tiling
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
        self.workspace = workspace
        self.source = workspace.source
        self.device = workspace.source.device
        self._pairs = workspace.pairs
        self.label = label
        chosen = np.flatnonzero(workspace.labels == label)
        compute = functools.partial(self._unfiltered, chosen)
        losses, influence = workspace.step(f"class {label}", compute)
        mean = losses.mean()
        if not np.isfinite(mean):
            raise ValueError(
                f"the loss of class {label} is {mean}: the network does not give finite logits"
            )
        order = np.argsort(-influence, kind="stable")
        self._chosen = chosen[order]
        self.losses = losses[order]
        self.influence = influence[order]
        self._resident = self._images_that_fit()
        self._donors: IntArray | None = None
        if named(fill).needs_donors:
            self._donors = workspace.donors[self._chosen]
        self._before = torch.as_tensor(self.losses, device=self.device)
        self.bounds = group_bounds(len(self))

    @torch.inference_mode()
    def _unfiltered(self, chosen: IntArray) -> FloatArray:
        """Loss and influence of each chosen image without a filter, [2, n]."""
        found = []
        for batch in index_batches(chosen, self.workspace.batch):
            logits = self.workspace.forward(self.source.take(batch))
            slope = logits.softmax(dim=1)
            slope[:, self.label] -= 1
            both = torch.stack([self._loss(logits), slope.norm(dim=1)])
            found.append(both)
        return torch.cat(found, dim=1).cpu().numpy()

    def _images_that_fit(self) -> Tensor | None:
        """All images of the class on the device, if they fit."""
        room = CPU_IMAGES
        if self.device.type == "cuda":
            room = torch.cuda.get_device_properties(self.device).total_memory // 8
        first = self.source.take(self._chosen[:1])
        if first.nbytes * len(self) > room:
            return None
        return self.source.take(self._chosen)

    def __len__(self) -> int:
        return len(self._chosen)

    def take(self, first: int, last: int) -> Tensor:
        """The images first to last, [last - first, channels, H, W], on the device."""
        if self._resident is not None:
            return self._resident[first:last]
        return self.source.take(self._chosen[first:last])

    def _loss(self, logits: Tensor) -> Tensor:
        """Cross-entropy of each image, float64 [n]."""
        return logits.logsumexp(dim=1) - logits[:, self.label]

    # Increments, every pair on the same images

    def sums(self, index: IntArray, first: int, last: int) -> FloatArray:
        """Increments of the pairs index [k], summed over the images first to last: float64 [k]."""
        name = f"class {self.label}, images {first} to {last}, pairs"
        compute = functools.partial(self._evaluate, first, last)
        return self.workspace.in_blocks(name, index, last - first, compute)

    @torch.inference_mode()
    def _evaluate(self, first: int, last: int, index: IntArray) -> FloatArray:
        """One batch holds some images times some pairs. The CPU waits for the device only at the end of the block."""
        at_once, step = tiling(last - first, self.workspace.batch)
        compiled = self.workspace.frozen.compiled
        # A compiled network is compiled for each shape, so it always gets the whole buffer.
        capacity = step if compiled else min(step, len(index))
        pairs = torch.as_tensor(index, device=self.device)
        total = torch.zeros(len(index), dtype=torch.float64, device=self.device)
        for start in range(first, last, at_once):
            stop = min(start + at_once, last)
            before = self._before[start:stop]
            donors = None
            if self._donors is not None:
                donors = self.source.take(self._donors[start:stop])
            images = self.take(start, stop)
            remover = PairRemover(self._pairs, images, capacity, donors)
            steps = zip(pairs.split(step), total.split(step), strict=True)
            for some, total_of_some in steps:
                filtered = remover.remove(some)
                shown = remover.buffer if compiled else filtered
                logits = self.workspace.forward(shown)[: len(filtered)]
                after = self._loss(logits).view(len(some), -1)
                total_of_some += (after - before).sum(dim=1)
        return self._finite(total, index)

    def _finite(self, total: Tensor, index: IntArray) -> FloatArray:
        """The sums of the pairs index [k], on the CPU. Raises ValueError if one is not finite."""
        sums = total.cpu().numpy()
        finite = np.isfinite(sums)
        if finite.all():
            return sums
        first = index[~finite][0]
        u, v = self._pairs.frequencies[first]
        change = "without the frequency"
        if self._donors is not None:
            change = "with a donor's coefficients at the frequency"
        raise ValueError(
            f"the loss of class {self.label} is not finite {change} {u}, {v}: "
            "the network does not give finite logits"
        )

    # Increments, every pair on a group of its own

    def group_sums(self, group: IntArray, index: IntArray) -> FloatArray:
        """Sums of the pair index[i] over the images of the group group[i], [k], for `screening.screen`.

        Groups that need few pairs share forward passes.
        """
        sums = np.empty(len(index))
        nominal = self.workspace.nominal_batch
        shared: list[list[IntArray]] = []
        room = 0
        for g in np.unique(group):
            of_group = np.flatnonzero(group == g)
            first, last = self.bounds[g : g + 2]
            n_images = len(of_group) * int(last - first)
            if n_images >= nominal or self.workspace.frozen.compiled:
                sums[of_group] = self.sums(index[of_group], first, last)
                continue
            if n_images > room:
                shared.append([])
                room = nominal
            shared[-1].append(of_group)
            room -= n_images
        for places in map(np.concatenate, shared):
            sums[places] = self._shared_sums(group[places], index[places])
        return sums / len(self)

    def _shared_sums(self, group: IntArray, index: IntArray) -> FloatArray:
        """As `group_sums`, without division, of groups that share a forward pass."""
        both = np.stack([group, index])
        digest = hashlib.sha256(both.tobytes()).hexdigest()
        key = f"class {self.label}, groups and pairs {digest}"
        n_images = int(np.diff(self.bounds)[group].sum())
        compute = functools.partial(self._evaluate_shared, group, index)
        return self.workspace.step(key, compute, n_images)

    @torch.inference_mode()
    def _evaluate_shared(self, group: IntArray, index: IntArray) -> FloatArray:
        """As `_evaluate`, for pairs of several groups, sorted by these, in one forward pass."""
        filtered: list[Tensor] = []
        before: list[Tensor] = []
        for g in np.unique(group):
            first, last = self.bounds[g : g + 2]
            pairs = torch.as_tensor(index[group == g], device=self.device)
            images = self.take(first, last)
            remover = PairRemover(self._pairs, images, len(pairs))
            filtered.append(remover.remove(pairs))
            before.append(self._before[first:last])
        # In pieces, if the batch was halved.
        pieces = torch.cat(filtered).split(self.workspace.batch)
        logits = torch.cat([self.workspace.forward(piece) for piece in pieces])
        sizes = [len(images) for images in filtered]
        after = self._loss(logits).split(sizes)
        sums = []
        for losses, unfiltered in zip(after, before, strict=True):
            increments = losses.view(-1, len(unfiltered)) - unfiltered
            sums.append(increments.sum(dim=1))
        return self._finite(torch.cat(sums), index)

    # Features, from gradients at the images and at noisy copies of them

    def features(self) -> Features:
        """The features of all pairs, which `surrogate.Model` needs, summed over each group of images."""
        n_pairs = len(self._pairs)
        views = 1 + gradients.noisy_copies(n_pairs)  # of each image: itself and its noisy copies
        sums = np.zeros((2, 5, len(self.bounds) - 1, n_pairs))
        step = per_block(views)
        for first in range(0, len(self), step):
            last = min(first + step, len(self))
            compute = functools.partial(self._feature_sums, first, last, views)
            key = f"class {self.label}, features of images {first} to {last}"
            sums += self.workspace.step(key, compute, 3 * (last - first) * views)
        mean, spread = sums
        share = np.diff(self.bounds) / len(self)
        return Features(mean, spread, share)

    @torch.no_grad()  # `first_order` enables gradients only for the loss
    def _feature_sums(self, begin: int, end: int, views: int) -> FloatArray:
        """Sums over the images begin to end: float64 [2, 5, groups, pairs], the features and their squares."""
        sizes = np.diff(self.bounds)
        group = np.repeat(np.arange(len(sizes)), sizes)
        shape = 2, 5, len(sizes), len(self._pairs)
        sums = torch.zeros(shape, dtype=torch.float64, device=self.device)
        for first, images, responses in self._responses(begin, end, views):
            complete = slice(first, first + len(images))
            features = self._features_of(images, self.influence[complete], responses)
            for g in np.unique(group[complete]):
                is_of_group = torch.as_tensor(group[complete] == g, device=self.device)
                of_group = features[:, is_of_group]
                squares = of_group.square()
                sums[0, :, g] += of_group.sum(dim=1) / len(self)
                sums[1, :, g] += squares.sum(dim=1) / len(self) ** 2
        return sums.cpu().numpy()

    def _responses(
        self,
        begin: int,
        end: int,
        views: int,
    ) -> Iterator[tuple[int, Tensor, Tensor]]:
        """First-order estimates at all views of the images begin to end, some images at a time.

        Yields the place of the first image, the images [n, channels, H, W], and float64 [n, views, 2, pairs].
        """
        pairs = self._pairs
        at_once = self.workspace.backward_batch
        unfinished = torch.empty(0, 2, len(pairs), dtype=torch.float64, device=self.device)
        end_view = end * views
        for start in range(begin * views, end_view, at_once):
            stop = min(start + at_once, end_view)
            first = start // views
            last = math.ceil(stop / views)
            images = self.take(first, last)
            view = torch.arange(start, stop, device=self.device) - first * views
            seen = gradients.with_noise(images, pairs, views - 1, range(first, last))
            estimates = gradients.first_order(
                self.workspace.forward,
                seen[view],
                images[view // views],
                self.label,
                pairs,
            )
            responses = torch.cat([unfinished, torch.stack(estimates, dim=1)])
            n_complete = len(responses) // views
            unfinished = responses[n_complete * views :]
            if n_complete:
                complete = responses[: n_complete * views].unflatten(0, (n_complete, views))
                yield first, images[:n_complete], complete

    def _features_of(self, images: Tensor, influence: FloatArray, responses: Tensor) -> Tensor:
        """The features of each image, [5, n, pairs], from its responses [n, views, 2, pairs]."""
        change, product = responses.unbind(2)
        plain = change[:, 0]
        noisy = change[:, 1:]
        weight = torch.as_tensor(influence[:, None], device=self.device)
        energy = weight * gradients.energies(images, self._pairs)
        smoothing = noisy.mean(dim=1) - plain
        deviation = noisy.std(dim=1, correction=0)
        return torch.stack([plain, product[:, 0], energy, smoothing, deviation])
