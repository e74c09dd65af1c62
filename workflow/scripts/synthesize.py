"""Draw a synthetic set and store it with its planted truth."""

from frequency_shortcuts.data import stores, synthetic
from study.job import job
from study.origin import origin_of


def main(snakemake):
    """Draw train, validation and test images from separate seeds."""
    constants = dict(snakemake.params.constants)
    counts, seeds = constants.pop("images_per_class"), constants.pop("seeds")
    with job(snakemake) as created_by:
        design = synthetic.Design(control_band=snakemake.params.control_band, **constants)
        stores.write(
            snakemake.output[0],
            {name: synthetic.images(design, counts[name], seeds[name]) for name in counts},
            classes=synthetic.CLASSES,
            source=f"synthetic, {design}",
            created_by=created_by,
            about=origin_of(snakemake.output[0]),
            planted=design.planted(),
            planted_about=design.about(),
        )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
