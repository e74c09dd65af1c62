"""The progress of a culling: on a bar, and in the log."""

import re

import numpy as np
import pytest
import torch
from culled_images import LABELS, batch

from frequency_shortcuts import culling
from frequency_shortcuts.maps.methods.culling import progress
from frequency_shortcuts.maps.methods.culling.progress import Progress


class Bar:
    """Adds up the updates of a bar."""

    def __init__(self, total):
        self.total, self.n, self.steps = total, 0.0, []

    def update(self, n):
        self.n += n
        self.steps.append(n)

    def close(self):
        pass


@pytest.fixture
def bars(monkeypatch):
    """All bars, in the order in which they are made."""
    made = []

    def make(total, **_):
        made.append(Bar(total))
        return made[-1]

    monkeypatch.setattr(progress, "tqdm", make)
    return made


def test_the_log_shows_the_progress(small_network, monkeypatch, caplog):
    monkeypatch.setattr(Progress, "EVERY", 0.0)
    with caplog.at_level("INFO"):
        culling.cull(small_network(2, 3), batch((6, 6), dtype=torch.float32), LABELS, 3, "exact")
    assert re.search(r"60 of 60 pairs, [\d.]+ pairs/s, at most 0 s left", caplog.text)
    found = re.findall(r"class (\d) of 3: 100.0 % of all forward passes", caplog.text)
    assert found == ["1", "2", "3"]


def test_the_log_has_the_share_of_the_passes_that_screening_took(small_network, caplog):
    with caplog.at_level("INFO"):
        found = culling.cull(small_network(2, 3), batch((9, 9), dtype=torch.float32), LABELS, 3, patience=0, percent=2)
    shares = [100 * passes / (41 * n) for passes, n in zip(found.passes, (5, 2, 2), strict=True)]
    assert min(shares) < 95
    for c, share in enumerate(shares):
        assert f"class {c + 1} of 3: {share:.1f} % of all forward passes" in caplog.text


@pytest.mark.parametrize("method", culling.METHODS)
@pytest.mark.parametrize("batch_size", [3, 512])
@pytest.mark.usefixtures("small_blocks")
def test_the_bar_ends_at_the_number_of_pairs_and_never_goes_back(small_network, tmp_path, bars, method, batch_size):
    """Computed, and again from the stored blocks. Screening leaves pairs out; these count when their class is done."""
    arguments = (small_network(2, 3), batch((6, 6), dtype=torch.float32), LABELS, 3, method)
    for _ in range(2):
        culling.cull(*arguments, batch=batch_size, state=tmp_path / "state")
    assert [bar.total for bar in bars] == [60, 60]
    for bar in bars:
        assert bar.n == pytest.approx(60, abs=1e-9) and min(bar.steps) > -1e-9


@pytest.mark.parametrize("method", culling.METHODS)
@pytest.mark.usefixtures("small_blocks")
def test_a_computed_block_has_counted_its_pairs_before_it_is_done(small_network, monkeypatch, method):
    blocks, finish = [], Progress.finish_block

    def noting(found, pairs):
        blocks.append((pairs, found.reached - found.done))
        finish(found, pairs)

    monkeypatch.setattr(Progress, "finish_block", noting)
    culling.cull(small_network(2, 3), batch((6, 6), dtype=torch.float32), LABELS, 3, method, batch=5)
    assert len(blocks) > 9
    np.testing.assert_allclose(*zip(*blocks, strict=True), rtol=0, atol=1e-9)


def test_a_line_is_logged_once_a_minute_with_the_rate_of_what_was_computed(monkeypatch, caplog, bars):
    clock = iter([10.0, 60.0, 80.0, 135.0, 141.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    found = Progress(100)
    with caplog.at_level("INFO"):
        found.advance(12)
        assert (found.done, found.reached) == (0, 12)
        found.advance(13)
        found.finish_block(30)  # 5 pairs come from a journal
        assert (found.done, found.reached, bars[0].n) == (30, 30, 30)
        assert not caplog.messages
        found.advance(10)
        found.finish_block(10)
        assert caplog.messages == ["40 of 100 pairs, 0.5 pairs/s, at most 120 s left"]
        found.finish_block(10)
        assert len(caplog.messages) == 1
        found.finish_block(10)
    assert caplog.messages[1:] == ["60 of 100 pairs, 0.3 pairs/s, at most 150 s left"]
