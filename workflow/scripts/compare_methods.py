"""Compare the maps of all methods for one network: by the planted truth, and by tests of the maps."""

import pandas as pd

from frequency_shortcuts.evaluation import comparison, truth
from frequency_shortcuts.evaluation.method_scores import score_methods
from frequency_shortcuts.maps import scores
from frequency_shortcuts.storage.checksums import read_hdf5
from frequency_shortcuts.storage.tables import write_table
from study.job import identity, job
from study.shortcut_tests import run_name
from study.testing import load_network, read_images, with_names


def main(snakemake):
    """Write the rates of every map, and the scores and cost of every method."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output
    with job(snakemake):
        network, run = load_network(given.weights, params.device), identity(output.rates)
        images = params.images["split"], params.images["images_per_class"]
        data = read_images(given.images, *images, weights=given.weights, workers=snakemake.threads)
        files = dict(zip(params.names, given.maps, strict=True))
        maps = {name: scores.read_masks(path) for name, path in files.items()}
        rates = comparison.compare(network, data, maps, run=run_name(run), progress=True, **params.settings)
        write_table(with_names(rates, data.classes), output.rates, **run)

        scores_of = {name: scores.read_scores(path) for name, path in files.items()}
        cost = pd.DataFrame(
            [{"method": name, **{key: about[key] for key in COST}} for name, (_, about) in scores_of.items()]
        )
        table = cost.assign(truth=None)
        with read_hdf5(given.images) as file:
            planted = truth.planted(file) if "planted/truth" in file else None
        if planted:
            planes = {name: values for name, (values, _) in scores_of.items()}
            scored = score_methods(planes, planted, seed=params.settings["seed"])
            table = with_names(scored, data.classes).merge(cost, on="method", validate="many_to_one")
        write_table(table, output.scores, **run)


COST = ("passes", "seconds", "resumed")

if __name__ == "__main__":
    main(snakemake)  # noqa: F821
