"""What the methods share: the network, the images that rank the pairs, filtered images, and stored results.

Every method shows filtered images to the network through `Workspace`, which counts the passes, keeps to the memory
budget, stores finished blocks, and goes on from them after a kill.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from tqdm import tqdm

from frequency_shortcuts.data.source import index_batches
from frequency_shortcuts.data.splits import Images, check_classes
from frequency_shortcuts.networks.fingerprint import same_logits, state_digest
from frequency_shortcuts.networks.inference import Precision, tiling
from frequency_shortcuts.networks.predictions import check_logits
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray, as_array
from frequency_shortcuts.spectrum.fills import donors
from frequency_shortcuts.spectrum.mixing import Mixer
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.journal import Journal

from .engine import Engine

log = logging.getLogger(__name__)

MethodFill = Literal["zeros", "swap"]
METHOD_FILLS: tuple[MethodFill, ...] = ("zeros", "swap")
BLOCK = 8192  # filtered images in a block, which is stored when it is finished


@dataclass(frozen=True)
class Limits:
    """Precision and memory of the passes; see `culling.Settings`, which has the same."""

    precision: Precision = "float32"
    compiled: bool = False
    memory_mib: float | None = None
    batch: int | None = None


@dataclass(frozen=True)
class ClassMeans:
    """Means over the images of each class, each float64 [masks, class].

    loss : cross-entropy of the class. probability : of the class, by softmax. correct : share assigned to the class
    """

    loss: FloatArray
    probability: FloatArray
    correct: FloatArray


class Workspace:
    """A network and the images that rank its pairs.

    network, images, labels, n_classes, mean, std, neutral : as in `culling.cull`
    limits : precision and memory
    state : file of finished blocks; see `culling.cull`
    identity : of method, settings and code: blocks of another identity are not used
    checkpoint, stop : as `checkpoint_minutes` and `stop` of `culling.cull`

    engine, pairs : the frozen network with the images, and their conjugate pairs
    donors : int64 [n], the image whose coefficients replace those of each image with the fill `swap`
    count : int64 [class], images of each class
    passes : forward passes of one image so far; a backward pass counts two
    """

    def __init__(
        self,
        network: nn.Module,
        images: Images,
        labels: npt.ArrayLike,
        n_classes: int,
        *,
        mean: npt.ArrayLike | None = None,
        std: npt.ArrayLike | None = None,
        neutral: int | None = None,
        seed: int = 0,
        limits: Limits | None = None,
        state: str | os.PathLike[str] | None = None,
        identity: object = "",
        checkpoint_minutes: float = 2.0,
        stop: Callable[[], bool] | None = None,
        progress: bool = False,
    ) -> None:
        images = images.detach() if isinstance(images, Tensor) else images
        self.network, self.images, self.mean, self.std = network, images, mean, std
        labels = as_array(labels)
        self.n_classes, self.neutral, self.seed = n_classes, neutral, seed
        self.limits = limits = limits or Limits()
        check_classes(labels, range(n_classes), n_images=images.shape[0])
        self.labels: IntArray = labels.astype(np.int64)
        self.count: IntArray = np.bincount(self.labels, minlength=n_classes)
        self.engine = Engine.build(
            network, images, mean, std, precision=limits.precision, compiled=limits.compiled,
            memory_mib=limits.memory_mib, batch=limits.batch,
        )  # fmt: skip
        self.state, self.checkpoint_minutes, self.stop, self.progress = state, checkpoint_minutes, stop, progress
        self.identity = repr((identity, self.labels.tolist(), n_classes, neutral, seed, limits))
        self.passes = 0
        self._journal = Journal(state, self._fingerprint() if state else "", minutes=checkpoint_minutes, stop=stop)
        self._bar = tqdm(unit=" passes", leave=False, unit_scale=True, disable=None if progress else True)

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
        self._journal.__exit__()

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def pairs(self) -> ConjugatePairs:
        return self.engine.pairs

    @functools.cached_property
    def donors(self) -> IntArray:
        return donors(self.labels, neutral=self.neutral, seed=self.seed)

    def pool(self, c: int) -> IntArray:
        """The images whose coefficients may replace those of class c: of the neutral class, or of all other classes.

        Raises ValueError if there is none.
        """
        neutral = None if self.neutral == c else self.neutral
        found = np.flatnonzero(self.labels != c if neutral is None else self.labels == neutral)
        if not len(found):
            of = "of another class" if neutral is None else f"of the neutral class {neutral}"
            raise ValueError(f"fill swap: an image of class {c} needs another image {of}, and there is none")
        return found

    def expect(self, passes: float, description: str) -> None:
        """Name what is computed, and how many passes it takes, for the progress bar and the log."""
        self._bar.set_description(description)
        self._bar.total = passes
        log.info("%s: %.0f passes in batches of %d", description, passes, self.engine.batch)

    # Stored steps

    def _fingerprint(self) -> str:
        found = hashlib.sha256(self.engine.source.digest())
        found.update(state_digest(self.network))
        found.update(f"{self.identity} {self.engine.frozen.device.type} {self.engine.batch}".encode())
        return found.hexdigest()

    def step(self, key: str, compute: Callable[[], npt.NDArray[Any]], passes: float) -> npt.NDArray[Any]:
        """The array of a step of so many passes: the stored one, or the result of `compute`, which is then stored."""
        if self._journal_is_unchecked:
            self._journal_is_unchecked = False
            self._check_network()
        found = self._journal.step(key, functools.partial(self.engine.within_memory, compute))
        self.passes += round(passes)
        self._bar.update(passes)
        return found

    _journal_is_unchecked = True

    def _check_network(self) -> None:
        """Drop what another network has stored: one that differs only in a hook has the same fingerprint."""
        first = np.unique(self.labels, return_index=True)[1]
        found = self.engine.within_memory(functools.partial(self._logits_of, first))

        def accept(stored: npt.NDArray[Any]) -> bool:
            return same_logits(torch.from_numpy(stored), torch.from_numpy(found), self.engine.frozen.tolerance)

        self._journal.step("unfiltered", lambda: found, accept)

    @torch.inference_mode()
    def _logits_of(self, chosen: IntArray) -> FloatArray:
        """Logits [k, outputs] of the chosen unfiltered images [k]."""
        batches = index_batches(chosen, self.engine.batch)
        logits = torch.cat([self.engine.frozen(self.engine.source.take(some)) for some in batches])
        check_logits(logits, len(chosen), self.n_classes)
        return logits.cpu().numpy()

    # Passes

    def fill(self, name: MethodFill, chosen: IntArray) -> Tensor | None:
        """The coefficients that replace those of the chosen images [k]: complex [k, channels, H, W // 2 + 1]."""
        if name == "zeros":
            return None
        coefficients: Tensor = torch.fft.rfft2(self.engine.source.take(self.donors[chosen]))
        return coefficients

    def class_means(
        self, masks: BoolArray, fill: MethodFill, about: str, classes: Sequence[int] | None = None
    ) -> ClassMeans:
        """Loss, probability and recall of every class if only the pairs of a mask are kept.

        masks : bool [k, pairs], each shown to all images; or [k, class, pairs], where an image has that of its class
        about : name of the computation, for the stored blocks
        classes : show only images of these classes; the means of the others are NaN
        """
        chosen = np.arange(len(self)) if classes is None else np.flatnonzero(np.isin(self.labels, classes))
        step = max(1, BLOCK // len(chosen))
        found = []
        for start in range(0, len(masks), step):
            block = masks[start : start + step]
            shown = hashlib.sha256(np.packbits(block).tobytes()).hexdigest()
            key = f"{about}, fill {fill}, masks {shown}, classes {classes}"
            compute = functools.partial(self._class_means, block, fill, chosen)
            found.append(self.step(key, compute, len(block) * len(chosen)))
        return ClassMeans(*np.concatenate(found, axis=1))

    @torch.inference_mode()
    def _class_means(self, masks: BoolArray, fill: MethodFill, images: IntArray) -> FloatArray:
        """The three means, float64 [3, k, class]. The CPU waits for the device only at the end."""
        device, source = self.engine.source.device, self.engine.source
        at_once, step = tiling(len(images), self.engine.batch)
        given = torch.as_tensor(masks, device=device)
        sums = torch.zeros(3, len(masks), self.n_classes, dtype=torch.float64, device=device)
        for first in range(0, len(images), at_once):
            chosen = images[first : first + at_once]
            labels = torch.as_tensor(self.labels[chosen], device=device)
            mixer = Mixer(self.pairs, source.take(chosen), self.fill(fill, chosen))
            for start in range(0, len(masks), step):
                some = given[start : start + step]
                shown = some[:, None] if some.ndim == 2 else some[:, labels]
                logits = self.engine.frozen(mixer.mix(shown)).unflatten(0, (len(some), len(chosen)))
                own = logits.gather(2, labels.expand(len(some), -1)[..., None])[..., 0]
                loss = logits.logsumexp(dim=2) - own
                correct = (logits.argmax(dim=2) == labels).double()
                sums[:, start : start + step].index_add_(2, labels, torch.stack([loss, (-loss).exp(), correct]))
        if not sums.isfinite().all():
            raise ValueError("the network does not give finite logits for filtered images")
        count = np.bincount(self.labels[images], minlength=self.n_classes)
        means: FloatArray = np.divide(sums.cpu().numpy(), count, out=np.full(sums.shape, np.nan), where=count > 0)
        return means

    def logits(self, images: IntArray, fills: IntArray | None, masks: Tensor) -> Tensor:
        """Logits float64 [k, outputs] of mixtures of images and fills, both positions [k]; gradients flow to the masks.

        masks : float [k, pairs]; fills : the images whose coefficients stand where a mask is 0, None for zeros
        """
        source = self.engine.source
        fill = None if fills is None else torch.fft.rfft2(source.take(fills))
        mixed = Mixer(self.pairs, source.take(images), fill).mix(masks[None])
        return self.engine.frozen(mixed)
