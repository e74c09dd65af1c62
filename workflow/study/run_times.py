"""Run times and memory of jobs, from Snakemake's benchmark files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd


def run_times(paths: Iterable[str | Path], folder: str | Path) -> pd.DataFrame:
    """One row per benchmark file: step, run, wall time, processor time and greatest memory.

    folder : of the files, which are {step}/{run}.tsv, or {step}.tsv if one job serves all runs
    """
    rows = []
    for path in paths:
        step, *run = Path(path).relative_to(folder).with_suffix("").parts
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
    return pd.DataFrame(rows)
