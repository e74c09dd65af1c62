"""
A vision transformer
====================

A small vision transformer learns the shapes of the script before, again with a faint plane wave in all discs. Its
output is an object with `logits`, like that of the networks of Hugging Face, and is understood as it is. The maps come
from gradients (`method="gradient"`), which cost a few passes of each image instead of one for each frequency. The same
analysis of the network *before* its training shows what random weights mean: every network has frequencies to which it
is sensitive, so a map always comes out. Only the tests say whether it means anything.
"""

import copy
from types import SimpleNamespace

import numpy as np
import torch
from matplotlib import pyplot as plt
from torch import nn
from torch.nn import functional
from torchvision.models import VisionTransformer

import frequency_shortcuts as fs
from frequency_shortcuts.images.artefacts import Artefact

# %%
# The pictures

SHAPES = ("disc", "square", "cross")
MEAN, STD = [0.35] * 3, [0.15] * 3


def draw(per_class, seed):
    """Shapes with noise, discs with a wave, uint8 [n, 3, 32, 32], and their labels."""
    generator = np.random.default_rng(seed)
    labels = np.arange(3 * per_class) % 3
    y, x = np.abs(np.mgrid[:32, :32][:, None] - generator.uniform(11, 21, (2, len(labels), 1, 1)))
    reach = generator.uniform(6, 9, (len(labels), 1, 1))
    square, cross = (
        np.maximum(x, y) < 0.9 * reach,
        (np.minimum(x, y) < 0.3 * reach) & (np.maximum(x, y) < reach),
    )
    shape = np.choose(labels[:, None, None], [np.hypot(x, y) < reach, square, cross])
    pixels = 80 + 45 * shape + generator.normal(0, 25, shape.shape)
    images = np.repeat(pixels.clip(0, 255).astype(np.uint8)[:, None], 3, axis=1)
    return Artefact("wave", 0.08, label=0, frequency=(5, 11)).add(images, labels), labels


# %%
# The network
# -----------
# Three layers, patches of 4 x 4 pixels. torchvision sets the weights of the last layer to zero, which would make all
# gradients zero: here they are random.


class Classifier(nn.Module):
    """A vision transformer whose output is an object with logits."""

    def __init__(self):
        super().__init__()
        self.body = VisionTransformer(
            32, 4, num_layers=3, num_heads=4, hidden_dim=64, mlp_dim=128, num_classes=3
        )
        nn.init.trunc_normal_(self.body.heads.head.weight, std=0.02)

    def forward(self, images):
        """images [n, 3, 32, 32] -> an object with logits [n, 3]"""
        return SimpleNamespace(logits=self.body(images))


torch.manual_seed(
    21
)  # with some others, the random weights do not reach chance, and `analyse` refuses them
untrained = Classifier()
trained = copy.deepcopy(untrained)

images, labels = draw(200, seed=1)
inputs, targets = (torch.from_numpy(images) / 255 - MEAN[0]) / STD[0], torch.from_numpy(labels)
optimiser = torch.optim.Adam(trained.parameters(), lr=2e-3)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, epochs=12, steps_per_epoch=19)
for _ in range(12):
    for some in torch.randperm(len(inputs)).split(32):
        optimiser.zero_grad()
        functional.cross_entropy(trained(inputs[some]).logits, targets[some]).backward()
        optimiser.step()
        schedule.step()

# %%
# The analysis, before and after
# ------------------------------

images, labels = draw(60, seed=2)
search = fs.Search(method="gradient", images_per_class=30)
test = fs.Test(maps=search, classes=SHAPES, images_per_class=30, fills=("zeros",))
results = {
    name: fs.analyse(network, images, labels, mean=MEAN, std=STD, test=test, run=fs.Run(name=name))
    for name, network in (("random weights", untrained), ("trained", trained))
}
for name, result in results.items():
    print(f"{name}\n{result.summary()}\n")

# %%
# Maps of both networks
# ---------------------
# The arrow points to the frequency of the wave. Below each map: the share of the class that is recognised from whole
# pictures, and from the map alone. The network with random weights calls most pictures a disc, so that the share of
# discs says nothing: the tests compare it with the share of other pictures and with control masks.
#
# The dots lie eight cycles apart, because the patches are four pixels wide, which is an eighth of the picture:
# frequencies that differ by a multiple of eight look alike from one patch to the next. Random weights show this too.

figure, axes = plt.subplots(2, 3, figsize=(7, 5.2), layout="constrained")
for (name, result), line in zip(results.items(), axes, strict=True):
    for axis, mask, (_, row) in zip(line, result.maps, result.verdicts.iterrows(), strict=True):
        fs.plot_map(mask, ax=axis)
        axis.annotate("", (11, 5), (14, 13), arrowprops={"arrowstyle": "->", "color": "red"})
        axis.set_title(f"{row['class']}, {name}", fontsize=9)
        axis.set_xlabel(
            f"{row['tpr_unfiltered']:.0%} whole, {row['tpr_dfm']:.0%} from the map", fontsize=8
        )
plt.show()
