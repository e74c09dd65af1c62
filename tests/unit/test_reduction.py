"""Images reduced to the maps of other classes, against a loop over images."""

import numpy as np
import pytest
import torch
from scipy import stats

from frequency_shortcuts.networks.reduction import MapReduction, reduction_masks
from frequency_shortcuts.spectrum import masks as spectrum_masks
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

SIZES = [(8, 8), (9, 8), (7, 9)]


def maps(height=8, width=8, classes=4, pairs=6, seed=0):
    """A map for each class, of conjugate pairs at random, bool [class, H, W]."""
    generator, places = np.random.default_rng(seed), ConjugatePairs(height, width)
    kept = np.zeros((classes, len(places)), bool)
    for c in range(classes):
        kept[c, generator.choice(len(places), pairs + c, replace=False)] = True
    return places.scatter(kept)


def images(n, height, width, channels=2):
    generator = torch.Generator().manual_seed(n)
    return torch.randn(n, channels, height, width, generator=generator)


def reduced_slowly(image, mask):
    """One image, float [channels, H, W], of which the frequencies of a centred mask are kept, by the complex DFT."""
    kept = np.fft.fft2(image) * np.fft.ifftshift(mask)
    filtered = np.fft.ifft2(kept)
    assert np.abs(filtered.imag).max() < 1e-12
    return filtered.real


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_batch_is_reduced_as_each_image_alone(height, width):
    masks, pixels = maps(height, width), images(40, height, width)
    labels = torch.arange(40) % 4
    reduction = MapReduction(masks, 0.5)
    torch.manual_seed(3)
    found = reduction(pixels, labels)
    torch.manual_seed(3)
    reduced, classes = reduction.draw(labels)
    assert 0 < reduced.sum() < 40
    for i, image in enumerate(pixels.double().numpy()):
        if reduced[i]:
            slow = reduced_slowly(image, masks[classes[i]])
            np.testing.assert_allclose(found[i].numpy(), slow, atol=1e-5)  # float32
        else:
            assert torch.equal(found[i], pixels[i])


def test_no_image_is_reduced_to_the_map_of_its_own_class():
    labels = torch.arange(4).repeat(5000)
    torch.manual_seed(0)
    reduced, classes = MapReduction(maps(), 0.3).draw(labels)
    assert not (classes == labels).any()
    for c in range(4):  # the three others are equally likely
        counts = torch.bincount(classes[labels == c], minlength=4)
        assert counts[c] == 0 and stats.chisquare(np.delete(counts.numpy(), c)).pvalue > 1e-3
    assert abs(reduced.float().mean() - 0.3) < 0.02  # 6 standard errors of 20,000 draws
    assert (
        stats.chi2_contingency(torch.stack([classes[reduced].bincount(), classes[~reduced].bincount()])).pvalue > 1e-3
    )


def test_with_probability_one_every_image_is_reduced():
    pixels, labels = images(16, 8, 8), torch.arange(16) % 4
    seen = MapReduction(maps(), 1.0)(pixels, labels)
    energy = torch.fft.fft2(seen).abs() > 1e-4
    assert (energy.sum(dim=(2, 3)) <= maps()[3].sum()).all()


def test_images_are_not_changed_in_place():
    pixels, labels = images(16, 8, 8), torch.arange(16) % 4
    before = pixels.clone()
    MapReduction(maps(), 1.0)(pixels, labels)
    assert torch.equal(pixels, before)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_the_masks_of_the_controls_have_the_sizes_of_the_maps(height, width):
    found = maps(height, width, pairs=11)
    assert np.array_equal(reduction_masks("dfmx", found, 0), found)
    sizes = found.sum(axis=(1, 2))
    random = reduction_masks("dfmx_random", found, 0)
    assert np.array_equal(random.sum(axis=(1, 2)), sizes) and spectrum_masks.symmetric(random)
    low = reduction_masks("dfmx_low_pass", found, 0)
    assert np.isin(low.sum(axis=(1, 2)) - sizes, (0, 1)).all() and spectrum_masks.symmetric(low)
    assert low[:, height // 2, width // 2].all()


def test_random_masks_differ_by_class_and_seed_and_are_repeated_by_it():
    same = np.repeat(maps(pairs=10)[:1], 4, axis=0)
    drawn = reduction_masks("dfmx_random", same, 0)
    assert len({mask.tobytes() for mask in (*drawn, *reduction_masks("dfmx_random", same, 1))}) == 8
    assert np.array_equal(drawn, reduction_masks("dfmx_random", same, 0))


def test_mistakes_are_answered_with_a_sentence():
    with pytest.raises(ValueError, match="augmentation 'sin' reduces no images: choose from dfmx, dfmx_random, dfmx_l"):
        reduction_masks("sin", maps(), 0)
    with pytest.raises(ValueError, match=r"maps is not symmetric"):
        reduction_masks("dfmx", np.eye(8, dtype=bool)[None, ::-1], 0)
    with pytest.raises(ValueError, match=r"maps of one class: .* so two are needed"):
        MapReduction(maps()[:1], 0.3)
    for probability in (0, 1.5):
        with pytest.raises(ValueError, match=f"probability {probability}: expected above 0 and at most 1"):
            MapReduction(maps(), probability)


def test_a_reduction_is_identified_by_its_masks_and_probability():
    one = MapReduction(maps(), 0.3).identity
    assert one == MapReduction(maps(), 0.3).identity
    assert len({one, MapReduction(maps(seed=1), 0.3).identity, MapReduction(maps(), 0.4).identity}) == 3
    shuffled = maps()[[1, 0, 2, 3]]
    assert MapReduction(shuffled, 0.3).identity != one
