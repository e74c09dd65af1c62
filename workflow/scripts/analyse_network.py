"""Analyse a network with few images: flips, maps, tests and verdicts, on a page."""

from pathlib import Path

from frequency_shortcuts.analysis.analyse import analyse
from frequency_shortcuts.analysis.options import Run, Search, Test
from frequency_shortcuts.spectrum.fills import quoted
from study.job import run_of_path, script
from study.tested_networks import load_network, read_images


@script
def main(snakemake, created_by):
    """Write the page with its tables and pictures."""
    params, given, folder = snakemake.params, snakemake.input, Path(snakemake.output[0]).parent
    network = load_network(given.weights, params.device)
    ranking, test = (
        read_images(given.images, split, weights=given.weights, workers=snakemake.threads) for split in params.splits
    )
    run = run_of_path(snakemake.output[0])
    name = f"{run['network']} on {run['dataset']}, seed {run['seed']}"
    search = Search(percent=params.percent, images_per_class=10)
    chosen = Test(maps=search, images=test, fills=[quoted(test.neutral).name])
    result = analyse(network, ranking, test=chosen, run=Run(run["seed"], name=name))
    result.save(folder)
    print(result.summary())
