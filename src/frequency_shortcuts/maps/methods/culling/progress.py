"""The progress of a culling: a bar on a terminal, and lines in the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

log = logging.getLogger(__name__)


class Progress:
    """A bar in pairs on a terminal, and a line in the log once a minute.

    A block counts its pairs in two steps: `advance` while it is computed, `finish_block` when it is done. A block from
    a journal has only the second step.
    """

    EVERY = 60.0  # seconds between two lines

    def __init__(self, total: int = 0, shown: bool = False) -> None:
        self.total, self.done, self._in_block = total, 0.0, 0.0
        self._started = self._logged = time.monotonic()
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
        """Pairs that are done, including those of the unfinished block."""
        return self.done + self._in_block

    def advance(self, pairs: float) -> None:
        """Count pairs of the unfinished block."""
        self._in_block += pairs
        self._computed += pairs  # pairs from a journal do not count in the rate
        self._bar.update(pairs)

    def finish_block(self, pairs: float) -> None:
        """Count a whole block of pairs, of which `advance` may have counted some."""
        self._bar.update(pairs - self._in_block)
        self.done, self._in_block = self.done + pairs, 0.0
        now = time.monotonic()
        if now - self._logged > self.EVERY:
            rate = self._computed / (now - self._started)
            left = (self.total - self.done) / max(rate, 1e-9)
            log.info("%.0f of %d pairs, %.1f pairs/s, at most %.0f s left", self.done, self.total, rate, left)
            self._logged = now

    @contextmanager
    def complete_class(self, pairs: int) -> Iterator[None]:
        """Screen a class of `pairs` pairs inside the block; pairs that need no evaluation count at the end."""
        end = self.done + pairs
        yield
        self._bar.update(end - self.done)
        self.done = end
