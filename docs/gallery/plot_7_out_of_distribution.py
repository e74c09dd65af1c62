"""
Distribution shift
==================

A shortcut is right on images like those of the training, and may be wrong on others. Here a network learns shapes, and
all discs of the training carry a faint plane wave. The test pictures are drawn in other ways: without the wave,
inverted, blurred, noisy, and as silhouettes. Does a class whose shortcut survives stay recognised, and what happens
where it does not? The study asks the same of photographs, with the renditions of `study.images.renditions`.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

import frequency_shortcuts as fs
from frequency_shortcuts.images.artefacts import Artefact
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import find
from frequency_shortcuts.networks import architectures

sys.path.insert(0, str(Path(sys.argv[0]).resolve().parents[2] / "workflow"))
from study.images.renditions import Rendition
from study.trainings import training
from study.trainings.augmentation import Augmentation
from study.trainings.training import Recipe

# %%
# Pictures and a network
# ----------------------

SHAPES = ("disc", "square", "cross")
WAVE = Artefact("wave", 0.08, label=0, frequency=(0, 7))


def draw(per_class, seed, waved=True):
    """Shapes with noise, discs with a wave, uint8 [n, 1, 32, 32], with the numbers that normalise them."""
    generator = np.random.default_rng(seed)
    labels = np.arange(3 * per_class) % 3
    y, x = np.abs(np.mgrid[:32, :32][:, None] - generator.uniform(11, 21, (2, len(labels), 1, 1)))
    reach = generator.uniform(6, 9, (len(labels), 1, 1))
    square, cross = np.maximum(x, y) < 0.9 * reach, (np.minimum(x, y) < 0.3 * reach) & (np.maximum(x, y) < reach)
    shape = np.choose(labels[:, None, None], [np.hypot(x, y) < reach, square, cross])
    pixels = 80 + 45 * shape + generator.normal(0, 25, shape.shape)
    images = pixels.clip(0, 255).astype(np.uint8)[:, None]
    return Split(WAVE.add(images, labels) if waved else images, labels, SHAPES, np.array([0.35]), np.array([0.15]))


network = architectures.build(architectures.Architecture("resnet18", n_classes=3, channels=1, size=32, width=8))
recipe = Recipe(epochs=5, batch_size=32, learning_rate=0.05, schedule="one_cycle")
shifts = Augmentation(shift=2, flip=False)
training.train(network, draw(200, 1), draw(30, 2), recipe, seed=0, augmentation=shifts)

found = find(registry.load("culling"), network, draw(30, 3), search="screened")
maps = fs.dfm.dominant(found.score, fs.spectrum.ConjugatePairs(32, 32), percent=5)

# %%
# Test pictures in other styles
# -----------------------------
# All are made from the same pictures, so that only the style differs.

test = draw(40, 4)
styles = {"as in training": test, "without the wave": draw(40, 4, waved=False)}
for name in ("inverted", "blurred", "noisy", "silhouette"):
    images = Rendition(name, test.images, test.labels)[:]
    styles[name] = Split(images, test.labels, SHAPES, test.mean, test.std)

# %%
# The same maps in every style
# ----------------------------
# TPR of each class, from whole pictures, from the map, and from random masks of its size. A style in which the TPR from
# the map stays high while the TPR from random masks is low still has the shortcut.

KINDS = {"unfiltered": "whole picture", "dfm": "from the map", "random": "from random masks"}
tables = {
    name: fs.shortcuts.measure(network, pictures, maps, fs.shortcuts.Trials(fills=["zeros"]))
    for name, pictures in styles.items()
}
table = pd.concat(tables, names=["style"]).replace({"class": dict(enumerate(SHAPES)), "filter": KINDS})
table = table[table["filter"].isin(KINDS.values())]
rates = table.pivot_table("tpr", "style", ["class", "filter"], sort=False)
rates.round(2)

# %%
# Where the shortcut is lost
# --------------------------
# Without the wave, or where blur takes it away, no disc is recognised, although its shape is as clear as that of a
# square. In noisy pictures and silhouettes the wave is left: there the discs are the only class that the network still
# recognises. It calls all inverted pictures squares.

figure, axes = plt.subplots(2, len(styles), figsize=(9, 3.8), layout="constrained", height_ratios=[1, 1.3])
for (name, pictures), above, below in zip(styles.items(), *axes, strict=True):
    above.imshow(pictures.images[0, 0], cmap="gray", vmin=0, vmax=255)
    above.set_axis_off()
    above.set_title(name)
    for offset, kind, colour in zip((-0.25, 0, 0.25), KINDS.values(), ("silver", "tab:blue", "black"), strict=True):
        heights = rates.loc[name].xs(kind, level="filter")[list(SHAPES)]
        below.bar(np.arange(3) + offset, heights, 0.25, color=colour, label=kind)
    below.set(xticks=range(3), xticklabels=SHAPES, ylim=(0, 1.05), yticks=[0, 1])
    below.tick_params(axis="x", labelsize=7)
axes[1, 0].set_ylabel("TPR")
figure.legend(*axes[1, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
plt.show()
