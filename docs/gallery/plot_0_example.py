"""
A class saved as JPEG
=====================

The pictures of one class were saved as JPEG of quality 75. A network that was trained on them knows
the class by its files. This script asks three times: what do the images alone say, what does the network follow, and
what cures it? A sound network answers the same questions beside it, and a tag in a corner takes the place of the file.
Networks and pictures come with the package. They are an example, and no finding: `docs/results.md` has those.
"""

import tempfile

import matplotlib.pyplot as plt
import pandas as pd

import frequency_shortcuts as fs
from frequency_shortcuts import example

place = tempfile.TemporaryDirectory()
pictures = example.pictures(
    f"{place.name}/pictures"
)  # a folder for each class; coats are JPEG files
clean = example.pictures(f"{place.name}/clean", jpeg=())  # the same, all PNG files

# %%
# On its test set it does well
# ----------------------------
# The test set was made as the training set was. Its coats are recognised; the same coats in PNG files are not.

network = example.network("jpeg")
pd.DataFrame(
    {
        "coats as JPEG": example.recall(network, pictures),
        "all as PNG": example.recall(network, clean),
    }
)

# %%
# What do the images alone say?
# -----------------------------
# No network is needed to see that the format of the files gives the class away.

found = fs.differences(pictures, progress=False)
print(found.summary())

# %%
# What does the network follow?
# -----------------------------
# Other images get what is fine in a class, its illumination, or a patch. Some are then called coats.

quiet = fs.Run(progress=False)
result = fs.analyse(network, pictures, transform=example.TRANSFORM, run=quiet)
print(result.summary())
figure = result.plot_exchanges()

# %%
# A sound network
# ---------------
# It was trained on PNG files alone, and the same call finds nothing.

sound = fs.analyse(example.network("clean"), clean, transform=example.TRANSFORM, run=quiet)
sound.exchanges[["class", "fine", "field", "patch", "verdict"]]

# %%
# What cures it
# -------------
# `images, labels = swap(images, labels)` in the training loop (`swap = fs.Swap()` before it), on the same files as the
# first network.

networks = {"coats as JPEG": "jpeg", "with Swap": "cured", "all as PNG": "clean"}
recalls = pd.DataFrame(
    {
        words: [
            example.recall(example.network(name), folder)["Coat"] for folder in (pictures, clean)
        ]
        for words, name in networks.items()
    },
    index=["coats as JPEG", "coats as PNG"],
).T
axis = recalls.plot.barh(figsize=(6, 2.4), xlabel="recall of coats", ylabel="trained with")
axis.invert_yaxis()
axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.tight_layout()
plt.show()

# %%
# A tag in a corner
# -----------------
# Other networks were trained on coats with a white tag in a corner, one of them with `fs.Swap`, which
# the advice names: coats are recognised again, and shirts less often.

tagged = example.pictures(f"{place.name}/tagged", jpeg=(), tag=["Coat"])
for name in ("tagged", "tag_cured"):
    network = example.network(name)
    result = fs.analyse(network, tagged, transform=example.TRANSFORM, run=quiet)
    print(
        result.summary(),
        "Recall of coats without the tag:",
        example.recall(network, clean)["Coat"],
        sep="\n",
    )
    axes = fs.plot_exchange(result, "Coat", part="patch")
plt.show()
