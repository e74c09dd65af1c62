"""Verdicts, cross matrices, own-map advantages and phases, from the hits of all runs."""

from itertools import chain

from frequency_shortcuts.shortcuts.hits import read_hits_of_methods
from frequency_shortcuts.shortcuts.verdict import over_seeds, verdicts
from frequency_shortcuts.storage.hdf5 import read_hdf5
from frequency_shortcuts.storage.tables import CULLING, write_table
from study.findings.study_tables import of_run
from study.job import run_of_path, script
from study.measures.hits import cross_tables, join_by_name
from study.measures.phase import phase_verdicts, read_phase_hits


def tables_of_run(path, strong):
    """The tables that follow from the hits of one run, by their names."""
    with read_hdf5(path) as file:
        classes, hits_of = list(file.attrs["classes"]), read_hits_of_methods(file)
        phases = read_phase_hits(file["phase"]) if "phase" in file else None
    run = run_of_path(path)
    yield "shortcuts", of_run(verdicts(hits_of[CULLING], strong), run, classes)
    if phases:
        yield "phase", of_run(phase_verdicts(phases, strong), run, classes)
    yield from cross_tables(hits_of, run, classes)


@script
def main(snakemake, created_by):
    """One file is read at a time, since the hits of thousands of classes take gigabytes."""
    strong = snakemake.params.strong
    tables = join_by_name(
        chain.from_iterable(tables_of_run(path, strong) for path in snakemake.input)
    )
    tables["shortcuts_over_seeds"] = over_seeds(tables["shortcuts"])
    for name, path in snakemake.output.items():
        write_table(tables[name], path)
