"""Execute a notebook that draws all figures of a kind, or builds one table."""

import shutil
from pathlib import Path

import papermill
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from study.job import job


def main(snakemake):
    """Run the notebook. If a figure fails, those after it are drawn, too, and the finished ones are kept."""
    log = Path(snakemake.log[0])
    kept, beside = log.with_suffix(".ipynb"), log.with_suffix("")
    parameters = snakemake.params.parameters
    figures = waiting = parameters.get("figures", [])
    with job(snakemake):
        shutil.rmtree(beside, ignore_errors=True)
        failed, reason = {}, execute(snakemake.input.notebook, kept, parameters)
        while reason:
            # Figures are drawn in order, and each is saved at its end: the first without files is the one that failed.
            waiting = [figure for figure in waiting if not all(path.exists() for path in pictures(figure))]
            name = Path(waiting[0]["figure"]).name if waiting else log.stem
            failed[name] = reason
            beside.mkdir(exist_ok=True)
            shutil.move(kept, beside / f"{name}.ipynb")
            waiting = waiting[1:]
            reason = execute(snakemake.input.notebook, kept, {"figures": waiting}) if waiting else ""
        if failed:
            keep([path for figure in figures for path in pictures(figure)], beside)
            reasons = "; ".join(f"{name}: {reason}" for name, reason in failed.items())
            raise RuntimeError(f"{reasons}. What is finished, and the notebook of each failure, is in {beside}")
        shutil.move(kept, snakemake.output.notebook)


def execute(notebook, target, parameters):
    """Execute a notebook. Returns a sentence on its error, or an empty text."""
    try:
        papermill.execute_notebook(
            notebook,
            str(target),
            parameters=parameters,
            progress_bar=False,
            kernel_name="python3",
            extra_arguments=["--log-level=ERROR"],
            shutdown_kernel="immediate",  # a graceful end interrupts the idle kernel, which then prints an error
        )
    except DeadKernelError as error:
        return str(error)
    except PapermillExecutionError as error:
        return f"{error.ename}: {error.evalue}"
    return ""


def pictures(figure):
    """The files of a figure."""
    return [Path(f"{figure['figure']}.{suffix}") for suffix in ("svg", "png")]


def keep(paths, folder):
    """Move those files that exist: Snakemake deletes all outputs of a job that fails."""
    for path in paths:
        if path.exists():
            shutil.move(path, folder / path.name)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
