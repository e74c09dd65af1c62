"""Architectures, their agreement with torchvision's, and weights in and out."""

import subprocess
import sys

import pytest
import torch
from test_architectures import PUBLISHED, shapes
from torch import nn
from torchvision import models

from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.architectures import Architecture


def leaves(network):
    """Every layer without children, as it describes itself: kernel, stride, padding, dropout, ..."""
    return [
        (name, str(module))
        for name, module in network.named_modules()
        if not list(module.children()) and not isinstance(module, nn.AdaptiveAvgPool2d)
    ]


@pytest.mark.parametrize("name", PUBLISHED)
def test_at_width_64_and_the_standard_stem_it_is_torchvisions(name):
    make, size = PUBLISHED[name]
    with torch.device("meta"):  # shapes only: VGG16 alone has 134 million weights
        reference = make(weights=None, num_classes=3)
        built = architectures.build(Architecture(name, 3, 3, size))
    assert list(shapes(built).items()) == list(shapes(reference).items())
    assert leaves(built) == leaves(reference)


@pytest.mark.parametrize("name", ["resnet18"])
def test_with_torchvisions_weights_it_gives_torchvisions_logits(name):
    reference = PUBLISHED[name][0](weights=None, num_classes=3).eval()
    built = architectures.build(Architecture(name, 3, 3, 64)).eval()
    built.load_state_dict(reference.state_dict())
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(built(images), reference(images), rtol=0, atol=0)


@pytest.mark.parametrize("name", architectures.names())
def test_small_images_give_one_logit_a_class_and_gradients_everywhere(name):
    network = architectures.build(Architecture(name, 5, 1, 32, width=4)).eval()
    logits = network(torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(0)))
    assert logits.shape == (2, 5)
    logits.square().sum().backward()
    assert all(p.grad is not None for p in network.parameters())


@pytest.mark.parametrize("name", ["resnet18", "alexnet"])
def test_initial_weights_follow_the_seed_alone(name):
    architecture = Architecture(name, 3, 1, 32, width=2)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one = architectures.build(architecture, seed=1).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    same, other = (
        architectures.build(architecture, seed=1).state_dict(),
        architectures.build(architecture, seed=2).state_dict(),
    )
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("size", [32, 33])
def test_narrow_shortcuts_equal_strided_convolutions(size):
    """The same outputs and gradients as torchvision's layer, without the crash that oneDNN has in store for it."""
    arch = architectures.Architecture("resnet18", n_classes=3, channels=2, size=size, width=4, stem="small")
    network = architectures.build(arch, 0).to(memory_format=torch.channels_last)
    narrow = [m for m in network.modules() if type(m).__name__ == "_SlicedPointwise"]
    assert [m.in_channels for m in narrow] == [4, 8]  # and the wider one is left alone
    assert set(network.state_dict()) == set(models.resnet18(num_classes=3).state_dict())
    for layer in narrow:
        plain = nn.Conv2d(layer.in_channels, layer.out_channels, 1, stride=2, bias=False).double()
        plain.load_state_dict({"weight": layer.weight.double()})
        x = torch.randn(3, layer.in_channels, size, size).double().requires_grad_()
        y = layer.double()(x)
        expected = plain(x)
        assert torch.allclose(y, expected, rtol=0, atol=1e-12)
        slope = torch.randn_like(expected)
        gradients = torch.autograd.grad(y, (x, layer.weight), slope)
        reference = torch.autograd.grad(expected, (x, plain.weight), slope)
        assert all(torch.allclose(a, b, rtol=0, atol=1e-10) for a, b in zip(gradients, reference, strict=True))
        layer.float()


def test_a_narrow_network_trains_on_large_images():
    """In a process of its own: where the layer is not sliced, it dies here in the first few steps."""
    script = (
        "import torch; torch.set_num_threads(1); from frequency_shortcuts.networks import architectures as n;"
        "last = torch.channels_last; arch = n.Architecture('resnet18', 4, 3, 64, width=8, stem='small');"
        "m = n.build(arch, 0).to(memory_format=last);"
        "[m(torch.randn(32, 3, 64, 64).contiguous(memory_format=last)).square().sum().backward() for _ in range(4)]"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
