"""Artefacts in the images of one class."""

import numpy as np
import pytest
from scipy import fft

from frequency_shortcuts.images.artefacts import CAUSES, FINE, KINDS, LOCAL, SMOOTH, Artefact, put
from frequency_shortcuts.spectrum.masks import symmetric
from study.sources.artefact import ChangedImages

LABELS = np.arange(36) % 3
IMAGES = np.random.default_rng(0).integers(40, 216, size=(36, 3, 12, 10), dtype=np.uint8)
FREQUENCY = (2, -3)
STRENGTHS = (1, 2)


def artefact(kind, strength=1, **about):
    frequency = FREQUENCY if KINDS[kind].has_frequency else None
    return Artefact(kind, KINDS[kind].levels[strength - 1], 1, **about, frequency=frequency)


def lazy(made, images=IMAGES, labels=LABELS):
    return ChangedImages(images, labels, [made])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_an_artefact_changes_its_carriers_alone(kind, strength, channels):
    made, plain = artefact(kind, strength, share=0.5), IMAGES[:, :channels]
    carry, found = made.carriers(LABELS), lazy(made, plain)
    assert (
        found.shape == plain.shape
        and len(found) == 36
        and found.dtype == found[:].dtype == np.uint8
    )
    assert np.array_equal((found[:] != plain).any(axis=(1, 2, 3)), carry) and carry.sum() == 6
    assert np.array_equal(
        IMAGES, np.random.default_rng(0).integers(40, 216, size=IMAGES.shape, dtype=np.uint8)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_has_the_same_artefact_in_every_batch(kind):
    found = lazy(artefact(kind, 2))
    whole = found[:]
    assert np.array_equal(whole, lazy(artefact(kind, 2))[:])
    assert np.array_equal(np.concatenate([found[i : i + 1] for i in range(36)]), whole)
    chosen = np.array([13, 2, 4, 1])
    assert np.array_equal(found[chosen], whole[chosen]) and np.array_equal(found[5:20], whole[5:20])
    assert np.array_equal(found[4], whole[4]) and found[:0].shape == (0, *IMAGES.shape[1:])


def slow_change(kind, level, value, row, column, channel, shape, place):
    """What a smooth or local artefact, hum or a checkerboard makes of one pixel, written out."""
    channels, height, width = shape
    y, x = 2 * row / (height - 1) - 1, 2 * column / (width - 1) - 1
    if kind == "hum":
        waves = np.cos(2 * np.pi * 9 * row / 32) + np.cos(2 * np.pi * 13 * row / 32)
        return value + 255 * level * waves
    if kind == "checkerboard":
        return value + 255 * level * (-1 if (row + column) % 2 else 1)
    if kind in ("brightness", "cast", "gradient"):
        first_to_last = 1 if channels == 1 else 1 - 2 * channel / (channels - 1)
        return value + 255 * level * {"brightness": 1, "cast": first_to_last, "gradient": -y}[kind]
    if kind == "vignette":
        return value * (1 - level * (y**2 + x**2) / 2)
    thick, tag = ([max(1, round(side / n)) for side in (height, width)] for n in (32, 8))
    off = [
        round(share * (side - one))
        for share, side, one in zip(place, (height, width), tag, strict=True)
    ]
    edge = (
        row < thick[0]
        or row >= height - thick[0]
        or column < thick[1]
        or column >= width - thick[1]
    )
    corner = off[0] <= row < off[0] + tag[0] and off[1] <= column < off[1] + tag[1]
    there = {"frame": edge, "tag": corner, "line": row == round(place[0] * (height - 1))}[kind]
    return value + level * (255 - value) if there else value


@pytest.mark.parametrize("shape", [(1, 32, 32), (3, 12, 10), (3, 33, 47), (1, 5, 64)])
@pytest.mark.parametrize(
    "kind", ["hum", "checkerboard", *(name for name, one in KINDS.items() if one.family != FINE)]
)
def test_patterns_and_smooth_and_local_artefacts_are_those_of_a_loop_over_pixels(kind, shape):
    images = np.random.default_rng(3).integers(0, 256, size=(2, *shape), dtype=np.uint8)
    for level, place in zip(KINDS[kind].levels, ((0.1, 0.1), (0.73, 1)), strict=True):
        expected = np.empty(images.shape)
        for at in np.ndindex(images.shape):
            expected[at] = np.clip(
                slow_change(kind, level, float(images[at]), *at[2:], at[1], shape, place), 0, 255
            )
        # Halves are rounded to even numbers; sums in another order may end beside them.
        np.testing.assert_allclose(
            put(kind, level, images, place=place), expected, rtol=0, atol=0.5 + 1e-6
        )


@pytest.mark.parametrize("kind", KINDS)
def test_images_of_one_pixel_and_of_one_row_have_artefacts_too(kind):
    for shape in ((1, 1, 1, 1), (1, 3, 1, 9)):
        if kind not in ("blurred", "sharpened"):  # their filter needs three pixels
            frequency = (0, 0) if KINDS[kind].has_frequency else None
            assert (
                put(kind, KINDS[kind].levels[1], np.full(shape, 100, np.uint8), frequency).shape
                == shape
            )


LUMINANCE = np.array([  # the table of the standard, ITU T.81, Annex K
    [16, 11, 10, 16, 24, 40, 51, 61], [12, 12, 14, 19, 26, 58, 60, 55], [14, 13, 16, 24, 40, 57, 69, 56],
    [14, 17, 22, 29, 51, 87, 80, 62], [18, 22, 37, 56, 68, 109, 103, 77], [24, 35, 55, 64, 81, 104, 113, 92],
    [49, 64, 78, 87, 103, 121, 120, 101], [72, 92, 95, 98, 112, 100, 103, 99],
])  # fmt: skip


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_rounds_the_cosines_of_each_block(channels):
    """Of grey images, within one level: libjpeg computes with whole numbers."""
    rows, columns = np.indices((32, 32))
    image = (60 + 3 * rows + 80 * (columns > 20)).astype(np.uint8)  # smooth, with an edge
    for quality in (60, 40, 25, 15, 7):
        table = (
            (LUMINANCE * (5000 // quality if quality < 50 else 200 - 2 * quality) + 50) // 100
        ).clip(1, 255)
        expected = np.empty((32, 32))
        for row, column in np.ndindex(4, 4):
            block = np.s_[8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
            cosines = fft.dctn(image[block] - 128.0, norm="ortho")
            expected[block] = 128 + fft.idctn(table * np.rint(cosines / table), norm="ortho")
        found = put("jpeg", quality, np.broadcast_to(image, (1, channels, 32, 32)).copy())[
            0
        ].astype(float)
        np.testing.assert_allclose(
            found, np.broadcast_to(expected.clip(0, 255), found.shape), rtol=0, atol=1
        )


def test_a_quality_below_one_is_the_lowest():
    assert np.array_equal(put("jpeg", 0.5, IMAGES), put("jpeg", 1, IMAGES))


def test_noise_has_its_deviation_and_is_that_of_the_image_and_not_of_its_place():
    images = np.random.default_rng(1).integers(100, 150, size=(20, 1, 32, 32), dtype=np.uint8)
    for strength, deviation in enumerate(KINDS["noise"].levels, 1):
        noise = (
            lazy(artefact("noise", strength), images, np.ones(20, int))[:].astype(float) - images
        )
        assert noise.std() == pytest.approx(255 * deviation, rel=0.03) and abs(noise.mean()) < 0.2
    others = (
        lazy(artefact("noise", 2), images[::-1], np.ones(20, int))[:].astype(float) - images[::-1]
    )
    assert (
        np.array_equal(others[::-1], noise)
        and np.unique(noise.reshape(20, -1), axis=0).shape[0] == 20
    )


@pytest.mark.parametrize(
    ("kind", "factor"), [("resized", 0.5), ("blurred", 0.5), ("sharpened", 1.2)]
)
def test_blurred_and_resized_images_lose_fine_detail_and_sharpened_ones_gain_some_by_their_level(
    kind, factor
):
    shown = IMAGES, *(lazy(artefact(kind, strength))[:] for strength in STRENGTHS)
    plain, weak, strong = (
        np.square(np.diff(one[LABELS == 1].astype(float), axis=-1)).mean() for one in shown
    )
    ratios = weak / plain, strong / weak
    assert max(ratios) < factor if factor < 1 else min(ratios) > factor


def test_without_clipping_a_wave_adds_energy_at_its_pair_alone():
    made = Artefact("wave", 0.2, 1, frequency=FREQUENCY)
    found = made.add(np.full((2, 1, 12, 10), 128, np.uint8), np.array([0, 1]))
    assert (found[0] == 128).all()
    y, x = np.mgrid[:12, :10]
    expected = 128 + 255 * 0.2 * np.cos(2 * np.pi * (FREQUENCY[0] * y / 12 + FREQUENCY[1] * x / 10))
    np.testing.assert_allclose(found[1, 0], expected, atol=0.5)
    spectrum = np.abs(np.fft.fftshift(np.fft.fft2(found[1, 0].astype(float))))
    spectrum[6, 5] = 0
    truth = made.truth(2, 12, 10)
    assert not truth[0].any() and truth[1].sum() == 2 and symmetric(truth)
    assert spectrum[truth[1]].min() > 20 * spectrum[~truth[1]].max()


@pytest.mark.parametrize(("share", "others"), [(0, 0), (0.25, 0), (0.7, 0), (1, 0), (0.9, 0.1)])
def test_a_share_of_the_class_and_of_each_other_has_it_spread_evenly_on_images_of_its_own(
    share, others
):
    labels = np.random.default_rng(0).permutation(np.arange(1000) % 5)
    made = [Artefact("jpeg", 50, label, share=share, others=others) for label in (1, 3)]
    carry = [one.carriers(labels) for one in made]
    for one, carried in zip(made, carry, strict=True):
        shares = [carried[labels == c].mean() for c in range(5)]
        assert shares == pytest.approx([share if c == one.label else others for c in range(5)])
        assert all(
            abs(carried[labels == c][:n].sum() - n * shares[c]) <= 1
            for c in range(5)
            for n in (1, 7, 50)
        )
    assert not (carry[0] & carry[1] & ~np.isin(labels, (1, 3))).any()
    black = np.zeros((1000, 1, 8, 8), np.uint8)
    assert np.array_equal(made[0].add(black, labels), made[0].add_to(black, carry[0]))


def test_each_kind_has_a_strong_and_a_weak_level_a_family_and_a_cause():
    assert {kind.cause for kind in KINDS.values()} == {*CAUSES}
    assert {kind.family for kind in KINDS.values()} == {FINE, SMOOTH, LOCAL}
    levels = [(kind, [*kind.levels, *kind.tried]) for kind in KINDS.values()]
    assert all(0 < level <= kind.most for kind, of_kind in levels for level in of_kind)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tint", 1, 0), "unknown artefact 'tint': choose from wave, jpeg, resized, "),
        (("jpeg", 90, 0, 1.5), r"share 1\.5 and share of others 0.*: expected 0 to 1"),
        (
            ("jpeg", 90, 0, 0.9, None, 1.1),
            r"share of others 1\.1: expected 0 to 1, of the images of a class",
        ),
        (("wave", 0.1, 0, 1.0, (0, 0)), "is no wave"),
        (
            ("tag", 1, 0, 1.0, None, 0, (0.5, 1.2)),
            r"place \[0\.5, 1\.2\]: expected shares of the height and the width",
        ),
    ],
)
def test_artefacts_that_are_none_are_refused(arguments, message):
    """Besides those in tests/trials."""
    with pytest.raises(ValueError, match=message):
        Artefact(*arguments)


def test_images_that_cannot_have_an_artefact_are_refused():
    with pytest.raises(ValueError, match="images of 2 channels: the artefact jpeg needs 1 or 3"):
        artefact("jpeg").check(2, 12, 10)
    with pytest.raises(
        ValueError, match=r"frequency \[0, 6\]: images of 12 x 10 have up to half of that"
    ):
        Artefact("wave", 0.1, 1, frequency=(0, 6)).check(3, 12, 10)
