"""Lay out the photographs of Tux Paint, or textures of scikit-image, both from Debian's packages."""

from pathlib import Path

from frequency_shortcuts import real_example
from study.job import job
from study.leaks import lay_out_textures


def main(snakemake):
    """Write a folder for each group of photographs, or for each texture."""
    lay_out = lay_out_textures if snakemake.wildcards.pictures == "textures" else real_example.photographs
    with job(snakemake):
        lay_out(Path(snakemake.output[0]))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
