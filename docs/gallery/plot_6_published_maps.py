"""
Published maps, in and out
==========================

Three published tools write their maps as pickles, each in a layout of its own. `frequency_shortcuts.maps.exchange`
writes ours for these tools and reads theirs; nothing in a pickle is executed. Their maps lack the conjugate partner of
some frequencies. A real image cannot have one without the other, so that the partner is added when a map is read.
Maps that come from elsewhere are tested like our own: `fs.Test(maps=...)`. No published file is part of this
repository, so the script makes one that is like them.
"""

import pickle
import tempfile
import warnings
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import ListedColormap

import frequency_shortcuts as fs
from frequency_shortcuts.data import planted
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.maps import exchange
from frequency_shortcuts.networks import architectures, training
from frequency_shortcuts.networks.augmentation import Augmentation
from frequency_shortcuts.networks.recipe import Recipe

# %%
# A network and our maps
# ----------------------
# Noise images whose classes have raised frequencies (see *Plant and find*), and maps by gradients.

design = planted.design("present")
mean, std = np.full(3, design.mean), np.full(3, design.deviation)


def draw(per_class, seed):
    """Images of all classes, with the numbers that normalise them."""
    images, labels = planted.images(design, per_class, seed)
    return Split(images, labels, design.classes, mean, std, neutral=design.neutral)


network = architectures.build(architectures.Architecture("resnet18", n_classes=4, channels=3, size=32, width=8))
recipe = Recipe(epochs=8, batch_size=32, learning_rate=0.05, schedule="one_cycle")
shifts = Augmentation(shift=16, flip=False, wrap=True)
training.train(network, draw(300, 1), draw(30, 2), recipe, seed=0, augmentation=shifts)

ranking, test = draw(30, 3), draw(30, 4)
search = fs.Search(method="gradient", images_per_class=30)
test_of_ours = fs.Test(maps=search, images=test, images_per_class=30, fills=("swap",))
ours = fs.analyse(network, ranking, test=test_of_ours)

# %%
# Out: our maps for three tools
# -----------------------------
# The same maps in three layouts. Reading gives them back, bit for bit.

scratch = tempfile.TemporaryDirectory()
folder = Path(scratch.name)
for layout in exchange.LAYOUTS:
    path = folder / f"{layout}.pkl"
    exchange.write(path, ours.maps, layout)
    same = np.array_equal(exchange.read(path), ours.maps)
    print(f"{layout:9} {path.stat().st_size:7,} bytes, the same maps after reading: {same}")

# %%
# In: maps from elsewhere
# -----------------------
# This file has the layout of DFM-X: for each class 32 lists of 32 numbers. Its maps hold what was planted, a few other
# frequencies, and of some only one of the two partners.

generator = np.random.default_rng(0)
held = design.planted()["truth"] | (generator.random((4, 32, 32)) < 0.01)
held[:, :, :16] &= generator.random((4, 32, 16)) < 0.8  # some partners are lost
theirs = folder / "theirs.pkl"
theirs.write_bytes(pickle.dumps({c: plane.astype(float).tolist() for c, plane in enumerate(held)}))

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    read = exchange.read(theirs, shape=(4, 32, 32))
print(str(caught[0].message).replace(str(folder), "..."))

# %%
# Both are tested in the same way
# -------------------------------

test_of_theirs = fs.Test(maps=read, images=test, images_per_class=30, fills=("swap",))
tested = fs.analyse(network, ranking, test=test_of_theirs)
for name, result in (("ours", ours), ("theirs", tested)):
    print(f"\n{name}\n{result.verdicts[['class', 'tpr_dfm', 'best_control', 'margin', 'verdict']].round(2)}")

# %%
# What was read
# -------------
# Above: our maps. Below: the maps of the file. Black: frequencies that the file holds. Red: partners that were added.

figure, axes = plt.subplots(2, 3, figsize=(7, 5), sharex=True, sharey=True, layout="constrained")
for c, (above, below) in enumerate(axes.T, start=1):
    fs.plot_map(ours.maps[c], ax=above)
    colours = ListedColormap(["white", "black", "red"])
    fs.plot_map(held[c] + 2 * (read[c] & ~held[c]), ax=below, cmap=colours, vmin=0, vmax=2)
    above.set_title(f"{design.classes[c]}: ours, {ours.maps[c].sum()}")
    below.set_title(f"theirs, {held[c].sum()} + {(read[c] & ~held[c]).sum()}")
for axis in axes.flat:
    axis.label_outer()
plt.show()
