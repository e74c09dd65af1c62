"""Write the image store of a folder of images."""

import numpy as np

from frequency_shortcuts.data import folders, stores
from job import job, log


def main(snakemake):
    """Read root/class/*, split it class by class and store it; the test images may lie in a folder of their own."""
    params = snakemake.params
    with job(snakemake) as created_by:
        splits, classes, twins = planned(params, snakemake.threads)
        about = {
            "classes": classes,
            "source": f"folder {params.root}",
            "created_by": created_by,
            "statistics": None if "train" in splits else raw(params.channels),
        }
        if params.keep == "files":
            stores.write_files(snakemake.output[0], splits, **about)
        else:
            about |= {"stylised": twins, "workers": snakemake.threads, "progress": True}
            stores.write(snakemake.output[0], splits, **about)
        tell(pictures for pictures, _ in splits.values())


def planned(params, workers):
    """The splits, name -> (pictures, labels), the class names, and the stylised twins of the training images."""
    height, width = size_of(params.size)
    settings = {"resize": params.resize, "workers": workers, "on_error": params.on_error}

    def pictures(files):
        return folders.Pictures(files, (height, width), params.channels, **settings)

    files, labels, classes = folders.listing(params.root, params.classes)
    parts = stores.stratified(labels, params.shares, params.seed, classes)
    splits = {name: (pictures([files[i] for i in chosen]), labels[chosen]) for name, chosen in parts.items()}
    if params.test_root:
        known = params.classes or dict(zip(classes, classes, strict=True))
        files, labels, _ = folders.listing(params.test_root, known)
        splits["test"] = pictures(files), labels
    twins = None
    if params.stylised:
        twins = pictures(folders.twins(splits["train"][0].files, params.root, params.stylised))
    return splits, classes, twins


def size_of(size):
    """(height, width) from what the configuration says."""
    return (size, size) if isinstance(size, int) else tuple(size)


def raw(channels):
    """The statistics of a store without training images: pixels from 0 to 1 as they are."""
    return np.zeros(channels), np.ones(channels)


def tell(read):
    """Log what was converted and what was skipped."""
    for pictures in read:
        for path in pictures.skipped:
            log.warning("skipped %s, which does not decode", path)
        counts = ", ".join(f"{count} x {what}" for what, count in pictures.converted.items())
        log.info("%d images, %d skipped; converted: %s", len(pictures), len(pictures.skipped), counts or "none")


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
