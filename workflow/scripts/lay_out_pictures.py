"""Lay out the photographs of Tux Paint, or textures of scikit-image, both from Debian's packages."""

from pathlib import Path

from study.job import job
from study.pictures import lay_out_photographs, lay_out_textures


def main(snakemake):
    """Write a folder for each group of photographs, or for each texture."""
    lay_out = lay_out_textures if snakemake.wildcards.pictures == "textures" else lay_out_photographs
    with job(snakemake):
        lay_out(Path(snakemake.output[0]))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
