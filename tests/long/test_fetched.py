"""The rules of CIFAR-10, on small files laid out as the published ones."""

import shutil

from test_fetched import (
    small,  # noqa: F401 (fixtures)
    snakemake,
)


def test_a_folder_that_lacks_a_file_is_found_by_the_check(small):
    root, _ = small
    shutil.copytree(root / "files", root / "lacking")
    (root / "lacking" / "data_batch_4").unlink()
    done = snakemake(root, "lacking", "check", "--forcerun", "check")
    assert done.returncode != 0
    assert (
        "- datasets.cifar10: CIFAR-10 was not found; tried folder lacking (no file lacking/data_batch_4)" in done.stdout
    )
