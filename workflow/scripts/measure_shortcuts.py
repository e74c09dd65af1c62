"""Test the shortcuts of a network on images that did not rank its frequencies."""

from frequency_shortcuts.data import stores
from frequency_shortcuts.evaluation import shortcuts
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.storage.tables import write_table
from study.devices import take_device
from study.job import RUN, identity, job


def tested(network, data, maps, settings, run, **options):
    """The table of `shortcuts.measure` with class names; settings: those of `test_settings` in common.smk."""
    table = shortcuts.measure(network, data, maps, run=run, progress=True, **settings, **options)
    return table.replace({"class": dict(enumerate(data.classes))})


def name_of(run):
    """A run as one name, of which the seeds of its draws are made."""
    return "/".join(str(run[key]) for key in RUN)


def main(snakemake):
    """TPR and FPR of every class, part, fill, filter and draw."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output[0]
    with job(snakemake):
        network = architectures.load(given.weights, take_device(params.device))
        maps = dfm.read_mask(given.dfm, params.percent, weights=given.weights)
        data = stores.read(
            given.images,
            params.split,
            params.images_per_class,
            statistics=normalisation(given.weights),
            workers=snakemake.threads,
        )
        run = identity(output)
        write_table(tested(network, data, maps, params.settings, name_of(run)), output, **run)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
