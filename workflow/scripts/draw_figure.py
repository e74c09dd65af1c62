"""Execute a notebook that draws all figures of a kind, or builds tables."""

import ast
import shutil
from pathlib import Path

import papermill
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from papermill.exceptions import PapermillExecutionError

from study.job import script


def read_function(module, function):
    """The docstring of a function, and the code of its module that it uses."""
    defined = {}
    for node in ast.parse(module).body[1:]:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.asname or alias.name for alias in node.names]
        else:
            stored = (
                part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            )
            names = [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) else stored
        defined |= dict.fromkeys(names, node)
    used, waiting = set(), [defined[function]]
    while waiting:
        used.add(node := waiting.pop())
        names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} & defined.keys()
        waiting += {defined[name] for name in names} - used
    code = ""
    for node in sorted(used, key=lambda node: node.lineno):
        code += ("\n\n" if isinstance(node, ast.FunctionDef) else "") + ast.get_source_segment(module, node) + "\n"
    return ast.get_docstring(defined[function]), code


@script
def main(snakemake, created_by):
    """Its cells: title and caption, parameters, the code of its function, and the call.

    It stays beside the log if it fails.
    """
    params, log = snakemake.params, Path(snakemake.log[0]).with_suffix(".ipynb")
    title, code = read_function(Path(snakemake.input.notebook).read_text(), params.function)
    cells = [
        new_markdown_cell(f"# {title}\n\n{params.caption}"),
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
