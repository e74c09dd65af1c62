"""Execute a notebook that draws all figures of a kind, or builds tables."""

import ast
import shutil
from pathlib import Path

import papermill
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from papermill.exceptions import PapermillExecutionError

from study.job import script


@script
def main(snakemake, created_by):
    """Its cells: title and caption, parameters, a module, and the call of its function. It stays beside the log if it
    fails.
    """
    params, log = snakemake.params, Path(snakemake.log[0]).with_suffix(".ipynb")
    code = Path(snakemake.input.notebook).read_text()
    cells = [
        new_markdown_cell(f"# {ast.get_docstring(ast.parse(code))}\n\n{params.caption}"),
        new_code_cell("".join(f"{name} = None" for name in params.parameters), metadata={"tags": ["parameters"]}),
        new_code_cell(code),
        new_code_cell(params.call),
    ]
    try:
        papermill.execute_notebook(
            new_notebook(cells=cells),
            log,
            parameters=params.parameters,
            progress_bar=False,
            kernel_name="python3",
            language="python",
            extra_arguments=["--log-level=ERROR"],
            shutdown_kernel="immediate",  # a graceful end interrupts the idle kernel, which then prints an error
        )
    except PapermillExecutionError as error:
        raise RuntimeError(f"{error.ename}: {error.evalue} (cells and their output: {log})") from None
    shutil.move(log, snakemake.output.notebook)
