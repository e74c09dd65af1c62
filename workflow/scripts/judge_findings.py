"""Test the findings of the published study on the tables of this one."""

from pathlib import Path

import h5py

from frequency_shortcuts.findings.evidence import Evidence
from frequency_shortcuts.findings.judge import judge
from frequency_shortcuts.storage.tables import read_table, write_table
from study.job import job


def distinctive(path):
    """The ADCS variant of the configuration, and the names of the classes, from a file of spectra."""
    with h5py.File(path) as file:
        return file[file.attrs["shown"]][:], list(file.attrs["classes"])


def main(snakemake):
    """One row per finding and data set, and one for all data sets."""
    given, params = snakemake.input, snakemake.params
    with job(snakemake):
        sizes = read_table(given.networks).groupby(["dataset", "network"])["parameters"].max()
        evidence = Evidence(
            verdicts=read_table(given.shortcuts),
            dynamics=read_table(given.dynamics) if given.dynamics else None,
            adcs={Path(path).stem: distinctive(path) for path in given.spectra},
            cutoffs=dict(params.cutoffs),
            band_stop=read_table(given.bandstop) if given.bandstop else None,
            ood=read_table(given.ood) if given.ood else None,
            transfer=read_table(given.transfer) if given.transfer else None,
            parameters=sizes.to_dict(),
        )
        write_table(judge(evidence), snakemake.output[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
