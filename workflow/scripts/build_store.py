"""Build the image store of a data set."""

from importlib import import_module

from study.job import job
from study.origin import origin_of


def main(snakemake):
    """By the module of its source."""
    params, path = snakemake.params, snakemake.output[0]
    with job(snakemake) as created_by:
        source = import_module(params.source).SOURCE
        about = {"created_by": created_by, "about": origin_of(path)}
        source.build(path, params.settings, snakemake.input, snakemake.threads, **about)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
