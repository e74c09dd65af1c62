"""Architectures of torchvision with variable width and a stem for small images; reading and writing of weights.

The published stems discard most of an image of less than 64 pixels before the first block. So small images use
another stem: a 3 x 3 convolution of stride 1 without pooling (ViT: patches of 4 pixels). `width` is the number of
channels after the stem of a residual network or VGG, 64 as published; all later layers scale with it.
"""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal, cast

import torch
from safetensors.torch import save as serialise
from torch import Tensor, nn
from torchvision import models
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from frequency_shortcuts.storage.files import replacing

from . import external
from .external import ExternalNetwork
from .weights import KEY, open_weights, read_metadata

SMALL_BELOW = 64  # pixels
PREFIXES = ("module.", "_orig_mod.", "model.", "network.", "net.", "backbone.")
ONEDNN_BLOCK = 16  # float32 numbers in the widest vector of a CPU


@dataclass(frozen=True)
class Architecture:
    """The description from which a network is built.

    name: one of `names()`. width: channels after the stem, 64 as published. stem: `standard`,
    `small`, or `auto` (small below 64 pixels).
    """

    name: str
    n_classes: int
    channels: int
    size: int
    width: int = 64
    stem: Literal["auto", "standard", "small"] = "auto"

    @property
    def small(self) -> bool:
        return self.stem == "small" or (self.stem == "auto" and self.size < SMALL_BELOW)


def names() -> list[str]:
    """The names of the architectures for `build`."""
    return sorted(_BUILDERS)


def build(architecture: Architecture | ExternalNetwork, seed: int = 0) -> nn.Module:
    """A freshly initialised network, images [n, channels, H, W] -> logits [n, n_classes].

    The initial weights depend only on the seed; the global random state does not change. Raises ValueError for an
    unknown name or a size that the network does not accept.
    """
    with torch.random.fork_rng(devices=[]):
        # Only the CPU; torch.manual_seed would also seed every GPU.
        torch.default_generator.manual_seed(seed)
        if isinstance(architecture, ExternalNetwork):
            return external.build_external(architecture)
        if architecture.name not in _BUILDERS:
            raise ValueError(
                f"unknown network {architecture.name!r}: choose from {', '.join(names())}"
            )
        return _BUILDERS[architecture.name](architecture)


class SlimResNet(ResNet):  # type: ignore[misc]  # torchvision has no types
    """torchvision's ResNet with variable width and stem; with width 64 and the standard stem it is the same network."""

    def __init__(
        self, block: type[BasicBlock | Bottleneck], depths: tuple[int, ...], arch: Architecture
    ) -> None:
        super().__init__(block, list(depths), num_classes=arch.n_classes)
        width = arch.width
        self.inplanes = width
        side, stride, padding = (3, 1, 1) if arch.small else (7, 2, 3)
        self.conv1 = nn.Conv2d(arch.channels, width, side, stride, padding, bias=False)
        if arch.small:
            self.maxpool = nn.Identity()
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = self._make_layer(block, width, depths[0])
        self.layer2 = self._make_layer(block, 2 * width, depths[1], stride=2)
        self.layer3 = self._make_layer(block, 4 * width, depths[2], stride=2)
        self.layer4 = self._make_layer(block, 8 * width, depths[3], stride=2)
        self.fc = nn.Linear(8 * width * block.expansion, arch.n_classes)
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            shortcut = layer[0].downsample
            if shortcut and shortcut[0].in_channels < ONEDNN_BLOCK:
                shortcut[0] = _SlicedPointwise(shortcut[0])
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


class _SlicedPointwise(nn.Conv2d):
    """A strided 1 x 1 convolution that drops the unused pixels first, against a fault of oneDNN, its issue 6035.

    With fewer input channels than a vector holds, in channels-last order, the gradient writes past its workspace.
    """

    def __init__(self, like: nn.Conv2d) -> None:
        super().__init__(like.in_channels, like.out_channels, 1, bias=like.bias is not None)
        self.skip = like.stride

    def forward(self, input: Tensor) -> Tensor:
        kept = input[:, :, :: self.skip[0], :: self.skip[1]]
        return super().forward(kept.contiguous(memory_format=torch.channels_last))


class _PoolTo(nn.AdaptiveAvgPool2d):
    """Adaptive pooling that is skipped if there is nothing to pool: its gradient on CUDA is not deterministic."""

    def forward(self, input: Tensor) -> Tensor:
        if input.shape[-2:] == (self.output_size, self.output_size):
            return input
        return super().forward(input)


def _rectified(*arguments: Any, **options: Any) -> list[nn.Module]:
    """A convolution with its rectifier."""
    return [nn.Conv2d(*arguments, **options), nn.ReLU(inplace=True)]


def _alexnet(arch: Architecture) -> nn.Module:
    if not arch.small and arch.size < 63:
        raise ValueError(
            f"alexnet with the standard stem needs images of at least 63 pixels, not {arch.size}"
        )
    if arch.size < 8:
        raise ValueError(
            f"alexnet halves the image three times and needs at least 8 pixels, not {arch.size}"
        )
    with torch.device("meta"):  # all layers are replaced below
        network: nn.Module = models.AlexNet(num_classes=arch.n_classes)
    w = arch.width
    side, stride, padding, pool, grid = (3, 1, 1, 2, 4) if arch.small else (11, 4, 2, 3, 6)
    network.features = nn.Sequential(
        *_rectified(arch.channels, w, side, stride, padding),
        nn.MaxPool2d(pool, 2),
        *_rectified(w, 3 * w, 5, padding=2),
        nn.MaxPool2d(pool, 2),
        *_rectified(3 * w, 6 * w, 3, padding=1),
        *_rectified(6 * w, 4 * w, 3, padding=1),
        *_rectified(4 * w, 4 * w, 3, padding=1),
        nn.MaxPool2d(pool, 2),
    )
    network.avgpool = _PoolTo(grid)
    network.classifier = nn.Sequential(
        nn.Dropout(),
        nn.Linear(4 * w * grid**2, 64 * w),
        nn.ReLU(inplace=True),
        nn.Dropout(),
        nn.Linear(64 * w, 64 * w),
        nn.ReLU(inplace=True),
        nn.Linear(64 * w, arch.n_classes),
    )
    return network


def _vgg16(normalised: bool, arch: Architecture) -> nn.Module:
    if arch.size < 32:
        raise ValueError(
            f"vgg16 halves the image five times and needs at least 32 pixels, not {arch.size}"
        )
    layers: list[nn.Module] = []
    channels = arch.channels
    for factor, repeats in ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3)):
        for _ in range(repeats):
            convolution, rectifier = _rectified(channels, factor * arch.width, 3, padding=1)
            channels = factor * arch.width
            normalisation = [nn.BatchNorm2d(channels)] if normalised else []
            layers += [convolution, *normalisation, rectifier]
        layers.append(nn.MaxPool2d(2, 2))
    with torch.device("meta"):  # all layers are replaced below
        network: nn.Module = models.VGG(nn.Identity(), init_weights=False)
    grid = 1 if arch.small else 7
    hidden = 64 * arch.width
    network.features = nn.Sequential(*layers)
    network.avgpool = _PoolTo(grid)
    network.classifier = nn.Sequential(
        nn.Linear(channels * grid**2, hidden),
        nn.ReLU(True),
        nn.Dropout(),
        nn.Linear(hidden, hidden),
        nn.ReLU(True),
        nn.Dropout(),
        nn.Linear(hidden, arch.n_classes),
    )
    for module in network.modules():  # as torchvision does
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0, 0.01)
        if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
    return network


def _vit_b_16(arch: Architecture) -> nn.Module:
    side, layers, heads = 4 if arch.small else 16, 12, 12
    if arch.size % side:
        raise ValueError(
            f"a ViT with {side}-pixel patches needs a multiple of {side} pixels, not {arch.size}"
        )
    slim = max(1, heads * arch.width // 64)
    hidden = 64 * slim
    network = models.VisionTransformer(
        arch.size, side, layers, slim, hidden, 4 * hidden, num_classes=arch.n_classes
    )
    if arch.channels != 3:
        network.conv_proj = nn.Conv2d(arch.channels, hidden, side, stride=side)
        nn.init.trunc_normal_(network.conv_proj.weight, std=(1 / (arch.channels * side**2)) ** 0.5)
        nn.init.zeros_(network.conv_proj.bias)
    # torchvision initialises the head with zeros: then the gradient of the loss at the image is zero.
    nn.init.trunc_normal_(network.heads.head.weight, std=0.02)
    return cast(nn.Module, network)


def _cnn3(arch: Architecture) -> nn.Module:
    """Three convolutions with batch normalisation, for what should not depend on one family of networks."""
    if arch.size < 4:
        raise ValueError(
            f"cnn3 halves the image twice and needs at least 4 pixels, not {arch.size}"
        )
    layers: list[nn.Module] = []
    channels = arch.channels
    pools = nn.MaxPool2d(2), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1)
    for factor, pool in zip((1, 2, 4), pools, strict=True):
        width = factor * arch.width
        convolution, rectifier = _rectified(channels, width, 3, padding=1, bias=False)
        layers += [convolution, nn.BatchNorm2d(width), rectifier, pool]
        channels = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels, arch.n_classes))


_BUILDERS: dict[str, Callable[[Architecture], nn.Module]] = {
    "cnn3": _cnn3,
    "resnet18": partial(SlimResNet, BasicBlock, (2, 2, 2, 2)),
    "resnet34": partial(SlimResNet, BasicBlock, (3, 4, 6, 3)),
    "resnet50": partial(SlimResNet, Bottleneck, (3, 4, 6, 3)),
    "alexnet": _alexnet,
    "vgg16": partial(_vgg16, False),
    "vgg16_bn": partial(_vgg16, True),
    "vit_b_16": _vit_b_16,
}


def parameters(network: nn.Module) -> int:
    """The number of trainable parameters of a network."""
    return sum(parameter.numel() for parameter in network.parameters())


def save(
    path: str | os.PathLike[str],
    weights: dict[str, Tensor],
    architecture: Architecture | ExternalNetwork,
    metadata: dict[str, Any] | None = None,
) -> None:
    """Write weights as safetensors; the metadata hold the architecture and further facts."""
    # Cloned: safetensors does not accept tensors that share memory, such as tied weights.
    tensors = {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in weights.items()
    }
    about = json.dumps({"architecture": asdict(architecture), **(metadata or {})})
    serialised = serialise(tensors, {KEY: about})
    with replacing(path) as temporary:
        temporary.write_bytes(serialised)


def load(path: str | os.PathLike[str], device: torch.device | str = "cpu") -> nn.Module:
    """The network that `save` wrote, with its weights, in evaluation mode."""
    return load_weights(build(architecture(path)), path).to(device).eval()


def architecture(path: str | os.PathLike[str]) -> Architecture | ExternalNetwork:
    """The architecture of the network that `save` wrote."""
    written = read_metadata(path)["architecture"]
    return ExternalNetwork(**written) if "source" in written else Architecture(**written)


def load_weights(network: nn.Module, path: str | os.PathLike[str]) -> nn.Module:
    """Load the weights of a safetensors file, or of a torch checkpoint, into a network, and return the network.

    A checkpoint is read with weights_only, which executes nothing from the file. It is a state_dict, or holds one under
    a usual name. Prefixes that wrappers add to every name are dropped. Raises ValueError, naming the first few, if
    tensors are missing, unknown, or of another shape.
    """
    weights = _without_prefixes(_read_weights(path), network.state_dict())
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        reason = textwrap.shorten(str(error), 300, placeholder=" ...")
        raise ValueError(f"{path} does not fit {type(network).__name__}: {reason}") from error
    return network


def _without_prefixes(weights: dict[str, Tensor], wanted: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights without what wrappers, as DataParallel, torch.compile and Lightning, put before every name."""
    found = [prefix for prefix in PREFIXES if all(name.startswith(prefix) for name in weights)]
    if not found or weights.keys() & wanted.keys():
        return weights
    bare = {name.removeprefix(found[0]): tensor for name, tensor in weights.items()}
    return _without_prefixes(bare, wanted)


def _read_weights(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    if str(path).endswith(".safetensors"):
        with open_weights(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise FileNotFoundError(f"no weights at {path}") from None
    # PyTorch raises various errors, and for one of them advises to execute the file.
    except Exception as error:
        raise ValueError(
            f"{path} cannot be read as weights alone, and what else is in it is not executed: expected a file of "
            "torch.save with a state_dict in it, or safetensors"
        ) from error
    weights = _find_state_dict(stored)
    if not weights:
        raise ValueError(f"{path} holds no state_dict: expected a dict from names to tensors")
    return weights


def _find_state_dict(stored: object) -> dict[str, Tensor]:
    """The tensors of a checkpoint, which holds them under one of the usual names, or itself."""
    if not isinstance(stored, dict):
        return {}
    for name in ("state_dict", "model_state_dict", "model", "network", "net"):
        if isinstance(stored.get(name), dict):
            return _find_state_dict(stored[name])
    return {name: value for name, value in stored.items() if isinstance(value, Tensor)}
