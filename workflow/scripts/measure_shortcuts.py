"""Test the shortcuts of networks on images that did not rank their frequencies."""

from devices import take_device
from frequency_shortcuts import dfm, images, networks, shortcuts
from frequency_shortcuts.storage import write_table
from frequency_shortcuts.weights import normalisation
from job import each, identity, job, started


def tested(network, data, maps, params, **options):
    """The table of `shortcuts.measure` with class names."""
    table = shortcuts.measure(
        network,
        data.images,
        data.labels,
        maps,
        mean=data.mean,
        std=data.std,
        controls=params.controls,
        others=params.others,
        negatives=params.negatives,
        seed=params.seed,
        progress=True,
        **options,
    )
    return table.replace({"class": dict(enumerate(data.classes))})


def main(snakemake):
    """TPR and FPR of every class, filter and draw."""
    params, given = snakemake.params, snakemake.input
    with job(snakemake):
        for output, store, weights, path in each(snakemake.output, given.images, given.weights, given.dfm):
            network = networks.load(weights, take_device(params.device))
            maps = dfm.read_mask(path, params.percent)
            data = images.read(
                store,
                params.split,
                params.images_per_class,
                statistics=normalisation(weights),
                workers=snakemake.threads,
            )
            started()
            write_table(tested(network, data, maps, params), output, **identity(output))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
