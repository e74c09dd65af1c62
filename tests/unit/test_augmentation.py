"""Training augmentations."""

import numpy as np
import pytest
import torch

from frequency_shortcuts.augmentation import NAMES, Augmentation


def noise(n=64, channels=1, height=12, width=10):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (n, channels, height, width), generator=generator, dtype=torch.uint8)


def augmented(augmentation, images, seed=0):
    torch.manual_seed(seed)
    return augmentation(images)


def test_none_without_geometry_changes_nothing():
    images = noise()
    seen = augmented(Augmentation(shift=0, flip=False), images)
    assert seen.dtype == torch.float32
    assert torch.equal(seen, images.float())


def test_shift_and_flip_move_whole_pixels_and_reflect_at_the_border():
    """At scale (1, 1) each image is one of the shifted, flipped ones, so no frequency is damped."""
    images, shift = noise(n=200), 2
    seen = augmented(Augmentation(shift=shift), images).numpy()
    height, width = images.shape[-2:]
    found = []
    for before, after in zip(images.numpy(), seen, strict=True):
        wide = np.pad(before, ((0, 0), (shift, shift), (shift, shift)), mode="symmetric").astype(float)
        matches = [
            (dy, dx, flip)
            for dy in range(2 * shift + 1)
            for dx in range(2 * shift + 1)
            for flip in (1, -1)
            # 0.01 of 255 levels: the grid's rounding in float32
            if np.allclose(wide[:, dy : dy + height, dx : dx + width][..., ::flip], after, rtol=0, atol=0.01)
        ]
        assert len(matches) == 1
        found += matches
    for axis, values in enumerate((range(2 * shift + 1), range(2 * shift + 1), (-1, 1))):
        assert {match[axis] for match in found} == set(values)
    assert 60 < sum(match[2] == -1 for match in found) < 140  # half of 200, 5.6 standard deviations


def test_without_flip_nothing_is_mirrored():
    images = noise(n=32)
    seen = augmented(Augmentation(shift=0, flip=True), images)
    mirrored = [
        torch.allclose(after, before.flip(-1), atol=0.01) for before, after in zip(images.float(), seen, strict=True)
    ]
    assert any(mirrored)
    assert not all(mirrored)
    # A scale of nearly 1 goes through the same resampling, without the flip.
    still = augmented(Augmentation(shift=0, flip=False, crop_scale=(0.999999, 1), crop_ratio=(1, 1)), images)
    torch.testing.assert_close(still, images.float(), rtol=0, atol=0.05)


def test_a_crop_of_a_quarter_of_the_area_magnifies_twice():
    ramp = (10 * torch.arange(16, dtype=torch.uint8)).expand(8, 1, 16, 16).contiguous()
    crop = Augmentation(shift=0, flip=False, crop_scale=(0.25, 0.25), crop_ratio=(1, 1))
    for images, axis in ((ramp, -1), (ramp.mT.contiguous(), -2)):
        step = augmented(crop, images).diff(dim=axis).narrow(axis, 1, 13)
        torch.testing.assert_close(step, torch.full_like(step, 5), rtol=0, atol=1e-3)


def test_a_crop_shows_nothing_from_outside_the_image():
    ramp = (10 * torch.arange(16, dtype=torch.uint8)).expand(64, 1, 16, 16).contiguous()
    seen = augmented(Augmentation(shift=0, flip=False, crop_scale=(0.25, 0.5)), ramp)
    # Reflected content would run backwards along the ramp; the half pixel at the border is level.
    assert (seen.diff(dim=-1) > -1e-3).all()


@pytest.mark.parametrize("name", NAMES)
def test_torchs_generator_seeds_everything(name):
    images = noise(n=8, channels=3, height=32, width=32)
    augmentation = Augmentation(name, crop_scale=(0.5, 1))
    one, same, other = (augmented(augmentation, images, seed) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["autoaugment", "augmix"])
def test_policies_change_the_images_and_keep_their_range(name, channels):
    images = noise(n=16, channels=channels, height=32, width=32)
    before = images.clone()
    seen = augmented(Augmentation(name, shift=0, flip=False), images)
    assert (seen.dtype, seen.shape) == (torch.float32, images.shape)
    assert 0 <= seen.min() <= seen.max() <= 255
    assert not torch.equal(seen, images.float())
    assert torch.equal(images, before)


def test_a_scale_of_one_written_as_a_list_is_no_crop():
    """YAML has lists only."""
    images = noise(n=8)
    seen = augmented(Augmentation(shift=0, flip=False, crop_scale=[1.0, 1.0]), images)
    assert torch.equal(seen, images.float())


def test_unknown_names_and_impossible_scales_are_refused():
    with pytest.raises(ValueError, match="unknown augmentation 'mixup': choose from none, autoaugment, augmix"):
        Augmentation("mixup")
    for scale in ((0.0, 1.0), (0.8, 0.5), (0.5, 1.5)):
        with pytest.raises(ValueError, match="crop_scale"):
            Augmentation(crop_scale=scale)
