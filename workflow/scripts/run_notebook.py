"""Run a notebook, which draws all figures of a kind, or builds the tables of the paper."""

import os
import shutil
from pathlib import Path

import jinja2
import nbformat
import papermill
from nbformat.v4 import new_markdown_cell
from papermill.exceptions import PapermillExecutionError

from study.drawing.study import SAVES
from study.job import ROOT, script


@script
def main(snakemake, created_by):
    """With the caption of its figures below the title. It stays beside the log if it fails."""
    params, log = snakemake.params, Path(snakemake.log[0]).with_suffix(".ipynb")
    notebook = nbformat.read(snakemake.input.notebook, 4)
    if caption := snakemake.input.get("caption"):
        caption = jinja2.Template(Path(caption).read_text()).render(snakemake=snakemake)
        notebook.cells.insert(1, new_markdown_cell(caption, id="caption"))
    parameters = dict(params.parameters)
    if (
        Path.cwd() != ROOT
    ):  # with --directory, results do not lie in the checkout, which the notebook looks in
        parameters["results"] = str(Path(parameters["results"]).absolute())
    os.environ[SAVES] = "1"
    try:
        papermill.execute_notebook(
            notebook,
            log,
            parameters=parameters,
            cwd=str(ROOT / "workflow" / "notebooks"),
            progress_bar=False,
            kernel_name="python3",
            language="python",
            extra_arguments=["--log-level=ERROR"],
            shutdown_kernel="immediate",  # a graceful end interrupts the idle kernel, which then prints an error
        )
    except PapermillExecutionError as error:
        raise RuntimeError(
            f"{error.ename}: {error.evalue} (cells and their output: {log})"
        ) from None
    shutil.move(log, snakemake.output.notebook)
