"""Would cleanlab have reported the artefacts? Images of `make leaks` on clothing, 13 seeds, once that has run:

    pip install "cleanlab[image]"
    python -m bench.leak_cleanlab

Datalab runs with its defaults on the test images of each network. docs/data/leaks/cleanlab.csv gets a row a seed, set
(the network; all `clean` sets are the same images) and image property, all of the whole set but the last columns:

- `score`, of spurious correlations: low if the property predicts the class labels; `reported`, if below the threshold.
  cleanlab does not say of which class. With 2.9.0 and classes of one size, the score is 1 - the accuracy of a Bayes
  classifier that sees the property alone, the threshold 0.3: one of ten classes recognised, and no other, leaves 0.8.
- `flagged`, the share of images that have the issue of that name (dark, blurry, ...), and `flagged_0`, ... of each
  class. Datalab leaves an issue out of its report that more than a tenth of the images have.
"""

from __future__ import annotations

from typing import Any

from .three_seeds import leaks, plan_of  # before PyTorch, for portable numerics

# isort: split
import numpy as np
import pandas as pd
from cleanlab import Datalab
from datasets import Dataset
from PIL import Image

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.storage.tables import write_table

from . import DATA

SEEDS = 13


def of_images(images: Split) -> pd.DataFrame:
    """A row an image property."""
    pictures = [Image.fromarray(np.moveaxis(image, 0, -1).squeeze()) for image in images.images]
    lab = Datalab(
        Dataset.from_dict({"image": pictures, "label": images.labels.tolist()}),
        label_name="label", image_key="image", verbosity=0,
    )  # fmt: skip
    lab.find_issues()
    found, issues = lab.get_info("spurious_correlations"), lab.get_issues()
    rows = []
    for column, score in found["correlations_df"].itertuples(index=False):
        name = column.removesuffix("_score")
        flagged = issues[f"is_{name}_issue"].to_numpy(bool)
        of_classes = {f"flagged_{c}": flagged[images.labels == c].mean() for c in range(len(images.classes))}
        reported = score < found["threshold"]
        rows.append({"property": name, "score": score, "reported": reported, "flagged": flagged.mean(), **of_classes})
    return pd.DataFrame(rows)


def of_seed(seed: int, store: str, settings: dict[str, Any]) -> pd.DataFrame:
    """The sets of a seed on clothing; store, settings : as in `study.leaks.cases`."""
    tables = []
    for case in leaks.cases("clothing", store, settings, seed):
        _, test = case.images.tested
        table = of_images(test)
        tables.append(table.assign(suite="clothing", seed=seed, set=case.name)[["suite", "seed", "set", *table]])
    return pd.concat(tables)


if __name__ == "__main__":
    plan = plan_of("leaks")
    store, settings = str(plan.leak_images("clothing")), plan.leak_settings()
    seeds = range(settings["first_seed"], settings["first_seed"] + SEEDS)
    write_table(pd.concat(of_seed(seed, store, settings) for seed in seeds), DATA / "leaks" / "cleanlab.csv")
