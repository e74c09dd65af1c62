"""Fetch the published files of a set of images."""

from pathlib import Path

from frequency_shortcuts.data import cifar10, fashion_mnist
from study.job import job, log

SOURCES = {"cifar10": cifar10, "fashion_mnist": fashion_mnist}


def main(snakemake):
    """Try the sources of the files in order."""
    with job(snakemake):
        published = SOURCES[snakemake.params.source]
        destination = Path(snakemake.output[0])
        destination.mkdir(parents=True, exist_ok=True)
        place = published.fetch(destination, published.default_sources(snakemake.params.folder))
        log.info("the files came from %s", place)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
