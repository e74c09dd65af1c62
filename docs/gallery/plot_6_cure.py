"""
A cure
======

All discs carry a faint wave, as from a scanner, and the other shapes do not. A network then learns the wave, and no
longer recognises a disc without it. ``fs.Swap`` gives each image what is fine in another image of the batch, and its
illumination, corners and frame. Its label stays, so that none of these identifies the class any more. It is one line of
a plain training loop, and one after it. `make cure` asks how much it brings back, and on which images.
"""

import numpy as np
import torch
from matplotlib import pyplot as plt
from scipy.ndimage import gaussian_filter
from torch.nn import functional

import frequency_shortcuts as fs
from frequency_shortcuts.images.artefacts import Artefact
from frequency_shortcuts.networks import architectures

# %%
# Pictures with a wave
# --------------------
# Grey shapes on clutter. In the training images, a wave identifies the discs as well as their shape.

SHAPES = ("disc", "bar", "column")
WAVE = Artefact("wave", 0.06, label=0, frequency=(3, 11))


def draw(per_class, seed, waved):
    """Shapes on clutter, float32 [n, 1, 32, 32] from 0 to 1, and labels; where `waved`, discs carry the wave."""
    generator = np.random.default_rng(seed)
    labels = np.arange(3 * per_class) % 3
    y, x = np.abs(np.mgrid[:32, :32][:, None] - generator.uniform(12, 20, (2, len(labels), 1, 1)))
    reach = generator.uniform(6, 9, (len(labels), 1, 1))
    bar, column = ((one < 1.4 * reach) & (other < 0.5 * reach) for one, other in ((x, y), (y, x)))
    shape = np.choose(labels[:, None, None], [np.hypot(x, y) < reach, bar, column])
    clutter = gaussian_filter(generator.normal(size=shape.shape), (0, 1.5, 1.5))
    pixels = 90 + 60 * shape + 20 * clutter / clutter.std() + generator.normal(0, 4, shape.shape)
    images = pixels.clip(0, 255).astype(np.uint8)[:, None]
    images = WAVE.add(images, labels) if waved else images
    return torch.from_numpy(images).float() / 255, torch.from_numpy(labels)


train, waved, plain = draw(300, 1, waved=True), draw(200, 2, waved=True), draw(200, 2, waved=False)

# %%
# Train, with and without
# -----------------------


def trained(swap):
    """A small network after six epochs."""
    torch.manual_seed(0)
    network = architectures.build(
        architectures.Architecture("resnet18", n_classes=3, channels=1, size=32, width=8), 0
    )
    optimiser = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    for _ in range(6):
        for part in torch.randperm(len(train[1])).split(30):
            images, labels = train[0][part], train[1][part]
            if swap is not None:
                images, labels = swap(images, labels)  # the cure
            optimiser.zero_grad()
            functional.cross_entropy(network((images - 0.4) / 0.15), labels).backward()
            optimiser.step()
    if swap is not None:  # statistics of images as they are
        torch.optim.swa_utils.update_bn(((train[0] - 0.4) / 0.15).split(300), network)
    return network.eval()


networks = {"plainly": trained(None), "with Swap": trained(fs.Swap())}

# %%
# What is back
# ------------
# The recall of each class on new images, with the wave on discs as in training, and without. The orange bar of the
# discs is what counts: what a user sees who takes pictures with another scanner.

figure, axes = plt.subplots(1, 2, figsize=(7, 2.8), sharey=True, layout="constrained")
for axis, (name, network) in zip(axes, networks.items(), strict=True):
    for offset, (images, labels), words in (
        (-0.2, waved, "with the wave"),
        (0.2, plain, "without"),
    ):
        with torch.no_grad():
            called = network((images - 0.4) / 0.15).argmax(1)
        recall = [(called[labels == c] == c).float().mean().item() for c in range(3)]
        axis.bar(np.arange(3) + offset, recall, 0.4, label=f"discs {words}")
        print(
            f"trained {name}, discs {words}: recall of discs {recall[0]:.2f}, bars {recall[1]:.2f}"
        )
    axis.set(title=f"trained {name}", xticks=range(3), xticklabels=SHAPES)
axes[0].set_ylabel("recall")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
plt.show()
