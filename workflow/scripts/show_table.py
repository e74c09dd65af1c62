"""Typeset a table: LaTeX for print, and a sortable HTML page for the report."""

from pathlib import Path

from frequency_shortcuts.figures import typeset
from frequency_shortcuts.storage.files import replacing
from study.job import job
from study.plan import Plan
from study.tables import read_joined


def main(snakemake):
    """Write the table in both forms."""
    path, title = snakemake.input.table, snakemake.params.title
    name = snakemake.wildcards.table
    with job(snakemake):
        table = read_joined(path, Plan(snakemake.config))
        heading = title[0].upper() + title[1:]
        pages = {
            snakemake.output.tex: typeset.latex(table, heading, f"tab:{name}"),
            snakemake.output.html: typeset.page(table, heading, path, Path(path).read_bytes()),
        }
        for target, text in pages.items():
            with replacing(target) as temporary:
                temporary.write_text(text)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
