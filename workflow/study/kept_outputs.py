"""Results of an earlier run stay, also if the step that makes them again fails: Snakemake deletes them before it runs.

While a run is at work, they have second names (hard links, which take no space) in the hidden folder `.kept` of the
study. If the run fails, what was deleted returns, marked as incomplete, so that the next run makes it again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FOLDER = ".kept"


def keep(jobs: Iterable[Any], study: Path) -> None:
    """Give the existing outputs of these jobs of Snakemake their second names. study : the folder of the results."""
    for path in (Path(output) for job in jobs for output in job.output if Path(output).exists()):
        _link(path, study / FOLDER / path.relative_to(study))


def give_back(jobs: Iterable[Any], study: Path, persistence: Any) -> None:
    """Give the lost outputs of unfinished jobs back. persistence : Snakemake's record of what is incomplete."""
    for job in jobs:
        kept = {Path(output): study / FOLDER / Path(output).relative_to(study) for output in job.output}
        lost = [path for path in kept if kept[path].exists() and not path.exists()]
        if lost:
            persistence.started(job)  # first, so that no output is taken for new
        for path in lost:
            _link(kept[path], path)
    forget(study)


def forget(study: Path) -> None:
    """Remove the second names."""
    shutil.rmtree(study / FOLDER, ignore_errors=True)


def _link(path: Path, other: Path) -> None:
    """Make another name of a file, or of all files in a folder; none on file systems that know no hard links."""
    other.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        if path.is_dir():
            shutil.rmtree(other, ignore_errors=True)
            shutil.copytree(path, other, copy_function=os.link)
        else:
            other.unlink(missing_ok=True)
            os.link(path, other)
