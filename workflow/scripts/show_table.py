"""Typeset a table as a sortable HTML page for the report."""

from pathlib import Path

from frequency_shortcuts.storage.files import replacing
from frequency_shortcuts.storage.tables import read_table
from study.drawings import typeset
from study.job import script


@script
def main(snakemake, created_by):
    """Write the page."""
    path, title = snakemake.input.table, snakemake.params.title
    text = typeset.table_page(read_table(path), title[0].upper() + title[1:], path, Path(path).read_bytes())
    with replacing(snakemake.output[0]) as temporary:
        temporary.write_text(text)
