"""Images reduced to the maps of other classes, against a loop over images."""

import numpy as np
import pytest
import torch
from scipy import stats

from frequency_shortcuts.networks.reduction import MapReduction, reduction_masks
from frequency_shortcuts.spectrum import masks as spectrum_masks
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

SIZES = [(8, 8), (7, 9)]


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
    seen = reduction(pixels, labels)
    torch.manual_seed(3)
    reduced, classes = reduction.draw(labels)
    assert 0 < reduced.sum() < 40
    for i, image in enumerate(pixels.double().numpy()):
        if reduced[i]:
            slow = reduced_slowly(image, masks[classes[i]])
            np.testing.assert_allclose(seen[i].numpy(), slow, atol=1e-5)  # float32
        else:
            assert torch.equal(seen[i], pixels[i])


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


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_the_masks_of_the_controls_have_the_sizes_of_the_maps(height, width):
    own = maps(height, width, pairs=11)
    assert np.array_equal(reduction_masks("dfmx", own, 0), own)
    sizes = own.sum(axis=(1, 2))
    random = reduction_masks("dfmx_random", own, 0)
    assert np.array_equal(random.sum(axis=(1, 2)), sizes) and spectrum_masks.symmetric(random)
    low = reduction_masks("dfmx_low_pass", own, 0)
    assert np.isin(low.sum(axis=(1, 2)) - sizes, (0, 1)).all() and spectrum_masks.symmetric(low)
    assert low[:, height // 2, width // 2].all()


def test_random_masks_differ_by_class_and_seed_and_are_repeated_by_it():
    same = np.repeat(maps(pairs=10)[:1], 4, axis=0)
    drawn = reduction_masks("dfmx_random", same, 0)
    assert len({mask.tobytes() for mask in (*drawn, *reduction_masks("dfmx_random", same, 1))}) == 8
    assert np.array_equal(drawn, reduction_masks("dfmx_random", same, 0))


def test_mistakes_are_answered_with_a_sentence():
    with pytest.raises(ValueError, match="augmentation 'sin' reduces no images"):
        reduction_masks("sin", maps(), 0)
    with pytest.raises(ValueError, match=r"maps is not symmetric"):
        reduction_masks("dfmx", np.eye(8, dtype=bool)[None, ::-1], 0)
    with pytest.raises(ValueError, match="maps of one class"):
        MapReduction(maps()[:1], 0.3)
    for probability in (0, 1.5):
        with pytest.raises(ValueError, match="probability"):
            MapReduction(maps(), probability)


def test_a_reduction_is_identified_by_its_masks_and_probability():
    reductions = ((maps(), 0.3), (maps(seed=1), 0.3), (maps()[[1, 0, 2, 3]], 0.3), (maps(), 0.4))
    assert MapReduction(maps(), 0.3).identity == MapReduction(maps(), 0.3).identity
    assert len({MapReduction(*reduction).identity for reduction in reductions}) == 4
