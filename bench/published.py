"""The published procedure, written plainly, to be compared with.

For each class and each frequency: every test image is decoded again, transformed, masked, transformed back and shown to
the network. Written from the description in the paper, with the conjugate partner removed as well and the loss taken
over the class's own images, so that the increments are ours to the last digits of float32.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.io import decode_png, encode_png

from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

BATCH = 64


def encoded(pixels: np.ndarray) -> list[Tensor]:
    """uint8 [n, channels, H, W] as PNG files."""
    return [encode_png(torch.from_numpy(picture)) for picture in pixels]


@torch.inference_mode()
def class_loss(
    network: nn.Module,
    files: list[Tensor],
    split: Split,
    label: int,
    device: torch.device,
    mask: Tensor | None,
) -> float:
    """Mean loss of a class's images with the frequencies where the mask [H, W] is 0 removed; all images are shown.

    split : of the files, for its labels, mean and std
    """
    total = 0.0
    mean, std = (torch.from_numpy(values)[:, None, None] for values in (split.mean, split.std))
    for start in range(0, len(files), BATCH):
        pictures = [decode_png(file) / 255 for file in files[start : start + BATCH]]
        batch = ((torch.stack(pictures) - mean) / std).float().to(device)
        if mask is not None:
            spectrum = torch.fft.fftshift(torch.fft.fft2(batch), dim=(-2, -1)) * mask
            batch = torch.fft.ifft2(torch.fft.ifftshift(spectrum, dim=(-2, -1))).real
        truth = torch.from_numpy(split.labels[start : start + BATCH]).to(device)
        losses = functional.cross_entropy(network(batch).double(), truth, reduction="none")
        total += float(losses[truth == label].sum())
    return total / int((split.labels == label).sum())


def mask_without(pairs: ConjugatePairs, pair: int, device: torch.device) -> Tensor:
    """1 everywhere but at one pair."""
    return torch.from_numpy(1.0 - pairs.scatter(np.arange(len(pairs)) == pair)).float().to(device)
