"""Run tests of networks: what their modules in `study.tests` measure."""

from importlib import import_module

from study.job import script


@script
def main(snakemake, created_by):
    """Write the files of one job."""
    for module in snakemake.params.modules:
        import_module(module).TEST.measure(snakemake, created_by)
