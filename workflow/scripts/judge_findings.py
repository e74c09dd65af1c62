"""Test the findings of the published study on the tables of this one."""

from pathlib import Path

from frequency_shortcuts.findings.evidence import Evidence
from frequency_shortcuts.findings.judge import judge
from frequency_shortcuts.storage.checksums import read_hdf5
from frequency_shortcuts.storage.tables import write_table
from study.job import job
from study.plan import Plan
from study.tables import read_joined

TABLES = ("networks", "shortcuts", "dynamics", "bandstop", "ood", "transfer")


def distinctive(path):
    """The ADCS variant of the configuration, and the names of the classes, from a file of spectra."""
    with read_hdf5(path) as file:
        return file[file.attrs["shown"]][:], list(file.attrs["classes"])


def main(snakemake):
    """One row per finding and data set, and one for all data sets."""
    given, params = snakemake.input, snakemake.params
    with job(snakemake):
        plan = Plan(snakemake.config)
        tables = {name: read_joined(path, plan) for name, path in given.items() if name in TABLES and path}
        sizes = tables["networks"].groupby(["dataset", "network"])["parameters"].max()
        evidence = Evidence(
            verdicts=tables["shortcuts"],
            dynamics=tables.get("dynamics"),
            adcs={Path(path).stem: distinctive(path) for path in given.spectra},
            cutoffs=dict(params.cutoffs),
            band_stop=tables.get("bandstop"),
            ood=tables.get("ood"),
            transfer=tables.get("transfer"),
            parameters=sizes.to_dict(),
        )
        write_table(judge(evidence), snakemake.output[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
