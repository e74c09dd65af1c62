"""Write the synthetic renditions of a data set's test images."""

from pathlib import Path

from frequency_shortcuts.images import stores
from study.images import renditions
from study.job import script


@script
def main(snakemake, created_by):
    """Restyle the test images; their normalisation is that of the training images."""
    params = snakemake.params
    test = stores.read(snakemake.input.images, "test", params.images_per_class)
    for output in map(Path, snakemake.output):
        stores.write(
            output,
            {
                "test": (
                    renditions.Rendition(output.stem, test.images, test.labels, params.seed),
                    test.labels,
                )
            },
            classes=test.classes,
            source=f"synthetic rendition ({output.stem}) of the test images of {snakemake.wildcards.dataset}",
            created_by=created_by,
            statistics=(test.mean, test.std),
            dataset=snakemake.wildcards.dataset,
        )
