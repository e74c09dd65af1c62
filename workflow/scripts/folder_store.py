"""Write the image store of a folder of images."""

from frequency_shortcuts.data import stores
from study.image_folders import identity_statistics, log_conversions, split_folder
from study.job import job
from study.origin import origin_of


def main(snakemake):
    """Read root/class/*, split it class by class and store it; the test images may be in a separate folder."""
    settings = snakemake.params.settings
    with job(snakemake) as created_by:
        splits, classes, twins = split_folder(settings, snakemake.threads)
        about = {
            "classes": classes,
            "source": f"folder {settings['root']}",
            "created_by": created_by,
            "about": origin_of(snakemake.output[0]),
            "statistics": None if "train" in splits else identity_statistics(settings["channels"]),
        }
        if settings.get("keep") == "files":
            stores.write_files(snakemake.output[0], splits, **about)
        else:
            stores.write(snakemake.output[0], splits, stylised=twins, progress=True, **about)
        log_conversions(pictures for pictures, _ in splits.values())


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
