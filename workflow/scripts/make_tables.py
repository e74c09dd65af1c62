"""Join the tests of all runs into the tables of the study."""

from pathlib import Path

import pandas as pd

from frequency_shortcuts.evaluation import verdicts as rates
from frequency_shortcuts.intervals import standard_error
from frequency_shortcuts.networks.weights import read_metadata
from frequency_shortcuts.storage.tables import read_table, write_table
from study.job import RUN, job


def joined(paths):
    """The tables of all runs, one below the other."""
    return pd.concat(map(read_table, paths), ignore_index=True)


def network_table(history, weights):
    """One row a network: size, accuracy on test images and, if it was trained, best epoch with losses."""
    told = (*RUN, "parameters", "test_accuracy")
    tested = pd.DataFrame([{name: read_metadata(path)[name] for name in told} for path in weights])
    if history is None:
        return tested
    best = history.loc[history.groupby(RUN, sort=False)["validation_loss"].idxmin()]
    return best.rename(columns={"epoch": "best_epoch"}).merge(tested, on=RUN, how="right")


def judged(tests, strong):
    """The verdicts of every run in a table of tests, one row a run, class, part and fill."""
    verdicts = pd.concat(
        [
            rates.verdicts(part, strong).assign(**dict(zip(RUN, run, strict=True)))
            for run, part in tests.groupby(RUN, sort=False)
        ]
    )
    return verdicts[[*RUN, *verdicts.columns.difference(RUN, sort=False)]]


def side_by_side(ours, paths, strong):
    """Our maps and external ones for the same runs: one row a run, class, part, fill and kind of maps."""
    theirs = pd.concat([read_table(path).assign(maps=Path(path).stem.removeprefix("published_")) for path in paths])
    ours = ours.merge(theirs[RUN].drop_duplicates(), on=RUN).assign(maps="ours")
    tests = pd.concat([ours, theirs])
    verdicts = pd.concat([judged(part, strong).assign(maps=maps) for maps, part in tests.groupby("maps", sort=False)])
    keys = [*RUN, "class", "part", "fill", "maps"]
    table = tests.loc[tests["filter"] == "dfm", [*keys, "positions"]].merge(verdicts, on=keys)
    return table.iloc[table.groupby(keys[:-1], sort=False).ngroup().argsort(kind="stable")]


def main(snakemake):
    """One CSV a table."""
    given, strong = snakemake.input, snakemake.params.strong
    outputs = {Path(path).stem: path for path in snakemake.output}
    with job(snakemake):
        tests = joined(given.shortcuts)
        verdicts = judged(tests, strong)
        tables = {
            "networks": network_table(joined(given.history) if given.history else None, given.weights),
            "shortcuts": verdicts,
            "shortcuts_over_seeds": rates.over_seeds(verdicts),
        }
        if given.dynamics:
            tables["dynamics"] = joined(given.dynamics)
        if given.bandstop:
            tables["bandstop"] = joined(given.bandstop)
        if given.planted_use:
            tables["planted_use"] = joined(given.planted_use)
        if given.ood:
            tables["ood"] = mean_over_draws(joined(given.ood), [*RUN, "rendition"], ["tpr"])
        if given.transfer:
            pairs = ["dataset", "maps_of", "tested_on"]
            tables["transfer"] = mean_over_draws(read_table(given.transfer), pairs, ["tpr", "fpr"])
        if given.published:
            tables["published"] = side_by_side(tests, given.published, strong)
        for name, path in outputs.items():
            write_table(tables[name], path)


def mean_over_draws(table, keys, measured):
    """The draws of each control as one row, with their number and the standard error of its measure by their choice."""
    counts = [name for name in ("images", "negatives") if name in table]
    measure = table["tpr"] - (table["fpr"].fillna(0) if "fpr" in measured else 0)
    groups = table.assign(measure=measure).groupby([*keys, "class", "part", "fill", "filter"], sort=False)
    found = groups[["overlap", *counts, *measured]].mean()
    found["draws"] = groups["measure"].count()
    found["error"] = standard_error(groups["measure"].std(), found["draws"])
    return found.reset_index()


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
