"""What sets the classes of the benchmark apart by their images alone, without a network, for all seeds."""

import pandas as pd

from frequency_shortcuts.storage.tables import write_table
from study import leaks
from study.job import log, script
from study.measures.leaks import judge_data, measure_data, some_of_each_class

IMAGES = 500  # of each class


@script
def main(snakemake, created_by):
    """Write a row for each seed, set and class, and one for each aim."""
    settings, output = snakemake.params.settings, snakemake.output
    judging, tables = leaks.read_store(snakemake.input.images, settings).test, []
    for seed, deal in leaks.read_deal(snakemake.input.deal).query("set == 'clothing' and others == 0").groupby("seed"):
        images = some_of_each_class(judging, IMAGES, seed)
        sets = {network: leaks.artefacts(rows) for network, rows in deal.groupby("network")}
        table = measure_data(images, {"clean": (), **sets}, seed)
        log.info("Seed %d: %s", seed, ", ".join(cause for cause in table["cause"] if cause) or "no cause named")
        tables.append(table.assign(seed=seed))
    joined = pd.concat(tables, ignore_index=True)
    write_table(joined, output.table)
    write_table(judge_data(joined), output.aims)
