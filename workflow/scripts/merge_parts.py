"""Merge the parts of a culling and write its maps: a DFM file, or the file of both halves of the images."""

from frequency_shortcuts.data import stores
from frequency_shortcuts.maps.methods.culling.result import merge, read_part
from study.job import job
from study.map_files import write_maps


def main(snakemake):
    """Write the maps; the number of parts does not change them."""
    params, inputs = snakemake.params, snakemake.input
    with job(snakemake) as created_by:
        data = stores.read(inputs.images, params.images["split"], 1, in_memory=0)
        cullings = [merge(map(read_part, inputs[subset])) for subset in params.subsets]
        write_maps(snakemake, cullings, data, created_by)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
