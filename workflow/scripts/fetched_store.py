"""Write the image store of a set whose published files were fetched."""

from frequency_shortcuts.data import stores
from frequency_shortcuts.data.downloads import DOWNLOADS
from frequency_shortcuts.data.splits import part_in_order, stratified
from study.job import job
from study.origin import origin_of


def main(snakemake):
    """Split the training photographs and store all three splits."""
    with job(snakemake) as created_by:
        published = DOWNLOADS[snakemake.params.source]
        (pictures, labels), test = published.read(snakemake.input.files)
        kept = snakemake.params.validation_share
        parts = stratified(labels, {"train": 1 - kept, "validation": kept}, snakemake.params.seed)
        splits = {name: (pictures[chosen], labels[chosen]) for name, chosen in parts.items()}
        stores.write(
            snakemake.output[0],
            {**splits, "test": part_in_order(*test, snakemake.params.test_images)},
            classes=published.classes,
            source=published.description,
            created_by=created_by,
            about=origin_of(snakemake.output[0]),
        )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
