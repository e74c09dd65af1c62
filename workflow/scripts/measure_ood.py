"""Test the shortcuts of one network on every rendition of the test images."""

from pathlib import Path

import pandas as pd

from frequency_shortcuts.maps import dfm
from frequency_shortcuts.storage.tables import write_table
from study.job import identity, job
from study.shortcut_tests import measure_shortcuts, run_name
from study.testing import load_network, read_images


def main(snakemake):
    """TPR of every rendition, class, fill, filter and draw."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output[0]
    with job(snakemake):
        network = load_network(given.weights, params.device)
        maps = dfm.read_mask(given.dfm, params.percent)
        tables, run = {}, identity(output)
        for store in given.images:
            rendition = read_images(store, "test", weights=given.weights, workers=snakemake.threads)
            tables[Path(store).stem] = measure_shortcuts(
                network, rendition, maps, run_name(run), params.settings, false_positives=False
            )
        table = pd.concat(tables, names=["rendition"]).reset_index(level="rendition")
        write_table(table.drop(columns=["negatives", "fpr", "fpr_low", "fpr_high"]), output, **run)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
