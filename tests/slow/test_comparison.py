"""Maps of several methods side by side, against loops over images and masks. Tolerance 1e-12."""

import numpy as np
import pytest
import torch
from torch import nn

from frequency_shortcuts.evaluation.comparison import compare
from frequency_shortcuts.evaluation.method_scores import CONTROL, UNFILTERED
from frequency_shortcuts.evaluation.trials import seed_of
from frequency_shortcuts.maps.dfm import dominant
from frequency_shortcuts.spectrum import fills
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

SIZE = (6, 7)
PAIRS = ConjugatePairs(*SIZE)
LABELS = np.array([0, 2, 1, 2, 0, 2, 1, 0, 2, 1])
PERCENTS = (10, 40)


@pytest.fixture(scope="module")
def case():
    """Network, images [10, 1, 6, 7] and the maps of two methods, all float64."""
    torch.manual_seed(4)
    network = nn.Sequential(nn.Flatten(), nn.Linear(42, 3)).double()
    generator = np.random.default_rng(0)
    scores = {name: generator.standard_normal((3, len(PAIRS))) for name in ("one", "other")}
    maps = {name: {p: dominant(found, PAIRS, p) for p in PERCENTS} for name, found in scores.items()}
    return network, torch.from_numpy(generator.standard_normal((10, 1, *SIZE))), maps


def called(network, image, mask, fill):
    """The class of an image [1, H, W] after the full complex FFT, with the coefficients `fill` outside of the mask."""
    kept = np.fft.ifftshift(mask)
    mixed = np.fft.ifft2(np.where(kept, np.fft.fft2(image), fill))
    assert np.abs(mixed.imag).max() < 1e-12
    with torch.no_grad():
        return int(network(torch.from_numpy(mixed.real)[None]).argmax())


@pytest.mark.parametrize(("neutral", "batch_size"), [(None, 512), (1, 3)])
def test_rates_equal_loops_over_methods_masks_and_images(case, neutral, batch_size):
    network, images, maps = case
    table = compare(
        network, images, LABELS, maps, neutral=neutral, fills=fills.FILLS, controls=2, seed=5, run="a run",
        batch_size=batch_size,
    )  # fmt: skip
    donor = fills.donors(LABELS, neutral=neutral, seed=seed_of(5, "a run", "donors"))
    scores = np.random.default_rng(seed_of(5, "a run", "random")).random((2, len(PAIRS)))
    spectra = {"swap": np.fft.fft2(images)[donor], "zeros": np.zeros((10, 1, *SIZE))}
    for row in table.to_dict("records"):
        c, method, fill = row["class"], row["method"], row["fill"]
        if method == UNFILTERED:
            mask = np.ones(SIZE, bool)
        else:
            of_class = dominant(scores[row["draw"]], PAIRS, row["percent"]), maps.get(method, {}).get(row["percent"])
            mask = of_class[0] if method == CONTROL else of_class[1][c]
        shown = mask if row["part"] == "keep" else ~mask
        found = np.array([called(network, images[i], shown, spectra[fill][i]) for i in range(10)])
        judged = (c != LABELS) & ((LABELS[donor] != c) | (fill != "swap")) & (row["part"] == "keep")
        assert row["tpr"] == pytest.approx(np.mean(found[c == LABELS] == c), abs=1e-12)
        expected = np.mean(found[judged] == c) if judged.any() else np.nan
        assert row["fpr"] == pytest.approx(expected, abs=1e-12, nan_ok=True)
        assert (row["positions"], row["images"], row["negatives"]) == (mask.sum(), (c == LABELS).sum(), judged.sum())
    counts = table.groupby(["fill", "part"]).size()
    for fill in fills.FILLS:
        classes = 3 - (fill == "swap" and neutral is not None)
        kept = (len(maps) + 2) * len(PERCENTS) * classes  # each method and two draws of the control
        assert (counts[fill, "keep"], counts[fill, "remove"]) == (kept + classes, kept)


def test_methods_of_other_percentages_are_refused(case):
    network, images, maps = case
    with pytest.raises(ValueError, match=r"the maps of other hold \[10\] %, those of the first method \[10, 40\] %"):
        compare(network, images, LABELS, {**maps, "other": {10: maps["other"][10]}})
