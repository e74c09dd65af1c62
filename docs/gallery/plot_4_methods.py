"""
Methods side by side
====================

Culling removes frequencies one at a time and looks at the loss. The method `mixture` mixes the frequencies of each
image with those of an image of the neutral class, which has nothing planted, at random. One backward pass says how the
log-odds of the class change with every frequency. Here each class has *two* sets of raised frequencies, and either
identifies the class: the planted set `redundant`. Without one set, the other still gives the class away, so that the
loss hardly rises. Which methods find both sets? The numbers are of one small network; docs/methods.md has those of
several.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.colors import ListedColormap

import frequency_shortcuts as fs
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import find
from frequency_shortcuts.networks import architectures

sys.path.insert(0, str(Path(sys.argv[0]).resolve().parents[2] / "workflow"))
from study.measures import truth
from study.sources import planted
from study.sources.drawn import draw_images
from study.trainings import training
from study.trainings.augmentation import Augmentation
from study.trainings.training import Recipe

# %%
# Images and a network
# --------------------

design = planted.Design("redundant")
mean, std = np.full(3, design.mean), np.full(3, design.deviation)


def draw(per_class, seed):
    """Images of all classes, with the numbers that normalise them."""
    images, labels = draw_images(design, per_class, seed)
    return Split(images, labels, design.classes, mean, std, neutral=0)


network = architectures.build(
    architectures.Architecture("resnet18", n_classes=4, channels=3, size=32, width=8)
)
recipe = Recipe(epochs=8, batch_size=32, learning_rate=0.05, schedule="one_cycle")
shifts = Augmentation(shift=16, flip=False, wrap=True)
history = training.train(
    network, draw(300, 1), draw(30, 2), recipe, seed=0, augmentation=shifts
).history
print(f"validation accuracy {history['validation_accuracy'].max():.2f}")

# %%
# Five methods
# ------------
# All get the same images and give a score for every class and pair of frequencies. A pass is a forward pass of one
# image; a backward pass counts two. `gradient`, `energy` and `random` are simple methods that others must beat.
# `energy` looks at the images alone. It finds what is there, whether the network uses it or not.

METHODS = {
    "mixture": {},
    "culling": {"search": "exact"},
    "gradient": {},
    "energy": {},
    "random": {},
}
ranking, pairs = draw(10, 3), fs.spectrum.ConjugatePairs(32, 32)
planted_masks = design.planted()["truth"]
inside = pairs.gather(planted_masks)
found, rows = {}, []
for name, settings in METHODS.items():
    found[name] = find(registry.load(name), network, ranking, **settings)
    precision = [
        truth.curve(found[name].score[c], inside[c], pairs.size).average_precision()
        for c in (1, 2, 3)
    ]
    rows.append(
        {
            "method": name,
            "passes": found[name].passes,
            "average precision": np.mean(precision).round(2),
        }
    )
table = pd.DataFrame(rows).set_index("method")
table

# %%
# The truth, and the maps of `mixture` and `culling`
# --------------------------------------------------
# Each map holds as many frequencies as were planted. Black: planted and in the map. Red: planted, but not in the map.
# Grey: in the map, but not planted.

colours = ListedColormap(["white", "silver", "red", "black"])
figure, axes = plt.subplots(3, 3, figsize=(6.4, 7), sharex=True, sharey=True, layout="constrained")
for line, c in zip(axes, (1, 2, 3), strict=True):
    planted_mask = planted_masks[c]
    fs.plot_map(3 * planted_mask, ax=line[0], cmap=colours, vmin=0, vmax=3)
    line[0].set_ylabel(f"class {design.classes[c]}")
    for axis, name in zip(line[1:], ("mixture", "culling"), strict=True):
        mask = fs.dfm.dominant(found[name].score[c], pairs, 100 * planted_mask.mean())
        compared = np.select([planted_mask & mask, planted_mask, mask], [3, 2, 1])
        fs.plot_map(compared, ax=axis, cmap=colours, vmin=0, vmax=3)
axes[0, 0].set_title("planted")
for axis, name in zip(axes[0, 1:], ("mixture", "culling"), strict=True):
    axis.set_title(
        f"{name}: {table.loc[name, 'average precision']:.2f}\n{found[name].passes:,} passes"
    )
figure.suptitle("maps, and the average precision over three classes")
for axis in axes.flat:
    axis.label_outer()
plt.show()
