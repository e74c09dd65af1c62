"""Images of noise with the plane wave of their class or none, and a network that sees only these frequencies."""

import numpy as np
import torch
from torch import nn

import frequency_shortcuts as fs

SIZE, CLASSES = 16, 4
WAVES = [(2, 3), (0, 5), (4, 1)]  # (vertical, horizontal) cycles per image; the last class has none
MEAN, STD = [0.5], [0.25]


class WaveNetwork(nn.Module):
    """The logit of a class is the amplitude of its wave, and 1 for the class without one."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(0.05))

    def forward(self, images):
        spectrum = torch.fft.fft2(images).abs().mean(dim=1)
        waves = [self.scale * spectrum[:, u, v] for u, v in WAVES]
        return torch.stack([*waves, torch.ones_like(waves[0])], dim=1)


def images_and_labels(n=80, seed=0):
    """uint8 [n, 1, 16, 16] and labels int64 [n]"""
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % CLASSES
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    phase = generator.uniform(0, 2 * np.pi, n)
    waves = [
        np.cos(2 * np.pi * (WAVES[c][0] * y + WAVES[c][1] * x) + shift) if c < len(WAVES) else 0 * x
        for c, shift in zip(labels, phase, strict=True)
    ]
    images = 128 + 30 * np.array(waves) + generator.normal(0, 20, (n, SIZE, SIZE))
    return images.clip(0, 255).astype(np.uint8)[:, None], labels


def analyse(
    given=None, given_labels=None, network=None, *, search_images=None, test_images=None, **options
):
    """A short analysis of the waves or other images, with options of all kinds by their names."""
    if given is None:
        given, given_labels = images_and_labels()
    if "transform" not in options or isinstance(options["transform"], fs.Preprocessing):
        options = {"mean": MEAN, "std": STD} | options
    options = {
        "method": "gradient",
        "percent": 2,
        "actions": ("keep",),
        "fills": ("zeros",),
        "progress": False,
    } | options
    kinds = (
        ("maps", fs.Search, search_images),
        ("test", fs.Evaluation, test_images),
        ("run", fs.Run, None),
    )
    for name, kind, images in kinds:
        known = kind.__dataclass_fields__
        chosen = {key: options.pop(key) for key in list(options) if key in known}
        made = kind(**chosen, **({} if images is None else {"images_per_class": images}))
        options.setdefault(name, made)  # maps may be given
    return fs.analyse(network or WaveNetwork(), given, given_labels, **options)
