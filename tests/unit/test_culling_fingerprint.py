"""Stored states of other cullings are dropped."""

import contextlib
import copy
import dataclasses

import numpy as np
import pytest
import torch
from culled_images import LABELS, batch, same
from stops import StopAfter
from torch import nn

from frequency_shortcuts import culling
from frequency_shortcuts.storage.journal import Stopped


class Tempered(nn.Module):
    """Its logits depend on more than its weights."""

    def __init__(self, temperature):
        super().__init__()
        torch.manual_seed(0)
        self.linear = nn.Linear(72, 3)
        self.register_buffer("temperature", torch.tensor(temperature), persistent=False)

    def forward(self, images):
        return self.linear(images.flatten(1)) / self.temperature


@pytest.mark.slow
def test_blocks_of_a_network_with_equal_weights_and_other_logits_are_not_reused(tmp_path):
    """Parts of both networks do not merge."""
    images, state = batch((6, 6), dtype=torch.float32), tmp_path / "state"
    with pytest.raises(Stopped):
        culling.cull(Tempered(1.0), images, LABELS, 3, "exact", batch=4, state=state, stop=StopAfter(9))
    assert state.exists()
    cold = Tempered(0.1)
    expected = culling.cull(cold, images, LABELS, 3, "exact", batch=4, state=tmp_path / "new")
    same(culling.cull(cold, images, LABELS, 3, "exact", batch=4, state=state), expected)
    parts = [
        culling.cull(network, images, LABELS, 3, "exact", part=(n, 2))
        for n, network in enumerate([cold, Tempered(1.0)])
    ]
    with pytest.raises(ValueError):
        culling.merge(parts)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "exact"}, {"percent": 20}, {"images": 2}, {"labels": 1}, {"network": 1}, {"precision": "bfloat16"},
        {"version": "after an edit of the code"},
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


def test_the_state_of_a_network_with_other_modules_is_dropped(small_network, tmp_path):
    """The same weights and class names, another activation."""
    network, images = small_network(2, 3), batch((6, 6), dtype=torch.float32)
    other = copy.deepcopy(network)
    other[2] = nn.Tanh()
    culling.cull(network, images, LABELS, 3, "exact", state=tmp_path / "state")
    found = culling.cull(other, images, LABELS, 3, "exact", state=tmp_path / "state")
    np.testing.assert_array_equal(found.increment, culling.cull(other, images, LABELS, 3, "exact").increment)


class Held(nn.Module):
    """Divides its logits by an attribute."""

    def __init__(self, divisor):
        super().__init__()
        torch.manual_seed(0)
        self.linear, self.divisor = nn.Linear(72, 3), divisor

    def forward(self, images):
        return self.linear(images.flatten(1)) / self.divisor


def hooked(factor):
    network = Held(1.0)
    network.register_forward_hook(lambda module, images, logits: logits * factor)
    return network


@pytest.mark.parametrize("method", culling.METHODS)
@pytest.mark.parametrize(("make", "value", "other"), [(Held, 1.0, 0.1), (hooked, 1.0, 3.0)], ids=["attribute", "hook"])
def test_the_state_of_a_network_with_another_attribute_or_hook_is_dropped(tmp_path, method, make, value, other, caplog):
    """The weights are the same. The first culling stops in the middle of a class, or finishes."""
    images = batch((6, 6), dtype=torch.float32)
    expected = culling.cull(make(other), images, LABELS, 3, method, batch=4)
    for n in (7, 10**6):
        with contextlib.suppress(Stopped):
            culling.cull(
                make(value),
                images,
                LABELS,
                3,
                method,
                batch=4,
                state=tmp_path / "s",
                stop=StopAfter(n),
                checkpoint_minutes=0,
            )
        caplog.clear()
        found = culling.cull(make(other), images, LABELS, 3, method, batch=4, state=tmp_path / "s")
        assert "the stored logits of class 0 are those of another network" in caplog.text
        same(dataclasses.replace(found, fingerprint=""), expected)
        (tmp_path / "s").unlink()


def test_a_device_that_rounds_differently_resumes_from_the_stored_results(tmp_path, caplog):
    images, state = batch((6, 6), dtype=torch.float32), tmp_path / "state"
    whole = culling.cull(hooked(1.0), images, LABELS, 3, "exact", state=state)
    same(culling.cull(hooked(1 + 1e-5), images, LABELS, 3, "exact", state=state), whole)
    assert "another network" not in caplog.text


@pytest.mark.parametrize(
    "change", [{"fill": "zeros"}, {"neutral": 0}, {"seed": 1}], ids=lambda change: next(iter(change))
)
def test_the_state_of_another_fill_or_of_other_donors_is_dropped(small_network, tmp_path, change, caplog):
    arguments, state = (small_network(2, 3), batch((6, 6), dtype=torch.float32), LABELS, 3, "exact"), tmp_path / "state"
    culling.cull(*arguments, fill="swap", state=state)
    now = {"fill": "swap", **change}
    again = culling.cull(*arguments, **now, state=state)
    same(dataclasses.replace(again, fingerprint=""), culling.cull(*arguments, **now))
    assert "belongs to another computation" in caplog.text
