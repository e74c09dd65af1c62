"""Join Snakemake's benchmark files into one table of run times."""

from pathlib import Path

from frequency_shortcuts.storage.tables import write_table
from study.job import script
from study.run_times import run_times


@script
def main(snakemake, created_by):
    """One row per job."""
    path = Path(snakemake.output[0])
    write_table(run_times(snakemake.input.benchmarks, path.parents[1] / "benchmarks"), path)
