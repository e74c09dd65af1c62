"""Show the executed notebooks on one page of the report, without their figures, which are results of their own."""

from pathlib import Path

import jinja2
import nbformat

from frequency_shortcuts.storage.files import write_text
from study.job import script


@script
def main(snakemake, created_by):
    paths = map(Path, snakemake.input.notebooks)
    rows = [(path, nbformat.read(path, 4)) for path in paths]
    template = jinja2.Template(
        Path(snakemake.input.template).read_text(), autoescape=True, trim_blocks=True
    )
    write_text(snakemake.output[0], template.render(rows=rows))
