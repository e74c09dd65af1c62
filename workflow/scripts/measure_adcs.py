"""Mean amplitude spectra and ADCS of a data set."""

import numpy as np

from frequency_shortcuts import adcs, images
from frequency_shortcuts.storage import replacing_hdf5
from job import job


def main(snakemake):
    """Stream the images of one split and write both arrays."""
    params, seen = snakemake.params, snakemake.params.statistics
    weights = adcs.LUMA if params.channel_weights == "luma" else None
    with job(snakemake) as created_by:
        statistics = (seen["mean"], seen["std"]) if seen else None
        data = images.read(
            snakemake.input.images, params.split, statistics=statistics, workers=snakemake.threads, in_memory=0
        )
        amplitude = adcs.mean_amplitude(
            data.images, data.labels, len(data.classes), mean=data.mean, std=data.std, progress=True
        )
        with replacing_hdf5(snakemake.output[0]) as file:
            file.create_dataset("mean_amplitude", data=amplitude, compression="gzip")
            file.create_dataset("adcs", data=adcs.accumulate(amplitude, weights), compression="gzip")
            file["count"] = np.bincount(data.labels, minlength=len(data.classes))
            file.attrs.update(
                layout="centred",
                split=params.split,
                classes=list(data.classes),
                images="normalised" if np.any(data.mean) else "from 0 to 1",
                channel_weights=params.channel_weights,
                created_by=created_by,
            )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
