"""Build the image store of a data set."""

from importlib import import_module

from study.job import job


def main(snakemake):
    """By the module of its source."""
    params, path = snakemake.params, snakemake.output[0]
    with job(snakemake) as created_by:
        name = snakemake.wildcards.dataset
        configured = {"dataset": name, "configured_source": snakemake.config["datasets"][name]["source"]}
        source, about = import_module(params.source).SOURCE, {"created_by": created_by, "about": configured}
        source.build(path, params.settings, snakemake.input, snakemake.threads, **about)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
