"""Fetch the IDX files of Fashion-MNIST."""

from pathlib import Path

from frequency_shortcuts import fashion_mnist
from job import job, log


def main(snakemake):
    """Try the sources in order."""
    with job(snakemake):
        destination = Path(snakemake.output[0])
        destination.mkdir(parents=True, exist_ok=True)
        source = fashion_mnist.fetch(destination, fashion_mnist.default_sources(snakemake.params.folder))
        log.info("the files came from %s", source)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
