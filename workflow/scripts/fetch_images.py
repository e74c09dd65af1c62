"""Fetch the published files of a set of images."""

from frequency_shortcuts.data.downloads import DOWNLOADS
from study.job import job, log


def main(snakemake):
    """From the folder of the user, or from the first source that has them."""
    with job(snakemake):
        place = DOWNLOADS[snakemake.params.source].fetch(snakemake.output[0], snakemake.params.folder)
        log.info("the files came from %s", place)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
