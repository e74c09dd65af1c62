"""Join the tests of all runs into the tables of the study."""

from pathlib import Path

import pandas as pd

from frequency_shortcuts.evaluation.verdicts import over_seeds
from frequency_shortcuts.findings import study_tables
from frequency_shortcuts.storage.tables import write_table
from study.job import RUN, job
from study.plan import Plan
from study.tables import read_joined, read_runs


def main(snakemake):
    """One CSV per table."""
    given, strong = snakemake.input, snakemake.params.strong
    with job(snakemake):
        tests = read_runs(given.shortcuts)
        verdicts = study_tables.verdict_table(tests, strong)
        history = read_runs(given.history) if given.history else None
        tables = {
            "networks": study_tables.network_table(history, given.weights),
            "shortcuts": verdicts,
            "shortcuts_over_seeds": over_seeds(verdicts),
            "phase": study_tables.phase_table(read_runs(given.phase), strong),
        }
        for name in ("dynamics", "bandstop", "planted_use"):
            if paths := getattr(given, name):
                tables[name] = read_runs(paths)
        if given.ood:
            ood = read_runs(given.ood)
            tables["ood"] = study_tables.mean_over_draws(ood, [*RUN, "rendition"], ["tpr"])
        if given.transfer:
            transfer = read_joined(given.transfer, Plan(snakemake.config))
            pairs = ["dataset", "maps_of", "tested_on"]
            tables["transfer"] = study_tables.mean_over_draws(transfer, pairs, ["tpr", "fpr"])
        if given.published:
            external = [
                read_runs([path]).assign(maps=Path(path).stem.removeprefix("published_")) for path in given.published
            ]
            tables["published"] = study_tables.with_external_maps(tests, pd.concat(external), strong)
        for path in snakemake.output:
            write_table(tables[Path(path).stem], path)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
