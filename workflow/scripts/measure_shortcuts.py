"""Test the shortcuts of a network on images that did not rank its frequencies."""

from devices import take_device
from frequency_shortcuts import dfm, images, networks, shortcuts
from frequency_shortcuts.storage import write_table
from frequency_shortcuts.weights import normalisation
from job import identity, job


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
    params, given, output = snakemake.params, snakemake.input, snakemake.output[0]
    with job(snakemake):
        network = networks.load(given.weights, take_device(params.device))
        maps = dfm.read_mask(given.dfm, params.percent)
        data = images.read(
            given.images,
            params.split,
            params.images_per_class,
            statistics=normalisation(given.weights),
            workers=snakemake.threads,
        )
        write_table(tested(network, data, maps, params), output, **identity(output))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
