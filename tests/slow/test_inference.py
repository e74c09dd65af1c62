"""Inference copies against the network itself in evaluation mode. Tolerances: 1e-10 in float64, 1e-5 in float32."""

import weakref

import pytest
import torch
from inference_networks import NETWORKS, lively, noise
from torch.utils._python_dispatch import TorchDispatchMode

from frequency_shortcuts.networks.inference import MIB, InferenceCopy

networks = pytest.mark.parametrize("name", NETWORKS)


@networks
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_the_logits_are_the_networks_own(name, dtype, tolerance):
    network, images = lively(NETWORKS[name](), dtype), noise(4, 2, 32, 32, dtype=dtype)
    with torch.inference_mode():
        logits = InferenceCopy(network)(images.clone())
        expected = network.eval()(images.clone())
    assert logits.dtype == torch.float64
    torch.testing.assert_close(logits, expected.double(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", ["resnet18", "not traceable"])
def test_bfloat16_is_near_float32(name):
    """8 bits of fraction: within 5 % of the largest logit, and not equal to float32."""
    network, images = lively(NETWORKS[name](), torch.float32), noise(8, 2, 32, 32, dtype=torch.float32)
    with torch.inference_mode():
        short, full = InferenceCopy(network, "bfloat16")(images), InferenceCopy(network)(images)
    assert short.dtype == torch.float64
    assert 0 < (short - full).abs().max() < 0.05 * full.abs().max()


@pytest.mark.parametrize("name", ["resnet18", "no parameters"])
def test_the_batch_is_a_power_of_two_that_grows_with_the_budget(name):
    frozen, images = InferenceCopy(NETWORKS[name]().float()), noise(3, 2, 32, 32, dtype=torch.float32)
    before = images.clone()
    powers = [1 << i for i in range(16)]
    batches = [frozen.batch_sizes(images, budget)[0] for budget in (0, 1, *(MIB * b for b in powers))]
    assert batches == sorted(batches)
    assert batches[:2] == [1, 1]
    assert batches[-1] == 128
    assert set(batches) <= set(powers[:8])
    assert torch.equal(images, before)
    again = InferenceCopy(NETWORKS[name]().float())
    assert again.batch_sizes(images[:1], 8 * MIB)[0] == frozen.batch_sizes(images, 8 * MIB)[0]


class Alive(TorchDispatchMode):
    """The largest sum of bytes that new tensors held at a time."""

    def __init__(self, weights):
        super().__init__()
        self.tensors, self.peak = [], 0
        self.weights = {value.untyped_storage().data_ptr() for value in weights}  # and views of them

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        arguments = {id(value) for value in args}
        self.tensors += [
            weakref.ref(value)
            for value in (out if isinstance(out, (tuple, list)) else [out])
            if isinstance(value, torch.Tensor) and id(value) not in arguments
        ]
        self.tensors = [reference for reference in self.tensors if reference() is not None]
        alive = [reference().untyped_storage() for reference in self.tensors]
        sizes = {storage.data_ptr(): storage.nbytes() for storage in alive if storage.data_ptr() not in self.weights}
        self.peak = max(self.peak, sum(sizes.values()))
        return out


@pytest.mark.parametrize(("name", "mib"), [("resnet18", 4), ("vgg16_bn", 16), ("vit_b_16", 16)])
def test_the_batch_keeps_to_the_budget(name, mib):
    """Every operation of the forward pass is watched, the sums of skip connections and the attention among them."""
    frozen = InferenceCopy(NETWORKS[name]().float())
    batch = frozen.batch_sizes(torch.zeros(1, 2, 32, 32), mib * MIB)[0]
    with torch.no_grad(), Alive(frozen.network.state_dict().values()) as alive:
        frozen(torch.zeros(batch, 2, 32, 32).contiguous(memory_format=torch.channels_last))
    assert 0.1 * mib * MIB < alive.peak <= mib * MIB
