"""Rates, intervals and verdicts of the counterfactual test, against loops over images that are made up."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from conftest import ROOT
from frequency_shortcuts.evaluation import flip_rates
from frequency_shortcuts.evaluation.counterfactual import Flips
from frequency_shortcuts.evaluation.flip_rates import Thresholds, benjamini_hochberg, cross_flips, rates
from frequency_shortcuts.evaluation.hits import NOT_SHOWN

THRESHOLDS = Thresholds(flip=0.2, sham=0.3, part=0.25, need=0.15, bound=0.3)


def made_up(n_classes, neutral=None, seed=0, n=40, m=39, draws=3):
    """Flips of classes that are called, and lost, at rates that are drawn; the last two are sinks."""
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.arange(n_classes * n) % n_classes)
    recall = generator.choice([0.3, 0.9, 1.0], n_classes, p=[0.15, 0.15, 0.7])
    others = generator.integers(n_classes, size=len(labels))
    unfiltered = np.where(generator.random(len(labels)) < recall[labels], labels, others)
    columns, own = np.full((n_classes, m), -1), np.full((n_classes, n), -1)
    for k in range(n_classes):
        column = generator.choice(np.flatnonzero(labels != k), m - k % 3, replace=False)
        columns[k, : len(column)], own[k, : n - k % 2] = column, np.flatnonzero(labels == k)[: n - k % 2]

    def called(of, rate, n_draws, to):
        before = np.where(of < 0, NOT_SHOWN, unfiltered[of])
        change = generator.random((n_draws, *of.shape)) < np.reshape(rate, (-1, 1))
        return np.where(change & (of >= 0), to, before).astype(np.int16)

    rate = generator.choice([0.0, 0.1, 0.2, 0.9], n_classes, p=[0.5, 0.2, 0.1, 0.2])
    numbers, sink = np.arange(n_classes)[:, None], n_classes - 1 - generator.integers(2, size=own.shape)
    result = {
        "flip": called(columns, rate, 1, numbers),
        "sham": called(columns, rate / 2, draws, numbers),
        "part": called(columns, rate[::-1], 1, numbers),
        "own_part": called(columns, rate[::-1] / 8, 1, numbers),
        "coarse": called(columns, 0.5, 1, numbers),
    }
    result["flip"][:, -2:] = numbers[-2:]
    result["flip"][columns[None] < 0] = NOT_SHOWN
    result["part"][:, :, ::7], result["own_part"][:, :, ::5] = NOT_SHOWN, NOT_SHOWN
    comparable = generator.random((n_classes, n_classes)) < 0.8
    np.fill_diagonal(comparable, False)
    comparable[0] = n_classes > 4 and comparable[0]
    own_called = {
        "away": called(own, generator.choice([0, 0.3, 0.6], n_classes), 1, sink),
        "away_sham": called(own, generator.choice([0, 0.2, 0.7], n_classes), draws, (sink + numbers) % n_classes),
    }
    differences = np.zeros((n_classes, 4, 4))
    return Flips(labels, unfiltered, columns, result, own, own_called, comparable, differences, neutral)


def ends(of_images, of_draws):
    """Mean and interval of a difference: one half is added to each cell; the variance over draws is added."""
    n, total = len(of_images), sum(of_images)
    if not n:
        return np.nan, np.nan, np.nan
    variance = (sum(d * d for d in of_images) + 1 - total**2 / (n + 2)) / (n + 2) ** 2
    if len(of_draws) > 1:
        variance += np.var(of_draws, ddof=1) / len(of_draws)
    reach = norm.ppf(0.95) * variance**0.5
    return total / n, total / (n + 2) - reach, total / (n + 2) + reach


def slow_table(flips, c, kind, k=None, all_=False):
    """The differences of each image that counts, a row of draws, and its class."""
    k, called = c if k is None else k, flips.called[kind]
    table, labels = [], []
    for place, image in enumerate(flips.columns[k]):
        label = flips.labels[image]
        if image < 0 or label == c or not (all_ or flips.comparable[c, label]):
            continue
        if kind == "part":
            after, before = called[0, k, place], flips.called["own_part"][0, k, place]
            if after == NOT_SHOWN or before == NOT_SHOWN:
                continue
            table.append([int(after == c) - int(before == c)])
        elif kind == "own_part" and called[0, k, place] == NOT_SHOWN:
            continue
        else:
            table.append([int(a == c) - int(flips.unfiltered[image] == c) for a in called[:, k, place]])
        labels.append(label)
    return table, labels


def slow_number(flips, c, number):
    """Ends of a number, of all images and without those of the class in which it is largest."""
    kinds = {"sham": ("sham", "own_part")}.get(number, (number,))
    found = []
    for kind in kinds:
        table, labels = slow_table(flips, c, kind)
        of = {label: np.mean([row for row, other in zip(table, labels, strict=True) if other == label])
              for label in sorted(set(labels))}  # fmt: skip
        left = [row for row, label in zip(table, labels, strict=True) if len(of) < 2 or label != max(of, key=of.get)]
        pair = [ends([np.mean(row) for row in rows], [np.mean(draw) for draw in zip(*rows, strict=True)])
                for rows in (table, left)]  # fmt: skip
        found.append(pair)
    return max(found, key=lambda pair: -np.inf if np.isnan(pair[0][0]) else pair[0][0])


def slow_sinks(flips, c, tested):
    """The classes that take 3 % of the images of all classes but c and themselves, on average."""
    sinks = set()
    for j in tested:
        shares = []
        for k in tested:
            if k in (c, j):
                continue
            images = [image for image in flips.own[k] if image >= 0]
            of_kinds = []
            for kind in ("away", "away_sham"):
                new = [
                    after == j and flips.unfiltered[image] != j
                    for called in flips.own_called[kind][:, k]
                    for image, after in zip(images, called, strict=False)
                ]
                of_kinds.append(np.mean(new))
            shares.append(max(of_kinds))
        if shares and np.mean(shares) >= 0.03:
            sinks.add(j)
    return sinks


def slow_need(flips, c, following):
    """The larger of what the move and its sham lose, without images that are then called another class that follows."""
    found = (np.nan,) * 3
    for kind in ("away", "away_sham"):
        of_images, of_draws = {}, {}
        for draw, called in enumerate(flips.own_called[kind][:, c]):
            for image, after in zip(flips.own[c], called, strict=True):
                if image >= 0 and (after == c or after not in following):
                    lost = int(flips.unfiltered[image] == c) - int(after == c)
                    of_images.setdefault(image, []).append(lost)
                    of_draws.setdefault(draw, []).append(lost)
        if len(of_images) >= flip_rates.FEWEST_LEFT:
            value = ends([np.mean(v) for v in of_images.values()], [np.mean(v) for v in of_draws.values()])
            if np.isnan(found[0]) or value[0] > found[0]:
                found = value
    return found


def slow_above(table, number, threshold):
    low, high = table[f"{number}_low"], table[f"{number}_high"]
    if len(table) <= 21:
        return (low >= threshold).to_numpy()
    deviation = (high - low) / 2 / norm.ppf(0.95)
    return slow_benjamini_hochberg(norm.sf(((high + low) / 2 - threshold) / deviation))


def slow_benjamini_hochberg(p, rate=0.05):
    """Rejected, if at some level no less than p that rate times the share of p values there is at least the level."""
    p = np.nan_to_num(np.asarray(p), nan=1)
    return np.array([any(level >= one and level <= rate * np.mean(p <= level) for level in p) for one in p])


CASES = [(2, None), (4, 3), (10, None), (10, 0), (21, None), (23, 5)]


@pytest.mark.parametrize(("n_classes", "neutral"), CASES)
def test_rates_and_verdicts_are_those_of_loops(n_classes, neutral):
    flips = made_up(n_classes, neutral, seed=n_classes)
    table = rates(flips, THRESHOLDS)
    assert table["class"].tolist() == [c for c in range(n_classes) if c != neutral]
    recognised = table["recall"] >= 0.5
    wrong = [np.mean(flips.unfiltered[flips.labels != c] == c) for c in table["class"]]
    recognised &= table["recall"] - wrong >= 0.25
    reached = []
    for number in ("flip", "sham", "part"):
        both = np.array([slow_number(flips, c, number) for c in table["class"]])
        ends_of = [pd.DataFrame(both[:, i], columns=[number, f"{number}_low", f"{number}_high"]) for i in (0, 1)]
        reached.append(np.all([slow_above(one, number, getattr(THRESHOLDS, number)) for one in ends_of], axis=0))
    follows = recognised & np.any(reached, axis=0)
    found_needs = {}
    for c in table["class"]:
        sinks = set(table["class"][follows]) | slow_sinks(flips, c, table["class"].tolist())
        found_needs[c] = slow_need(flips, c, sinks - {c})
    of_needs = pd.DataFrame(list(found_needs.values()), columns=["need", "need_low", "need_high"])
    needs = recognised & slow_above(of_needs, "need", THRESHOLDS.need)
    for row, does_recognise, does_follow, does_need in zip(
        table.to_dict("records"), recognised, follows, needs, strict=True
    ):
        c = row["class"]
        for number in ("flip", "sham", "part"):
            expected, _ = slow_number(flips, c, number)
            found = [row[number + end] for end in ("", "_low", "_high")]
            np.testing.assert_allclose(found, expected, atol=1e-12, err_msg=f"{number} {c}")
        expected = found_needs[c]
        np.testing.assert_allclose([row["need"], row["need_low"], row["need_high"]], expected, atol=1e-12)
        of_coarse, _ = slow_table(flips, c, "coarse")
        np.testing.assert_allclose(row["coarse"], np.mean(of_coarse) if of_coarse else np.nan)
        own = flips.unfiltered[flips.labels == c]
        assert (row["recall"], row["own_images"]) == (np.mean(own == c), len(own))
        assert row["images"] == len(of_coarse)
        if not does_recognise:
            expected = "not recognised"
        elif does_follow or does_need:
            expected = " and ".join(word for word, does in (("follows", does_follow), ("needs", does_need)) if does)
        elif all(
            row[f"{n}_high"] < (THRESHOLDS.need if n == "need" else THRESHOLDS.bound)
            or (n == "part" and np.isnan(row[n]))
            for n in flip_rates.NUMBERS
        ):
            expected = "not shown"
        else:
            expected = "cannot tell"
        assert row["verdict"] == expected and expected in flip_rates.VERDICTS


def test_made_up_flips_have_every_verdict_and_needs_that_cannot_be_told():
    tables = [rates(made_up(n, neutral, seed=n), THRESHOLDS) for n, neutral in CASES]
    assert {verdict for table in tables for verdict in table["verdict"]} == set(flip_rates.VERDICTS)
    assert any(table["need"].isna().any() and table["need"].notna().any() for table in tables)


@pytest.mark.parametrize(("n_classes", "neutral"), CASES[:3])
def test_the_cross_matrix_is_that_of_loops(n_classes, neutral):
    flips = made_up(n_classes, neutral, seed=n_classes)
    table = cross_flips(flips)
    assert len(table) == (n_classes - (neutral is not None)) ** 2
    for row in table.to_dict("records"):
        for name, all_ in (("flip", False), ("flip_all", True)):
            changes, _ = slow_table(flips, row["class"], "flip", row["spectrum_of"], all_)
            np.testing.assert_allclose(row[name], np.mean(changes) if changes else np.nan, atol=1e-12)
            assert all_ or row["images"] == len(changes)
    own = table[table["class"] == table["spectrum_of"]]
    np.testing.assert_allclose(own["flip"], rates(flips)["flip"])


def test_a_class_of_which_nothing_is_known_has_no_verdict():
    flips = made_up(4, seed=1)
    comparable = flips.comparable.copy()
    comparable[1] = False
    row = rates(replace(flips, comparable=comparable), THRESHOLDS).loc[1]
    assert row[["flip", "sham", "part", "coarse"]].isna().all() and row["images"] == 0
    assert row["verdict"] != "not shown" and "follows" not in row["verdict"]
    called = {kind: values[:, :, :19] for kind, values in flips.own_called.items()}
    table = rates(replace(flips, own=flips.own[:, :19], own_called=called))
    assert table["need"].isna().all() and set(table["verdict"]) <= {"follows", "cannot tell", "not recognised"}


@pytest.mark.filterwarnings("error")
def test_a_need_of_which_a_sink_leaves_one_draw_has_an_interval():
    flips = made_up(4, seed=1)
    for called in flips.called.values():
        called[:, :3], called[:, 3] = 0, 3  # the last class is a sink, no other follows
    flips.unfiltered[:] = flips.labels
    for called in flips.own_called.values():
        called[:] = np.arange(4)[:, None]
    away, sham = flips.own_called["away"], flips.own_called["away_sham"]
    away[:, 1], sham[:2, 1], sham[2, 1] = 3, 3, 2
    table = rates(flips, THRESHOLDS).set_index("class")
    assert table.loc[3, "verdict"].startswith("follows")
    assert table.loc[1, "need"] == 1 and 0.85 < table.loc[1, "need_low"] < 1
    assert table.loc[2, "need"] == 0 and 0 < table.loc[2, "need_high"] < 0.1


@pytest.mark.parametrize(("verdict", "by", "expected"), [
    ("follows", "flip", ("flip", 3)), ("follows", "part", ("part", 1)), ("follows", "sham", ("flip", 3)),
    ("not shown", "flip", ("flip", 0)), ("not shown", "part", ("part", 0)), ("needs", "flip", ("away_sham", 2)),
])  # fmt: skip
def test_an_example_was_rightly_called_and_is_then_called_what_most_are(verdict, by, expected):
    """Of class 0: images 3 and 4 of classes 1 and 2 count, 5 is called wrongly, 6 counts, 7 does not."""
    labels, unfiltered = np.array([0, 0, 0, 1, 2, 1, 2, 3]), np.array([3, 0, 0, 1, 2, 0, 2, 3])
    columns, own = np.tile([3, 4, 5, 6, 7], (4, 1)), np.tile([0, 1, 2, -1, -1], (4, 1))

    def called(*row):
        return np.array([[row]] * 1, np.int16).repeat(4, axis=1)

    to = {"flip": called(1, 1, 0, 0, 0), "sham": called(1, 2, 1, 2, 3), "own_part": called(1, 2, 1, 2, 3),
          "part": called(-1, 0, 0, 1, 0)}  # fmt: skip
    if verdict == "not shown":
        to["part"] = called(0, 0, 1, 0, 3)  # none is called as before: the first that was rightly called
    away = {"away": called(1, 0, 0, -1, -1), "away_sham": called(1, 0, 1, -1, -1)}
    comparable = np.array([[False, True, True, False]] * 4)
    flips = Flips(labels, unfiltered, columns, to, own, away, comparable, np.zeros((4, 2, 2)), None)
    images, kind, place = flip_rates.example(flips, {"verdict": verdict, "by": by}, 0)
    assert (kind, place) == expected
    assert images.tolist() == ([0, 1, 2] if verdict == "needs" else [3, 4, 5, 6, 7])


def test_method_and_code_have_the_same_thresholds():
    rows = [line.strip("| ").split(" | ") for line in (ROOT / "docs" / "method.md").read_text().splitlines()]
    found = {row[0].strip("`"): row[-1] for row in rows}
    assert [float(found[number]) for number in flip_rates.NUMBERS] == list(Thresholds()[:4])


@pytest.mark.parametrize("seed", range(20))
def test_the_rate_of_false_rejections_is_controlled_as_by_a_slow_reference(seed):
    generator = np.random.default_rng(seed)
    p = generator.random(30) ** generator.choice([1, 4, 20], 30)
    p[:3] = p[3]  # equal values are rejected together
    assert np.array_equal(benjamini_hochberg(p), slow_benjamini_hochberg(p))
    assert not benjamini_hochberg(np.full(5, 0.06)).any() and benjamini_hochberg(np.full(5, 0.05)).all()
