"""Join the tests of all runs into the tables of the study."""

from pathlib import Path

from frequency_shortcuts.evaluation.cross import cross_matrix, own_map_advantage
from frequency_shortcuts.evaluation.hits import read_hits
from frequency_shortcuts.evaluation.phase_hits import read_phase_hits
from frequency_shortcuts.evaluation.phase_verdicts import phase_verdicts
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
        tests = [tested(path) for path in given.hits]
        judged = study_tables.of_runs(tests, lambda hits: verdicts(hits, strong))
        history = read_runs(given.history) if given.history else None
        tables = {
            "networks": study_tables.network_table(history, given.weights),
            "shortcuts": judged,
            "shortcuts_over_seeds": over_seeds(judged),
            "cross_matrix": study_tables.of_runs(tests, cross_matrix),
            "own_map_advantage": study_tables.of_runs(tests, own_map_advantage),
            "phase": study_tables.of_runs(
                [tested(path, "phase") for path in given.hits], lambda hits: phase_verdicts(hits, strong)
            ),
        }
        for name in ("dynamics", "bandstop", "planted_use"):
            if paths := getattr(given, name):
                tables[name] = read_runs(paths)
        if given.ood:
            ood = read_runs(given.ood)
            tables["ood"] = study_tables.mean_over_draws(ood, [*RUN, "rendition"], ["tpr"])
        if given.transfer:
            (path,) = given.transfer
            pairs = ["dataset", "maps_of", "tested_on"]
            tables["transfer"] = study_tables.mean_over_draws(
                read_joined(path, Plan(snakemake.config)), pairs, ["tpr", "fpr"]
            )
        if given.published:
            external = [
                study_tables.of_runs([tested(path)], lambda hits: verdicts(hits, strong)).assign(maps=name_of(path))
                for path in given.published
            ]
            tables["published"] = study_tables.with_external_maps(judged, external)
        for path in snakemake.output:
            write_table(tables[Path(path).stem], path)


def tested(path, group=None):
    """The run of a file of hits, the names of its classes, and its hits, or those of phases."""
    with read_hdf5(path) as file:
        return identity(path), list(file.attrs["classes"]), read_phase_hits(file[group]) if group else read_hits(file)


def name_of(path):
    """The name of published maps, from the file of their hits."""
    return Path(path).stem.removeprefix("published_").removesuffix("_hits")


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
