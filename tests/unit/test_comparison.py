"""Methods side by side: their rates, scores, overlaps and margins, against loops. Tolerance 1e-12."""

import itertools
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
import torch
from test_truth import slow_average_precision
from torch import nn

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.evaluation import method_scores, truth
from frequency_shortcuts.evaluation.comparison import compare_methods
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


@pytest.mark.parametrize("neutral", [None, 1])
def test_rates_equal_loops_over_methods_masks_and_images(case, neutral):
    network, images, maps = case
    how = {"fills": fills.FILLS, "controls": 2, "seed": 5, "run": "a run", "batch_size": 3}
    table = compare_methods(network, Split(images, LABELS, neutral=neutral), maps, **how)
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
        compare_methods(network, Split(images, LABELS), {**maps, "other": {10: maps["other"][10]}})


def planes(seed, classes=3):
    """Scores with ties and of both signs, and truths of which the last class has none."""
    generator = np.random.default_rng(seed)
    scores = PAIRS.scatter(generator.integers(-3, 4, (classes, len(PAIRS))))
    inside = PAIRS.scatter(generator.random((classes, len(PAIRS))) < 0.3)
    inside[-1] = False
    return scores, inside


def of_planes(scores, inside):
    """The average precision of two planes [H, W]."""
    return slow_average_precision(scores.ravel(), inside.ravel(), np.ones(scores.size, int))


def test_scores_of_methods_equal_those_of_every_position_and_chance_that_of_every_draw():
    scores = {name: planes(seed)[0] for seed, name in enumerate(("one", "other"))}
    truths = {"own": planes(2)[1], "half_0": planes(3)[1], "half_1": planes(4)[1]}
    table = method_scores.score_methods(scores, truths, draws=7, seed=3).set_index(["class", "truth", "method"])
    names = [*truths, "better_half"]
    assert set(table.index) == set(itertools.product((0, 1), names, scores))
    for (c, name, method), row in table.iterrows():
        planted = [truths[one][c] for one in (("half_0", "half_1") if name == "better_half" else (name,))]
        generator = np.random.default_rng([3, c])
        drawn = PAIRS.scatter(truth.shuffled(np.arange(len(PAIRS)), PAIRS, "random", 7, generator))
        chance = [max(of_planes(one, inside) for inside in planted) for one in drawn]
        low, high = (np.interp(share * 6, range(7), np.sort(chance)) for share in (0.025, 0.975))
        own = scores[method][c]
        expected = [max(of_planes(one, inside) for inside in planted) for one in (own, np.abs(own))]
        np.testing.assert_allclose(
            row[["average_precision", "average_precision_size", "random", "random_low", "random_high"]].to_numpy(float),
            [*expected, np.mean(chance), low, high], rtol=0, atol=1e-12,
        )  # fmt: skip


def test_overlap_over_seeds_is_the_mean_over_every_two_seeds():
    of_seeds = [{5: planes(seed)[0] > 0, 20: planes(seed)[0] > -2} for seed in range(4)]
    table = method_scores.overlap_over_seeds(of_seeds, ["a", "b", "c"]).set_index(["percent", "class"])
    assert len(table) == 6 and (table["seeds"] == 4).all()
    for (percent, name), row in table.iterrows():
        maps = [maps[percent]["abc".index(name)] for maps in of_seeds]
        slow = [(left & right).sum() / (left | right).sum() for left, right in itertools.combinations(maps, 2)]
        assert row["overlap"] == pytest.approx(np.mean(slow), abs=1e-12)
    assert method_scores.overlap_over_seeds(of_seeds[:1], ["a", "b", "c"]).empty


def test_the_best_control_is_the_greater_of_both_and_random_ones_count_by_their_mean():
    masks = [("culling", 0), ("low_pass", 0), *(("random_control", draw) for draw in range(3))]
    rows = itertools.product((0, 1), ("zeros", "swap"), (5, 20), "ab", ("keep", "remove"), masks)
    keys = ["seed", "fill", "percent", "class", "part", "method", "draw"]
    rates = pd.DataFrame([(*about, *mask) for *about, mask in rows], columns=keys)
    rates[["tpr", "fpr"]] = np.random.default_rng(0).random((len(rates), 2))
    rates.loc[rates["fill"] == "swap", "fpr"] = np.nan
    table = method_scores.with_best_control(rates, "random_control", "low_pass")
    assert len(table) == 2 * 2 * 2 * 2 * 3

    kept = defaultdict(list)
    for row in rates[rates["part"] == "keep"].to_dict("records"):
        fpr = row["fpr"] if row["fill"] == "zeros" else 0  # TPR alone if no FPR was measured
        kept[*(row[key] for key in keys[:4]), row["method"]].append(row["tpr"] - fpr)
    for row in table.to_dict("records"):
        here = tuple(row[key] for key in keys[:4])
        best = max(np.mean(kept[*here, name]) for name in ("random_control", "low_pass"))
        expected = np.mean(kept[*here, row["method"]])
        np.testing.assert_allclose(
            [row["measure"], row["best_control"], row["margin"]], [expected, best, expected - best], rtol=0, atol=1e-12
        )
