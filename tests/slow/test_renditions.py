"""Restyled test images."""

import numpy as np
import pytest
from test_renditions import photographs

from frequency_shortcuts.data import renditions
from frequency_shortcuts.data import stores as image_stores
from frequency_shortcuts.data.stored_images import Stored


@pytest.mark.parametrize("per_batch", [1, 2, 100])
@pytest.mark.parametrize("name", renditions.names())
def test_images_that_are_read_when_they_are_drawn_give_the_same(tmp_path, monkeypatch, name, per_batch):
    """From a store that is larger than what may be in memory: as a whole, in slices, and through `images.write`."""
    pixels, labels = photographs(7)
    monkeypatch.setattr(renditions, "IN_BATCH", per_batch * pixels[0].size)
    about = {"classes": ("a", "b", "c"), "source": "", "created_by": "", "statistics": (np.zeros(3), np.ones(3))}
    image_stores.write(tmp_path / "test.h5", {"test": (pixels, labels)}, **about)
    stored = image_stores.read(tmp_path / "test.h5", "test", in_memory=pixels.nbytes - 1).images
    assert isinstance(stored, Stored)
    whole = renditions.render(name, pixels, labels, seed=1)
    np.testing.assert_array_equal(renditions.render(name, stored, labels, seed=1), whole)
    drawn = renditions.Rendition(name, stored, labels, seed=1)
    assert (drawn.shape, len(drawn)) == (whole.shape, 7)
    for some in (slice(5, 9), slice(2, 5), slice(0, 0)):
        np.testing.assert_array_equal(drawn[some], whole[some])
    image_stores.write(tmp_path / "drawn.h5", {"test": (drawn, labels)}, **about)
    np.testing.assert_array_equal(image_stores.read(tmp_path / "drawn.h5", "test").images, whole)
