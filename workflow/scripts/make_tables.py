"""Join the tests of all runs into the tables of the study."""

from pathlib import Path

import pandas as pd

from frequency_shortcuts.evaluation import reliance
from frequency_shortcuts.evaluation.cross import cross_matrix, own_map_advantage
from frequency_shortcuts.evaluation.hits import read_hits, read_hits_of_methods
from frequency_shortcuts.evaluation.phase_verdicts import phase_verdicts, read_phase_hits
from frequency_shortcuts.evaluation.verdicts import over_seeds, verdicts
from frequency_shortcuts.findings import study_tables
from frequency_shortcuts.storage.checksums import read_hdf5
from frequency_shortcuts.storage.tables import write_table
from study.job import RUN, identity, job
from study.plan import Plan
from study.tables import read_joined, read_runs


def main(snakemake):
    """One CSV per table."""
    given, strong = snakemake.input, snakemake.params.strong
    with job(snakemake):
        of_hits = {
            "shortcuts": lambda hits, _: verdicts(hits, strong),
            "cross_matrix": lambda hits, _: cross_matrix(hits),
            "own_map_advantage": lambda hits, _: own_map_advantage(hits),
            "phase": lambda _, phases: phase_verdicts(phases, strong) if phases else None,
        }
        tables = measured(given.hits, of_hits, of_methods=("cross_matrix", "own_map_advantage"))
        history = read_runs(given.history) if given.history else None
        tables["networks"] = study_tables.network_table(history, given.weights)
        tables["shortcuts_over_seeds"] = over_seeds(tables["shortcuts"])
        for name in ("dynamics", "bandstop", "planted_use", "harm"):
            if paths := getattr(given, name):
                tables[name] = read_runs(paths)
        if given.reliance:
            tables["reliance"] = reliance.over_seeds(read_runs(given.reliance))
        if given.ood_hits:
            tables["ood_advantage"], tables["method_ood_advantage"] = advantages(given.ood_hits, by_rendition)
        if given.transfer_hits:
            tables["transfer_advantage"], tables["method_transfer_advantage"] = advantages(given.transfer_hits, by_pair)
        if given.ood:
            ood = read_runs(given.ood)
            tables["ood"] = study_tables.mean_over_draws(ood, [*RUN, "rendition"])
        if given.transfer:
            (path,) = given.transfer
            pairs = ["dataset", "maps_of", "tested_on"]
            tables["transfer"] = study_tables.mean_over_draws(read_joined(path, Plan(snakemake.config)), pairs)
        for path in snakemake.output:
            write_table(tables[Path(path).stem], path)


def measured(paths, of_hits, of_methods=()):
    """What functions measure from the hits, and those of phases where these are there, of every run: name -> table.

    of_methods : names of these functions. Of the maps of other methods, they give the tables `method_{name}`, in which
        the column `method` follows the run

    One file is read at a time, since the hits of thousands of classes take gigabytes.
    """
    parts = {name: [] for name in (*of_hits, *(f"method_{name}" for name in of_methods))}
    for path in paths:
        with read_hdf5(path) as file:
            classes, hits, others = list(file.attrs["classes"]), read_hits(file), read_hits_of_methods(file)
            phases = read_phase_hits(file["phase"]) if "phase" in file else None
        for name, measure in of_hits.items():
            if (table := measure(hits, phases)) is not None:
                parts[name].append(study_tables.of_run(table, identity(path), classes))
        for name in of_methods:
            for method, hits_of_method in others.items():
                table = study_tables.of_run(of_hits[name](hits_of_method, None), identity(path), classes)
                table.insert(len(RUN), "method", method)
                parts[f"method_{name}"].append(table)
    return {name: pd.concat(tables, ignore_index=True) for name, tables in parts.items() if tables}


def advantages(paths, about):
    """The own-map advantages in files with a group of hits for each test; `about` says what a group is of.

    Two tables: with the maps of the culling, and with those of other methods.
    """
    of_culling, of_methods = [], []
    for path in paths:
        with read_hdf5(path) as file:
            for name, group in file.items():
                described = about(path, name, group)
                of_culling.append(study_tables.with_first(own_map_advantage(read_hits(group)), described))
                of_methods += [
                    study_tables.with_first(own_map_advantage(hits), {**described, "method": method})
                    for method, hits in read_hits_of_methods(group).items()
                ]
    return [pd.concat(tables, ignore_index=True) if tables else None for tables in (of_culling, of_methods)]


def by_rendition(path, name, group):
    """The run, and the rendition."""
    return {**identity(path), "rendition": name}


def by_pair(path, name, group):
    """The data set, and the two networks."""
    return {key: str(group.attrs[key]) for key in ("dataset", "maps_of", "tested_on")}


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
