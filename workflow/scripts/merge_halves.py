"""Put the parts of a culling on either half of the images together and write its file."""

from cull_halves import write
from frequency_shortcuts import culling
from job import job


def main(snakemake):
    """The same file as from one job."""
    given = snakemake.input
    with job(snakemake) as created_by:
        write(
            snakemake,
            [culling.merge(map(culling.read_part, parts)) for parts in (given.half0, given.half1)],
            created_by,
        )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
