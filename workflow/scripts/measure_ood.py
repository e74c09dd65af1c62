"""Test the shortcuts of one network on every rendition of the test images."""

from pathlib import Path

import pandas as pd

from frequency_shortcuts.maps import dfm
from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.tables import write_table
from study import shortcut_tests
from study.job import identity, job
from study.origin import origin_of
from study.testing import load_network, read_images


def main(snakemake):
    """The class named for every rendition, mask and image, and the TPR of every class, fill, filter and draw."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output
    with job(snakemake) as created_by:
        network, run = load_network(given.weights, params.device), identity(output.hits)
        maps, name, tables = dfm.read_mask(given.dfm, params.percent), shortcut_tests.run_name(run), {}
        others = dict(zip(params.methods, given.methods, strict=True))
        with replacing_hdf5(output.hits) as file:
            for store in given.images:
                rendition = read_images(store, "test", weights=given.weights, workers=snakemake.threads)
                hits = shortcut_tests.collect(network, rendition, maps, name, params.settings, false_positives=False)
                group = file.create_group(Path(store).stem)
                shortcut_tests.write(group, hits, rendition.classes)
                shortcut_tests.measure_methods(
                    group, network, rendition, others, params.percent, run=name, settings=params.method_settings
                )
                tables[Path(store).stem] = shortcut_tests.rates_of(hits, rendition.classes)
            origin = origin_of(
                output.hits, weights=given.weights, images=given.photographs, maps=given.dfm, methods=others
            )
            file.attrs.update(percent=params.percent, seed=params.settings["seed"], created_by=created_by, **origin)
        table = pd.concat(tables, names=["rendition"]).reset_index(level="rendition")
        write_table(table.drop(columns=["negatives", "fpr", "fpr_low", "fpr_high"]), output.ood, **run)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
