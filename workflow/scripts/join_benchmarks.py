"""Join Snakemake's benchmark files into one table of run times."""

import math
import re
from pathlib import Path

import pandas as pd

from frequency_shortcuts.storage import write_table
from job import job


def main(snakemake):
    """One row a job: step, run, wall time, of it the start-up, processor time and greatest memory."""
    with job(snakemake):
        rows = []
        for path in map(Path, snakemake.input.benchmarks):
            parts = path.with_suffix("").parts
            step, *run = parts[parts.index("benchmarks") + 1 :]
            # What a job's wall time holds besides the work that its log tells of is its start-up (and its short end).
            told = Path(*["logs" if part == "benchmarks" else part for part in path.parts]).with_suffix(".log")
            worked = re.findall(r"worked for ([\d.]+) s", told.read_text()) if told.exists() else []
            measured = pd.read_csv(path, sep="\t", na_values="-").iloc[0]
            rows.append(
                {
                    "step": step,
                    "run": "/".join(run) or "all",
                    "wall_s": measured["s"],
                    "start_up_s": max(measured["s"] - float(worked[-1]), 0) if worked else math.nan,
                    "processor_s": measured["cpu_time"],
                    "memory_mib": measured["max_rss"],
                }
            )
        write_table(pd.DataFrame(rows), snakemake.output[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
