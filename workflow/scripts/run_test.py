"""Run tests of networks: what their modules in `study.tests` measure."""

from importlib import import_module

from study.job import job


def main(snakemake):
    """Write the files of one job."""
    with job(snakemake) as created_by:
        for module in snakemake.params.modules:
            import_module(module).TEST.measure(snakemake, created_by)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
