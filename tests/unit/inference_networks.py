"""Networks of every kind that an inference copy handles."""

import numpy as np
import torch
from torch import nn

from frequency_shortcuts.networks.architectures import Architecture, build


def noise(*shape, dtype=torch.float64, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).to(dtype)


def lively(network, dtype=torch.float64, seed=0):
    """The network as if it had been trained: its batch normalisations do something, and each something else."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.track_running_stats:
            module.running_mean.normal_(0, 0.3, generator=generator)
            module.running_var.uniform_(0.5, 2, generator=generator)
            if module.affine:
                nn.init.normal_(module.weight, 1, 0.3, generator=generator)
                nn.init.normal_(module.bias, 0, 0.3, generator=generator)
    return network.to(dtype)


def named(name):
    return build(Architecture(name, 3, 2, 32, width=48 if name.startswith("vit") else 4))


def convolution(**options):
    return nn.Conv2d(2, 2, 3, padding=1, **options)


class Course(nn.Module):
    """Its control flow depends on the images, so it cannot be traced."""

    def __init__(self):
        super().__init__()
        self.convolution, self.normalised = convolution(), nn.BatchNorm2d(2)

    def forward(self, images):
        seen = self.normalised(self.convolution(images))
        return (seen if images.sum() > 0 else 2 * seen).flatten(1)


class Twice(nn.Module):
    """What the convolution gives is used with and without the normalisation."""

    def __init__(self):
        super().__init__()
        self.convolution, self.normalised = convolution(), nn.BatchNorm2d(2)

    def forward(self, images):
        seen = self.convolution(images)
        return (seen + self.normalised(seen)).flatten(1)


NETWORKS = {
    "resnet18": lambda: named("resnet18"),
    "vgg16_bn": lambda: named("vgg16_bn"),
    "vit_b_16": lambda: named("vit_b_16"),
    "not traceable": Course,
    "used twice": Twice,
    "relu between": lambda: nn.Sequential(convolution(), nn.ReLU(), nn.BatchNorm2d(2), nn.Flatten()),
    "no bias, circular": lambda: nn.Sequential(
        convolution(bias=False, padding_mode="circular"), nn.BatchNorm2d(2), nn.Flatten()
    ),
    "not affine": lambda: nn.Sequential(convolution(), nn.BatchNorm2d(2, affine=False), nn.Flatten()),
    "statistics of the batch": lambda: nn.Sequential(
        convolution(), nn.BatchNorm2d(2, track_running_stats=False), nn.Flatten()
    ),
    "linear": lambda: nn.Sequential(nn.Flatten(), nn.Linear(2 * 32 * 32, 5), nn.BatchNorm1d(5), nn.Dropout()),
    "no parameters": lambda: nn.Sequential(nn.AvgPool2d(16), nn.Flatten()),
    "no layers": lambda: nn.Sequential(nn.Flatten(), nn.Sequential()),
}
