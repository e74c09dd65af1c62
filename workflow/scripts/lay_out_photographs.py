"""Lay out the photographs of Tux Paint, from Debian's package, in a folder for each group."""

from frequency_shortcuts import example
from study.job import job


def main(snakemake):
    """Write a folder for each group."""
    with job(snakemake):
        example.photographs(snakemake.output[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
