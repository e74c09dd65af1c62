"""Typeset a table as a sortable HTML page for the report."""

from frequency_shortcuts.storage.files import write_text
from frequency_shortcuts.storage.tables import read_table
from study.drawing import typeset
from study.findings.study_tables import networks_with_weak_maps
from study.job import script


@script
def main(snakemake, created_by):
    path, title = snakemake.input.table, snakemake.params.title
    table, verdicts = read_table(path), snakemake.input.verdicts
    notes = networks_with_weak_maps(table, read_table(verdicts)) if verdicts else []
    title = title[0].upper() + title[1:]
    write_text(snakemake.output[0], typeset.table_page(table, title, path, notes))
