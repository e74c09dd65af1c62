"""Put the parts of a divided culling together and write its DFM file."""

from cull import write
from frequency_shortcuts.maps.methods import culling
from study.job import job


def main(snakemake):
    """The same file as from one job."""
    given, (output,) = snakemake.input, snakemake.output
    with job(snakemake) as created_by:
        found = culling.merge(map(culling.read_part, given.parts))
        write(output, found, given.images, given.weights, snakemake.params, created_by)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
