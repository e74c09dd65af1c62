"""Build the image store of a data set."""

from study.job import script
from study.sources import BY_NAME


@script
def main(snakemake, created_by):
    params, path = snakemake.params, snakemake.output[0]
    name, source = snakemake.wildcards.dataset, params.source
    about = {"dataset": name, "configured_source": source, "created_by": created_by}
    dataset = BY_NAME[source]({"datasets": {name: params.settings}}, name)
    dataset.build(path, snakemake.input, snakemake.threads, **about)
