"""Write the image store of one rendition of an out-of-distribution twin."""

from pathlib import Path

from frequency_shortcuts.images import folders, stores
from frequency_shortcuts.images.pictures import ImageFiles
from frequency_shortcuts.storage.hdf5 import read_hdf5
from study.job import script
from study.sources.folder import log_skipped, split_folder


@script
def main(snakemake, created_by):
    """Read root/rendition/class/* with the classes, size and normalisation of the training images."""
    settings = snakemake.params.settings
    root = Path(settings["ood"]["root"]) / snakemake.wildcards.rendition
    with read_hdf5(snakemake.input.images) as store:
        classes, statistics = (
            list(store.attrs["classes"]),
            (store.attrs["mean"][:], store.attrs["std"][:]),
        )
        split = next(name for name in ("test", "validation", "train") if name in store)
        channels, *size = stores.read(snakemake.input.images, split, 1, in_memory=0).images.shape[
            1:
        ]
    how = {"resize": settings.get("resize"), "on_error": settings.get("on_error", "stop")}
    matched = folders.matched(classes, root, settings["ood"].get("classes"))
    files, labels, _ = folders.class_files(root, matched)
    if settings["source"] == "folder":  # the tones of the training images
        how["tones"] = split_folder(settings)[0].popitem()[1][0].tones
    pictures = ImageFiles(files, tuple(size), channels, workers=snakemake.threads, **how)
    stores.write(
        snakemake.output[0],
        {"test": (pictures, labels)},
        classes=classes,
        source=f"folder {root}",
        created_by=created_by,
        statistics=statistics,
        dataset=snakemake.wildcards.dataset,
    )
    log_skipped(pictures)
