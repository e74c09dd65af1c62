"""Join Snakemake's benchmark files into one table of run times."""

import re
from pathlib import Path

import pandas as pd

from frequency_shortcuts.storage.tables import write_table
from study.job import script

# The journal of a culling and the checkpoint of a training log this when a job goes on with what an earlier one stored.
RESUMED = re.compile(r"^\S+ (?:frequency_shortcuts|study)\S*: resumed ", re.MULTILINE)
# Every job logs this at its end. Snakemake looks at a job every half minute, and misses what it does after that.
PROCESSOR = re.compile(r"^\S+ study: processor time: ([\d.]+) s$", re.MULTILINE)


def run_time(path, folder):
    """The row of one job: step, run, wall time, processor time, greatest memory, and whether it was resumed.

    path : {step}/{run}.tsv below the folder, or {step}.tsv if one job serves all runs; the log of the job lies in the
        folder `logs` beside it. Times are those of the last attempt; those that only a log has are missing without it
    """
    place = Path(path).relative_to(folder)
    step, *run = place.with_suffix("").parts
    log = folder.with_name("logs") / place.with_suffix(".log")
    text = log.read_text(errors="replace") if log.exists() else ""
    processor = PROCESSOR.search(text)
    measured = pd.read_csv(path, sep="\t", na_values="-").iloc[0]
    return {
        "step": step,
        "run": "/".join(run) or "all",
        "wall_s": measured["s"],
        "processor_s": float(processor[1]) if processor else None,
        "memory_mib": measured["max_rss"],
        "resumed": bool(RESUMED.search(text)) if log.exists() else None,
    }


@script
def main(snakemake, created_by):
    path = Path(snakemake.output[0])
    folder = path.parents[1] / "benchmarks"
    write_table(pd.DataFrame([run_time(each, folder) for each in snakemake.input]), path)
