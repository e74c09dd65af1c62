"""Join the tests of all runs into the tables of the study."""

from pathlib import Path

import pandas as pd

from frequency_shortcuts.evaluation.verdicts import over_seeds
from frequency_shortcuts.findings import study_tables
from frequency_shortcuts.storage.tables import write_table
from study.expected_rows import ExpectedRows
from study.job import RUN, job
from study.plan import Plan


def main(snakemake):
    """One CSV per table."""
    given, strong = snakemake.input, snakemake.params.strong
    with job(snakemake):
        planned = ExpectedRows(Plan(snakemake.config), given.stores)
        tests = planned.read_runs("shortcuts", given.shortcuts)
        verdicts = study_tables.verdict_table(tests, strong)
        history = planned.read_runs("history", given.history) if given.history else None
        tables = {
            "networks": study_tables.network_table(history, given.weights),
            "shortcuts": verdicts,
            "shortcuts_over_seeds": over_seeds(verdicts),
            "phase": study_tables.phase_table(planned.read_runs("phase", given.phase), strong),
        }
        for name in ("dynamics", "bandstop", "planted_use"):
            if paths := getattr(given, name):
                tables[name] = planned.read_runs(name, paths)
        if given.ood:
            ood = planned.read_runs("ood", given.ood)
            tables["ood"] = study_tables.mean_over_draws(ood, [*RUN, "rendition"], ["tpr"])
        if given.transfer:
            transfer = planned.read_transfer(given.transfer)
            pairs = ["dataset", "maps_of", "tested_on"]
            tables["transfer"] = study_tables.mean_over_draws(transfer, pairs, ["tpr", "fpr"])
        if given.published:
            external = [
                planned.read_runs("published", [path]).assign(maps=Path(path).stem.removeprefix("published_"))
                for path in given.published
            ]
            tables["published"] = study_tables.with_external_maps(tests, pd.concat(external), strong)
        for path in snakemake.output:
            write_table(tables[Path(path).stem], path)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
