"""Lay out the photographs of Tux Paint, or textures of scikit-image, both from Debian's packages."""

from pathlib import Path

from study.job import script
from study.pictures import lay_out_photographs, lay_out_textures


@script
def main(snakemake, created_by):
    """Write a folder for each group of photographs, or for each texture."""
    lay_out = lay_out_textures if snakemake.wildcards.pictures == "textures" else lay_out_photographs
    lay_out(Path(snakemake.output[0]))
