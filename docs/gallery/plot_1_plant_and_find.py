"""
Plant and find
==============

Does the search find what a network uses? Here the answer is known. All images are noise. Those of three classes have
a raised amplitude at eight pairs of frequencies that we choose; class C0 has no such cue. A small network learns to
tell the classes apart. `frequency_shortcuts.analyse` then ranks the frequencies of each class, without knowing what was
planted. The *average precision* says how well: 1 if the planted frequencies stand first, near 0 by chance.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import ListedColormap

import frequency_shortcuts as fs
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.networks import architectures

sys.path.insert(0, str(Path(sys.argv[0]).resolve().parents[2] / "workflow"))
from study.measures import truth
from study.sources import planted
from study.sources.drawn import draw_images
from study.trainings import training
from study.trainings.augmentation import Augmentation
from study.trainings.training import Recipe

# %%
# Images with a known cue
# -----------------------
# The mechanism `present` raises amplitudes. `study.sources.planted` has others, such as an absence of energy.

design = planted.Design("present")
mean, std = np.full(3, design.mean), np.full(3, design.deviation)


def draw(per_class, seed):
    """Images of all classes, with the numbers that normalise them."""
    images, labels = draw_images(design, per_class, seed)
    return Split(images, labels, design.classes, mean, std, neutral=0)


# %%
# A network that learns the cue
# -----------------------------
# A ResNet18 with narrow layers. Shifts with wrap-around move the noise and leave all amplitudes as they are.

network = architectures.build(
    architectures.Architecture("resnet18", n_classes=4, channels=3, size=32, width=8)
)
recipe = Recipe(epochs=8, batch_size=16, learning_rate=0.05, schedule="one_cycle")
shifts = Augmentation(shift=16, flip=False, wrap=True)
history = training.train(
    network, draw(300, 1), draw(30, 2), recipe, seed=0, augmentation=shifts
).history
print(f"validation accuracy {history['validation_accuracy'].max():.2f}")

# %%
# Find its frequencies
# --------------------
# Some images rank the frequencies, others test the maps. The search is that of the study, which removes single pairs of
# frequencies.

search = fs.Search(method="screened", images_per_class=30)
test = fs.Evaluation(maps=search, images=draw(30, 4), images_per_class=30, fills=("swap",))
result = fs.analyse(network, draw(30, 3), test=test)
print(result.summary())
result.verdicts

# %%
# Compare with the truth
# ----------------------
# Black: planted and in the map. Red: planted, but not in the map. Grey: in the map, but not planted. The map holds 5 %
# of the frequencies, which is more than was planted.

pairs = fs.spectrum.ConjugatePairs(32, 32)
planted_masks = design.planted()["truth"]
figure, axes = plt.subplots(2, 3, figsize=(7, 5), layout="constrained")
for c, (above, below) in enumerate(axes.T, start=1):
    fs.plot_map(pairs.scatter(result.found.score[c]), ax=above)
    colours = np.select(
        [planted_masks[c] & result.maps[c], planted_masks[c], result.maps[c]], [3, 2, 1]
    )
    fs.plot_map(
        colours, ax=below, cmap=ListedColormap(["white", "silver", "red", "black"]), vmin=0, vmax=3
    )
    inside = pairs.gather(planted_masks[c])
    precision = truth.average_precision(result.found.score[c], inside, pairs.size)
    above.set_title(f"{design.classes[c]}: rise of the loss")
    below.set_title(f"average precision {precision:.2f}")
for axis in axes.flat:
    axis.label_outer()
plt.show()
