"""Typeset a table: a sortable HTML page for the report, or LaTeX for print."""

from pathlib import Path

from frequency_shortcuts.figures import typeset
from frequency_shortcuts.storage.files import replacing
from frequency_shortcuts.storage.tables import read_table
from study.job import job


def main(snakemake):
    """Write the table in the form that the ending of the output names."""
    path, title = snakemake.input.table, snakemake.params.title
    target = Path(snakemake.output[0])
    with job(snakemake):
        table = read_table(path)
        heading = title[0].upper() + title[1:]
        if target.suffix == ".tex":
            text = typeset.latex(table, heading, f"tab:{target.stem}")
        else:
            text = typeset.table_page(table, heading, path, Path(path).read_bytes())
        with replacing(target) as temporary:
            temporary.write_text(text)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
