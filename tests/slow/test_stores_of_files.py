"""Stores that hold the paths of image files instead of pixels."""

import numpy as np
import pytest
from image_files import photographs
from small_stores import write
from test_stores_of_files import write_files

from frequency_shortcuts.data import stores as store
from frequency_shortcuts.data.folders import ImageFiles


@pytest.mark.parametrize("resize", [None, 7])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("in_memory", [0, 2**31])
def test_a_store_of_files_is_read_as_one_of_images(tmp_path, resize, channels, in_memory):
    pictures = [
        ImageFiles(photographs(tmp_path / name, n, n), (6, 5), channels, resize=resize)
        for name, n in (("a", 9), ("b", 6))
    ]
    splits = {name: (some, np.arange(len(some)) % 2) for name, some in zip(("train", "test"), pictures, strict=True)}
    write(tmp_path / "images.h5", splits)
    write_files(tmp_path / "files.h5", splits)
    for name in splits:
        for per_class in (None, 2):
            expected = store.read(tmp_path / "images.h5", name, per_class)
            found = store.read(tmp_path / "files.h5", name, per_class, workers=2, in_memory=in_memory)
            assert isinstance(found.images, ImageFiles if in_memory == 0 else np.ndarray)
            assert found.stylised is None
            np.testing.assert_array_equal(found.images[:], expected.images)
            for attribute in ("labels", "classes", "mean", "std"):
                np.testing.assert_array_equal(getattr(found, attribute), getattr(expected, attribute))
