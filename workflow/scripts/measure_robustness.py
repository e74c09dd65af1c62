"""Show a network filtered, perturbed and corrupted images."""

import math
from functools import partial

from devices import take_device
from frequency_shortcuts.data import corruptions, stores
from frequency_shortcuts.evaluation import robustness
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.storage.tables import write_table
from job import identity, job


def main(snakemake):
    """Recall on filtered images, the error under single plane waves, and recall under corruptions."""
    params, given = snakemake.params, snakemake.input
    with job(snakemake) as created_by:
        network = architectures.load(given.weights, take_device(params.device))
        read = partial(
            stores.read,
            given.images,
            params.split,
            statistics=normalisation(given.weights),
            workers=snakemake.threads,
        )
        data, fewer = read(params.images_per_class), read(params.sensitivity["images_per_class"])
        measure(network, data, fewer, params, snakemake.output, created_by)


def measure(network, data, fewer, params, outputs, created_by):
    """The three files of one network; plane waves are added to `fewer` of the images."""
    waves = params.sensitivity

    def told(measured, of=data, **options):
        how = {"mean": of.mean, "std": of.std, "progress": True}
        return measured(network, of.images, of.labels, len(of.classes), **how, **options)

    def write(table, path):
        write_table(table.replace({"class": dict(enumerate(data.classes))}), path, **identity(path))

    write(told(robustness.filtered_recall, cutoffs=params.cutoffs, band_width=params.band_width), outputs.curves)
    norm = waves["rms"] * math.sqrt(math.prod(data.images.shape[-2:]))
    found = told(robustness.fourier_sensitivity, fewer, norm=norm, radius=waves["radius"], seed=params.seed)
    robustness.write_sensitivity(
        outputs.sensitivity, found, classes=data.classes, split=params.split, created_by=created_by
    )
    write(told(corruptions.measure, names=params.corruptions, seed=params.seed), outputs.corruptions)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
