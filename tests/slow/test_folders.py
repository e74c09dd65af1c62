"""Folders of image files: their listing, and the reading of many pictures."""

import numpy as np
import pytest
from test_folders import (
    many,  # noqa: F401 (fixtures)
    tones,
)

from frequency_shortcuts.data.folders import ImageFiles

INDICES = [slice(None), slice(7, 20), slice(None, None, -3), slice(40, 99), slice(3, 3), np.array([9, 2, 2, 49, 0]),
           np.arange(50)[::-1], np.array([], int), np.array([-1, -50]), np.arange(50) % 7 == 0]  # fmt: skip


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("index", INDICES, ids=str)
def test_pictures_are_indexed_as_an_array(many, workers, index):
    pictures = ImageFiles(many, (4, 4), workers=workers)
    assert (len(pictures), pictures.shape, pictures.dtype) == (50, (50, 3, 4, 4), np.uint8)
    found = pictures[index]
    assert found.shape[1:] == (3, 4, 4)
    assert tones(found) == np.arange(50)[index].tolist()
