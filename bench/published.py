"""The published procedure, written plainly, to be compared with.

For each class and each frequency: every test image is decoded again, transformed, masked, transformed back and shown to
the network. Written from the description in the paper, with the conjugate partner removed as well and the loss taken
over the class's own images, so that the increments are ours to the last digits of float32.
"""

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from frequency_shortcuts.spectrum.pairs import ConjugatePairs

BATCH = 64


def encoded(pixels: np.ndarray) -> list[bytes]:
    """uint8 [n, channels, H, W] as PNG files."""
    files = []
    for picture in pixels:
        file = io.BytesIO()
        Image.fromarray(picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0)).save(file, "png")
        files.append(file.getvalue())
    return files


def decoded(file: bytes, mean: np.ndarray, std: np.ndarray) -> Tensor:
    """One image [channels, H, W], normalised."""
    pixels = np.asarray(Image.open(io.BytesIO(file)), np.float32) / 255
    planes = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    return torch.from_numpy((planes - mean[:, None, None]) / std[:, None, None]).float()


@torch.inference_mode()
def class_loss(
    network: nn.Module, files: list[bytes], labels: np.ndarray, label: int, mean: np.ndarray, std: np.ndarray,
    device: torch.device, mask: Tensor | None,
) -> float:  # fmt: skip
    """Mean loss of a class's images with the frequencies where the mask [H, W] is 0 removed; all images are shown."""
    total = 0.0
    for start in range(0, len(files), BATCH):
        batch = torch.stack([decoded(file, mean, std) for file in files[start : start + BATCH]]).to(device)
        if mask is not None:
            spectrum = torch.fft.fftshift(torch.fft.fft2(batch), dim=(-2, -1)) * mask
            batch = torch.fft.ifft2(torch.fft.ifftshift(spectrum, dim=(-2, -1))).real
        truth = torch.from_numpy(labels[start : start + BATCH]).to(device)
        losses = functional.cross_entropy(network(batch).double(), truth, reduction="none")
        total += float(losses[truth == label].sum())
    return total / int((labels == label).sum())


def mask_without(pairs: ConjugatePairs, pair: int, device: torch.device) -> Tensor:
    """1 everywhere but at one pair."""
    return torch.from_numpy(1.0 - pairs.scatter(np.arange(len(pairs)) == pair)).float().to(device)
