"""What the methods share: the network, batch sizes, the images that rank the pairs, and stored results.

Every method shows filtered images to the network through `Workspace`, which counts the passes, keeps to the memory
budget, stores finished blocks, and goes on from them after a kill.
"""

import functools
import hashlib
import logging
import math
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from tqdm import tqdm

from frequency_shortcuts import __version__
from frequency_shortcuts.images.source import Source, index_batches, tiling
from frequency_shortcuts.images.splits import Split, images_digest
from frequency_shortcuts.networks import instructions
from frequency_shortcuts.networks.predictions import (
    Classifier,
    Precision,
    check_logits,
    same_logits,
)
from frequency_shortcuts.networks.weights import state_digest
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray
from frequency_shortcuts.spectrum.fills import Fill, donors, named
from frequency_shortcuts.spectrum.filters import hide
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.journal import Journal, Stopped, Work

log = logging.getLogger(__name__)

# Filtered images, or gradients, in a block, which is stored when it is finished: a second on a large GPU, and minutes
# on a CPU at 224 pixels.
BLOCK_PASSES = 8192
LOGGED_S = 60.0  # seconds between two lines of the log


def per_block(n_images: int) -> int:
    """How many masks, or pairs, that are each shown to `n_images` images fit into one block."""
    return max(1, BLOCK_PASSES // n_images)


class Workspace:
    """A network and the images that rank its pairs.

    split : the images; seed : of all random draws; precision, compiled, batch, work : as in `method.find`
    classes : int64 [k], those whose scores are wanted, by default all
    identity : of method and settings: blocks of another identity are not used

    source, frozen : the images, and the frozen network
    size, pairs : (H, W) of the images, and their conjugate pairs
    batch : filtered images in one forward pass; it shrinks when the device runs out of memory
    nominal_batch : the first `batch`, which does not shrink. It decides which pairs share a forward pass, so that a
        resumed culling shares the same passes
    backward_batch : images in one backward pass
    count : int64 [class], images of each class
    passes : forward passes of one image so far; a backward pass counts two
    about, evaluated : what a method says beside its scores, for `method.Found`

    Raises ValueError for a network that does not return logits.
    """

    def __init__(
        self,
        network: nn.Module | Classifier,
        split: Split,
        *,
        classes: Sequence[int] | None = None,
        seed: int = 0,
        precision: Precision = "float32",
        compiled: bool = False,
        batch: int | None = None,
        identity: object = "",
        work: Work | None = None,
    ) -> None:
        self.split = split
        self.labels = split.labels
        self.n_classes = len(split.classes)
        self.neutral = split.neutral
        self.seed = seed
        self.count: IntArray = np.bincount(self.labels)
        self.classes: IntArray = np.arange(self.n_classes)
        if classes is not None:
            self.classes = self.classes[list(classes)]
        self.about: dict[str, Any] = {}
        self.evaluated: BoolArray | None = None
        self.size = tuple(split.images.shape[-2:])
        self.pairs = ConjugatePairs(*self.size)
        self.frozen = Classifier.frozen(network, precision, compiled=compiled)
        self.source = Source(split, device=self.frozen.device, dtype=self.frozen.dtype)
        first = self.source.take(np.arange(1))
        self.frozen.check(first)
        if batch is None:
            self.batch, self.backward_batch = self.frozen.batch_sizes(first)
        else:
            self.batch = batch
            # A backward pass keeps the activations of every layer.
            self.backward_batch = math.ceil(batch / 8)
        self.nominal_batch = self.batch
        self.passes = 0
        self._expected = 0
        self._work = work or Work()
        fingerprint = self._fingerprint(identity) if self._work.state else ""
        self._journal = Journal(self._work.state, fingerprint)
        self._bar = tqdm(
            unit=" passes",
            leave=False,
            unit_scale=True,
            disable=None if self._work.progress else True,
        )
        self._logged = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
        self._journal.__exit__()

    def _fingerprint(self, identity: object) -> str:
        """SHA-256 of parameters and buffers, images, settings and the batch, as a hexadecimal number.

        It does not cover what a network computes beside its parameters: its logits are compared, with a tolerance.
        """
        about = (
            __version__,
            self._work.version,
            identity,
            self.source.shape,
            self.split.mean.tolist(),
            self.split.std.tolist(),
            self.labels.tolist(),
            self.n_classes,
            self.neutral,
            self.seed,
            self.frozen.precision,
            self.frozen.compiled,
            self.frozen.device.type,
            self.batch,
            instructions.chosen(),
        )
        digest = hashlib.sha256(repr(about).encode())
        digest.update(images_digest(self.split.images))
        digest.update(state_digest(self.frozen.original))
        return digest.hexdigest()

    @functools.cached_property
    def donors(self) -> IntArray:
        """The image whose coefficients replace those of each image with the fill `swap`, int64 [n]."""
        return donors(self.labels, neutral=self.neutral, seed=self.seed)

    def pool(self, c: int) -> IntArray:
        """The images whose coefficients may replace those of class c: of the neutral class, or of all other classes."""
        if self.neutral is None or self.neutral == c:
            return np.flatnonzero(self.labels != c)
        return np.flatnonzero(self.labels == self.neutral)

    @torch.inference_mode()
    def expect(self, passes: int, description: str) -> None:
        """Name what is computed, and how many passes it takes at most, and drop what another network has stored."""
        self._bar.set_description(description)
        self._bar.total = passes
        self._expected = passes
        log.info("%s: at most %d passes in batches of %d", description, passes, self.batch)
        if not passes:
            return
        logits = self.within_memory(self._first_logits)

        def accept(stored: npt.NDArray[Any]) -> bool:
            both = torch.from_numpy(stored), torch.from_numpy(logits)
            same = same_logits(*both, self.frozen.tolerance)
            if not same:
                log.warning("the stored logits are those of another network: starting anew")
            return same

        # A network that differs only in a hook has the same fingerprint.
        self._journal.step("unfiltered", lambda: logits, accept)

    def _first_logits(self) -> FloatArray:
        """The logits of the first image of each class, float64 [class, outputs]."""
        _, first = np.unique(self.labels, return_index=True)
        batches = index_batches(first, self.batch)
        logits = torch.cat([self.forward(self.source.take(batch)) for batch in batches])
        check_logits(logits, len(first), self.n_classes)
        return logits.cpu().numpy()

    def within_memory(self, compute: Callable[[], FloatArray]) -> FloatArray:
        """The result of `compute`. When it runs out of memory, it runs again with half the batch."""
        while True:
            try:
                return compute()
            except torch.OutOfMemoryError:
                if self.batch == 1:
                    raise
                self.batch //= 2
                self.backward_batch = max(1, self.backward_batch // 2)
            # Outside the handler: its traceback would keep the batch that did not fit.
            torch.cuda.empty_cache()
            log.warning("out of memory: going on with batches of %d", self.batch)

    # Stored steps

    def step(
        self,
        key: str,
        compute: Callable[[], FloatArray],
        passes: int = 0,
    ) -> FloatArray:
        """The array of a step of so many passes: the stored one, or the result of `compute`, which is then stored."""
        in_memory = functools.partial(self.within_memory, compute)
        result = self._journal.step(key, in_memory)
        self.passes += int(passes)
        self._bar.update(passes)
        now = time.monotonic()
        if now - self._logged >= LOGGED_S:
            log.info("%d of at most %d passes", self.passes, self._expected)
            self._logged = now
        return result

    def in_blocks(
        self,
        name: str,
        items: npt.NDArray[Any],
        n_images: int,
        compute: Callable[[npt.NDArray[Any]], FloatArray],
    ) -> FloatArray:
        """`compute` of all items [k, ...], each shown to so many images, concatenated: each block is a step."""
        results = []
        for block in index_batches(items, per_block(n_images)):
            key = f"{name} {hashlib.sha256(block.tobytes()).hexdigest()}"
            of_block = functools.partial(compute, block)
            results.append(self.step(key, of_block, len(block) * n_images))
        return np.concatenate(results)

    # Passes

    def forward(self, images: Tensor) -> Tensor:
        """Logits float64 [k, outputs] of images [k, channels, H, W], which the network may overwrite.

        Raises Stopped, before the pass, if `stop` returns true.
        """
        if self._work.stopped():
            raise Stopped(f"{self.passes} of at most {self._expected} passes", self._work.state)
        return self.frozen.logits(images)

    def class_losses(self, masks: BoolArray, fill: str) -> FloatArray:
        """Mean cross-entropy of every class if only the pairs of a mask are kept, float64 [k, class].

        masks : bool [k, pairs], each shown to all images of `classes`
        """
        images = np.flatnonzero(np.isin(self.labels, self.classes))
        name = f"fill {fill}, classes {self.classes.tolist()}, masks"
        compute = functools.partial(self._mean_losses, images, named(fill))
        return self.in_blocks(name, masks, len(images), compute)

    @torch.inference_mode()
    def _mean_losses(self, images: IntArray, fill: Fill, masks: BoolArray) -> FloatArray:
        """As `class_losses`, of images at these places. The CPU waits for the device only at the end."""
        source = self.source
        device = source.device
        at_once, step = tiling(len(images), self.batch)
        background = fill.background(source.take, self.donors if fill.needs_donors else None)
        half_plane = torch.as_tensor(self.pairs.half_plane, device=device)
        kept = torch.as_tensor(masks, device=device)
        sums = torch.zeros(len(masks), self.n_classes, dtype=torch.float64, device=device)
        for batch in index_batches(images, at_once):
            place = torch.arange(len(batch), device=device)
            labels = torch.as_tensor(self.labels[batch], device=device)
            spectrum = torch.fft.rfft2(source.take(batch))
            behind = background(batch)
            for some, sums_of_some in zip(kept.split(step), sums.split(step), strict=True):
                mask = some.to(source.dtype)[:, half_plane][:, None, None]
                shown = hide(spectrum, mask, behind, size=self.size)
                outputs = self.forward(shown.flatten(end_dim=1))
                logits = outputs.unflatten(0, shown.shape[:2])
                loss = logits.logsumexp(dim=2) - logits[:, place, labels]
                sums_of_some.index_add_(1, labels, loss)
        if not sums.isfinite().all():
            raise ValueError("the network does not give finite logits for filtered images")
        return sums.cpu().numpy()[:, self.classes] / self.count[self.classes]
