"""Run times and memory of jobs, from Snakemake's benchmark files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

# The journal of a culling and the checkpoint of a training log this when a job goes on with what an earlier one stored.
RESUMED = re.compile(r"^\S+ frequency_shortcuts\S*: resumed ", re.MULTILINE)


def run_times(paths: Iterable[str | Path], folder: str | Path) -> pd.DataFrame:
    """One row per benchmark file: step, run, wall time, processor time, greatest memory, and whether it was resumed.

    folder : of the files, which are {step}/{run}.tsv, or {step}.tsv if one job serves all runs. The logs of the jobs
        lie in the folder `logs` beside it

    The times of a `resumed` job are those of its last attempt. It is missing for a job without a log.
    """
    rows = []
    for path in paths:
        place = Path(path).relative_to(folder)
        step, *run = place.with_suffix("").parts
        log = Path(folder).with_name("logs") / place.with_suffix(".log")
        measured = pd.read_csv(path, sep="\t", na_values="-").iloc[0]
        rows.append(
            {
                "step": step,
                "run": "/".join(run) or "all",
                "wall_s": measured["s"],
                "processor_s": measured["cpu_time"],
                "memory_mib": measured["max_rss"],
                "resumed": bool(RESUMED.search(log.read_text(errors="replace"))) if log.exists() else None,
            }
        )
    return pd.DataFrame(rows)
