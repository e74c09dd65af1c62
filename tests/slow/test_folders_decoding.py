"""The decoding of one picture of a folder: every kind, one size, and the errors of files that are no picture."""

import io

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from test_folders_decoding import noise
from torchvision.transforms import v2

from frequency_shortcuts.data.folders import ImageFiles

lengths = st.integers(1, 90)
quick = settings(max_examples=80, deadline=None, derandomize=True)


@quick
@given(lengths, lengths, st.integers(1, 40), st.integers(1, 40), st.integers(0, 30))
def test_resize_and_crop_are_torchvisions(height, width, crop_height, crop_width, more):
    """To the pixel."""
    picture = Image.fromarray(noise(height, width, height * width))
    resize = max(crop_height, crop_width) + more
    expected = v2.Compose([v2.Resize(resize), v2.CenterCrop((crop_height, crop_width))])(picture)
    file = io.BytesIO()
    picture.save(file, "png")
    file.seek(0)
    pixels, _ = read_open(file, (crop_height, crop_width), resize)
    np.testing.assert_array_equal(pixels, np.asarray(expected))


@quick
@given(lengths, lengths, st.integers(1, 40), st.integers(1, 40))
def test_without_resize_the_largest_part_of_the_right_shape_is_taken(height, width, crop_height, crop_width):
    """That is what ImageOps.fit does."""
    picture = Image.fromarray(noise(height, width, height * width))
    file = io.BytesIO()
    picture.save(file, "png")
    file.seek(0)
    pixels, _ = read_open(file, (crop_height, crop_width), None)
    expected = ImageOps.fit(picture, (crop_width, crop_height), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(pixels, np.asarray(expected))


def read_open(file, size, resize):
    """As `read`, of a file in memory, which is faster for the many examples of hypothesis."""
    pictures = ImageFiles([], size, resize=resize)
    return pictures._decode(file).transpose(1, 2, 0), pictures.converted
