"""Planted sets: the images hold what is planted, and nothing else separates the classes."""

import numpy as np
import pytest
from test_planted import background, drawn, every_mechanism, pairs_of_two

from frequency_shortcuts.data import planted

# Relative, for a mean amplitude over all frequencies where it is the same by design.
OVERALL = 0.01
# Relative, for one frequency: about 5.5 standard errors of a mean over 3 channels of 400 images; the amplitude of
# white noise has a standard deviation of 0.52 times its mean.
ONE = 0.085


def gain_of(design, masks):
    """How the design changes the amplitude at masks [class, H, W]."""
    gains = design.gains if design.mechanism == "graded" else [0 if design.mechanism == "absent" else design.gain] * 9
    return np.stack([np.where(mask, gain, 1) for mask, gain in zip(masks, gains, strict=False)])


def check_amplitudes(design, spectra, expected):
    """Class means of the amplitudes agree with the background times expected gains [class, H, W], at every pair."""
    known, of_two = background(design), pairs_of_two(design.size)
    for c, found in enumerate(np.abs(spectra).mean(axis=(1, 2))):
        ratio, gain = found[of_two] / known[of_two], expected[c][of_two]
        there = gain > 0
        np.testing.assert_allclose(ratio[there], gain[there], rtol=ONE)
        # 0.1: what rounding to 8 bits and clipping leave where no energy is planted
        assert (ratio[~there] < 0.1).all()
        np.testing.assert_allclose(ratio[gain == 1].mean(), 1, rtol=OVERALL)


@pytest.mark.parametrize("mechanism", ["present", "redundant", "diffuse", "absent", "decoy", "graded"])
def test_a_class_differs_from_the_background_at_its_truth_and_nowhere_else(mechanism):
    design, _, spectra = drawn(mechanism)
    masks = design.planted()["truth"]
    assert design.classes == ("C0", "C1", "C2", "C3", "C4")[: len(masks)] and design.neutral == 0
    assert not masks[0].any() and masks[1:].any(axis=(1, 2)).all()
    check_amplitudes(design, spectra, gain_of(design, masks))


@every_mechanism
def test_outside_all_truths_the_amplitude_is_the_same_in_all_classes(mechanism):
    design, _, spectra = drawn(mechanism)
    free = ~design.planted()["truth"].any(axis=0)
    free[design.size // 2, design.size // 2] = False
    found = np.abs(spectra)[..., free].mean(axis=(1, 2, 3))
    np.testing.assert_allclose(found, found[0], rtol=OVERALL)


@every_mechanism
def test_fewer_than_one_pixel_in_200_is_clipped(mechanism):
    _, images, _ = drawn(mechanism, per_class=100, decoys=True)
    per_image = np.isin(images, (0, 255)).mean(axis=(1, 2, 3))  # rounding to 0 or 255 counts as clipped
    n = len(planted.design(mechanism).classes)
    assert all(per_image[c::n].mean() < 0.005 for c in range(n))


def test_images_that_are_not_for_training_carry_decoys():
    design, _, spectra = drawn("decoy", decoys=True)
    masks = design.planted()
    assert not (masks["decoys"] & masks["truth"].any(axis=0)).any()
    check_amplitudes(design, spectra, gain_of(design, masks["truth"] | masks["decoys"]))
    design, _, spectra = drawn("decoy")
    check_amplitudes(design, spectra, gain_of(design, masks["truth"]))
    # They are the same images but for the decoys, as other mechanisms have none.
    assert np.array_equal(drawn("present", 4)[1], drawn("present", 4, decoys=True)[1])


def test_the_mean_amplitudes_of_joint_do_not_differ():
    design, _, spectra = drawn("joint", per_class=1200)
    gain = np.where(design.planted()["truth"], (1 + design.gain) / 2, 1)
    mean, known, of_two = np.abs(spectra).mean(axis=(1, 2)), background(design), pairs_of_two(32)
    np.testing.assert_allclose(mean[:, of_two] / known[of_two], gain[:, of_two], rtol=ONE)
    at_cue = mean[:, design.planted()["truth"][0]].mean(axis=1)
    np.testing.assert_allclose(at_cue[1], at_cue[0], rtol=OVERALL)


def test_of_phase_the_amplitudes_are_the_same_and_only_phases_differ():
    design, _, spectra = drawn("phase", channels=4)
    assert design.classes == ("independent", "equal", "opposite") and design.neutral is None
    cue = design.planted()["truth"][0]
    check_amplitudes(design, spectra, gain_of(design, design.planted()["truth"]))
    at_cue = spectra[..., cue]  # [class, image, channel, position]
    # Mean and spread of the amplitudes by class and channel: those of the Rayleigh distribution, 0.523.
    amplitude = np.abs(at_cue) / (background(design)[cue] * design.gain)
    np.testing.assert_allclose(amplitude.mean(axis=(1, 3)), 1, rtol=2.5 * OVERALL)
    np.testing.assert_allclose(amplitude.std(axis=(1, 3)), 0.523, rtol=5 * OVERALL)
    for c, i, j in np.ndindex(3, 4, 4):
        if i < j:  # no class has correlated amplitudes: 400 images of 16 pairs that are no copies
            a, b = (amplitude[c, :, channel][:, : design.pairs].ravel() for channel in (i, j))
            assert abs(np.corrcoef(a, b)[0, 1]) < 0.1
    for channel in (1, 2, 3):
        # Of strong coefficients only: of weak ones, rounding to 8 bits turns the phase.
        strong = (amplitude[:, :, 0] > 0.3) & (amplitude[:, :, channel] > 0.3)
        turned = np.exp(1j * np.angle(at_cue[:, :, channel] / at_cue[:, :, 0]))
        independent, equal, opposite = (turned[c][strong[c]] for c in range(3))
        assert abs(independent.mean()) < 0.05
        np.testing.assert_allclose(equal, 1, atol=0.25)
        np.testing.assert_allclose(opposite, -1 if channel % 2 else 1, atol=0.25)
