"""Class cards and reduced images: pictures are those of the tests, and gaps are said."""

import h5py
import numpy as np
import pytest
import torch
from drawn_tables import check_page, texts_of
from hypothesis import given, settings
from hypothesis import strategies as st
from spectral_classes import exchanged

from frequency_shortcuts import dfm, spectrum
from frequency_shortcuts.figures import cards as card_figure
from frequency_shortcuts.images import stores
from frequency_shortcuts.images.normalisation import normalise
from frequency_shortcuts.maps.methods.method import Found
from frequency_shortcuts.shortcuts import examples
from frequency_shortcuts.spectrum import masks
from study.examples import read_cards

CLASSES = ["ant", "bee", "</script> & 猫"]
SIZE = 9, 8


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 3), st.integers(0, 100), st.booleans())
def test_filtered_is_the_inverse_transform_of_what_is_kept_and_of_the_donors_rest_stretched(
    channels, seed, swap
):
    generator, pairs = np.random.default_rng(seed), spectrum.ConjugatePairs(*SIZE)
    seen, donors = generator.standard_normal((2, 2, channels, *SIZE))
    masks = dfm.dominant(generator.standard_normal((2, len(pairs))), pairs, 20)
    found = examples.reduced_images(
        torch.from_numpy(seen), masks, torch.from_numpy(donors) if swap else None
    )
    for image, donor, mask, picture in zip(seen, donors, masks, found, strict=True):
        slow = exchanged(image, mask, donor if swap else None)
        low, high = np.quantile(slow, [0.01, 0.99])
        np.testing.assert_allclose(picture, np.clip((slow - low) / (high - low), 0, 1), atol=1e-9)
    assert found.min() == 0 and found.max() == 1


def test_a_picture_without_contrast_stays_one():
    mask = np.zeros((1, *SIZE), bool)
    mask[0, SIZE[0] // 2, SIZE[1] // 2] = True
    assert np.isfinite(examples.reduced_images(torch.ones(1, 1, *SIZE), mask)).all()


@pytest.fixture
def card_files(tmp_path):
    """An image store, a file of spectra and a DFM file of three classes."""
    generator = np.random.default_rng(0)
    pixels, labels = (
        generator.integers(0, 256, (9, 3, *SIZE), dtype=np.uint8),
        np.array([2, 1, 0] * 3),
    )  # test: 0, 1, 2
    store, spectra, maps = (tmp_path / name for name in ("data.h5", "adcs.h5", "dfm.h5"))
    splits = {"train": (pixels, labels), "test": (pixels[::-1], labels[::-1])}
    stores.write(store, splits, classes=CLASSES, source="", created_by="")
    with h5py.File(spectra, "w") as file:
        file["adcs"] = generator.integers(-2, 3, (3, *SIZE), dtype=np.int16)
        file.attrs["shown"] = "adcs"
    pairs = spectrum.ConjugatePairs(*SIZE)
    found = Found(generator.standard_normal((3, len(pairs))), 0, 0, False, {})
    dfm.write(maps, found, pairs, [20], classes=CLASSES)
    return store, spectra, maps, pixels


@pytest.mark.parametrize("neutral", [None, 1])
def test_cards_hold_what_the_files_hold_of_the_classes_shown(card_files, neutral):
    """With a neutral class, its second test image stands at the other frequencies."""
    store, spectra, maps, pixels = card_files
    if neutral is not None:
        with h5py.File(store, "r+") as file:
            file.create_group("planted").attrs["neutral"] = neutral
    shown = np.array([0, 2])
    statistics = [0.4, 0.5, 0.6], [0.1, 0.2, 0.3]
    cards = read_cards(store, spectra, maps, 20, shown, statistics)
    held = dfm.read(maps)
    with h5py.File(spectra) as file:
        assert np.array_equal(cards.adcs, file["adcs"][:][shown])
    assert np.array_equal(cards.masks, held.masks[20][shown])
    assert np.array_equal(cards.increment, held.score[shown])
    assert np.array_equal(cards.unfiltered, pixels[[8, 6]])  # the first test image of each class
    seen, other = (
        normalise(torch.from_numpy(pixels[chosen]), *statistics) for chosen in ([8, 6], [4])
    )
    other = None if neutral is None else other
    expected = examples.reduced_images(seen, cards.masks, other)
    np.testing.assert_allclose(cards.filtered, expected, atol=1e-5)
    lowest = np.stack([masks.low_pass_mask(mask) for mask in cards.masks])
    expected = examples.reduced_images(seen, lowest, other)
    np.testing.assert_allclose(cards.controlled, expected, atol=1e-5)
    assert cards.fill == ("zeros" if neutral is None else "swap")
    figure = card_figure.class_cards(
        cards, ["ant", "cow"], 2, [2], note="2 of 9 classes: those chosen"
    )
    words = {
        "ant",
        "cow",
        "ADCS",
        "map,\nblack: kept",
        "test\nimage",
        "from\nits map",
        "from lowest\nfrequencies",
    }
    note = " \ncircles: edges of the bands\n2 of 9 classes: those chosen"
    assert words | {"of the largest", note} <= texts_of(figure)
    assert all(axis.images for axis in figure.axes[:12])
    rates = np.array([[[0.9, 0.1], [0.8, 0.25], [1, np.nan]], np.full((3, 2), np.nan)])
    with_rates = check_page(card_figure.class_cards(cards, ["ant", "cow"], 2, rates=rates))
    assert {"0.90 / 0.10", "0.80 / 0.25", "1.00", "not tested"} <= with_rates
    rates = {
        f"{rate}_{kept}": 0.5
        for rate in ("tpr", "fpr")
        for kept in ("unfiltered", "dfm", "low_pass")
    }
    rates |= {"measure": 0.9, "largest_other": np.nan, "fpr_low_pass": np.nan}
    one = check_page(
        card_figure.one_shortcut(
            cards, "American Staffordshire terrier, pit bull", rates, 5, "resnet50"
        )
    )
    assert {"recognised: 50 %\nfalse positives: \N{EN DASH}", "image of\nAmerican St…t bull"} <= one
