"""Execute a notebook that draws all figures of a kind, or builds one table."""

import shutil
from pathlib import Path

import jupytext
import papermill
from papermill.exceptions import PapermillExecutionError

from study.job import script


@script
def main(snakemake, created_by):
    """Run the notebook, a percent script, with the caption below its title. After an error, it stays beside the log."""
    log = Path(snakemake.log[0]).with_suffix(".ipynb")
    notebook = jupytext.read(snakemake.input.notebook, fmt="py:percent")
    notebook.cells[0].source += f"\n\n{snakemake.params.caption}"
    try:
        papermill.execute_notebook(
            notebook,
            log,
            parameters=snakemake.params.parameters,
            progress_bar=False,
            kernel_name="python3",
            language="python",
            extra_arguments=["--log-level=ERROR"],
            shutdown_kernel="immediate",  # a graceful end interrupts the idle kernel, which then prints an error
        )
    except PapermillExecutionError as error:
        raise RuntimeError(f"{error.ename}: {error.evalue} (cells and their output: {log})") from None
    shutil.move(log, snakemake.output.notebook)
