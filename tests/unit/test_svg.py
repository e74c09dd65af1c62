"""Smaller SVG files show the same: every shape at its place, every pixel, every reference."""

import io

import numpy as np
import pytest
from PIL import Image

from frequency_shortcuts.figures.svg import compact_png

pytestmark = pytest.mark.usefixtures("closed_figures")


@pytest.mark.parametrize("colours", [1, 2, 16, 17, 4096])
def test_every_pixel_of_a_picture_stays(colours, size=(40, 30)):
    generator = np.random.default_rng(colours)
    palette = generator.integers(0, 256, (colours, 4), dtype=np.uint8)
    pixels = palette[generator.integers(0, colours, size)]
    for opaque in (True, False):
        pixels[..., 3] = 255 if opaque else pixels[..., 3]
        png = io.BytesIO()
        Image.fromarray(pixels).save(png, "PNG")
        small = compact_png(png.getvalue())
        with Image.open(io.BytesIO(small)) as picture:
            assert (np.asarray(picture.convert("RGBA")) == pixels).all()
        assert len(small) <= len(png.getvalue())
