"""Fetch the published files of a set of images, or lay out pictures of Debian's packages."""

from pathlib import Path

from study.images.pictures import lay_out_photographs
from study.images.scenes import lay_out_backgrounds
from study.job import log, script
from study.sources.downloads import DOWNLOADS

LAY_OUT = {
    "backgrounds": lay_out_backgrounds,
    "pictures": lay_out_photographs,
}


@script
def main(snakemake, created_by):
    """From the folder of the user, or from the first source that has them."""
    output, pictures = Path(snakemake.output[0]), snakemake.wildcards.get("pictures")
    if pictures:
        LAY_OUT[pictures](output)
    else:
        place = DOWNLOADS[snakemake.params.source].fetch(output, snakemake.params.folder)
        log.info("the files came from %s", place)
