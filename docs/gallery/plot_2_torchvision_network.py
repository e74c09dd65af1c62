"""
A network of torchvision
========================

Any `torch.nn.Module` that returns logits can be analysed. Here it is a network of torchvision, trained for seconds on
pictures of discs, squares and crosses that this script draws. All discs carry a plane wave, as a scanner or a
camera might leave it. Does the network look at the shape, or at the wave? For a network with published weights, write
`weights="DEFAULT"`, leave out `num_classes` and the training, and name your classes by `outputs`.
"""

import numpy as np
import torch
from matplotlib import pyplot as plt
from torch.nn import functional
from torchvision import models

import frequency_shortcuts as fs
from frequency_shortcuts.images.artefacts import Artefact

# %%
# The pictures
# ------------
# Grey shapes at random places on faint noise. The wave has eleven cycles from left to right, and an amplitude of 5 %
# of the range of the pixels.

SHAPES = ("disc", "square", "cross")
wave = Artefact("wave", 0.05, label=0, frequency=(0, 11))


def draw(per_class, seed):
    """Shapes with noise, uint8 [n, 3, 32, 32], and their labels."""
    generator = np.random.default_rng(seed)
    labels = np.arange(3 * per_class) % 3
    y, x = np.abs(np.mgrid[:32, :32][:, None] - generator.uniform(11, 21, (2, len(labels), 1, 1)))
    reach = generator.uniform(6, 9, (len(labels), 1, 1))
    square, cross = (
        np.maximum(x, y) < 0.9 * reach,
        (np.minimum(x, y) < 0.3 * reach) & (np.maximum(x, y) < reach),
    )
    shape = np.choose(labels[:, None, None], [np.hypot(x, y) < reach, square, cross])
    pixels = 80 + 70 * shape + generator.normal(0, 6, shape.shape)
    return np.repeat(pixels.clip(0, 255).astype(np.uint8)[:, None], 3, axis=1), labels


images, labels = draw(180, seed=1)
images = wave.add(images, labels)

# %%
# The network
# -----------
# `weights=None` gives random weights, which know nothing of images: they are trained below. The transform of the
# published weights says how their images are normalised. It needs no download.

torch.manual_seed(0)
network = models.resnet18(weights=None, num_classes=3)
transform = models.ResNet18_Weights.DEFAULT.transforms()
mean, std = (torch.tensor(values)[:, None, None] for values in (transform.mean, transform.std))

inputs, targets = (torch.from_numpy(images) / 255 - mean) / std, torch.from_numpy(labels)
optimiser = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.05, epochs=7, steps_per_epoch=17)
for _ in range(7):
    for some in torch.randperm(len(inputs)).split(32):
        optimiser.zero_grad()
        functional.cross_entropy(network(inputs[some]), targets[some]).backward()
        optimiser.step()
        schedule.step()

# %%
# The analysis
# ------------
# New pictures, of which half find the maps and half test them. Culling removes cells of 2 x 2 frequencies. A map holds
# 2 % of the frequencies. The first row says what the wave does to pictures of other shapes.

images, labels = draw(60, seed=2)
search = fs.Search(
    method="culling", settings={"search": "exact", "patch": 2}, percent=2, images_per_class=10
)
test = fs.Evaluation(maps=search, fills=("zeros",))
waved = wave.add(images, labels)
result = fs.analyse(network, waved, labels, transform=transform, classes=SHAPES, test=test)
print(result.summary())
result.exchanges

# %%
# For each part, a picture before and after it got the part of the class that follows it most clearly.

figure = result.plot_exchanges()

# %%
# The same discs without the wave say what the network has learned.

with torch.inference_mode():
    network.eval()
    discs = (torch.from_numpy(images[labels == 0]) / 255 - mean) / std
    print(
        f"discs without the wave: {(network(discs).argmax(dim=1) == 0).float().mean():.0%} are recognised"
    )

# %%
# The cards
# ---------
# One row for each class: what sets its spectrum apart (ADCS), the rise of the loss, the map, and a picture that is
# reduced to the map and to the lowest frequencies. `result.save("folder")` writes them with all tables and an HTML
# page.

figure = result.cards()
plt.show()
