"""Join the tests of all runs into the tables of the study."""

from pathlib import Path

import pandas as pd

from frequency_shortcuts.evaluation.verdicts import over_seeds
from frequency_shortcuts.findings import study_tables
from frequency_shortcuts.storage.tables import read_table, write_table
from study.job import RUN, job


def main(snakemake):
    """One CSV per table."""
    given, strong = snakemake.input, snakemake.params.strong
    with job(snakemake):
        classes = {Path(path).stem: study_tables.classes_of(path) for path in given.stores}
        tests = study_tables.read_runs("shortcuts", given.shortcuts, classes)
        verdicts = study_tables.verdict_table(tests, strong)
        history = pd.concat(map(read_table, given.history), ignore_index=True) if given.history else None
        tables = {
            "networks": study_tables.network_table(history, given.weights),
            "shortcuts": verdicts,
            "shortcuts_over_seeds": over_seeds(verdicts),
            "phase": study_tables.phase_table(study_tables.read_runs("phase", given.phase, classes), strong),
        }
        for name in ("dynamics", "bandstop", "planted_use"):
            if paths := getattr(given, name):
                tables[name] = study_tables.read_runs(name, paths, classes)
        if given.ood:
            ood = study_tables.read_runs("ood", given.ood, classes)
            tables["ood"] = study_tables.mean_over_draws(ood, [*RUN, "rendition"], ["tpr"])
        if given.transfer:
            transfer = study_tables.read_runs("transfer", [given.transfer], classes)
            pairs = ["dataset", "maps_of", "tested_on"]
            tables["transfer"] = study_tables.mean_over_draws(transfer, pairs, ["tpr", "fpr"])
        if given.published:
            external = [
                study_tables.read_runs("published", [path], classes).assign(
                    maps=Path(path).stem.removeprefix("published_")
                )
                for path in given.published
            ]
            tables["published"] = study_tables.with_external_maps(tests, pd.concat(external), strong)
        for path in snakemake.output:
            write_table(tables[Path(path).stem], path)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
