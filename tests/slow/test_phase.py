"""Phase or amplitude, against a slow reference and on networks that read one of them by construction."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from linear_networks import LABELS, MEAN, STD, called, few, linear, pixels, sizes
from test_phase import WHICH, seeds, some_masks

from frequency_shortcuts.evaluation import phase, shortcuts
from frequency_shortcuts.evaluation.trials import seed_of
from frequency_shortcuts.spectrum.fills import donors


def normalised(images):
    mean, std = (np.array(values)[:, None, None] for values in (MEAN, STD))
    return (images / 255 - mean) / std


def slow_hybrid(image, donor, mask, kept):
    """One channel after the other, one frequency after the other: [channels, H, W]."""
    out = np.empty_like(image)
    for channel, (x, y) in enumerate(zip(image, donor, strict=True)):
        own, other = np.fft.fft2(x), np.fft.fft2(y)
        spectrum = other.copy()
        for u, v in np.ndindex(spectrum.shape):
            if not mask[(u + mask.shape[0] // 2) % mask.shape[0], (v + mask.shape[1] // 2) % mask.shape[1]]:
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
    images, masks, network = pixels(height, width, seed=seed), some_masks(height, width, seed), linear(height, width)
    table = phase.measure(
        network, images, LABELS, masks, mean=MEAN, std=STD, neutral=neutral, negatives=negatives, seed=seed, run="a"
    )
    donor = donors(LABELS, neutral=neutral, seed=seed_of(seed, "a", "donors"))
    values = normalised(images.astype(float))
    assert len(table) == (3 - (neutral is not None)) * 6
    for row in table.to_dict("records"):
        c = row["class"]
        mask = masks[c] if row["region"] == "map" else np.ones((height, width), bool)
        mixed = [slow_hybrid(values[i], values[donor[i]], mask, row["kept"]) for i in WHICH]
        hit = called(network, np.stack(mixed)) == c
        judged = np.zeros(len(LABELS), bool)
        judged[shortcuts.negatives_of(LABELS, c, negatives, seed)] = True
        judged &= LABELS[donor] != c
        own = np.equal(LABELS, c)
        assert (row["images"], row["negatives"], row["positions"]) == (own.sum(), judged.sum(), mask.sum())
        assert row["tpr"] == hit[own].mean()
        assert row["fpr"] == hit[judged].mean() if judged.any() else np.isnan(row["fpr"])
        assert row["tpr_low"] <= row["tpr"] <= row["tpr_high"]
