"""Fetch the published files of a set of images, or lay out photographs or textures of Debian's packages."""

from pathlib import Path

from study.images.pictures import lay_out_photographs, lay_out_textures
from study.job import log, script
from study.sources.downloads import DOWNLOADS


@script
def main(snakemake, created_by):
    """From the folder of the user, or from the first source that has them."""
    output, pictures = Path(snakemake.output[0]), snakemake.wildcards.get("pictures")
    if pictures:
        lay_out = lay_out_textures if pictures == "textures" else lay_out_photographs
        lay_out(output)
    else:
        place = DOWNLOADS[snakemake.params.source].fetch(output, snakemake.params.folder)
        log.info("the files came from %s", place)
