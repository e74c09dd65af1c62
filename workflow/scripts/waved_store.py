"""Write the store of photographs with a plane wave in one class."""

from frequency_shortcuts.data import stores
from frequency_shortcuts.data.waved import WavedImages
from frequency_shortcuts.storage.checksums import read_hdf5
from study.job import job
from study.origin import origin_of
from study.waves import wave_of


def main(snakemake):
    """Add the wave to images of every split of the store of photographs; the rest stays as it is."""
    params = snakemake.params.settings
    with job(snakemake) as created_by:
        plain = {
            name: stores.read(snakemake.input.images, name, workers=snakemake.threads, in_memory=0)
            for name in ("train", "validation", "test")
        }
        classes = plain["test"].classes
        wave = wave_of(params, classes)
        splits = {
            name: (WavedImages(data.images, wave.carriers(data.labels), wave), data.labels)
            for name, data in plain.items()
        }
        height, width = plain["test"].images.shape[-2:]
        with read_hdf5(snakemake.input.images) as file:
            source, made_from = file.attrs["source"], file.attrs["checksum"]
        stores.write(
            snakemake.output[0],
            splits,
            classes=classes,
            source=f"{source}, {wave}",
            created_by=created_by,
            about=origin_of(snakemake.output[0]),
            made_from=made_from,
            planted=wave.masks(len(classes), height, width),
            planted_about={"mechanism": "waved", "neutral": -1},
        )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
