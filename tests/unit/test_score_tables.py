"""Tables of the scores of methods, against loops over classes, positions and seeds. Tolerance 1e-12."""

import itertools

import numpy as np
import pandas as pd
import pytest

from frequency_shortcuts.evaluation import method_scores, truth
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

PAIRS = ConjugatePairs(5, 6)


def average_precision(scores, inside):
    """Threshold by threshold, over the positions of two planes [H, W]."""
    found = before = 0.0
    for value in np.unique(scores)[::-1]:
        kept = scores >= value
        recall = (kept & inside).sum() / inside.sum()
        found += (recall - before) * (kept & inside).sum() / kept.sum()
        before = recall
    return found


def planes(seed, classes=3):
    """Scores with ties and of both signs, and truths of which the last class has none."""
    generator = np.random.default_rng(seed)
    scores = PAIRS.scatter(generator.integers(-3, 4, (classes, len(PAIRS))))
    inside = PAIRS.scatter(generator.random((classes, len(PAIRS))) < 0.3)
    inside[-1] = False
    return scores, inside


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
        chance = [max(average_precision(one, inside) for inside in planted) for one in drawn]
        low, high = (np.interp(share * 6, range(7), np.sort(chance)) for share in (0.025, 0.975))
        own = scores[method][c]
        expected = [max(average_precision(one, inside) for inside in planted) for one in (own, np.abs(own))]
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
        slow = []
        for left, right in itertools.combinations(maps, 2):
            both = sum(a and b for a, b in zip(left.flat, right.flat, strict=True))
            slow.append(both / sum(a or b for a, b in zip(left.flat, right.flat, strict=True)))
        assert row["overlap"] == pytest.approx(np.mean(slow), abs=1e-12)
    assert method_scores.overlap_over_seeds(of_seeds[:1], ["a", "b", "c"]).empty


def test_the_best_control_is_the_greater_of_both_and_random_ones_count_by_their_mean():
    generator, rows = np.random.default_rng(0), []
    for seed, fill, percent, name, part in itertools.product(
        (0, 1), ("zeros", "swap"), (5, 20), "ab", ("keep", "remove")
    ):
        for method, draws in {"culling": 1, "low_pass": 1, "random_control": 3}.items():
            for draw in range(draws):
                tpr, fpr = generator.random(2)
                fpr = np.nan if fill == "swap" else fpr
                rows.append((seed, fill, percent, name, part, method, draw, tpr, fpr))
    columns = ["seed", "fill", "percent", "class", "part", "method", "draw", "tpr", "fpr"]
    rates = pd.DataFrame(rows, columns=columns)
    table = method_scores.with_best_control(rates, "random_control", "low_pass")
    assert len(table) == 2 * 2 * 2 * 2 * 3

    def slow(row, method):
        """Mean TPR - FPR of a method; TPR alone if no FPR was measured."""
        found = []
        for seed, fill, percent, name, part, one, _, tpr, fpr in rows:
            here = (seed, fill, percent, name) == (row["seed"], row["fill"], row["percent"], row["class"])
            if here and part == "keep" and one == method:
                found.append(tpr - (0 if np.isnan(fpr) else fpr))
        return np.mean(found)

    for row in table.to_dict("records"):
        best = max(slow(row, "random_control"), slow(row, "low_pass"))
        assert row["measure"] == pytest.approx(slow(row, row["method"]), abs=1e-12)
        assert row["best_control"] == pytest.approx(best, abs=1e-12)
        assert row["margin"] == pytest.approx(row["measure"] - best, abs=1e-12)
