"""Training augmentations."""

import collections

import numpy as np
import pytest
import torch
from scipy import stats
from test_augmentation import (
    BLENDED,
    EQUAL,
    MOVED,
    SPACE,
    assert_near,
    augmented,
    in_sequence,
    magnitudes_of,
    noise,
    one_by_one,
    pictures,
)
from torchvision.transforms import v2

from frequency_shortcuts.networks import operations
from frequency_shortcuts.networks.augmentation import (
    Augmentation,
    draw_augmix,
    draw_autoaugment,
)


@pytest.mark.parametrize(("shift", "flip"), [(2, True), (5, False), (6, True)])
def test_shifts_that_wrap_around_are_numpys_roll(shift, flip):
    """Each image is exactly one rolled, mirrored one; where the shift is half a side, every roll of it occurs."""
    images = noise(n=150)
    seen = augmented(Augmentation(shift=shift, flip=flip, wrap=True), images).numpy()
    moves = []
    for before, after in zip(images.numpy(), seen, strict=True):
        matches = [
            (dy, dx, step)
            for dy in range(12)
            for dx in range(10)
            for step in (1, -1)
            if np.array_equal(np.roll(before[..., ::step], (dy, dx), (-2, -1)), after)
        ]
        assert len(matches) == 1
        moves += matches
    for axis, side in enumerate((12, 10)):
        rolls = range(side) if shift >= side // 2 else range(-shift, shift + 1)
        assert {match[axis] for match in moves} == {roll % side for roll in rolls}
    mirrored = sum(match[2] == -1 for match in moves)
    assert 45 < mirrored < 105 if flip else not mirrored  # half of 150, 4.9 standard deviations


MOVES = ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate")


@pytest.mark.parametrize(("channels", "size"), [(3, (32, 32)), (1, (31, 20)), (3, (2, 5))])
@pytest.mark.parametrize("name", SPACE)
def test_an_operation_on_a_batch_is_torchvisions_on_each_image(name, channels, size):
    images = pictures(20, channels, *size)
    magnitudes = magnitudes_of(name, len(images), *size)
    names = [name] * len(images)
    blended = name in ("Brightness", "Color", "Contrast", "Sharpness")
    tolerance = MOVED if name in MOVES else BLENDED if blended else EQUAL
    done = operations.apply(images, names, magnitudes)
    assert done.dtype == torch.uint8
    assert_near(done, one_by_one(images, names, magnitudes), tolerance)
    if name in MOVES:
        done = operations.apply(images, names, magnitudes, "bilinear")
        assert_near(done, one_by_one(images, names, magnitudes, "bilinear"), BLENDED)


def recorded(monkeypatch, policy, n):
    """What torchvision draws for n images: a sequence of operations and magnitudes for each."""
    sequences = []

    def note(self, image, name, magnitude, *_, **__):
        sequences[-1].append((name, magnitude))
        return image

    with monkeypatch.context() as patch:
        patch.setattr(type(policy), "_apply_image_or_video_transform", note)
        for _ in range(n):
            sequences.append([])
            policy(torch.zeros(1, 8, 8, dtype=torch.uint8))
    return sequences


def assert_alike(one, other):
    """Counts of two samples do not differ more than chance allows: chi squared, kinds seen under ten times pooled."""
    one, other = collections.Counter(map(tuple, one)), collections.Counter(map(tuple, other))
    kinds = [kind for kind in one | other if one[kind] + other[kind] >= 10]
    rare = [sum(n for kind, n in counts.items() if kind not in kinds) for counts in (one, other)]
    table = np.array([[one[kind], other[kind]] for kind in kinds] + ([rare] if sum(rare) >= 10 else []))
    assert len(table) > 2
    assert stats.chi2_contingency(table).pvalue > 1e-3


def test_autoaugment_draws_what_torchvision_draws(monkeypatch):
    torch.manual_seed(0)
    expected = recorded(monkeypatch, v2.AutoAugment(), 4000)
    drawn = in_sequence(draw_autoaugment(4000, 8, 8))
    assert_alike(drawn, expected)  # whole sequences, signs and magnitudes included


def test_augmix_draws_what_torchvision_draws(monkeypatch):
    torch.manual_seed(0)
    expected = recorded(monkeypatch, v2.AugMix(mixture_width=1), 4000)
    drawn = in_sequence(draw_augmix(4000, 8, 8))
    for aspect in (
        lambda sequence: [len(sequence)],
        lambda sequence: sequence[:1],
        lambda sequence: sequence[-1:],
        lambda sequence: [name for name, _ in sequence[:2]],
    ):
        assert_alike(map(aspect, drawn), map(aspect, expected))
