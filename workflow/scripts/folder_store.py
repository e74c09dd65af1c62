"""Write the image store of a folder of images."""

from frequency_shortcuts import images
from job import job, log


def main(snakemake):
    """Read root/class/*, split it class by class and store it."""
    params, root = snakemake.params, snakemake.params.root
    with job(snakemake) as created_by:
        pictures, labels, classes, skipped = images.read_folder(
            root, params.size, channels=params.channels, on_error=params.on_error, progress=True
        )
        for path in skipped:
            log.warning("skipped %s, which does not decode", path)
        log.info("%d images read, %d skipped", len(labels), len(skipped))
        parts = images.stratified(labels, params.shares, params.seed)
        images.write(
            snakemake.output[0],
            {name: (pictures[chosen], labels[chosen]) for name, chosen in parts.items()},
            classes=classes,
            source=f"folder {root}, {len(skipped)} undecodable images skipped",
            created_by=created_by,
        )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
