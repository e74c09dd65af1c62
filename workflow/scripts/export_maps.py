"""Write the maps of one network in the layouts of the published tools."""

from frequency_shortcuts.maps import dfm, exchange
from study.job import job


def main(snakemake):
    """One file per layout and percentage."""
    with job(snakemake):
        maps = dfm.read(snakemake.input.dfm)
        for layout, paths in snakemake.output.items():
            for percent, path in zip(snakemake.params.percents, paths, strict=True):
                masks = maps.mask(percent)
                exchange.write(path, masks[snakemake.params.order] if snakemake.params.order else masks, layout)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
