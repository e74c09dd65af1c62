"""Test a network on filtered, perturbed and corrupted images."""

import math

from frequency_shortcuts.evaluation import recall, sensitivity, wave_errors
from frequency_shortcuts.storage.tables import write_table
from study.job import identity, job
from study.origin import origin_of
from study.testing import load_network, read_images, with_names


def main(snakemake):
    """Recall on filtered images, the error under single plane waves, and recall under corruptions."""
    given, outputs, settings = snakemake.input, snakemake.output, snakemake.params.settings
    waves, seed = settings["sensitivity"], settings["seed"]
    with job(snakemake) as created_by:
        network = load_network(given.weights, snakemake.params.device)
        data, fewer = (
            read_images(given.images, settings["split"], count, weights=given.weights, workers=snakemake.threads)
            for count in (settings["images_per_class"], waves["images_per_class"])
        )
        run = identity(outputs.curves)
        table = recall.filtered_recall(
            network, data, cutoffs=settings["cutoffs"], band_width=settings["band_width"], progress=True
        )
        write_table(with_names(table, data.classes), outputs.curves, **run)
        norm = waves["rms"] * math.sqrt(math.prod(data.images.shape[-2:]))
        errors = sensitivity.fourier_sensitivity(
            network, fewer, norm=norm, radius=waves["radius"], seed=seed, progress=True
        )
        wave_errors.write_sensitivity(
            outputs.sensitivity, errors, classes=data.classes, split=settings["split"], created_by=created_by,
            **origin_of(outputs.sensitivity, weights=given.weights, images=given.images),
        )  # fmt: skip
        table = recall.corrupted_recall(network, data, names=settings["corruptions"], seed=seed, progress=True)
        write_table(with_names(table, data.classes), outputs.corruptions, **run)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
