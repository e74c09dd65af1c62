"""Join Snakemake's benchmark files into one table of run times."""

from pathlib import Path

from frequency_shortcuts.storage.tables import write_table
from study.job import job
from study.run_times import run_times


def main(snakemake):
    """One row per job."""
    path = Path(snakemake.output[0])
    with job(snakemake):
        write_table(run_times(snakemake.input.benchmarks, path.parents[1] / "benchmarks"), path)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
