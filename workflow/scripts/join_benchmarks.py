"""Join Snakemake's benchmark files into one table of run times."""

from pathlib import Path

import pandas as pd

from frequency_shortcuts.storage.tables import write_table
from study.job import job


def main(snakemake):
    """One row a job: step, run, wall time, processor time and greatest memory."""
    with job(snakemake):
        rows = []
        for path in map(Path, snakemake.input.benchmarks):
            parts = path.with_suffix("").parts
            step, *run = parts[parts.index("benchmarks") + 1 :]
            measured = pd.read_csv(path, sep="\t", na_values="-").iloc[0]
            rows.append(
                {
                    "step": step,
                    "run": "/".join(run) or "all",
                    "wall_s": measured["s"],
                    "processor_s": measured["cpu_time"],
                    "memory_mib": measured["max_rss"],
                }
            )
        write_table(pd.DataFrame(rows), snakemake.output[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
