"""Run a test of networks: what its module in `study.tests` measures."""

from importlib import import_module

from study.job import job


def main(snakemake):
    """Write the files of one job of the test."""
    with job(snakemake) as created_by:
        import_module(snakemake.params.module).TEST.measure(snakemake, created_by)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
