"""Write the store of photographs with a plane wave in one class."""

import h5py

from frequency_shortcuts.data import stores
from frequency_shortcuts.data.waved import Wave, WavedImages
from study.job import job


def main(snakemake):
    """Add the wave to every split of the store of photographs; the rest stays as it is."""
    params = snakemake.params.settings
    with job(snakemake) as created_by, h5py.File(snakemake.input.images) as file:
        classes = [str(name) for name in file.attrs["classes"]]
        if params["class"] not in classes:
            raise ValueError(f"no class {params['class']!r} in {params['of']}: choose from {', '.join(classes)}")
        wave = Wave(classes.index(params["class"]), tuple(params["frequency"]), params["amplitude"])
        splits = {}
        for name in ("train", "validation", "test"):
            labels = file[name]["labels"][:]
            splits[name] = WavedImages(file[name]["images"], labels, wave), labels
        height, width = file["test/images"].shape[-2:]
        stores.write(
            snakemake.output[0],
            splits,
            classes=classes,
            source=f"{file.attrs['source']}, {wave}",
            created_by=created_by,
            planted=wave.masks(len(classes), height, width),
            planted_about={"mechanism": "waved", "neutral": -1},
        )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
