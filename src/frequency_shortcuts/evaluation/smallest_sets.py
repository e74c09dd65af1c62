"""A small set of frequencies whose move keeps 90 % of the flips to a class by the move of all fine ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from frequency_shortcuts.data.pixels import Pixels
from frequency_shortcuts.data.source import index_batches
from frequency_shortcuts.networks.predictions import Classifier
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from .class_statistics import ClassStatistics, squared
from .moves import Move

SHARE = 0.9  # of the flips, that a set must keep


class SmallestSet(NamedTuple):
    """Numbers of the pairs of a set, and the share of the flips that it keeps on test images."""

    pairs: IntArray
    kept: float


class _Flips:
    """Images of other classes and the move that gives them the spectrum of class k."""

    def __init__(self, network: Classifier, pixels: Pixels, images: IntArray, move: Move, k: int, batch: int) -> None:
        self.network, self.pixels, self.images, self.k, self.batch = network, pixels, images, k, batch
        self.size = pixels.shape[2], pixels.shape[3]
        self.pairs = ConjugatePairs(*self.size)
        self.spectra = torch.fft.rfft2(pixels.take(images))
        self.moved = move.moved(self.spectra) - self.spectra

    def share(self, chosen: IntArray) -> float:
        """The share of the images that are called k after the move of some pairs."""
        mask, called = np.zeros(len(self.pairs), bool), 0
        mask[chosen] = True
        kept = torch.from_numpy(mask[self.pairs.half_plane]).to(self.spectra.device)
        with self.network.naming() as name:
            for part in index_batches(np.arange(len(self.images)), self.batch):
                changed = torch.fft.irfft2(self.spectra[part] + torch.where(kept, self.moved[part], 0), s=self.size)
                seen = self.pixels.seen(changed).to(self.network.dtype)
                called += int((name(seen) == self.k).sum())
        return called / len(self.images)

    def rate(self, chosen: IntArray) -> float:
        """The same, minus that before the move."""
        return self.share(chosen) - self.share(np.empty(0, np.int64))


def smallest_set(
    network: nn.Module | Classifier,
    ranking: tuple[Pixels, IntArray],
    test: tuple[Pixels, IntArray],
    statistics: ClassStatistics,
    move: Move,
    k: int,
) -> SmallestSet:
    """The shortest prefix whose move keeps 90 % of the flips to class k on ranking images; tested on test images.

    Prefixes of 1, 2, 4, ... pairs, of three rankings: how clearly the class differs; the mean derivative of the
    log-odds of the class along the move; and that over the energy that the pair moves.

    ranking, test : images of other classes, by their positions, at least one each
    move : in its region, see `moves.move_to`

    >>> smallest_set(network, (ranking, chosen), (test, others), statistics, changes.moves_to(6)["flip"][0], 6).pairs
    """
    frozen = Classifier.frozen(network)
    first = ranking[0].seen(ranking[0].take(ranking[1][:1])).to(frozen.dtype)
    frozen.check(first)
    forward, backward = frozen.batch_sizes(first)
    flips = _Flips(frozen, *ranking, move, k, forward)
    region = (flips.moved != 0).any(dim=0).any(dim=0).cpu().numpy()[flips.pairs.half_row, flips.pairs.half_column]
    smallest = everything = np.flatnonzero(region)
    goal = SHARE * flips.rate(everything)
    for score in _rankings(flips, statistics, backward):
        order = everything[np.argsort(-score[everything], kind="stable")]
        count = 1
        while count < len(smallest):
            if flips.rate(order[:count]) >= goal:
                smallest = order[:count]
                break
            count *= 2
    tested = _Flips(frozen, *test, move, k, forward)
    whole = tested.rate(everything)
    return SmallestSet(np.sort(smallest), tested.rate(smallest) / whole if whole > 0 else np.nan)


def _rankings(flips: _Flips, statistics: ClassStatistics, batch_size: int) -> list[FloatArray]:
    """The scores of the pairs, float [pairs], by each ranking; without a gradient only the first."""
    pairs, pixels, k = flips.pairs, flips.pixels, flips.k
    scores = [pairs.gather(statistics.differences(k))]
    along, energy = np.zeros((2, len(pairs)))
    for part in index_batches(np.arange(len(flips.images)), batch_size):
        try:
            gradient = _gradient(flips, pixels.seen(pixels.take(flips.images[part])).to(flips.network.dtype))
        except torch.OutOfMemoryError:
            raise
        except RuntimeError:  # a layer of the user without a backward pass
            return scores
        slopes, moved = torch.fft.rfft2(pixels.per_pixel(gradient)), flips.moved[part]
        for total, values in ((along, (slopes.conj() * moved).real), (energy, squared(moved))):
            of_half_plane = values.double().sum(dim=(0, 1)).cpu().numpy()
            total += of_half_plane[pairs.half_row, pairs.half_column] * pairs.size
    return [*scores, along, along / np.sqrt(np.maximum(energy, 1e-12 * energy.max() + 1e-300))]


def _gradient(flips: _Flips, images: Tensor) -> Tensor:
    """The derivative of the log-odds of class k by images [n, channels, H, W], of the same shape."""
    seen, k = images.detach().requires_grad_(), flips.k
    try:
        with torch.enable_grad():
            logits = flips.network.logits(seen)
            others = torch.cat([logits[:, :k], logits[:, k + 1 :]], dim=1)
            return torch.autograd.grad((logits[:, k] - others.logsumexp(1)).sum(), seen)[0]
    except torch.OutOfMemoryError:
        if len(images) == 1:
            raise
    torch.cuda.empty_cache()
    return torch.cat([_gradient(flips, half) for half in images.chunk(2)])
