"""Write Snakemake's own report of the study."""

from study.job import job, run_snakemake


def main(snakemake):
    """The report of `all`, with the configuration in use."""
    with job(snakemake):
        style = ["--report-stylesheet", snakemake.input.stylesheet]
        run_snakemake(snakemake.config, "all", "--report", snakemake.output[0], *style)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
