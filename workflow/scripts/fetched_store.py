"""Write the image store of a set whose published files were fetched."""

from frequency_shortcuts.data import stores
from frequency_shortcuts.data.downloads import DOWNLOADS
from study.job import job
from study.origin import origin_of


def main(snakemake):
    """Split the training photographs and store all three splits."""
    with job(snakemake) as created_by:
        published = DOWNLOADS[snakemake.params.source]
        stores.write(
            snakemake.output[0],
            published.splits(snakemake.input.files, **snakemake.params.settings),
            classes=published.classes,
            source=published.description,
            created_by=created_by,
            about=origin_of(snakemake.output[0]),
        )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
