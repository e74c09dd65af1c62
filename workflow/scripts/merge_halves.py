"""Put the parts of a culling on either half of the images together and write its file."""

from cull_halves import write
from frequency_shortcuts.maps.methods import culling
from study.job import job


def main(snakemake):
    """The same file as from one job."""
    given, (output,) = snakemake.input, snakemake.output
    with job(snakemake) as created_by:
        found = [culling.merge(map(culling.read_part, parts)) for parts in (given.half0, given.half1)]
        write(output, found, given.images, given.weights, snakemake.params, created_by)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
