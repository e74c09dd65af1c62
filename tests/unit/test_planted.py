"""Planted, synthetic and grainy sets: images hold what is planted, and nothing else separates the classes."""

import math
import zlib

import h5py
import numpy as np
import pytest
import yaml

from conftest import ROOT
from frequency_shortcuts import spectrum
from frequency_shortcuts.images import stores as store
from study.images import grain
from study.measures import truth
from study.sources import planted
from study.sources.drawn import draw_images
from study.sources.planted import MECHANISMS
from study.sources.synthetic import Design

# Relative, for a mean amplitude over all frequencies where it is the same by design.
OVERALL = 0.01
OF_MECHANISMS = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())["planting"][
    "mechanisms"
]
every_mechanism = pytest.mark.parametrize("mechanism", MECHANISMS)


def design_of(mechanism, **constants):
    """The design of a mechanism as the default study has it, with changes."""
    return planted.Design(mechanism, **OF_MECHANISMS.get(mechanism, {}) | constants)


def drawn(mechanism, per_class=400, seed=1, **constants):
    """Design, images, and the spectra of their pixels (0 to 1): complex [class, n, channels, H, W], centred."""
    design = design_of(mechanism, **constants)
    images, labels = draw_images(design, per_class, seed)
    spectra = np.fft.fftshift(np.fft.fft2(images / np.float32(255)), axes=(-2, -1))
    return design, images, np.stack([spectra[labels == c] for c in range(len(design.classes))])


def background(design):
    """Expected amplitude without a cue, [H, W], frequency by frequency.

    White noise of unit variance has E|F| = sqrt(pi / 4 * H * W) at a pair of two, shaped so that the pixels have the
    stated deviation: Parseval.
    """
    size, r = design.size, np.zeros((design.size, design.size))
    for i, j in np.ndindex(size, size):
        radius = np.hypot(i - size // 2, j - size // 2)
        r[i, j] = radius**-design.alpha if radius else 0
    return r * design.deviation / np.sqrt((r**2).sum() / size**2) * np.sqrt(np.pi / 4 * size**2)


@every_mechanism
def test_a_class_differs_from_the_background_at_its_truth_and_nowhere_else(mechanism):
    design, images, spectra = drawn(mechanism)
    masks = design.planted()["truth"]
    free = ~masks.any(axis=0)
    free[design.size // 2, design.size // 2] = False
    found = np.abs(spectra)[..., free].mean(axis=(1, 2, 3))
    np.testing.assert_allclose(found, found[0], rtol=OVERALL)
    # Fewer than one pixel in 200 of each class is clipped; rounding to 0 or 255 counts as clipped.
    assert (
        np.isin(images, (0, 255)).reshape(-1, len(masks), images[0].size).mean(axis=(0, 2)) < 0.005
    ).all()
    assert design.classes == ("C0", "C1", "C2", "C3", "C4")[: len(masks)]
    assert not masks[0].any() and masks[1:].any(axis=(1, 2)).all()
    gains = (
        design.gains
        if mechanism == "graded"
        else [0 if mechanism == "absent" else design.gain] * len(masks)
    )
    known, here = background(design), np.arange(design.size**2).reshape(design.size, design.size)
    of_two = spectrum.mirror(here) != here  # positions that are not their own partner
    for mask, planted_gain, found in zip(
        masks, gains, np.abs(spectra).mean(axis=(1, 2)), strict=True
    ):
        ratio, gain = found[of_two] / known[of_two], np.where(mask, planted_gain, 1)[of_two]
        there = gain > 0
        # Relative, for one frequency: about 5.5 standard errors of a mean over 3 channels of 400 images; the amplitude
        # of white noise has a standard deviation of 0.52 times its mean.
        np.testing.assert_allclose(ratio[there], gain[there], rtol=0.085)
        # 0.1: what rounding to 8 bits and clipping leave where no energy is planted
        assert (ratio[~there] < 0.1).all()
        np.testing.assert_allclose(ratio[gain == 1].mean(), 1, rtol=OVERALL)


@every_mechanism
def test_masks_are_symmetric_and_sets_are_disjoint_and_in_their_rings(mechanism):
    design = design_of(mechanism, cue_seed=1)
    masks = design.planted()
    for found in masks.values():
        assert found.dtype == bool and found.shape[-3:] == (len(design.classes), 32, 32)
        assert spectrum.symmetric(found)
        assert not found[..., 16, 16].any()
    if mechanism == "redundant":
        assert np.array_equal(masks["halves"][0] | masks["halves"][1], masks["truth"])
        assert masks["halves"][:, 1:].any(axis=(2, 3)).all() and not masks["halves"][:, 0].any()
    by_class = [*masks["halves"]] if mechanism == "redundant" else list(masks.values())
    sets = [found for some in by_class for found in some[1:]]
    assert sum(found.astype(int) for found in sets).max() == 1
    radius = spectrum.radius(32, 32)
    rings = {"redundant": [*design.rings, *design.rings]}
    if mechanism == "graded":
        low, high = design.rings
        rings["graded"] = [{"low": low, "high": high}[name] for name in design.ring_names[1:]]
    for found, (inner, outer) in zip(sets, rings.get(mechanism, design.rings), strict=True):
        assert (inner <= radius[found]).all() and (radius[found] < outer).all()
        if mechanism == "absent":
            assert found.sum() == ((inner <= radius) & (radius < outer)).sum()
        else:
            assert found.sum() == 2 * design.pairs


def test_the_rings_and_gains_of_graded_sets_are_drawn_with_the_pairs():
    sets = [design_of("graded", cue_seed=seed) for seed in range(400)]
    for design in sets[:20]:
        assert (
            design.classes == ("C0", "C1", "C2", "C3", "C4")
            and design.ring_names[0] == ""
            and design.gains[0] == 1
        )
        assert sorted(design.ring_names[1:]) == ["high", "high", "low", "low"]
    same = design_of("graded", cue_seed=7)
    assert same.ring_names == sets[7].ring_names and np.array_equal(same.gains, sets[7].gains)
    gains = np.array([design.gains[1:] for design in sets])
    high = np.array([design.ring_names[1:] for design in sets]) == "high"
    assert gains.min() >= 1.5 and gains.max() <= 4 and len(np.unique(gains)) == gains.size
    # Log-uniform: as many gains below the geometric mean as above it. Within four standard errors, as all shares here.
    assert abs((gains < np.sqrt(6)).mean() - 0.5) < 2 / np.sqrt(gains.size)
    assert (abs(high.mean(axis=0) - 0.5) < 2 / np.sqrt(len(sets))).all()
    assert abs(np.corrcoef(gains.ravel(), high.ravel())[0, 1]) < 4 / np.sqrt(gains.size)
    other = design_of("graded", cue_seed=7, gain_range=(2, 2))
    np.testing.assert_allclose(other.gains, [1, 2, 2, 2, 2])
    np.testing.assert_array_equal(other.planted()["truth"], same.planted()["truth"])


@every_mechanism
def test_an_image_depends_on_seed_class_and_number_alone(mechanism, monkeypatch):
    design = design_of(mechanism)
    n = len(design.classes)
    large, labels = draw_images(design, 7, seed=3)
    assert large.dtype == np.uint8 and large.shape == (7 * n, 3, 32, 32)
    assert labels.tolist() == list(range(n)) * 7
    np.testing.assert_array_equal(draw_images(design, 4, seed=3)[0], large[: 4 * n])
    assert (
        len(np.unique(np.concatenate([large, draw_images(design, 7, seed=4)[0]]), axis=0)) == 14 * n
    )
    monkeypatch.setattr("study.sources.drawn.CHUNK", 3)
    np.testing.assert_array_equal(draw_images(design, 7, seed=3)[0], large)


@pytest.mark.parametrize("mechanism", ["redundant", "present"])
def test_a_store_returns_the_truth_and_the_neutral_class(mechanism, tmp_path):
    design = design_of(mechanism)
    splits = {"train": draw_images(design, 2, 0)}
    store.write(
        tmp_path / "p.h5", splits, classes=design.classes, source="planted", created_by="a test",
        planted=(design.planted(), design.about()),
    )  # fmt: skip
    with h5py.File(tmp_path / "p.h5") as file:
        assert file["planted"].attrs["mechanism"] == mechanism
        found = truth.planted(tmp_path / "p.h5")
    assert store.read(tmp_path / "p.h5", "train").neutral == 0
    masks = design.planted()
    expected = {"own": masks["truth"]} | {
        f"half_{i}": half for i, half in enumerate(masks.get("halves", ()))
    }
    assert set(found) == set(expected) and ("half_1" in found) == (mechanism == "redundant")
    for name, mask in expected.items():
        np.testing.assert_array_equal(found[name], mask)


@pytest.mark.parametrize(
    ("constants", "sentence"),
    [
        (
            {"mechanism": "present", "rings": [[7, 3]]},
            r"pairs 8: expected 1 to 0, so many are free in the ring \[7, 3\]",
        ),
        (
            {"mechanism": "present", "pairs": 0},
            r"pairs 0: expected 1 to \d+, so many are free in the ring \[3, 7\]",
        ),
        (
            {"mechanism": "redundant", "rings": [[3, 4]]},
            r"pairs 8: expected 1 to 2, so many are free in the ring",
        ),
    ],
)
def test_constants_that_make_no_set_are_refused(constants, sentence):
    with pytest.raises(ValueError, match=sentence):
        design_of(**constants)


def slow_amplitude(design):
    """Amplitude of each class, frequency by frequency; a Nyquist frequency stands for both of its signs."""
    size, edges = design.size, (0, *design.band_edges, np.inf)
    out = np.zeros((4, size, size))
    for i, j in np.ndindex(size, size):
        u, v = i - size // 2, j - size // 2
        r = np.hypot(u, v)
        if r == 0:
            continue
        twins = [
            (a, b)
            for a in ({u, -u} if 2 * u == -size else {u})
            for b in ({v, -v} if 2 * v == -size else {v})
        ]
        diagonal = any(
            min(abs(a - b), abs(a + b)) / 2**0.5 <= design.line_half_width for a, b in twins
        )
        axis = min(abs(u), abs(v)) <= design.line_half_width
        inside = edges[design.control_band - 1] <= r < edges[design.control_band]
        out[:, i, j] = r**-design.alpha
        out[1, i, j] *= design.diagonal_gain if diagonal else 1
        out[2, i, j] *= design.axis_gain if axis else 1
        out[3, i, j] *= not inside
    return out


@pytest.mark.parametrize(("band", "size"), [(1, 32), (2, 31), (3, 32), (4, 31)])
def test_amplitude_equals_a_slow_loop_and_masks_are_symmetric_without_dc_and_cross_all_bands(
    band, size
):
    design = Design(band, size=size)
    np.testing.assert_allclose(design.amplitude(), slow_amplitude(design), rtol=1e-12, atol=0)
    control, patterns = design.planted()["control_band"], design.planted()["patterns"]
    assert spectrum.symmetric(control)
    assert spectrum.symmetric(patterns)
    assert not control[size // 2, size // 2]
    assert not patterns[:, size // 2, size // 2].any()
    assert not patterns[[0, 3]].any()
    np.testing.assert_array_equal(design.planted()["truth"][:3], patterns[:3])
    np.testing.assert_array_equal(design.planted()["truth"][3], control)
    assert all(
        (pattern & inside).any() for pattern in patterns[[1, 2]] for inside in design.bands()
    )


@pytest.mark.parametrize("band", [1, 2, 3, 4])
def test_all_classes_have_one_scale_that_gives_c0_the_stated_deviation(band):
    design = Design(band)
    images, labels = draw_images(design, 50, seed=1)
    pixels, variance = images / 255, (slow_amplitude(design) ** 2).mean(axis=(1, 2))
    for c in range(4):  # tolerance 0.004: what clipping and rounding may take
        assert abs(pixels[labels == c].mean() - 0.5) < 0.004
        assert abs(pixels[labels == c].std() - 0.12 * (variance[c] / variance[0]) ** 0.5) < 0.004
        # Fewer than one pixel in 200 is clipped; rounding to 0 or 255 counts as clipped.
        assert np.isin(images[labels == c], (0, 255)).mean() < 0.005


def test_impossible_synthetic_sets_are_refused():
    for band in (0, 5):
        with pytest.raises(ValueError, match=f"control_band {band}: expected 1 to 4"):
            Design(band)


def test_images_are_those_of_their_class_and_number_whatever_is_drawn_beside_them():
    images, labels, names = grain.images(4, 5, seed=3)
    assert (
        images.shape == (20, 1, 64, 64) and images.dtype == np.uint8 and names == tuple(grain.FORMS)
    )
    assert (
        labels.tolist() == [0, 1, 2, 3] * 5 and len(np.unique(images.reshape(20, -1), axis=0)) == 20
    )
    two, of_two, first = grain.images(2, 3, seed=3)
    assert (
        first == names[:2]
        and np.array_equal(two, images[labels < 2][:6])
        and of_two.tolist() == [0, 1] * 3
    )
    assert (grain.images(2, 3, seed=4)[0] != two).any(axis=(1, 2, 3)).all()


def height(name, x, y):
    """The height of an object at a point, in units of its size."""
    if name == "disc":
        return math.exp(-((x * x + y * y) ** 2))
    if name == "oval":
        return math.exp(-(((x / 1.75) ** 2 + (1.75 * y) ** 2) ** 2))
    if name == "ring":
        return math.exp(-16 * (math.sqrt(x * x + y * y) - 0.8) ** 2)
    return math.exp(-4 * (abs(x) - 0.75) ** 2 - 2.25 * y * y)


def slow_image(name, size, draws):
    """An image before it is rounded, from what is drawn for it."""
    left, up, angle, scale, contrast, across, down, brightness, coarse, fine = draws
    weights = [math.exp(-(step**2) / (2 * grain.COARSE**2)) for step in range(-10, 11)]
    smooth, image = np.zeros((size, size)), np.empty((size, size))
    for i, j, k, n in np.ndindex(size, size, 21, 21):
        smooth[i, j] += weights[k] * weights[n] * coarse[(i + k - 10) % size, (j + n - 10) % size]
    for i, j in np.ndindex(size, size):
        x, y = j / (size - 1) - 0.5, i / (size - 1) - 0.5
        along = (math.cos(angle) * (x - left) - math.sin(angle) * (y - up)) / scale
        beside = (math.sin(angle) * (x - left) + math.cos(angle) * (y - up)) / scale
        image[i, j] = brightness + across * x + down * y + contrast * height(name, along, beside)
        image[i, j] += 0.06 * smooth[i, j] / smooth.std() + 0.06 * fine[i, j]
    return image


@pytest.mark.parametrize("name", grain.FORMS)
def test_an_image_is_an_object_on_grain_pixel_by_pixel(name):
    size, generator = 24, np.random.default_rng([5, 1, zlib.crc32(name.encode())])
    centre, angle = generator.uniform(-0.15, 0.15, 2), generator.uniform(0, math.pi)
    draws = [*centre, angle, generator.uniform(*grain.SIZE), generator.uniform(*grain.CONTRAST)]
    draws += [*generator.uniform(-grain.TILT, grain.TILT, 2), generator.uniform(*grain.BRIGHTNESS)]
    draws += [generator.standard_normal((size, size)) for _ in range(2)]
    images, _, names = grain.images(4, 2, seed=5, size=size)
    expected = 255 * slow_image(name, size, draws).clip(0, 1)
    np.testing.assert_allclose(images[4 + names.index(name), 0], expected, rtol=0, atol=0.5 + 1e-3)


def test_nothing_but_the_form_tells_the_classes_apart():
    images, labels, _ = grain.images(4, 300, seed=0)
    values = images.astype(float)
    numbers = [
        values.mean(axis=(1, 2, 3)), values.std(axis=(1, 2, 3)), np.abs(np.diff(values, axis=-1)).mean(axis=(1, 2, 3)),
    ]  # fmt: skip
    for of_images, most in zip(numbers, (4, 3, 0.3), strict=True):
        means = [of_images[labels == c].mean() for c in range(4)]
        assert max(means) - min(means) < most
    assert ((images == 0) | (images == 255)).mean() < 0.02
