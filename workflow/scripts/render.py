"""Write one synthetic rendition of a data set's test images."""

from frequency_shortcuts import images, renditions
from job import job


def main(snakemake):
    """Restyle the test images; they are normalised as the training images are."""
    name, params = snakemake.wildcards.rendition, snakemake.params
    with job(snakemake) as created_by:
        test = images.read(snakemake.input.images, "test", params.images_per_class)
        images.write(
            snakemake.output[0],
            {"test": (renditions.render(name, test.images, test.labels, params.seed), test.labels)},
            classes=test.classes,
            source=f"synthetic rendition ({name}) of the test images of {snakemake.wildcards.dataset}",
            created_by=created_by,
            statistics=(test.mean, test.std),
        )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
