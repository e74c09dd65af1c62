"""Networks of other weights or buffers have other digests; networks that answer otherwise have other logits."""

import copy

import pytest
import torch
from torch import nn

from frequency_shortcuts.networks.fingerprint import same_logits, state_digest


class Buffered(nn.Module):
    """One weight, and a buffer that the state dict leaves out."""

    def __init__(self, weight=1.0, buffer=0.5, dtype=torch.float32):
        super().__init__()
        self.weight = nn.Parameter(torch.full((2, 2), weight, dtype=dtype))
        self.register_buffer("mean", torch.tensor(buffer), persistent=False)


@pytest.mark.parametrize("change", [{"weight": 2.0}, {"buffer": 0.1}, {"dtype": torch.bfloat16}], ids=str)
def test_weights_buffers_and_dtypes_change_the_digest(change):
    assert state_digest(Buffered()) == state_digest(copy.deepcopy(Buffered())) != state_digest(Buffered(**change))


def test_names_count_and_the_mode_does_not():
    network = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    assert state_digest(network) == state_digest(copy.deepcopy(network).eval())
    assert state_digest(network) != state_digest(nn.ModuleDict({"a": network[0]}))


def test_logits_are_the_same_up_to_a_share_of_the_greatest():
    logits = torch.tensor([[1000.0, 1.0], [0.0, -1.0]])
    assert same_logits(logits + 0.5, logits, 1e-3)
    assert not same_logits(logits + 5, logits, 1e-3)
    assert not same_logits(logits[:1], logits, 1e-3)
    assert same_logits(torch.tensor([[torch.nan, 1.0]]), torch.tensor([[torch.nan, 1.0]]), 1e-3)
