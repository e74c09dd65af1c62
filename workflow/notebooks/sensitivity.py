# %% [markdown]
# # Sensitivity to single plane waves
#
# The table holds the error without a wave, the greatest error, and the radius of the wave that it is under, in cycles
# per image.

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
import numpy as np
import pandas as pd
from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.evaluation.wave_errors import read_overall
from frequency_shortcuts.figures import canvas, robustness
from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.spectrum.pairs import radius


def summary(error: FloatArray, plain: float) -> dict[str, float]:
    at_radius = radius(*error.shape).flat[np.nanargmax(error)]
    return {"without a wave": plain, "greatest": np.nanmax(error), "at radius": at_radius}


def draw(maps: list[str], labels: list[str], band_edges: list[float]) -> Figure:
    found: dict[str, list[tuple[FloatArray, float]]] = {}
    for path, label in zip(maps, labels, strict=True):
        found.setdefault(label.removesuffix(", none"), []).append(read_overall(path))
    means = {
        label: (np.mean([error for error, _ in seeds], axis=0), float(np.mean([plain for _, plain in seeds])))
        for label, seeds in found.items()
    }
    display(pd.DataFrame({label: summary(*of_seeds) for label, of_seeds in means.items()}).T.round(2))
    return robustness.sensitivity(means, band_edges)


canvas.draw_all(draw, figures)
