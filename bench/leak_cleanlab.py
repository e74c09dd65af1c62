"""Would cleanlab have reported the artefacts? Images of `make leaks` on clothing, 13 seeds, once that has run:

    pip install "cleanlab[image]"
    python -m bench.leak_cleanlab

docs/data/leaks/cleanlab.csv gets a row a set (the test images of a network; all `clean` ones are the same) and image
property of Datalab's check of spurious correlations: `score`, low if the property predicts the class labels, whether it
is `reported`, and `flagged`, the share of images that have the issue of that name. All are of the whole set: cleanlab
does not say of which class. With version 2.9.0, and one of ten classes recognised by the property, the score is 0.8.
"""

from __future__ import annotations

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
from .leak_maps import SEEDS


def of_images(images: Split) -> pd.DataFrame:
    """A row an image property."""
    pictures = [Image.fromarray(np.moveaxis(image, 0, -1).squeeze()) for image in images.images]
    given = Dataset.from_dict({"image": pictures, "label": images.labels.tolist()})
    lab = Datalab(given, label_name="label", image_key="image", verbosity=0)
    lab.find_issues()
    found = lab.get_info("spurious_correlations")
    table = found["correlations_df"].set_axis(["property", "score"], axis=1)
    table["property"] = table["property"].str.removesuffix("_score")
    flagged = [lab.get_issues()[f"is_{name}_issue"].mean() for name in table["property"]]
    return table.assign(reported=table["score"] < found["threshold"], flagged=flagged)


if __name__ == "__main__":
    plan, tables = plan_of("leaks"), []
    settings = plan.leak_settings()
    for seed in range(settings["first_seed"], settings["first_seed"] + SEEDS):
        for case in leaks.cases("clothing", plan.leak_images("clothing"), settings, seed):
            table = of_images(case.images.tested[1])
            tables.append(table.assign(suite="clothing", seed=seed, set=case.name))
    write_table(pd.concat(tables), DATA / "leaks" / "cleanlab.csv")
