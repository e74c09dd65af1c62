"""Architectures, their agreement with torchvision's, and weights in and out."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision import models

from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.architectures import Architecture
from frequency_shortcuts.networks.devices import pick_device

PUBLISHED = {
    "resnet18": (models.resnet18, 224),
    "resnet34": (models.resnet34, 224),
    "resnet50": (models.resnet50, 224),
    "alexnet": (models.alexnet, 224),
    "vgg16": (models.vgg16, 224),
    "vgg16_bn": (models.vgg16_bn, 224),
    "vit_b_16": (models.vit_b_16, 224),
}


def shapes(network):
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def test_every_architecture_is_compared_with_torchvision():
    assert sorted(PUBLISHED) == architectures.names()


@pytest.mark.parametrize(
    ("size", "stem", "small"),
    [(63, "auto", True), (64, "auto", False), (32, "standard", False), (224, "small", True)],
)
def test_the_stem_is_small_below_64_pixels_unless_said_otherwise(size, stem, small):
    with torch.device("meta"):
        network = architectures.build(Architecture("resnet18", 2, 3, size, width=8, stem=stem))
    assert (network.conv1.stride, network.conv1.kernel_size) == (((1, 1), (3, 3)) if small else ((2, 2), (7, 7)))
    assert isinstance(network.maxpool, nn.Identity) == small


@pytest.mark.parametrize("name", ["resnet18", "vgg16", "alexnet"])
def test_every_inner_width_scales_with_the_width(name):
    with torch.device("meta"):
        slim, full = (shapes(architectures.build(Architecture(name, 2, 3, 32, width=w))) for w in (16, 64))
    assert slim.keys() == full.keys()
    for key, shape in full.items():
        for axis, length in enumerate(shape[:2]):
            # the colour channels and the classes are given by the data
            assert slim[key][axis] == (length if length in (2, 3) else length // 4), key
    with torch.device("meta"):  # a ViT narrows by whole heads of 64
        vit = architectures.build(Architecture("vit_b_16", 2, 3, 32, width=16))
    assert vit.conv_proj.weight.shape == (192, 3, 4, 4) and vit.encoder.layers[0].self_attention.num_heads == 3


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (Architecture("resnet19", 2, 3, 32), "unknown network 'resnet19'"),
        (Architecture("resnet18", 2, 3, 32, width=0), "network width 0"),
        (Architecture("alexnet", 2, 3, 62, stem="standard"), "at least 63 pixels, not 62"),
        (Architecture("alexnet", 2, 3, 7, width=4), "at least 8 pixels"),
        (Architecture("vgg16", 2, 3, 31), "at least 32 pixels, not 31"),
        (Architecture("vit_b_16", 2, 3, 100), "multiple of 16 pixels, not 100"),
    ],
)
def test_networks_that_cannot_be_built_say_why(architecture, message):
    with pytest.raises(ValueError, match=message):
        architectures.build(architecture)


@pytest.fixture
def stored(tmp_path):
    architecture = Architecture("resnet18", 3, 1, 8, width=2)
    network = architectures.build(architecture, seed=4).to(memory_format=torch.channels_last)
    path = tmp_path / "weights.safetensors"
    architectures.save(path, network.state_dict(), architecture, {"epoch": 7, "note": "best"})
    return network, architecture, path


def test_save_and_load_round_trip(stored):
    network, architecture, path = stored
    assert architectures.architecture(path) == architecture
    loaded = architectures.load(path)
    assert not loaded.training
    for name, tensor in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name
    assert [file.name for file in path.parent.iterdir()] == ["weights.safetensors"]


def test_the_same_weights_give_the_same_file(stored, tmp_path):
    network, architecture, path = stored
    architectures.save(tmp_path / "again.safetensors", network.state_dict(), architecture, {"epoch": 7, "note": "best"})
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_weights_that_do_not_fit_name_the_first_few(stored):
    path = stored[2]
    wider = architectures.build(Architecture("resnet18", 3, 1, 8, width=4))
    with pytest.raises(ValueError, match=r"conv1\.weight is \[2, 1, 3, 3\], not \[4, 1, 3, 3\], bn1.* and \d+ more"):
        architectures.load_weights(wider, path)


def test_a_file_without_an_architecture_says_what_to_use(tmp_path):
    save_file({"weight": torch.ones(2, 2), "bias": torch.ones(2)}, tmp_path / "w.safetensors")
    with pytest.raises(ValueError, match="does not say which network it belongs to: build that network and use"):
        architectures.load(tmp_path / "w.safetensors")
    network = architectures.load_weights(nn.Linear(2, 2), tmp_path / "w.safetensors")
    assert torch.equal(network.weight, torch.ones(2, 2))


def test_devices(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert pick_device() == pick_device("cpu") == torch.device("cpu")
    with pytest.raises(RuntimeError, match=r"device cuda was requested, but .* 0 CUDA devices .*set device to auto"):
        pick_device("cuda")
    with pytest.raises(ValueError, match="unknown device 'gpu': choose auto, cpu, cuda"):
        pick_device("gpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert pick_device() == torch.device("cuda")
    assert pick_device("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(RuntimeError, match="device cuda:2 was requested, but this machine offers 2 CUDA devices"):
        pick_device("cuda:2")
