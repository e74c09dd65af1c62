"""Join the tests of all runs into the tables of the study."""

from pathlib import Path

import pandas as pd

from frequency_shortcuts import networks, shortcuts
from frequency_shortcuts.storage import read_table, write_table
from job import RUN, job


def joined(paths):
    """The tables of all runs, one below the other."""
    return pd.concat(map(read_table, paths), ignore_index=True)


def network_table(history, weights):
    """One row a network: its best epoch with losses and accuracies, and its accuracy on all test images."""
    best = history.loc[history.groupby(RUN, sort=False)["validation_loss"].idxmin()]
    tested = [{name: networks.facts(path)[name] for name in (*RUN, "test_accuracy")} for path in weights]
    return best.rename(columns={"epoch": "best_epoch"}).merge(pd.DataFrame(tested), on=RUN)


def main(snakemake):
    """One CSV a table."""
    given, outputs = snakemake.input, {Path(path).stem: path for path in snakemake.output}
    with job(snakemake):
        tests = joined(given.shortcuts)
        verdicts = pd.concat(
            [
                shortcuts.verdicts(part, snakemake.params.strong).assign(**dict(zip(RUN, run, strict=True)))
                for run, part in tests.groupby(RUN, sort=False)
            ]
        )
        verdicts = verdicts[[*RUN, *verdicts.columns.difference(RUN, sort=False)]]
        tables = {
            "networks": network_table(joined(given.history), given.weights),
            "dynamics": joined(given.dynamics),
            "shortcuts": verdicts,
            "shortcuts_over_seeds": shortcuts.over_seeds(verdicts),
        }
        if given.bandstop:
            tables["bandstop"] = joined(given.bandstop)
        if given.ood:
            tables["ood"] = mean_over_draws(joined(given.ood))
        for name, path in outputs.items():
            write_table(tables[name], path)


def mean_over_draws(table):
    """The draws of each control as one row."""
    keys = [*RUN, "rendition", "class", "filter"]
    values = ["overlap", "images", "tpr"]
    return table.groupby(keys, sort=False)[values].mean().reset_index()


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
