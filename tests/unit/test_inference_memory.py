"""The batch sizes of inference copies and their memory budget."""

import weakref

import pytest
import torch
from inference_networks import NETWORKS, noise
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from frequency_shortcuts.networks.inference import LARGEST_BATCH, MIB, InferenceCopy, memory_budget


def powers(count):
    return [1 << i for i in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet18", "vgg16_bn", "not traceable", "no parameters"])
def test_the_batch_is_a_power_of_two_that_grows_with_the_budget(name):
    frozen, images = InferenceCopy(NETWORKS[name]().float()), noise(3, 2, 32, 32, dtype=torch.float32)
    before = images.clone()
    found = [frozen.batch_sizes(images, budget)[0] for budget in (0, 1, *(MIB * b for b in powers(16)))]
    assert found == sorted(found)
    assert found[:2] == [1, 1]
    assert found[-1] == 128
    assert set(found) <= set(powers(8))
    assert torch.equal(images, before)
    again = InferenceCopy(NETWORKS[name]().float())
    assert again.batch_sizes(images[:1], 8 * MIB)[0] == frozen.batch_sizes(images, 8 * MIB)[0]


def test_the_cap_keeps_the_largest_activation_in_the_cache_of_a_cpu():
    """96 channels of 32 x 32 in float32 are 384 KiB: 21 of them are 8 MiB. Where they are small, 128 are enough."""
    images = torch.zeros(1, 1, 32, 32)
    wide, narrow = (
        InferenceCopy(nn.Sequential(nn.Conv2d(1, channels, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()))
        for channels in (96, 2)
    )
    assert wide.batch_sizes(images, 10**15)[0] == 16
    assert narrow.batch_sizes(images, 10**15)[0] == 128
    for frozen in (wide, narrow):
        frozen.device = torch.device("cuda")  # which only this choice asks for
        assert frozen.batch_sizes(images, 10**15)[0] == LARGEST_BATCH


def test_large_images_share_a_batch_where_memory_suffices():
    frozen = InferenceCopy(nn.Sequential(nn.Conv2d(1, 64, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    images = torch.zeros(1, 1, 512, 512)  # 64 MiB in one activation
    assert frozen.batch_sizes(images, 10**15)[0] == 8
    assert frozen.batch_sizes(images, 10**6)[0] == 1


class Alive(TorchDispatchMode):
    """The largest sum of bytes that new tensors held at a time."""

    def __init__(self, weights):
        super().__init__()
        self.tensors, self.peak = [], 0
        self.weights = {value.untyped_storage().data_ptr() for value in weights}  # and views of them

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        given = {id(value) for value in args}
        self.tensors += [
            weakref.ref(value)
            for value in (out if isinstance(out, (tuple, list)) else [out])
            if isinstance(value, torch.Tensor) and id(value) not in given
        ]
        self.tensors = [reference for reference in self.tensors if reference() is not None]
        held = [reference().untyped_storage() for reference in self.tensors]
        sizes = {one.data_ptr(): one.nbytes() for one in held if one.data_ptr() not in self.weights}
        self.peak = max(self.peak, sum(sizes.values()))
        return out


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet18", "vgg16_bn", "vit_b_16"])
@pytest.mark.parametrize("mib", [4, 16])
def test_the_batch_keeps_to_the_budget(name, mib):
    """Every operation of the forward pass is watched, the sums of skip connections and the attention among them."""
    frozen = InferenceCopy(NETWORKS[name]().float())
    batch = frozen.batch_sizes(torch.zeros(1, 2, 32, 32), mib * MIB)[0]
    with torch.no_grad(), Alive(frozen.network.state_dict().values()) as alive:
        frozen(torch.zeros(batch, 2, 32, 32).contiguous(memory_format=torch.channels_last))
    assert 0.1 * mib * MIB < alive.peak <= mib * MIB


def test_memory_used_outside_of_layers_counts():
    """A convolution called as a function: 1 MiB an image that no layer sees."""

    class Functional(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight, self.last = nn.Parameter(torch.zeros(256, 1, 1, 1)), nn.Linear(256, 2)

        def forward(self, images):
            return self.last(nn.functional.conv2d(images, self.weight).mean(dim=(2, 3)))

    assert InferenceCopy(Functional()).batch_sizes(torch.zeros(1, 1, 32, 32), 64 * MIB)[0] <= 64


def test_the_budget_is_the_requested_one_or_2_gib_on_a_cpu():
    assert memory_budget(1.5, torch.device("cpu")) == 3 * MIB // 2
    assert memory_budget(None, torch.device("cpu")) == 2048 * MIB
