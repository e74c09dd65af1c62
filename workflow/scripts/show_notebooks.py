"""Show the executed notebooks on one page of the report, without their figures, which are results of their own."""

from pathlib import Path

import jinja2
import nbformat

from frequency_shortcuts.storage.files import replacing
from study.job import script


@script
def main(snakemake, created_by):
    given, paths = snakemake.input, [Path(path) for path in snakemake.input.notebooks]
    rows = [(label, path, nbformat.read(path, 4)) for label, path in zip(snakemake.params.labels, paths, strict=True)]
    template = jinja2.Template(Path(given.template).read_text(), autoescape=True, trim_blocks=True)
    with replacing(snakemake.output[0]) as temporary:
        temporary.write_text(template.render(rows=sorted(rows)))
