"""Build the image store of a data set."""

from importlib import import_module

from study.job import script


@script
def main(snakemake, created_by):
    """By the module of its source."""
    params, path = snakemake.params, snakemake.output[0]
    name = snakemake.wildcards.dataset
    configured = {"dataset": name, "configured_source": snakemake.config["datasets"][name]["source"]}
    source, about = import_module(params.source).SOURCE, {"created_by": created_by, "about": configured}
    source.build(path, params.settings, snakemake.input, snakemake.threads, **about)
