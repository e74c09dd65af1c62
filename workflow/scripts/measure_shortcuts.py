"""Test the shortcuts of one network on images that did not rank its frequencies."""

from devices import take_device
from frequency_shortcuts import dfm, images, networks, shortcuts
from frequency_shortcuts.storage import write_table
from job import identity, job, started


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
    params = snakemake.params
    with job(snakemake):
        network = networks.load(snakemake.input.weights, take_device(params.device))
        maps = dfm.read_mask(snakemake.input.dfm, params.percent)
        data = images.read(
            snakemake.input.images,
            params.split,
            params.images_per_class,
            statistics=networks.normalisation(snakemake.input.weights),
            workers=snakemake.threads,
        )
        started()
        write_table(tested(network, data, maps, params), snakemake.output[0], **identity(snakemake.wildcards))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
