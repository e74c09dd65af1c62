"""Verdicts against loops over masks and images. Tolerance 1e-12."""

import numpy as np
import pandas as pd
import pytest
from made_up_results import hits_of, random_hits
from scipy import stats

from frequency_shortcuts.intervals import over_networks
from frequency_shortcuts.shortcuts.hits import NOT_SHOWN, rates
from frequency_shortcuts.shortcuts.verdict import over_seeds, verdicts

# Upper ends (Wilson, 100 images): 0.30 has 0.396, 0.31 has 0.406, 0.12 has 0.198, and 0.13 has 0.210.
REMOVED = [(0.31, 0.6, "weak"), (0.3, 0.6, "strong"), (0.59, 0.6, "weak"), (0.12, 0.8, "strong"), (0.13, 0.8, "weak"),
           (0.95, 0.6, "none"), (1.0, 0.6, "none")]  # fmt: skip


@pytest.mark.parametrize(("tpr", "strong", "verdict"), REMOVED)
def test_a_removal_is_strong_if_at_most_the_rest_to_a_strong_map_is_left(tpr, strong, verdict):
    found = verdicts(hits_of(part="remove", dfm=(tpr, 0.0), random=(0.95, 0.0)), strong)
    assert found["verdict"][0] == verdict and pd.isna(found["than_lowest"][0])


def test_false_positives_of_the_controls_do_not_make_one_image_enough():
    clear = dict.fromkeys(("random", "radial", "other", "low_pass"), (0.0, 1.0))
    found = verdicts(hits_of(1, 10, unfiltered=(1.0, 0.0), dfm=(1.0, 0.0), **clear)).iloc[0]
    assert found["margin_low"] > 0 and found["verdict"] == "too few images"


def test_no_effect_is_enough_of_three_images_and_none_from_nothing_is_a_shortcut():
    row = verdicts(hits_of(3, 9, other=(1.0, 0.0))).iloc[0]
    assert row["best_control"] == "other" and np.isnan(row["smallest_effect"])
    nothing = dict.fromkeys(("dfm", "random", "radial", "low_pass", "other"), (0.0, 0.0))
    assert verdicts(hits_of(3, unfiltered=(1.0, 0.0), **nothing))["verdict"][0] == "none"


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(ValueError, match=r"^4 draws of a random mask: a verdict needs at least 5$"):
        verdicts(hits_of(draws=4))


def test_over_seeds_is_mean_and_sample_deviation():
    about = {"dataset": "d", "network": "n", "augmentation": "a"}
    tpr = np.array([0.05, 0.8, 0.9, 0.8, 0.9])
    runs = [
        verdicts(hits_of(dfm=(d, 0.05))).iloc[:1].assign(seed=s, **about) for s, d in enumerate(tpr)
    ]
    (row,) = over_seeds(pd.concat(runs)).to_dict("records")
    np.testing.assert_allclose(
        [row["tpr_dfm_mean"], row["tpr_dfm_sd"]], [tpr.mean(), tpr.std(ddof=1)], rtol=1e-12
    )
    assert (row["seeds"], row["strong_seeds"], row["interval"]) == (5, 4, "networks")
    reach = (
        2.7764451051977987 * tpr.std(ddof=1) / 5**0.5
    )  # Student's t with four degrees of freedom
    measure = tpr.mean() - 0.05
    np.testing.assert_allclose(
        [row["measure_mean"], row["measure_low"]], [measure, measure - reach], rtol=1e-9
    )
    assert row["measure_high"] == min(1.0, measure + reach)
    (row,) = over_seeds(pd.concat(runs[1:3])).to_dict("records")
    names = [f"{rate}_dfm_{end}" for rate in ("tpr", "fpr") for end in ("low", "high")]
    ends = [one.iloc[0][names] for one in runs[1:3]]
    halves = [
        np.hypot(tpr_high - tpr_low, fpr_high - fpr_low) / 2
        for tpr_low, tpr_high, fpr_low, fpr_high in ends
    ]
    expected = over_networks([0.75, 0.85], halves)
    assert row["interval"] == "these networks" and row["measure_low"] == pytest.approx(expected.low)
    assert over_seeds(runs[0])["tpr_dfm_sd"].isna().all()


Z = stats.norm.ppf(0.975)


def wilson_ends(share, images):
    ends = stats.binomtest(round(share * images), images).proportion_ci(method="wilson")
    return ends.low, ends.high


def slow_difference(one, draws):
    """The difference to the mean of masks: value, centre and variance, with n + 2 in the denominator."""
    n = len(one)
    each = [float(a) - sum(draw[i] for draw in draws) / len(draws) for i, a in enumerate(one)]
    squares = sum(e * e for e in each) + 1  # one half of two more images that differ by 1 and by -1
    return sum(each) / n, sum(each) / (n + 2), (squares - sum(each) ** 2 / (n + 2)) / (n + 2) ** 2


def slow_best(images, negatives):
    """The lower end of the margin if the map hits all images, the control none, and no other image is named so."""
    _, centre, variance = slow_difference([True] * images, [[False] * images])
    if negatives:
        variance += slow_difference([False] * negatives, [[False] * negatives])[2]
    return centre - Z * variance**0.5


def slow_margin(hits, fill, c, part, chosen):
    """Margin and its ends of the map of a class over a mask, or over the mean of several."""
    own = hits.trials.query("`class` == @c and part == @part and filter == 'dfm'")["mask"].item()
    images, judged = np.flatnonzero(hits.labels == c), np.flatnonzero(hits.judged(fill)[c])
    named, value, centre, variance, rates_of_draws = (
        hits.predicted[fill],
        0,
        0,
        0,
        np.zeros(len(chosen)),
    )
    assert (named[np.ix_([own, *chosen], judged)] != NOT_SHOWN).all()
    for sign, some in ((1, images), (-1, judged)) if len(judged) else ((1, images),):
        one, *draws = ([named[mask, i] == c for i in some] for mask in [own, *chosen])
        found = slow_difference(one, draws)
        value, centre, variance = (
            value + sign * found[0],
            centre + sign * found[1],
            variance + found[2],
        )
        rates_of_draws += sign * np.array([np.mean(draw) for draw in draws])
    width = Z
    if len(chosen) > 1:
        of_draws = (
            sum((rates_of_draws - rates_of_draws.mean()) ** 2) / (len(chosen) - 1) / len(chosen)
        )
        if of_draws:  # Satterthwaite: the variance over images has no end of degrees of freedom
            width = stats.t.ppf(
                0.975, (variance + of_draws) ** 2 / (of_draws**2 / (len(chosen) - 1))
            )
        variance += of_draws
    sign, reach = (-1 if part == "remove" else 1), width * variance**0.5
    return sign * value, sign * centre - reach, sign * centre + reach


def slow_margin_over_one_more(hits, fill, c, own, chosen):
    """Margin of TPR of the map over the mean of draws, and the ends of its interval, which are of one more draw."""
    images = np.flatnonzero(hits.labels == c)
    tpr, *draws = (
        sum(hits.predicted[fill][mask, i] == c for i in images) / len(images)
        for mask in [own, *chosen]
    )
    n, mean = len(draws), sum(draws) / len(draws)
    reach = (
        stats.t.ppf(0.975, n - 1)
        * (sum((d - mean) ** 2 for d in draws) / (n - 1) * (1 + 1 / n)) ** 0.5
    )
    return tpr - mean, tpr - mean - reach, tpr - mean + reach


@pytest.mark.parametrize(
    ("seed", "neutral", "negatives"), [(0, None, None), (1, 1, 4), (2, None, 4)]
)
def test_verdicts_are_those_of_loops_over_masks_and_images(seed, neutral, negatives):
    hits = random_hits(seed, neutral=neutral, negatives=negatives)
    table = rates(hits).set_index(["class", "part", "fill", "filter", "draw"]).sort_index()
    found = verdicts(hits, strong=0.5)
    assert len(found) == 2 * (4 + 4 - (neutral is not None))
    for row in found.to_dict("records"):
        key = c, part, fill = row["class"], row["part"], row["fill"]
        trials = hits.trials.query("`class` == @c and part == @part")
        of_kind = {
            kind: list(zip(some["draw"], some["mask"], strict=True))
            for kind, some in trials.groupby("filter")
        }
        margins = {
            ("random", None): slow_margin(
                hits, fill, c, part, [mask for _, mask in of_kind["random"]]
            )
        }
        if part == "keep":
            radial = [mask for _, mask in of_kind["radial"]]
            margins["radial", None] = slow_margin_over_one_more(
                hits, fill, c, of_kind["dfm"][0][1], radial
            )
        others = [(m, mask) for m, mask in of_kind.get("other", ()) if m != neutral]
        for m, mask in others:
            margins["other", m] = slow_margin(hits, fill, c, part, [mask])
        closest = min(margins, key=lambda name: margins[name][1])
        mine = [row[f"margin{end}"] for end in ("", "_low", "_high")]
        np.testing.assert_allclose(mine, margins[closest], rtol=0, atol=1e-12)
        assert row["best_control"] == closest[0]
        assert row["closest_class"] == closest[1] or (
            closest[1] is None and np.isnan(row["closest_class"])
        )
        tpr, fpr = table.loc[(*key, "dfm", 0), ["tpr", "fpr"]]
        fpr = 0 if np.isnan(fpr) else fpr
        assert row["measure"] == pytest.approx(tpr - fpr, abs=1e-12)
        draws = table.loc[(*key, "random")].eval("tpr - fpr.fillna(0)")
        assert row["error_random"] == pytest.approx(draws.std() / len(draws) ** 0.5, abs=1e-12)
        if part == "keep":
            of_others = {m: table.loc[(*key, "other", m), "tpr"] - table["fpr"].fillna(0).loc[(*key, "other", m)]
                         for m, _ in others}  # fmt: skip
            assert row["largest_other"] == pytest.approx(max(of_others.values()), abs=1e-12)
            assert of_others[row["largest_other_class"]] == pytest.approx(
                row["largest_other"], abs=1e-12
            )
            low_pass = slow_margin(hits, fill, c, part, [of_kind["low_pass"][0][1]])
            mine = [row[f"low_pass_margin{end}"] for end in ("", "_low", "_high")]
            np.testing.assert_allclose(mine, low_pass, rtol=0, atol=1e-12)
            near = abs(low_pass[1]) <= 0.1 and abs(low_pass[2]) <= 0.1
            word = "better" if low_pass[1] > 0 else "worse" if low_pass[2] < 0 else "undecided"
            assert row["than_lowest"] == ("as well" if near else word)
            assert row["tpr_other"] == pytest.approx(
                np.mean([table.loc[(*key, "other", m), "tpr"] for m, _ in others])
            )
        above = all(low > 0 for _, low, _ in margins.values())
        negatives = hits.judged(fill)[c].sum()
        images = (hits.labels == c).sum()
        possible = (
            slow_best(images, negatives) > 0
        )  # if all radial masks have 0, no spread: any TPR is clear
        low, high = wilson_ends(tpr, images)
        few = negatives == 0 or wilson_ends(fpr, negatives)[1] <= 0.1
        clear = (low >= 0.5 and few) if part == "keep" else high <= 0.5
        if table.loc[(*key, "unfiltered", 0), "tpr"] < 0.5:
            assert pd.isna(row["verdict"])
        else:
            found = ("strong" if clear else "weak") if above else "none"
            assert row["verdict"] == (found if possible else "too few images")
        assert row["headline"] == (
            part == "keep" and fill == ("zeros" if neutral is None else "swap")
        )


@pytest.mark.parametrize(
    ("changes", "verdict", "than_lowest"),
    [
        ({}, "strong", "better"),
        (
            {"low_pass": (0.9, 0.05)},
            "strong",
            "as well",
        ),  # a shortcut of low frequencies is a shortcut
        ({"low_pass": (0.9, 0.02)}, "strong", "as well"),  # from -0.06 to -0.002
        ({"low_pass": (0.9, 0.05), "images": 10}, "weak", "undecided"),  # from -0.16 to 0.16
        ({"low_pass": (1.0, 0.0)}, "strong", "worse"),
        ({"dfm": (0.71, 0.01)}, "strong", "better"),  # from 0.615 on
        ({"dfm": (0.7, 0.01)}, "weak", "better"),  # from 0.604 on
        ({"dfm": (0.9, 19 / 300)}, "strong", "better"),  # up to 0.0968
        ({"dfm": (0.9, 20 / 300)}, "weak", "better"),  # up to 0.1006
        ({"dfm": (1.0, 1.0)}, "none", "worse"),  # everything is called so
        ({"random": (0.85, 0.02)}, "none", "better"),
        ({"radial": (0.9, 0.05)}, "none", "better"),
        ({"other": (0.9, 0.05)}, "none", "better"),
        ({"images": 3, "negatives": 12, "other": (0.4, 0.1)}, "none", "undecided"),
        ({"images": 2, "negatives": 300}, "too few images", "undecided"),
        ({"images": 2, "negatives": 300, "unfiltered": (0.0, 0.0)}, None, "undecided"),
        ({"unfiltered": (0.49, 0.0)}, None, "better"),
        ({"unfiltered": (0.5, 0.0)}, "strong", "better"),
    ],
)
def test_a_map_must_be_above_every_control_at_once(changes, verdict, than_lowest):
    row = verdicts(hits_of(**changes), strong=0.61).iloc[0]
    assert (row["verdict"] == verdict) if verdict else pd.isna(row["verdict"])
    assert row["than_lowest"] == than_lowest


def test_a_map_must_be_better_than_one_more_radial_mask_not_than_their_mean():
    """Twenty draws with mean 0.5 and SD 0.205: t(19) SD sqrt(1 + 1 / 20) = 2.093 * 0.205 * 1.025 = 0.440."""
    radial = [(rate, 1.0) for rate in [0.3] * 10 + [0.7] * 10]  # FPR is not measured
    for tpr, verdict in ((0.93, "none"), (0.95, "strong")):
        row = verdicts(hits_of(dfm=(tpr, 0.0), radial=radial)).iloc[0]
        assert (row["verdict"], row["best_control"], row["draws_radial"]) == (verdict, "radial", 20)
        np.testing.assert_allclose(
            [row["margin"], row["margin_low"]], [tpr - 0.5, tpr - 0.9401], rtol=0, atol=1e-4
        )
        assert row["smallest_effect"] == pytest.approx(0.45) and row["tpr_radial"] == pytest.approx(
            0.5
        )
        assert "fpr_radial" not in row.index and row["error_radial"] == pytest.approx(
            0.2052 / 20**0.5, abs=1e-4
        )


@pytest.mark.parametrize(
    ("images", "negatives", "control", "kind"),
    [(15, 40, 0.4, "other"), (14, 40, 0.3, "other"), (8, 20, 0.25, "random")],
)
def test_smallest_effect_is_the_smallest_that_would_be_above(images, negatives, control, kind):
    weak = dict.fromkeys(("random", "radial", "other", "low_pass"), (0.0, 0.0)) | {
        kind: (control, 0.1)
    }
    tried = [verdicts(hits_of(images, negatives, **weak | {"dfm": (k / images, 0.1)})).iloc[0]
             for k in range(round(control * images), images + 1)]  # fmt: skip
    expected = min(
        row["margin"] for row in tried if row["best_control"] == kind and row["margin_low"] > 0
    )
    assert tried[1]["best_control"] == kind and tried[1]["smallest_effect"] == pytest.approx(
        expected
    )
