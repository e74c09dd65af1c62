"""Merge the parts of a culling and write its maps: a DFM file, or the file of both halves of the images."""

from frequency_shortcuts.data import stores
from frequency_shortcuts.maps import dfm, halves
from frequency_shortcuts.maps.methods import culling
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from study.job import job
from study.origin import origin_of


def main(snakemake):
    """Write the maps; the number of parts does not change them."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output[0]
    with job(snakemake) as created_by:
        data = stores.read(given.images, params.split, 1, in_memory=0)
        pairs = ConjugatePairs(*data.images.shape[-2:])
        about = {
            "classes": list(data.classes),
            "split": params.split,
            "created_by": created_by,
            **origin_of(output, weights=given.weights, images=given.images),
        }
        if parts := given.get("parts"):
            dfm.write(output, merged(parts), pairs, params.percents, **about)
        else:
            both = [merged(parts) for parts in (given.half0, given.half1)]
            halves.write_halves(output, both, pairs, params.percents, seed=params.seed, **about)


def merged(parts):
    """The culling whose parts are in these files."""
    return culling.merge(map(culling.read_part, parts))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
