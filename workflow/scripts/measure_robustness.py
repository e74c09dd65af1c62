"""Show one network filtered, perturbed and corrupted images."""

import math
from functools import partial

from devices import take_device
from frequency_shortcuts import corruptions, images, networks, robustness
from frequency_shortcuts.storage import write_table
from job import identity, job, started


def main(snakemake):
    """Recall on filtered images, the error under single plane waves, and recall under corruptions."""
    params, (curves, sensitivity, corrupted) = snakemake.params, snakemake.output
    waves = params.sensitivity
    with job(snakemake) as created_by:
        network = networks.load(snakemake.input.weights, take_device(params.device))
        read = partial(
            images.read,
            snakemake.input.images,
            params.split,
            statistics=networks.normalisation(snakemake.input.weights),
            workers=snakemake.threads,
        )
        data, fewer = read(params.images_per_class), read(waves["images_per_class"])
        started()

        def told(measure, of=data, **options):
            how = {"mean": of.mean, "std": of.std, "progress": True}
            return measure(network, of.images, of.labels, len(of.classes), **how, **options)

        def write(table, path):
            write_table(table.replace({"class": dict(enumerate(data.classes))}), path, **identity(snakemake.wildcards))

        write(told(robustness.filtered_recall, cutoffs=params.cutoffs, band_width=params.band_width), curves)
        norm = waves["rms"] * math.sqrt(math.prod(data.images.shape[-2:]))
        found = told(robustness.fourier_sensitivity, fewer, norm=norm, radius=waves["radius"], seed=params.seed)
        robustness.write_sensitivity(
            sensitivity, found, classes=data.classes, split=params.split, created_by=created_by
        )
        write(told(corruptions.measure, names=params.corruptions, seed=params.seed), corrupted)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
