"""Write Snakemake's own report of the study."""

from job import ask_snakemake, job


def main(snakemake):
    """The report of `all`, with the configuration in use."""
    with job(snakemake):
        style = ["--report-stylesheet", snakemake.input.stylesheet]
        ask_snakemake(snakemake.config, "--report", snakemake.output[0], *style)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
