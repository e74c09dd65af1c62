from __future__ import annotations

import numpy as np
import pytest
import torch
from exchange_subjects import grey, subject

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.exchange.patch import Patch, places


@pytest.mark.parametrize("size", [(32, 32), (20, 35), (9, 9), (48, 48)])
def test_places_are_windows_of_a_fifth_that_cover_the_image_and_the_frame(size):
    masks = places(torch.Size(size))
    assert masks.shape == (37, *size)
    height, width = (round(side / 5) for side in size)
    for number, mask in enumerate(masks[:36]):
        rows, columns = (np.flatnonzero(mask.any(dim=axis)) for axis in (1, 0))
        assert int(mask.sum()) == height * width == len(rows) * len(columns)
        for found, side, own, place in ((rows, size[0], height, number // 6), (columns, size[1], width, number % 6)):
            assert found[0] == round(place * (side - own) / 5) and found[-1] == found[0] + own - 1
    assert masks[:36].any(dim=0).all() or min(size) < 20
    frame = masks[36]
    assert frame[0].all() and frame[:, -1].all() and not frame[2:-2, 2:-2][1:-1, 1:-1].any()


def tagged(place: int | None, n_classes: int = 3) -> tuple[Split, torch.Tensor]:
    """Images of which those of class 0 are white at a place, and where."""
    plain = grey(n_classes, 40)
    masks = places(torch.Size((20, 20)))
    images = plain.images.copy()
    mask = masks[place] if place is not None else torch.zeros(20, 20, dtype=torch.bool)
    images[np.ix_(plain.labels == 0, [0])] = np.where(mask, 255, images[np.ix_(plain.labels == 0, [0])])
    return Split(images, plain.labels, mean=np.zeros(1), std=np.ones(1)), mask


@pytest.mark.parametrize("place", [0, 5, 17, 30, 36])
def test_the_place_of_a_tag_is_found(place):
    split, mask = tagged(place)

    def name(images):
        white = images[:, 0, mask].mean(1) > 0.9
        return np.where(white, 0, 1)

    assert Patch(subject(split, name)).place[0] == place


def test_a_patch_is_put_at_the_place_of_the_class_that_is_tested():
    split, _ = tagged(7)
    who = subject(split, lambda images: (images[:, 0].mean((1, 2)) > 0.4).long().numpy())
    patch = Patch(who)
    images, classes = who.ranking.take(np.arange(4)), np.array([0, 2, 1, 0])
    for c in range(3):
        who.generator.manual_seed(1)
        made = patch.give(images, classes, c)
        who.generator.manual_seed(1)
        donors = who.donors(classes)
        mask = places(torch.Size((20, 20)))[patch.place[c]]
        for image, donor, after in zip(images, donors, made, strict=True):
            for i in range(20):
                for j in range(20):
                    assert after[0, i, j] == (donor if mask[i, j] else image)[0, i, j]


def test_a_swap_exchanges_the_corners_and_the_frame():
    images = torch.rand(4, 2, 20, 30)
    partner = torch.tensor([1, 2, 3, 3])
    swapped = Patch.swap(images, partner)
    for n, m in enumerate(partner):
        for i in range(20):
            for j in range(30):
                outer = min(i, 19 - i) < 2 or min(j, 29 - j) < 2 or (min(i, 19 - i) < 4 and min(j, 29 - j) < 6)
                assert torch.equal(swapped[n, :, i, j], images[m if outer else n, :, i, j])
