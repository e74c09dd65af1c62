"""Results of an earlier run stay, also if the step that makes them again fails: Snakemake deletes them before it runs.

Until its step ends, a result has a second name (a hard link, which takes no space) in the hidden folder `.kept` of the
study. If the run fails, what was deleted returns, marked as incomplete, so that the next run makes it again.
"""

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def keep(jobs: Iterable[Any], study: Path) -> None:
    """Give the existing outputs of these jobs of Snakemake their second names. study : the folder of the results."""
    for path in (Path(output) for job in jobs for output in job.output if Path(output).exists()):
        kept = _kept(path, study)
        kept.parent.mkdir(parents=True, exist_ok=True)
        _remove(kept)  # of a run that was killed before it deleted the output
        try:
            shutil.copytree(path, kept, copy_function=os.link) if path.is_dir() else os.link(
                path, kept
            )
        except OSError:  # file systems that know no hard links
            _remove(kept)


def give_back(jobs: Iterable[Any], study: Path, persistence: Any) -> None:
    """Give the lost outputs of unfinished jobs back. persistence : Snakemake's record of what is incomplete."""
    for job in jobs:
        outputs = [Path(output) for output in job.output]
        lost = [path for path in outputs if _kept(path, study).exists() and not path.exists()]
        if lost:
            persistence.started(job)  # first, so that no output is taken for new
        for path in lost:
            path.parent.mkdir(parents=True, exist_ok=True)
            _kept(path, study).replace(path)
        forget(outputs, study)


def forget(outputs: Iterable[str | Path], study: Path) -> None:
    """Remove the second names of some outputs, and the folders that become empty."""
    for kept in (_kept(Path(path), study) for path in outputs if Path(path).is_relative_to(study)):
        _remove(kept)
        with contextlib.suppress(OSError):  # it is not empty, or not there
            os.removedirs(kept.parent)


def _kept(path: Path, study: Path) -> Path:
    return study / ".kept" / path.relative_to(study)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
