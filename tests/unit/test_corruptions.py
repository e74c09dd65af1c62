"""Corruptions: their effect on pixels. No image depends on the other images."""

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from frequency_shortcuts.data.corruptions import KINDS, STRENGTHS, corrupt

every_kind = pytest.mark.parametrize("name", KINDS)


def pixels(n, channels, height, width, seed=0):
    generator = np.random.default_rng(seed)
    return torch.from_numpy(generator.integers(0, 256, (n, channels, height, width), dtype=np.uint8))


def picture(channels=3, height=32, width=40):
    """A smooth image with an edge."""
    rows, columns = np.indices((height, width))
    plane = 60 + 3 * rows + 80 * (columns > width // 2)
    return torch.from_numpy(np.stack([plane + 10 * c for c in range(channels)]).clip(0, 255).astype(np.uint8))[None]


@every_kind
@settings(max_examples=20, deadline=None)
@given(
    channels=st.sampled_from([1, 3]),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    strength=st.sampled_from(STRENGTHS),
)
def test_any_size_and_strength_gives_images_of_the_same_kind(name, channels, height, width, strength):
    images = pixels(3, channels, height, width)
    before = images.clone()
    found = corrupt(name, images, strength)
    assert found.dtype == torch.uint8 and found.shape == images.shape
    assert torch.equal(images, before)


@every_kind
@pytest.mark.parametrize("channels", [1, 3])
def test_no_image_depends_on_those_beside_it(name, channels):
    images = pixels(5, channels, 9, 12)
    as_batch = corrupt(name, images, 3, seed=4)
    for i in range(5):
        assert torch.equal(corrupt(name, images[i : i + 1], 3, seed=4, numbers=[i])[0], as_batch[i])


@every_kind
@pytest.mark.parametrize("channels", [1, 3])
def test_each_strength_changes_images_more(name, channels):
    # Ten images with energy at all frequencies, so that no grid happens to fit them.
    noise = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(10, channels, 48, 48)), (0, 0, 1, 1))
    images = torch.from_numpy((128 + 200 * noise).clip(0, 255).astype(np.uint8))
    change = [(corrupt(name, images, s).double() - images.double()).square().mean().item() for s in STRENGTHS]
    assert change[0] > 0 and sorted(change) == change


def test_noise_follows_its_seed_and_leaves_the_users_generator_alone():
    image = torch.full((2, 3, 64, 64), 128, dtype=torch.uint8)
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    found = corrupt("noise", image, 2, seed=3)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(corrupt("noise", image, 2, seed=3), found)
    assert not torch.equal(corrupt("noise", image, 2, seed=4), found) and not torch.equal(found[0], found[1])
    noise = (found.double() - 128) / 255
    # 24,576 values: the standard error of the deviation is half a per cent.
    assert abs(noise.std() / KINDS["noise"].levels[1] - 1) < 0.03 and abs(noise.mean()) < 0.002


def test_blur_is_a_gaussian_of_a_share_of_the_shorter_side():
    """Against scipy, which cuts the kernel at three deviations as well; one grey level for rounding."""
    images = pixels(1, 1, 64, 80)
    for strength, share in zip(STRENGTHS, KINDS["blur"].levels, strict=True):
        sigma = share * 64
        slow = ndimage.gaussian_filter(
            images[0, 0].double().numpy(), sigma, mode="mirror", radius=int(np.ceil(3 * sigma))
        )
        found = corrupt("blur", images, strength)[0, 0].double().numpy()
        np.testing.assert_allclose(found, slow, rtol=0, atol=1)


def test_contrast_shrinks_the_distance_to_the_mean():
    image = picture(1)
    mean = image.double().mean()
    for strength, factor in zip(STRENGTHS, KINDS["contrast"].levels, strict=True):
        expected = factor * image.double() + (1 - factor) * mean
        assert (corrupt("contrast", image, strength).double() - expected).abs().max() <= 1


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_is_close_to_that_of_another_encoder(channels):
    """Pillow's, at the same quality: both use libjpeg, of versions of their own; two grey levels on average."""
    image = picture(channels)
    for strength, quality in zip(STRENGTHS, KINDS["jpeg"].levels, strict=True):
        plane = image[0].permute(1, 2, 0).numpy()
        stream = io.BytesIO()
        Image.fromarray(plane[..., 0] if channels == 1 else plane).save(stream, "jpeg", quality=int(quality))
        other = np.asarray(Image.open(stream)).reshape(plane.shape).astype(float)
        found = corrupt("jpeg", image, strength)[0].permute(1, 2, 0).double().numpy()
        assert np.abs(found - other).mean() < 2


def test_pixelation_leaves_so_many_pixels_a_side():
    images = pixels(1, 3, 40, 60)
    for strength, share in zip(STRENGTHS, KINDS["pixelation"].levels, strict=True):
        found = corrupt("pixelation", images, strength)[0].numpy()
        rows = 1 + (np.diff(found, axis=1) != 0).any(axis=(0, 2)).sum()
        columns = 1 + (np.diff(found, axis=2) != 0).any(axis=(0, 1)).sum()
        assert (rows, columns) == (round(share * 40), round(share * 60))


@pytest.mark.parametrize(
    ("name", "images", "strength", "sentence"),
    [
        ("fog", pixels(1, 3, 8, 8), 1, "unknown corruption 'fog': choose from noise, blur, contrast, jpeg, pixelation"),
        ("blur", pixels(1, 3, 8, 8), 0, "strength 0: expected one of 1, 2, 3, 4, 5"),
        ("blur", pixels(1, 2, 8, 8), 1, "images of 2 channels: corruptions need 1 or 3"),
        ("jpeg", torch.zeros(1, 3, 8, 8), 1, r"images of torch\.float32 \[1, 3, 8, 8\]: expected uint8"),
    ],
)
def test_what_cannot_be_corrupted_is_refused(name, images, strength, sentence):
    with pytest.raises(ValueError, match=sentence):
        corrupt(name, images, strength)
