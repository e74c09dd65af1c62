"""Architectures, their agreement with torchvision's, weights in and out, and what networks predict."""

import contextlib
import copy

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision import models

from frequency_shortcuts.networks import architectures, predictions
from frequency_shortcuts.networks.architectures import Architecture
from frequency_shortcuts.networks.numerics import bfloat16, deterministic_on_cuda, pick_device
from frequency_shortcuts.networks.predictions import same_logits
from frequency_shortcuts.networks.weights import state_digest


def shapes(network):
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def leaves(network):
    """Every layer without children, as it describes itself: kernel, stride, padding, dropout, ..."""
    return [
        (name, str(module))
        for name, module in network.named_modules()
        if not list(module.children()) and not isinstance(module, nn.AdaptiveAvgPool2d)
    ]


@pytest.mark.parametrize("name", [name for name in architectures.names() if name != "cnn3"])
def test_at_width_64_and_the_standard_stem_it_is_torchvisions(name):
    with torch.device("meta"):  # shapes only: VGG16 alone has 134 million weights
        reference = getattr(models, name)(weights=None, num_classes=3)
        built = architectures.build(Architecture(name, 3, 3, 224))
    assert list(shapes(built).items()) == list(shapes(reference).items())
    assert leaves(built) == leaves(reference)


def test_the_small_network_has_three_convolutions_that_halve_the_image_twice():
    with torch.device("meta"):
        network = architectures.build(Architecture("cnn3", 10, 3, 32, width=8))
    found = [shape for shape in shapes(network).values() if len(shape) == 4]
    assert found == [(8, 3, 3, 3), (16, 8, 3, 3), (32, 16, 3, 3)]
    assert [module.kernel_size for module in network if isinstance(module, nn.MaxPool2d)] == [2, 2]
    assert (
        architectures.parameters(network)
        == 72 * 3 + 72 * 16 + 144 * 32 + 2 * (8 + 16 + 32) + 33 * 10
    )


def test_with_torchvisions_weights_it_gives_torchvisions_logits():
    reference = models.resnet18(weights=None, num_classes=3).eval()
    built = architectures.build(Architecture("resnet18", 3, 3, 64)).eval()
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


def test_initial_weights_follow_the_seed_alone():
    architecture = Architecture("resnet18", 3, 1, 32, width=2)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one = architectures.build(architecture, seed=1).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    same, other = (architectures.build(architecture, seed=seed).state_dict() for seed in (1, 2))
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("size", [32, 33])
def test_narrow_shortcuts_equal_strided_convolutions(size):
    """The same outputs and gradients as torchvision's layer, without the crash that oneDNN has in store for it."""
    arch = Architecture("resnet18", n_classes=3, channels=2, size=size, width=4, stem="small")
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
        assert all(
            torch.allclose(a, b, rtol=0, atol=1e-10)
            for a, b in zip(gradients, reference, strict=True)
        )
        layer.float()


@pytest.mark.parametrize(
    ("size", "stem", "small"),
    [(63, "auto", True), (64, "auto", False), (32, "standard", False), (224, "small", True)],
)
def test_the_stem_is_small_below_64_pixels_unless_said_otherwise(size, stem, small):
    with torch.device("meta"):
        network = architectures.build(Architecture("resnet18", 2, 3, size, width=8, stem=stem))
    assert (network.conv1.stride, network.conv1.kernel_size) == (
        ((1, 1), (3, 3)) if small else ((2, 2), (7, 7))
    )
    assert isinstance(network.maxpool, nn.Identity) == small


@pytest.mark.parametrize("name", ["resnet18", "vgg16", "alexnet", "cnn3"])
def test_every_inner_width_scales_with_the_width(name):
    with torch.device("meta"):
        slim, full = (
            shapes(architectures.build(Architecture(name, 2, 3, 32, width=w))) for w in (16, 64)
        )
    assert slim.keys() == full.keys()
    for key, shape in full.items():
        for axis, length in enumerate(shape[:2]):
            # the colour channels and the classes are given by the data
            assert slim[key][axis] == (length if length in (2, 3) else length // 4), key
    with torch.device("meta"):  # a ViT narrows by whole heads of 64
        vit = architectures.build(Architecture("vit_b_16", 2, 3, 32, width=16))
    assert (
        vit.conv_proj.weight.shape == (192, 3, 4, 4)
        and vit.encoder.layers[0].self_attention.num_heads == 3
    )


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (Architecture("resnet19", 2, 3, 32), "unknown network 'resnet19'"),
        (Architecture("alexnet", 2, 3, 62, stem="standard"), "at least 63 pixels, not 62"),
        (Architecture("alexnet", 2, 3, 7, width=4), "at least 8 pixels"),
        (Architecture("cnn3", 2, 3, 3), "at least 4 pixels, not 3"),
        (Architecture("vgg16", 2, 3, 31), "at least 32 pixels, not 31"),
        (Architecture("vit_b_16", 2, 3, 100), "multiple of 16 pixels, not 100"),
    ],
)
def test_networks_that_cannot_be_built_say_why(architecture, message):
    with pytest.raises(ValueError, match=message):
        architectures.build(architecture)


def test_save_and_load_round_trip(tmp_path):
    architecture, about = Architecture("resnet18", 3, 1, 8, width=2), {"epoch": 7, "note": "best"}
    network = architectures.build(architecture, seed=4).to(memory_format=torch.channels_last)
    path = tmp_path / "weights.safetensors"
    architectures.save(path, network.state_dict(), architecture, about)
    assert architectures.architecture(path) == architecture
    loaded = architectures.load(path)
    assert not loaded.training
    for name, tensor in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name
    assert [file.name for file in path.parent.iterdir()] == ["weights.safetensors"]
    again = tmp_path / "again.safetensors"  # the same weights give the same file
    architectures.save(again, network.state_dict(), architecture, about)
    assert again.read_bytes() == path.read_bytes()


def test_weights_that_do_not_fit_name_the_first_few(tmp_path):
    narrow, wide = (Architecture("resnet18", 3, 1, 8, width=width) for width in (2, 4))
    architectures.save(tmp_path / "w.safetensors", architectures.build(narrow).state_dict(), narrow)
    with pytest.raises(
        ValueError, match=r"does not fit SlimResNet: .* size mismatch for conv1\.weight: .* \.\.\.$"
    ):
        architectures.load_weights(architectures.build(wide), tmp_path / "w.safetensors")


def test_a_file_without_an_architecture_says_what_to_use(tmp_path):
    save_file({"weight": torch.ones(2, 2), "bias": torch.ones(2)}, tmp_path / "w.safetensors")
    with pytest.raises(
        ValueError, match="does not say which network it belongs to: build that network and use"
    ):
        architectures.load(tmp_path / "w.safetensors")
    network = architectures.load_weights(nn.Linear(2, 2), tmp_path / "w.safetensors")
    assert torch.equal(network.weight, torch.ones(2, 2))


def test_devices(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert pick_device() == pick_device("cpu") == torch.device("cpu")
    with pytest.raises(
        RuntimeError, match=r"device cuda was requested, but .* 0 CUDA devices .*set device to auto"
    ):
        pick_device("cuda")
    with pytest.raises(ValueError, match="unknown device 'gpu': choose auto, cpu, cuda"):
        pick_device("gpu")
    for name in ("mps", "mps:0"):  # as a user types it, and of a network that is there
        with pytest.raises(
            ValueError,
            match=r"device mps has no float64, .*: set device to cpu, or give network\.cpu",
        ):
            pick_device(name)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert pick_device() == torch.device("cuda")
    assert pick_device("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(
        RuntimeError, match="device cuda:2 was requested, but this machine offers 2 CUDA devices"
    ):
        pick_device("cuda:2")


def test_confusion_counts_true_by_called():
    found = predictions.confusion(
        np.array([0, 0, 1, 2, 2, 2, 2]), torch.tensor([0, 1, 1, 0, 2, 2, 2]), 4
    )
    assert found.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 3, 0], [0] * 4]
    labels = np.repeat(np.arange(20, dtype=np.uint8), 3)  # 19 * 20 does not fit into one byte
    assert np.array_equal(predictions.confusion(labels, labels, 20), 3 * np.eye(20, dtype=int))


def test_predict_is_the_largest_logit_in_evaluation_mode(small_network):
    noise = torch.randn(10, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    images = noise + torch.arange(-5, 5)[:, None, None, None]
    network = small_network(2, 5).train()
    called = predictions.predict(network, images, 4)
    with torch.no_grad():
        expected = [int(network.eval()(image[None]).argmax()) for image in images]
    assert called.tolist() == expected and called.dtype == torch.int64 and len(set(expected)) > 1


def test_classes_out_of_range_are_named():
    for labels, called, message in (
        ([0, 3], [0, 0], "labels 0 to 3"),
        ([0, 1], [0, 3], "output for class 3"),
    ):
        with pytest.raises(ValueError, match=message):
            predictions.confusion(labels, called, 3)


def cuda_settings():
    return torch.are_deterministic_algorithms_enabled(), torch.backends.cuda.flash_sdp_enabled()


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_algorithms_are_deterministic_on_cuda_alone_and_restored(error):
    before = cuda_settings()
    with deterministic_on_cuda(torch.device("cpu")):
        assert cuda_settings() == before
    with contextlib.suppress(KeyboardInterrupt), deterministic_on_cuda(torch.device("cuda:1")):
        assert cuda_settings() == (True, False)
        if error:
            raise error
    assert cuda_settings() == before


def test_old_gpus_and_cpus_train_in_float32(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    for device in ("cuda", "cpu"):
        with bfloat16(torch.device(device)):
            assert not torch.is_autocast_enabled(device)


class Buffered(nn.Module):
    """One weight, and a buffer that the state dict leaves out."""

    def __init__(self, weight=1.0, buffer=0.5, dtype=torch.float32):
        super().__init__()
        self.weight = nn.Parameter(torch.full((2, 2), weight, dtype=dtype))
        self.register_buffer("mean", torch.tensor(buffer), persistent=False)


@pytest.mark.parametrize(
    "change", [{"weight": 2.0}, {"buffer": 0.1}, {"dtype": torch.bfloat16}], ids=str
)
def test_weights_buffers_and_dtypes_change_the_digest(change):
    assert (
        state_digest(Buffered())
        == state_digest(copy.deepcopy(Buffered()))
        != state_digest(Buffered(**change))
    )


def test_logits_are_the_same_up_to_a_share_of_the_greatest():
    logits = torch.tensor([[1000.0, 1.0], [0.0, -1.0]])
    assert same_logits(logits + 0.5, logits, 1e-3)
    assert not same_logits(logits + 5, logits, 1e-3)
    assert not same_logits(logits[:1], logits, 1e-3)
    assert same_logits(torch.tensor([[torch.nan, 1.0]]), torch.tensor([[torch.nan, 1.0]]), 1e-3)
