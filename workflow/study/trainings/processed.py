"""Random resizing, noise and JPEG: what people do so that a network does not learn how files were made."""

import torch
from torch import Tensor

from frequency_shortcuts.images.artefacts import put

SIZE, NOISE, QUALITY = (0.5, 1.0), (0.0, 0.04), (30.0, 96.0)  # share of a side; 0 to 1; of JPEG


def augment(images: Tensor) -> Tensor:
    """Each image resized and back, with noise, and saved as JPEG, all at random: uint8 [n, channels, H, W]."""
    size, noise, quality = (
        torch.empty(len(images)).uniform_(*ends).tolist() for ends in (SIZE, NOISE, QUALITY)
    )
    made = []
    for image, share, deviation, saved in zip(images.cpu(), size, noise, quality, strict=True):
        resized = torch.from_numpy(put("resized", share, image[None].numpy())).float()
        noisy = (resized + 255 * deviation * torch.randn(resized.shape)).round_().clamp_(0, 255)
        made.append(torch.from_numpy(put("jpeg", saved, noisy.to(torch.uint8).numpy())))
    return torch.cat(made).to(images.device)
