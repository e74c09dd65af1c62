"""Mean amplitude spectra of a data set, their standard errors, and ADCS in both variants, and distinctiveness."""

import numpy as np

from frequency_shortcuts.images import stores
from frequency_shortcuts.maps import adcs
from frequency_shortcuts.storage.files import replacing_hdf5
from study.job import script


@script
def main(snakemake, created_by):
    """Read the images of one split in batches and write the spectra; `shown` names the ADCS variant of the figures."""
    params, seen = snakemake.params, snakemake.params.statistics
    weights = adcs.LUMA if params.channel_weights == "luma" else None
    statistics = (seen["mean"], seen["std"]) if seen else None
    data = stores.read(
        snakemake.input.images,
        params.split,
        statistics=statistics,
        workers=snakemake.threads,
        in_memory=0,
    )
    spectra = adcs.class_spectra(data, channel_weights=weights)
    amplitude, error = spectra.mean_amplitude, spectra.standard_error
    significant = adcs.accumulate_significant(amplitude, error, weights)
    with replacing_hdf5(snakemake.output[0]) as file:
        file.create_dataset("mean_amplitude", data=amplitude, compression="gzip")
        file.create_dataset("standard_error", data=error, compression="gzip")
        file.create_dataset("adcs", data=adcs.accumulate(amplitude, weights), compression="gzip")
        file.create_dataset("adcs_significant", data=significant, compression="gzip")
        file["distinctiveness"] = adcs.distinctiveness(amplitude, error, weights)
        file["count"] = np.bincount(data.labels, minlength=len(data.classes))
        file.attrs.update(
            layout="centred",
            split=params.split,
            classes=list(data.classes),
            images="normalised" if np.any(data.mean) else "from 0 to 1",
            channel_weights=params.channel_weights,
            shown="adcs_significant" if params.variant == "significant" else "adcs",
            dataset=snakemake.wildcards.dataset,
            created_by=created_by,
        )
