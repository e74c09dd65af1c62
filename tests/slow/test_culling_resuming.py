"""A culling that is stopped or killed resumes and ends with the same result."""

import dataclasses

import numpy as np
import pytest
import torch
from culled_images import LABELS, Counting, Killed, batch, same
from stops import StopAfter

from frequency_shortcuts import culling
from frequency_shortcuts.storage.journal import Stopped

CHECKS, LOGITS = 4, 3  # images that check the frozen copy (two of each), and those that check a stored state


@pytest.mark.parametrize(("method", "fill"), [("exact", "zeros"), ("exact", "swap"), ("screened", "zeros")])
@pytest.mark.usefixtures("small_blocks")
def test_a_culling_killed_at_any_pass_resumes_to_the_same_result(small_network, tmp_path, method, fill):
    """At each fifth of them. The images of one block, and those that check the state, are seen twice at most."""
    counting = Counting(small_network(2, 3).eval())
    arguments = (counting, batch((6, 6), dtype=torch.float32), LABELS, 3, method)
    whole = culling.cull(*arguments, batch=4, fill=fill)
    calls, seen = counting.calls, counting.seen
    for last in range(1, calls, 5):
        counting.calls, counting.seen, counting.last = 0, 0, last
        state = tmp_path / f"{last}"
        with pytest.raises(Killed):
            culling.cull(*arguments, batch=4, fill=fill, state=state)
        counting.calls, counting.last = 0, None
        resumed = culling.cull(*arguments, batch=4, fill=fill, state=state)
        same(dataclasses.replace(resumed, fingerprint=""), whole)
        assert seen <= counting.seen <= seen + 12 + CHECKS + LOGITS
    counting.seen = 0
    same(culling.cull(*arguments, batch=4, fill=fill, state=state), resumed)
    assert counting.seen == CHECKS + LOGITS  # a finished state needs nothing else


def test_a_stopped_culling_says_where_and_stores_what_is_finished(small_network, tmp_path):
    arguments, state = (small_network(2, 3), batch((6, 6), dtype=torch.float32), LABELS, 3), tmp_path / "state"
    with pytest.raises(Stopped, match=r"stopped at 0 of at most \d+ passes on request: nothing is stored"):
        culling.cull(*arguments, stop=StopAfter(1))
    whole = culling.cull(*arguments, batch=4)
    with pytest.raises(Stopped, match=rf"stopped at \d\d+ of at most \d+ passes on request: stored in {state}, from"):
        culling.cull(*arguments, batch=4, state=state, stop=StopAfter(60))
    same(dataclasses.replace(culling.cull(*arguments, batch=4, state=state), fingerprint=""), whole)


@pytest.mark.parametrize("method", culling.METHODS)
def test_a_culling_stopped_after_a_batch_was_halved_resumes(small_network, tmp_path, method):
    class Small(Counting):
        def forward(self, images):
            if len(images) > 3:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().forward(images)

    arguments = (Small(small_network(2, 3, dtype=torch.float64).eval()), batch((6, 6)), LABELS, 3, method)
    stop = StopAfter()
    whole = culling.cull(*arguments, batch=8, stop=stop)
    for n in range(1, stop.checks + 1, 20):
        with pytest.raises(Stopped):
            culling.cull(*arguments, batch=8, stop=StopAfter(n), state=tmp_path / f"{n}")
        found = culling.cull(*arguments, batch=8, state=tmp_path / f"{n}")
        assert np.array_equal(found.evaluated, whole.evaluated)
        # Blocks after it are tried with the larger batch again, which changes rounding alone.
        np.testing.assert_allclose(found.increment, whole.increment, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "exact"}, {"percent": 20}, {"images": 2}, {"labels": 1}, {"network": 1}, {"precision": "bfloat16"},
        {"version": "after an edit of the code"}, {"neutral": 0}, {"batch": 3},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_the_state_of_another_culling_is_dropped(small_network, tmp_path, change, caplog):
    images, state = batch((6, 6), dtype=torch.float32), tmp_path / "state"
    culling.cull(small_network(2, 3), images, LABELS, 3, state=state)
    now = {"network": 0, "images": 1, "labels": 0, "method": "screened", **change}
    arguments = (
        small_network(2, 3, seed=now.pop("network")), images * now.pop("images"), np.roll(LABELS, now.pop("labels")), 3
    )  # fmt: skip
    again = culling.cull(*arguments, **now, state=state)
    same(dataclasses.replace(again, fingerprint=""), culling.cull(*arguments, **now))
    assert "belongs to another computation" in caplog.text


def test_a_device_that_rounds_differently_resumes_from_the_stored_results(small_network, tmp_path, caplog):
    def hooked(factor):
        network = small_network(2, 3)
        network.register_forward_hook(lambda module, images, logits: logits * factor)
        return network

    images, state = batch((6, 6), dtype=torch.float32), tmp_path / "state"
    whole = culling.cull(hooked(1.0), images, LABELS, 3, "exact", state=state)
    same(culling.cull(hooked(1 + 1e-5), images, LABELS, 3, "exact", state=state), whole)
    assert "another network" not in caplog.text
    culling.cull(hooked(3.0), images, LABELS, 3, "exact", state=state)
    assert "the stored logits are those of another network" in caplog.text
