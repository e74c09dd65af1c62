"""Fetch the published files of a set of images."""

from study.images.downloads import DOWNLOADS
from study.job import log, script


@script
def main(snakemake, created_by):
    """From the folder of the user, or from the first source that has them."""
    place = DOWNLOADS[snakemake.params.source].fetch(snakemake.output[0], snakemake.params.folder)
    log.info("the files came from %s", place)
