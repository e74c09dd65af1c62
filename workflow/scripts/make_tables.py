"""Join the tests of all runs into the tables of the study."""

from pathlib import Path

import pandas as pd

from frequency_shortcuts import shortcuts
from job import job, write_table

RUN = ["dataset", "network", "augmentation", "seed"]


def with_run(path):
    """A table of training, with the run that its path names as first columns."""
    *_, dataset, network, augmentation, seed, _ = Path(path).parts
    run = {"dataset": dataset, "network": network, "augmentation": augmentation, "seed": int(seed.removeprefix("seed"))}
    table = pd.read_csv(path)
    return pd.concat([pd.DataFrame(run, table.index), table], axis=1)


def networks(histories, tests):
    """One row a network: its best epoch and the accuracies, the last on the images of the shortcut test."""
    history = pd.concat(map(with_run, histories), ignore_index=True)
    best = history.loc[history.groupby(RUN, sort=False)["validation_loss"].idxmin()].rename(
        columns={"epoch": "best_epoch"}
    )
    unfiltered = tests[tests["filter"] == "unfiltered"]
    right = (unfiltered["tpr"] * unfiltered["images"]).groupby([unfiltered[key] for key in RUN]).sum()
    accuracy = right / unfiltered.groupby(RUN)["images"].sum()
    return best.merge(accuracy.rename("test_accuracy").reset_index(), on=RUN)


def main(snakemake):
    """One CSV a table."""
    given, outputs = snakemake.input, {Path(path).stem: path for path in snakemake.output}
    with job(snakemake):
        tests = pd.concat(map(pd.read_csv, given.shortcuts))
        verdicts = pd.concat(
            [
                shortcuts.verdicts(part, snakemake.params.strong).assign(**dict(zip(RUN, run, strict=True)))
                for run, part in tests.groupby(RUN, sort=False)
            ]
        )
        verdicts = verdicts[[*RUN, *verdicts.columns.difference(RUN, sort=False)]]
        tables = {
            "networks": networks(given.history, tests),
            "dynamics": pd.concat(map(with_run, given.dynamics)),
            "shortcuts": verdicts,
            "shortcuts_over_seeds": shortcuts.over_seeds(verdicts),
        }
        if given.bandstop:
            tables["bandstop"] = pd.concat(map(pd.read_csv, given.bandstop))
        if given.ood:
            tables["ood"] = mean_over_draws(pd.concat(map(pd.read_csv, given.ood)))
        for name, path in outputs.items():
            write_table(tables[name], path)


def mean_over_draws(table):
    """The draws of each control as one row, with the mean of their shares and of their bounds."""
    keys = [*RUN, "rendition", "class", "filter"]
    values = ["overlap", "images", "tpr", "tpr_low", "tpr_high"]
    return table.groupby(keys, sort=False)[values].mean().reset_index()


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
