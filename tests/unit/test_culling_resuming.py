"""A culling that is stopped or killed resumes and ends with the same result."""

import contextlib
import dataclasses

import numpy as np
import pytest
import torch
from culled_images import LABELS, Counting, Killed, batch, same
from stops import StopAfter

from frequency_shortcuts import culling
from frequency_shortcuts.storage.journal import Stopped


@pytest.mark.slow
@pytest.mark.parametrize("method", culling.METHODS)
@pytest.mark.usefixtures("small_blocks")
def test_a_culling_killed_at_any_pass_resumes_to_the_same_result(small_network, tmp_path, method):
    images = batch((6, 6), dtype=torch.float32)
    counting = Counting(small_network(2, 3).eval())
    arguments = (counting, images, LABELS, 3, method)
    whole = culling.cull(*arguments, batch=4)
    calls, seen = counting.calls, counting.seen
    for last in range(0, calls, 3):
        counting.calls, counting.seen, counting.last = 0, 0, last
        state = tmp_path / f"{last}"
        with pytest.raises(Killed):
            culling.cull(*arguments, batch=4, state=state)
        first = counting.seen
        counting.calls, counting.last = 0, None
        resumed = culling.cull(*arguments, batch=4, state=state)
        same(dataclasses.replace(resumed, fingerprint=""), whole)
        # The images of one block, and those whose logits are computed again, are seen twice, and nothing else.
        assert counting.seen - seen <= 12 + 4 + len(LABELS) and counting.seen >= max(first, seen)


@pytest.fixture(params=culling.METHODS)
def interrupted(request, small_network):
    """A culling whose steps take several batches: (cull(**options), the counting network, the complete result)."""
    counting = Counting(small_network(2, 3).eval())

    def cull(**options):
        counting.calls, counting.seen = 0, 0
        found = culling.cull(counting, images, LABELS, 3, request.param, batch=4, **options)
        return dataclasses.replace(found, fingerprint="")

    images = batch((6, 6), dtype=torch.float32)
    return cull, counting, cull()


CHECKS = 2  # forward passes before the first class: two images for the network, two for its frozen copy
# Forward passes for the logits of the first 0, 1, 2, 3 classes (5, 2, 2 images in batches of 4). A culling that goes on
# computes those of each class again, to see that the network is the same, and nothing else.
LOGITS = (0, 2, 3, 4)


@pytest.mark.slow
def test_a_culling_stopped_at_any_check_resumes_to_the_same_result(interrupted, tmp_path):
    """It stops inside blocks, baselines and features. Only the logits are computed twice."""
    cull, counting, whole = interrupted
    calls, stop = counting.calls - CHECKS, StopAfter()
    same(cull(stop=stop), whole)
    for n in range(1, stop.checks + 1, 3):
        state = tmp_path / f"{n}"
        with pytest.raises(
            Stopped, match=rf"stopped at \d+ of (60|20) pairs on request: stored in {state}, from which"
        ):
            cull(state=state, stop=StopAfter(n), checkpoint_minutes=1e9)
        first = counting.calls - CHECKS
        same(cull(state=state, checkpoint_minutes=1e9), whole)
        assert first + counting.calls - CHECKS - calls in LOGITS, n
        assert [path.name for path in tmp_path.iterdir() if path.suffix == ".unfinished"] == []


@pytest.mark.slow
@pytest.mark.parametrize("step", [4, 7])
def test_a_culling_stopped_repeatedly_finishes(interrupted, tmp_path, step):
    cull, counting, whole = interrupted
    calls, computed, stops = counting.calls - CHECKS, 0, 0
    while True:
        with contextlib.suppress(Stopped):
            same(cull(state=tmp_path / "state", stop=StopAfter(step), checkpoint_minutes=1e9), whole)
            break
        computed, stops = computed + counting.calls - CHECKS, stops + 1
    assert stops > 2
    assert calls <= computed + counting.calls - CHECKS <= calls + stops * LOGITS[-1]


@pytest.mark.slow
def test_a_culling_killed_inside_a_block_loses_at_most_one_interval(interrupted, tmp_path):
    cull, counting, whole = interrupted
    calls = counting.calls
    for last in range(CHECKS, calls, 3):
        counting.last = last
        with pytest.raises(Killed):
            cull(state=tmp_path / f"{last}", checkpoint_minutes=0)
        counting.last = None
        same(cull(state=tmp_path / f"{last}", checkpoint_minutes=0), whole)
        # Only the batch in which it was killed and the logits are computed again.
        assert counting.calls - (calls - (last - CHECKS)) in LOGITS


def test_a_culling_without_a_state_stops_at_once(interrupted):
    cull, counting, _ = interrupted
    with pytest.raises(Stopped, match=r"stopped at 0 of \d+ pairs on request: nothing is stored"):
        cull(stop=StopAfter(1))
    assert counting.calls == CHECKS


@pytest.mark.slow
@pytest.mark.parametrize("method", culling.METHODS)
def test_a_culling_stopped_after_a_batch_was_halved_resumes(small_network, tmp_path, method):
    class Small(Counting):
        def forward(self, images):
            if len(images) > self.fits:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().forward(images)

    counting = Small(small_network(2, 3, dtype=torch.float64).eval())
    arguments = (counting, batch((6, 6)), LABELS, 3, method)
    counting.fits = 3
    stop = StopAfter()
    whole = culling.cull(*arguments, batch=8, stop=stop)
    for n in range(1, stop.checks + 1, 7):
        with pytest.raises(Stopped):
            culling.cull(*arguments, batch=8, stop=StopAfter(n), state=tmp_path / f"{n}")
        found = culling.cull(*arguments, batch=8, state=tmp_path / f"{n}")
        assert np.array_equal(found.evaluated, whole.evaluated)
        # Blocks after it are tried with the larger batch again, which changes rounding alone.
        np.testing.assert_allclose(found.increment, whole.increment, rtol=0, atol=1e-9)
    # What was kept in batches of 2 is of no use to a device with more room, and does no harm.
    n = stop.checks // 2
    with pytest.raises(Stopped):
        culling.cull(*arguments, batch=8, stop=StopAfter(n), state=tmp_path / "more")
    counting.fits = 8
    found = culling.cull(*arguments, batch=8, state=tmp_path / "more")
    np.testing.assert_allclose(found.increment[whole.evaluated], whole.increment[whole.evaluated], rtol=0, atol=1e-9)


@pytest.mark.slow
def test_two_processes_do_not_cull_into_one_state(interrupted, tmp_path):
    cull, _, whole = interrupted
    refused = []

    def meanwhile():
        if not refused:
            with pytest.raises(
                RuntimeError, match=r"state: another job, perhaps of an earlier run, is still at work"
            ) as e:
                cull(state=tmp_path / "state")
            refused.append(e)
        return False

    same(cull(state=tmp_path / "state", stop=meanwhile), whole)
    assert refused
    same(cull(state=tmp_path / "state"), whole)


@pytest.mark.usefixtures("small_blocks")
def test_a_finished_state_needs_only_the_logits_of_the_unfiltered_images(small_network, tmp_path):
    images, counting = batch((6, 6), dtype=torch.float32), Counting(small_network(2, 3).eval())
    whole = culling.cull(counting, images, LABELS, 3, batch=4, state=tmp_path / "state")
    counting.calls = 0
    counting.last = CHECKS + LOGITS[-1]
    same(culling.cull(counting, images, LABELS, 3, batch=4, state=tmp_path / "state"), whole)


@pytest.mark.slow
@pytest.mark.usefixtures("small_blocks")
def test_a_swap_killed_at_any_pass_resumes_to_the_same_result(small_network, tmp_path):
    counting = Counting(small_network(2, 3).eval())
    arguments = (counting, batch((6, 6), dtype=torch.float32), LABELS, 3, "exact")
    whole = culling.cull(*arguments, batch=4, fill="swap")
    calls, seen = counting.calls, counting.seen
    for last in range(0, calls, 3):
        state = tmp_path / f"{last}"
        counting.calls, counting.seen, counting.last = 0, 0, last
        with pytest.raises(Killed):
            culling.cull(*arguments, batch=4, fill="swap", state=state)
        counting.calls, counting.last = 0, None
        resumed = culling.cull(*arguments, batch=4, fill="swap", state=state)
        same(dataclasses.replace(resumed, fingerprint=""), whole)
        assert counting.seen - seen <= 12 + 4 + len(LABELS)
