"""Images of a store, read when they are indexed: mapped into memory, or by HDF5 if another program laid them out."""

import numpy as np
import pytest
from small_stores import labelled, write
from test_stored_images import (
    replace_images,
    threads_for_small_images_too,  # noqa: F401 (fixtures)
)

from frequency_shortcuts.data.stored_images import Stored

INDICES = [
    *(slice(None), slice(3, 70), slice(None, None, -7), slice(190, 999), slice(5, 5)),
    *(np.array(positions, int) for positions in ([150, 3, 3, 0, 199], [], [-1, -200, 7])),
    np.arange(200) % 3 == 0,
    [4, 2],
]
LAYOUTS = {
    "ours": None,
    "of an earlier version": {"chunks": (1, 2, 5, 4), "compression": "gzip", "compression_opts": 1},
    "in shared chunks": {"chunks": (7, 2, 5, 4), "compression": "gzip"},
    "integers of 16 bit": {"dtype": np.int16},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("workers", [1, 3])
def test_stored_images_are_indexed_as_an_array(tmp_path, layout, workers):
    pixels, labels = labelled(200, 0, channels=2, height=5, width=4)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    if LAYOUTS[layout] is not None:
        replace_images(tmp_path / "s.h5", pixels, **LAYOUTS[layout])
    for chosen in (np.arange(200), np.random.default_rng(0).integers(0, 200, 200)):
        stored = Stored(tmp_path / "s.h5", "train", chosen, workers=workers)
        assert (len(stored), stored.shape, stored.dtype) == (200, pixels.shape, np.uint8)
        for index in INDICES:
            assert stored[index].dtype == np.uint8
            np.testing.assert_array_equal(stored[index], pixels[chosen][index])
