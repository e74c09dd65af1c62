"""
Controls and baselines
======================

A network recognises a class from 5 % of the frequencies. Is this remarkable? It is, if other 5 % do not suffice: the
*controls* are random masks, random masks of the same radii, the lowest frequencies, and the maps of other classes. And
what stands at the other 95 %? With *zeros* the images look like nothing that the network has seen. The baseline *swap*
puts in the coefficients of another image.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

import frequency_shortcuts as fs
from frequency_shortcuts.images.artefacts import Artefact
from frequency_shortcuts.images.source import Source
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import find
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.spectrum.masks import control_mask, low_pass_mask

sys.path.insert(0, str(Path(sys.argv[0]).resolve().parents[2] / "workflow"))
from study.trainings import training
from study.trainings.augmentation import Augmentation
from study.trainings.training import Recipe

# %%
# Pictures and a network
# ----------------------
# Grey shapes on noise. All discs carry a plane wave of seven cycles from left to right.

SHAPES = ("disc", "square", "cross")


def draw(per_class, seed):
    """Shapes with noise, discs with a wave, uint8 [n, 1, 32, 32], with the numbers that normalise them."""
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
    images = pixels.clip(0, 255).astype(np.uint8)[:, None]
    images = Artefact("wave", 0.08, label=0, frequency=(0, 7)).add(images, labels)
    return Split(images, labels, SHAPES, np.array([0.35]), np.array([0.15]))


network = architectures.build(
    architectures.Architecture("resnet18", n_classes=3, channels=1, size=32, width=8)
)
recipe = Recipe(epochs=5, batch_size=32, learning_rate=0.05, schedule="one_cycle")
shifts = Augmentation(shift=2, flip=False)
history = training.train(
    network, draw(200, 1), draw(30, 2), recipe, seed=0, augmentation=shifts
).history
print(f"validation accuracy {history['validation_accuracy'].max():.2f}")

# %%
# Maps and their controls
# -----------------------
# `find` and `dfm.dominant` give the maps. `shortcuts.collect` draws all controls by itself; here we draw three to look
# at them.

found = find(registry.load("culling"), network, draw(30, 3), search="screened")
maps = fs.dfm.dominant(found.score, fs.spectrum.ConjugatePairs(32, 32), percent=5)
masks = {
    "map": maps[0],
    "random": control_mask(maps[0], "random", seed=0),
    "same radii": control_mask(maps[0], "radial", seed=0),
    "low pass": low_pass_mask(maps[0]),
}

# %%
# Images that are reduced to a mask
# ---------------------------------

test = draw(40, 4)
images = Source(test).take(np.arange(2))
disc, square = images[0], images[1]
backgrounds = {"zeros": 0 * disc, "swap": square}

# %%
# The tests
# ---------
# TPR is the share of the discs that the network recognises, FPR the share of the other pictures that it takes for a
# disc. If a network calls every picture a disc, its TPR is 1; so the measure is TPR - FPR. `collect` gives the class
# that the network names for every mask and image. Rates and verdicts follow from it: two masks are compared on the
# same images. Random masks with the radii of the map have only a TPR. `than_lowest` says whether the map is better than
# as many of the lowest frequencies, as well, or worse.

hits = fs.shortcuts.collect(network, test, maps)
table, verdicts = fs.shortcuts.rates(hits), fs.shortcuts.verdicts(hits)
verdicts.assign(**{"class": [SHAPES[c] for c in verdicts["class"]]})[
    [
        "class",
        "fill",
        "tpr_dfm",
        "fpr_dfm",
        "best_control",
        "margin",
        "margin_low",
        "verdict",
        "than_lowest",
    ]
].round(2)

# %%
# Map, controls and baselines of the disc
# ---------------------------------------
# Above: the masks, in cycles per image. Below: a disc that is reduced to each mask, with each baseline, and rates of
# all test discs.

figure, axes = plt.subplots(3, 4, figsize=(6.4, 5.6), layout="constrained")
for column, (name, mask) in enumerate(masks.items()):
    fs.plot_map(mask, ax=axes[0, column]).set(title=name, xlabel="", ylabel="")
    for line, (fill, background) in zip(axes[1:], backgrounds.items(), strict=True):
        picture = fs.spectrum.keep(disc, mask) + fs.spectrum.remove(background, mask)
        line[column].imshow(picture[0].numpy(), cmap="gray")
        kind = {"map": "dfm", "same radii": "radial", "low pass": "low_pass"}.get(name, name)
        rows = table[(table["class"] == 0) & (table["fill"] == fill) & (table["filter"] == kind)]
        measure, value = ("TPR", 0) if name == "same radii" else ("TPR - FPR", rows["fpr"])
        line[column].set(
            xticks=[], yticks=[], xlabel=f"{measure} {(rows['tpr'] - value).mean():.2f}"
        )
        line[0].set_ylabel(f"fill: {fill}")
plt.show()
