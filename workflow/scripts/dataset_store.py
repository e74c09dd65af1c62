"""Write the image store of a torch Dataset of the user."""

from frequency_shortcuts.data import stores
from frequency_shortcuts.data.splits import stratified
from study.image_folders import identity_statistics
from study.job import job
from study.origin import origin_of
from study.torch_datasets import open_dataset


def main(snakemake):
    """Convert its items, split them class by class and store them."""
    settings = snakemake.params.settings
    with job(snakemake) as created_by:
        items, labels, classes = open_dataset(settings)
        parts = stratified(labels, settings["shares"], settings["split_seed"], classes)
        stores.write(
            snakemake.output[0],
            {name: (items.subset(chosen), labels[chosen]) for name, chosen in parts.items()},
            classes=classes,
            source=f"dataset {settings['entry_point']}",
            created_by=created_by,
            about=origin_of(snakemake.output[0]),
            statistics=None if "train" in parts else identity_statistics(settings["channels"]),
            progress=True,
        )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
