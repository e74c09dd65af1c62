"""Link to an image store that the user provides."""

from frequency_shortcuts.data import stores
from study.job import job
from study.origin import origin_of


def main(snakemake):
    """Write a small file with links to the splits of the store: nothing is copied."""
    with job(snakemake) as created_by:
        path = snakemake.output[0]
        stores.link(path, snakemake.input.store, created_by=created_by, about=origin_of(path))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
