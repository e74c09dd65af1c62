"""Show a network filtered, perturbed and corrupted images."""

import math
from functools import partial

from frequency_shortcuts.data import stores
from frequency_shortcuts.evaluation import robustness
from frequency_shortcuts.evaluation.corrupted import corrupted_recall
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.storage.tables import write_table
from study.devices import take_device
from study.job import identity, job


def main(snakemake):
    """Recall on filtered images, the error under single plane waves, and recall under corruptions."""
    params, given, settings = snakemake.params, snakemake.input, snakemake.params.settings
    with job(snakemake) as created_by:
        network = architectures.load(given.weights, take_device(params.device))
        read = partial(
            stores.read,
            given.images,
            settings["split"],
            statistics=normalisation(given.weights),
            workers=snakemake.threads,
        )
        data, fewer = read(settings["images_per_class"]), read(settings["sensitivity"]["images_per_class"])
        measure(network, data, fewer, settings, snakemake.output, created_by)


def measure(network, data, fewer, settings, outputs, created_by):
    """The three files of one network; plane waves are added to `fewer` of the images."""
    waves, seed = settings["sensitivity"], settings["seed"]

    def write(table, path):
        write_table(table.replace({"class": dict(enumerate(data.classes))}), path, **identity(path))

    table = robustness.filtered_recall(
        network, data, cutoffs=settings["cutoffs"], band_width=settings["band_width"], progress=True
    )
    write(table, outputs.curves)
    norm = waves["rms"] * math.sqrt(math.prod(data.images.shape[-2:]))
    found = robustness.fourier_sensitivity(network, fewer, norm=norm, radius=waves["radius"], seed=seed, progress=True)
    robustness.write_sensitivity(
        outputs.sensitivity, found, classes=data.classes, split=settings["split"], created_by=created_by
    )
    table = corrupted_recall(network, data, names=settings["corruptions"], seed=seed, progress=True)
    write(table, outputs.corruptions)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
