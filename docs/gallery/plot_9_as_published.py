"""
The test of the paper
=====================

The ICCV 2023 paper culls frequencies: one after the other is removed from the images of a class, and the rise of the
loss ranks it. The top 5 % are the map of the class. If a network recognises the class from its map alone, with zeros
elsewhere, these frequencies are a shortcut. `fs.Evaluation.as_published` is this test, on any network; in a shell it is
`frequency-shortcuts analyse ... --as-published`. Beside the paper's numbers stand those of control masks of the same
size, which the paper does not have. Networks and pictures come with the package.
"""

import tempfile

import matplotlib.pyplot as plt

import frequency_shortcuts as fs
from frequency_shortcuts import example

place = tempfile.TemporaryDirectory()
pictures = example.pictures(f"{place.name}/pictures", jpeg=())  # a folder for each class

# %%
# One call
# --------
# Ten images of each class find its map, to save time; others test it.

result = fs.analyse(
    example.network("clean"),
    pictures,
    transform=example.TRANSFORM,
    test=fs.Evaluation.as_published(search_images=10),
    run=fs.Run(progress=False),
)

# %%
# Table 1 of the paper
# --------------------
# `tpr_dfm` is the share of the class that is recognised from the map, `fpr_dfm` the share of other images that is
# called it. The first high and the second low: a shortcut, if no control does the same.

print(result.table_1.round(2).to_string(index=False))

# %%
# The map and its controls
# ------------------------
# Points that the map's does not clearly exceed explain it: these frequencies are then not special to the class.

shown = {
    "unfiltered": ("unfiltered", "0.75", "s"),
    "dfm": ("the map", "C3", "o"),
    "random": ("random masks", "C0", "x"),
    "low_pass": ("lowest frequencies", "C2", "^"),
    "other": ("maps of other classes (mean)", "C1", "+"),
}
table = result.table_1
figure, axis = plt.subplots(figsize=(7, 4.8), layout="constrained")
for name, (words, colour, mark) in shown.items():
    measure = table[f"tpr_{name}"] - table[f"fpr_{name}"]
    axis.scatter(measure, table["class"], s=45, c=colour, marker=mark, label=words)
axis.set(xlabel="TPR - FPR", title="Is the class recognised from 5 % of the frequencies?")
axis.grid(axis="y", alpha=0.3)
axis.invert_yaxis()
figure.legend(loc="outside lower center", ncols=3)
plt.show()
