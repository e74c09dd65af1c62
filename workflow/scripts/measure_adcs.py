"""Mean amplitude spectra and ADCS of a data set."""

import h5py
import numpy as np

from frequency_shortcuts import adcs
from frequency_shortcuts.storage import replacing_hdf5
from job import job, started


def main(snakemake):
    """Stream the images of one split and write both arrays."""
    split = snakemake.params.split
    with job(snakemake) as created_by:
        with h5py.File(snakemake.input.images) as store:
            labels, classes = store[split]["labels"][:], store.attrs["classes"]
            started()
            amplitude = adcs.mean_amplitude(
                store[split]["images"],
                labels,
                len(classes),
                mean=store.attrs["mean"],
                std=store.attrs["std"],
                progress=True,
            )
        weights = adcs.LUMA if snakemake.params.channel_weights == "luma" else None
        with replacing_hdf5(snakemake.output[0]) as file:
            file.create_dataset("mean_amplitude", data=amplitude, compression="gzip")
            file.create_dataset("adcs", data=adcs.accumulate(amplitude, weights), compression="gzip")
            file["count"] = np.bincount(labels, minlength=len(classes))
            file.attrs.update(
                layout="centred",
                split=split,
                classes=classes,
                images="normalised",
                channel_weights=snakemake.params.channel_weights,
                created_by=created_by,
            )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
