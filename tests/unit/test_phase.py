"""Phase or amplitude, against a slow reference, and the verdict by its definition."""

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_shortcuts import called
from torch import nn

from frequency_shortcuts import shortcuts
from frequency_shortcuts.images.source import Source
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.shortcuts.trials import Trials, seed_of
from frequency_shortcuts.spectrum.fills import donors
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from study.measures import phase
from study.measures.phase import KEPT, PhaseHits, phase_rates, phase_verdicts

LABELS = np.array([0, 1, 2, 2, 0, 2, 1])
MEAN, STD = [0.5, 0.4], [0.2, 0.4]
sizes = st.integers(2, 9)
few = settings(max_examples=8, deadline=None)
WHICH = np.arange(len(LABELS))
seeds = st.integers(0, 3)


def pixels(height, width, seed=0):
    return np.random.default_rng(seed).integers(
        0, 256, (len(LABELS), 2, height, width), dtype=np.uint8
    )


def linear(height, width):
    """A network that sees every pixel, in float64, so that what it calls does not depend on rounding."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(2 * height * width, 3)).double()


def some_masks(height, width, seed=0):
    pairs = ConjugatePairs(height, width)
    return dfm.dominant(np.random.default_rng(seed).standard_normal((3, len(pairs))), pairs, 40)


@few
@given(sizes, sizes, seeds)
def test_hybrids_have_the_amplitudes_of_one_image_and_the_phases_of_the_other(height, width, seed):
    """To 1e-10 in float64; at frequencies that are their own partner the phase is a sign."""
    images = torch.randn(
        7, 2, height, width, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
    )
    other = np.random.default_rng(seed).permutation(7)
    spectra = np.fft.fft2(images.numpy())
    found = np.fft.fft2(
        phase.Hybrids(Source(Split(images, LABELS)), WHICH, other).take(WHICH).numpy()
    )
    np.testing.assert_allclose(np.abs(found), np.abs(spectra), rtol=0, atol=1e-10)
    np.testing.assert_allclose(
        found * np.abs(spectra[other]), spectra[other] * np.abs(found), rtol=0, atol=1e-9
    )
    assert (np.sign(found[..., 0, 0].real) == np.sign(spectra[other][..., 0, 0].real)).all()


def test_a_coefficient_of_zero_has_phase_zero():
    found = phase.hybrid(torch.tensor([3 + 4j, 0, 2j]), torch.tensor([0j, 5j, -3 + 0j]))
    assert found.tolist() == [5, 0, -2]


@pytest.mark.parametrize(
    ("both", "amplitude", "phases", "verdict"),
    [
        ((0.9, 0.1), (0.8, 0.1), (0.2, 0.1), "texture"),
        ((0.9, 0.1), (0.2, 0.1), (0.9, 0.1), "shape"),
        ((0.9, 0.1), (0.9, 0.1), (0.8, 0.1), "either"),
        ((0.9, 0.1), (0.1, 0.0), (0.9, 0.8), "both"),
        ((0.9, 0.1), (0.5, 0.1), (0.1, 0.1), "undecided"),  # half of R exactly
        ((0.9, 0.1), (0.6, 0.1), (0.2, 0.1), "undecided"),  # above half, but not clearly
        ((0.9, 0.1), (0.9, 0.1), (0.4, 0.1), "undecided"),  # one of the two is decided
        ((0.7, np.nan), (0.7, np.nan), (0.06, np.nan), "texture"),
        ((0.58, 0.0), (0.58, 0.0), (0.0, 0.0), None),  # not strong
        ((0.9, 0.9), (0.9, 0.0), (0.9, 0.0), None),  # everything is called this class
    ],
)
def test_the_verdict_by_the_definition(both, amplitude, phases, verdict):
    labels = np.repeat([0, 1], [50, 0 if np.isnan(both[1]) else 50])
    # Of 50 images of class 0, and of as many negatives, the first are called so: int16 [kept, images].
    hit = [
        [np.arange(50) < np.round(50 * rate) for rate in rates]
        for rates in (both, amplitude, phases)
    ]
    named = np.where(np.reshape(hit, (3, 100)), 0, 1).astype(np.int16)[:, : len(labels)]
    found = {kept: named[[i, i]] for i, kept in enumerate(KEPT)}
    hits = PhaseHits(
        labels, np.stack([labels == 1, labels > 1]), found, np.array([4, 4]), neutral=1
    )
    (found,) = phase_verdicts(hits).to_dict("records")
    assert found["verdict"] == verdict or (verdict is None and pd.isna(found["verdict"]))
    for name in ("share_phase", "margin_phase", "margin_phase_low", "margin_phase_high"):
        assert pd.isna(found[name]) == (verdict is None)
    if verdict is not None:
        margin = phases[0] - both[0] / 2 - np.nan_to_num(phases[1] - both[1] / 2)
        assert found["margin_phase"] == pytest.approx(margin)
        measured = [part[0] - np.nan_to_num(part[1]) for part in (phases, both)]
        assert found["share_phase"] == pytest.approx(measured[0] / measured[1])
        assert found["margin_phase_low"] < margin < found["margin_phase_high"]


def test_hits_are_read_as_they_were_written_and_with_both_are_those_of_the_swap_test(tmp_path):
    images, masks, network = pixels(8, 7), some_masks(8, 7), linear(8, 7)
    split = Split(images, LABELS, mean=MEAN, std=STD, neutral=1)
    found = phase.collect(network, split, masks, negatives=3, seed=3, run="b")
    tested = shortcuts.measure(network, split, masks, Trials(negatives=3, seed=3), run="b").query(
        "fill == 'swap'"
    )
    both = phase_rates(found).query("kept == 'both'")
    expected = tested[tested["filter"] == "dfm"]
    for rate in ("tpr", "fpr", "images", "negatives"):
        assert both[rate].tolist() == expected[rate].tolist()
    with h5py.File(tmp_path / "phase.h5", "w") as file:
        phase.write_phase_hits(file, found)
        pd.testing.assert_frame_equal(
            phase_verdicts(phase.read_phase_hits(file)), phase_verdicts(found)
        )


def slow_hybrid(image, donor, mask, kept, behind):
    """One channel after the other, one frequency after the other: [channels, H, W]; behind: 1 for the donor, or 0."""
    out = np.empty_like(image)
    for channel, (x, y) in enumerate(zip(image, donor, strict=True)):
        own, other = np.fft.fft2(x), np.fft.fft2(y)
        spectrum = other * behind
        for u, v in np.ndindex(spectrum.shape):
            if not mask[
                (u + mask.shape[0] // 2) % mask.shape[0], (v + mask.shape[1] // 2) % mask.shape[1]
            ]:
                continue
            amplitude = abs(other[u, v]) if kept == "phase" else abs(own[u, v])
            angle = np.angle(other[u, v]) if kept == "amplitude" else np.angle(own[u, v])
            spectrum[u, v] = amplitude * np.exp(1j * angle)
        restored = np.fft.ifft2(spectrum)
        assert abs(restored.imag).max() < 1e-9
        out[channel] = restored.real
    return out


@few
@given(sizes, sizes, seeds, st.sampled_from([None, 0]), st.sampled_from([None, 2]))
def test_rates_are_those_of_a_slow_reference(height, width, seed, neutral, negatives):
    """Exactly: the network is linear in float64, so that rounding does not change what it calls."""
    images, masks, network = (
        pixels(height, width, seed=seed),
        some_masks(height, width, seed),
        linear(height, width),
    )
    split = Split(images, LABELS, mean=MEAN, std=STD, neutral=neutral)
    hits = phase.collect(network, split, masks, negatives=negatives, seed=seed, run="a")
    table, verdicts = phase_rates(hits), phase_verdicts(hits).set_index("class")
    donor = donors(LABELS, neutral=neutral, seed=seed_of(seed, "a", "donors"))
    values = (images / 255 - np.reshape(MEAN, (2, 1, 1))) / np.reshape(STD, (2, 1, 1))
    assert len(table) == (3 - (neutral is not None)) * 3
    for row in table.to_dict("records"):
        c = row["class"]
        mask = masks[c]
        mixed = [
            slow_hybrid(values[i], values[donor[i]], mask, row["kept"], neutral is not None)
            for i in WHICH
        ]
        hit = called(network, torch.from_numpy(np.stack(mixed))) == c
        judged = np.zeros(len(LABELS), bool)
        judged[shortcuts.negatives_of(LABELS, c, negatives, seed)] = True
        judged &= LABELS[donor] != c
        own = np.equal(LABELS, c)
        assert (row["images"], row["negatives"], row["positions"]) == (
            own.sum(),
            judged.sum(),
            mask.sum(),
        )
        assert row["tpr"] == hit[own].mean()
        assert row["fpr"] == hit[judged].mean() if judged.any() else np.isnan(row["fpr"])
        assert row["tpr_low"] <= row["tpr"] <= row["tpr_high"]
        assert verdicts.loc[c, f"tpr_{row['kept']}"] == row["tpr"]
        assert verdicts.loc[c, f"fpr_{row['kept']}"] == pytest.approx(row["fpr"], nan_ok=True)
