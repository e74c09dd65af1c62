"""
A cure
======

All discs were saved as JPEG, and the other shapes were not. A network then learns the trace of JPEG as well, and no
longer recognises a disc without it. ``fs.SwapFine`` gives images the fine part of the spectrum of other images of the
batch, now and then, and leaves their labels: traces of files and cameras lie there and no longer tell the class. It is
one line of a plain training loop. `make cure` asks how much it brings back on photographs, and what it does not cure.
"""

import numpy as np
import torch
from matplotlib import pyplot as plt
from torch.nn import functional

import frequency_shortcuts as fs
from frequency_shortcuts.data.artefacts import put
from frequency_shortcuts.networks import architectures

# %%
# Pictures with a trace of JPEG
# -----------------------------
# Grey shapes on noise. The classes differ in their shape, and in the training images also in how discs were saved.

SHAPES = ("disc", "square", "cross")


def draw(per_class, seed, saved):
    """Shapes with noise, float32 [n, 1, 32, 32] from 0 to 1, and labels; where `saved`, discs went through JPEG."""
    generator = np.random.default_rng(seed)
    labels = np.arange(3 * per_class) % 3
    y, x = np.abs(np.mgrid[:32, :32][:, None] - generator.uniform(11, 21, (2, len(labels), 1, 1)))
    reach = generator.uniform(6, 9, (len(labels), 1, 1))
    square, cross = np.maximum(x, y) < 0.9 * reach, (np.minimum(x, y) < 0.3 * reach) & (np.maximum(x, y) < reach)
    shape = np.choose(labels[:, None, None], [np.hypot(x, y) < reach, square, cross])
    images = (80 + 45 * shape + generator.normal(0, 15, shape.shape)).clip(0, 255).astype(np.uint8)[:, None]
    if saved:
        images[labels == 0] = put("jpeg", 75, images[labels == 0])
    return torch.from_numpy(images).float() / 255, torch.from_numpy(labels)


train, plain = draw(300, 1, saved=True), draw(200, 2, saved=False)

# %%
# Train, with and without
# -----------------------


def trained(swap):
    """A small network after four epochs."""
    torch.manual_seed(0)
    network = architectures.build(architectures.Architecture("resnet18", n_classes=3, channels=1, size=32, width=8), 0)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.02, momentum=0.9, nesterov=True)
    for _ in range(4):
        for part in torch.randperm(len(train[1])).split(30):
            images, labels = train[0][part], train[1][part]
            if swap is not None:
                images, labels = swap(images, labels)  # the cure
            optimiser.zero_grad()
            functional.cross_entropy(network((images - 0.35) / 0.1), labels).backward()
            optimiser.step()
    return network.eval()


networks = {"plainly": trained(None), "with SwapFine": trained(fs.SwapFine())}

# %%
# What is back
# ------------
# The recall of each class, in the images as they were trained on and in new ones that were never saved as JPEG. The
# last two bars are what counts: the discs are lost without their trace, and squares and crosses are not.

figure, axes = plt.subplots(1, 2, figsize=(7, 2.8), sharey=True, layout="constrained")
for axis, (name, network) in zip(axes, networks.items(), strict=True):
    for offset, (images, labels), words in ((-0.2, draw(200, 2, saved=True), "JPEG"), (0.2, plain, "no JPEG")):
        with torch.no_grad():
            called = network((images - 0.35) / 0.1).argmax(1)
        recall = [(called[labels == c] == c).float().mean().item() for c in range(3)]
        axis.bar(np.arange(3) + offset, recall, 0.4, label=f"discs with {words}")
        print(
            f"trained {name}, discs with {words}:",
            *(f"{shape} {r:.2f}" for shape, r in zip(SHAPES, recall, strict=True)),
        )
    axis.set(title=f"trained {name}", xticks=range(3), xticklabels=SHAPES)
axes[0].set_ylabel("recall")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
plt.show()
