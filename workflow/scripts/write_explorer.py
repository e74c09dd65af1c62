"""Write the explorer: one page to look at every class, network, method and size of map."""

from pathlib import Path

from frequency_shortcuts.evaluation.hits import read_hits_of_methods
from frequency_shortcuts.evaluation.rates import rates
from frequency_shortcuts.figures import explorer
from frequency_shortcuts.findings.study_tables import of_run
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.storage.checksums import read_hdf5
from frequency_shortcuts.storage.files import replacing
from frequency_shortcuts.storage.tables import RUN
from study.job import identity, job
from study.plan import Plan
from study.tables import read_joined, read_runs


def main(snakemake):
    """Gather the files of each network, and write the page."""
    given, params = snakemake.input, snakemake.params
    with job(snakemake):
        for paths in filter(None, (given.tests, given.rates)):
            read_runs(paths)  # the explorer reads them one by one
        compared = {key_of(path): path for path in given.rates}
        maps = {}
        for path in given.maps:
            maps.setdefault(key_of(path_of_run(path)), {})[Path(path).parts[-len(RUN) - 1]] = path
        networks = [
            explorer.Network(
                run=identity(tests), store=store, maps={explorer.OWN: dfm, **maps.get(key_of(tests), {})},
                statistics=normalisation(weights), tests=tests, rates=compared.get(key_of(tests)),
                tests_of_methods=tests_of_methods(hits),
            )
            for store, weights, dfm, tests, hits in zip(
                given.stores, given.weights, given.dfm, given.tests, given.hits, strict=True
            )
        ]  # fmt: skip
        settings = explorer.Settings(most=params.most, **params.tested)
        text = explorer.page(
            f"Explorer of the study {params.study}",
            networks,
            read_joined(given.shortcuts, Plan(snakemake.config)),
            settings,
        )
        with replacing(snakemake.output[0]) as temporary:
            temporary.write_text(text, encoding="utf-8")


def tests_of_methods(path):
    """The rates with the maps of each other method that the study tests, from the hits of a run."""
    with read_hdf5(path) as file:
        classes, hits_of = list(file.attrs["classes"]), read_hits_of_methods(file)
    return {name: of_run(rates(hits), identity(path), classes) for name, hits in hits_of.items()}


def path_of_run(path):
    """The file of a run as a file in the folder of the run."""
    return Path(path).with_suffix("") / "maps.h5"


def key_of(path):
    """The run of a file in the folder of the run, as a key."""
    return tuple(identity(path).values())


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
