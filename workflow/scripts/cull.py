"""Cull the frequencies of one network and write its DFM file."""

from frequency_shortcuts import culling, dfm, images, networks, spectrum
from frequency_shortcuts.storage import sha256
from job import job


def main(snakemake):
    """Loss increments, ranks and masks."""
    params, weights = snakemake.params, snakemake.input.weights
    with job(snakemake) as created_by:
        network = networks.load(weights, networks.pick_device(params.device))
        data = images.read(snakemake.input.images, params.split, params.images_per_class)
        seen, labels = data.tensors()
        found = culling.cull(
            network,
            seen,
            labels,
            len(data.classes),
            params.method,
            share=params.share,
            percents=params.percents,
            batch_size=params.batch_size,
            progress=True,
        )
        dfm.write(
            snakemake.output[0],
            found,
            spectrum.ConjugatePairs(*seen.shape[-2:]),
            params.percents,
            classes=data.classes,
            split=params.split,
            weights_sha256=sha256(weights),
            created_by=created_by,
        )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
