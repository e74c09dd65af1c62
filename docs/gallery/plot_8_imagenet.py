"""
A network with ImageNet weights
===============================

EfficientNet-Lite0 tells birds, mammals and objects apart, at 224 pixels. `real.py` loads it and adds up its outputs to
these groups. `make real` lays out the photographs, stamps of Tux Paint on grey. They are few and unlike ImageNet's: an
example, and no finding.
"""

import sys
from pathlib import Path

from matplotlib import pyplot as plt

import frequency_shortcuts as fs

ROOT = Path(sys.argv[0]).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from real import GROUPS, network  # noqa: E402

pictures = ROOT / "results" / "real" / "pictures"
print(
    {
        group: f"{len(outputs)} outputs, {len([*(pictures / group).iterdir()])} photographs"
        for group, outputs in GROUPS.items()
    }
)

# %%
# Do the images alone differ?
# ---------------------------

quiet = fs.Run(progress=False)
print(fs.differences(pictures, progress=False).summary())

# %%
# What does the network follow?
# -----------------------------
# The transform of its training: pixels of mean 127 and deviation 128.

transform = fs.Preprocessing(mean=[127 / 255] * 3, std=[128 / 255] * 3, size=224)
result = fs.analyse(network(), pictures, transform=transform, run=quiet)
print(result.summary())
result.exchanges

# %%
# For each part, a photograph of another class before and after it got the part of the class that follows it most.

figure = result.plot_exchanges()
plt.show()
