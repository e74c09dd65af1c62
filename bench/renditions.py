"""The accuracy of plain networks on each rendition: `python -m bench.renditions` writes docs/data/renditions.csv.

They are the baseline of config/config.yaml with other seeds, and see the first half of the published test images alone.
The study, whose renditions are chosen by this table, tests on the second half.
"""

import tempfile
from dataclasses import replace

from . import DATA, ROOT

from .three_seeds import plan_of, protocol_of, torch  # isort: skip  (before what loads PyTorch)
import pandas as pd

from frequency_shortcuts.data import renditions, stores
from frequency_shortcuts.data.downloads import DOWNLOADS
from frequency_shortcuts.networks.predictions import accuracy
from frequency_shortcuts.storage.tables import write_table

RAW = ROOT / "results" / "laptop" / "data" / "raw" / "fashion_mnist"  # of `make study`

if __name__ == "__main__":
    torch.set_num_threads(1)  # as in the jobs of a study
    plan, published, rows = plan_of("config"), DOWNLOADS["fashion_mnist"], []
    how, recipe = plan.training_settings("photographs"), plan.recipe("photographs", "resnet18_w8")
    form, recipe = plan.config["networks"]["resnet18_w8"], recipe | {"epochs": how["epochs"]}
    protocol, count = protocol_of(form, recipe, how["augmentation"]), how["images_per_class"]
    with tempfile.NamedTemporaryFile() as file:
        splits = published.splits(RAW, validation_share=0.1, seed=0, test_images="first_half")
        stores.write(file.name, splits, classes=published.classes, source="", created_by="")
        train, test = stores.read(file.name, "train", count), stores.read(file.name, "test")
        validation = stores.read(file.name, "validation", how["validation_per_class"])
    drawn = {name: renditions.render(name, test.images, test.labels) for name in renditions.names()}
    for seed in (0, 1, 2):
        network, _ = protocol.train(train, validation, seed=seed)
        for name, images in {"photograph": test.images, **drawn}.items():
            rows.append({"seed": seed, "rendition": name, "accuracy": accuracy(network, replace(test, images=images))})
    write_table(pd.DataFrame(rows), DATA / "renditions.csv")
