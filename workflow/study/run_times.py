"""Run times and memory of jobs, from Snakemake's benchmark files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

# The journal of a culling and the checkpoint of a training log this when a job goes on with what an earlier one stored.
RESUMED = re.compile(r"^\S+ frequency_shortcuts\S*: resumed ", re.MULTILINE)
# Every job logs this at its end. Snakemake looks at a job every half minute, and misses what it does after that.
PROCESSOR = re.compile(r"^\S+ study: processor time: ([\d.]+) s$", re.MULTILINE)


def run_times(paths: Iterable[str | Path], folder: str | Path) -> pd.DataFrame:
    """One row per benchmark file: step, run, wall time, processor time, greatest memory, and whether it was resumed.

    folder : of the files, which are {step}/{run}.tsv, or {step}.tsv if one job serves all runs. The logs of the jobs
        lie in the folder `logs` beside it

    The times of a `resumed` job are those of its last attempt. It and the processor time are missing for a job without
    a log.
    """
    rows = []
    for path in paths:
        place = Path(path).relative_to(folder)
        step, *run = place.with_suffix("").parts
        log = Path(folder).with_name("logs") / place.with_suffix(".log")
        text = log.read_text(errors="replace") if log.exists() else ""
        processor = PROCESSOR.search(text)
        measured = pd.read_csv(path, sep="\t", na_values="-").iloc[0]
        rows.append(
            {
                "step": step,
                "run": "/".join(run) or "all",
                "wall_s": measured["s"],
                "processor_s": float(processor[1]) if processor else None,
                "memory_mib": measured["max_rss"],
                "resumed": bool(RESUMED.search(text)) if log.exists() else None,
            }
        )
    return pd.DataFrame(rows)
