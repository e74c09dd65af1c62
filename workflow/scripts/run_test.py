"""Run tests of networks: what their modules in `study.tests` measure."""

from study.job import script
from study.tests import TESTS


@script
def main(snakemake, created_by):
    for name in snakemake.params.tests:
        TESTS[name].measure(snakemake, created_by)
