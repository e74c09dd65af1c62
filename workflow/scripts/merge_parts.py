"""Put the parts of a divided culling together and write its DFM file."""

from cull import write
from frequency_shortcuts import culling
from job import job


def main(snakemake):
    """The same file as from one job."""
    with job(snakemake) as created_by:
        write(snakemake, culling.merge(map(culling.read_part, snakemake.input.parts)), created_by)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
