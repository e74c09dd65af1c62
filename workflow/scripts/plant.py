"""Draw a planted set and store it with its truth."""

from frequency_shortcuts.data import planted, stores
from study.job import job
from study.origin import origin_of


def main(snakemake):
    """Draw train, validation and test images from separate seeds; only the latter two have decoys."""
    constants = dict(snakemake.params.constants)
    counts, seeds = constants.pop("images_per_class"), constants.pop("seeds")
    with job(snakemake) as created_by:
        design = planted.Design(snakemake.params.mechanism, **constants)
        stores.write(
            snakemake.output[0],
            {
                name: planted.images(design, counts[name], seeds[name], decoys=name != "train")
                for name in ("train", "validation", "test")
            },
            classes=design.classes,
            source=f"planted, {design}",
            created_by=created_by,
            about=origin_of(snakemake.output[0]),
            planted=design.planted(),
            planted_about=design.about(),
        )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
