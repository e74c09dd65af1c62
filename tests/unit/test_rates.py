"""Rates against scipy's distributions and intervals, and the verdicts on them."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from frequency_shortcuts.evaluation import verdicts

DEFAULT = {"dfm": (0.9, 0.05), "random": (0.1, 0.1), "radial": (0.2, 0.1), "low_pass": (0.3, 0.05), "other": (0.1, 0.1)}


def table_of(images=100, negatives=300, part="keep", fill="zeros", neutral=False, unfiltered=(0.9, 0.02), **rates_of):
    """A table as of `shortcuts.measure` for one class, with two draws of most controls, 0.05 to either side."""
    rows = [("unfiltered", 0, *unfiltered, np.nan)]
    for kind, (tpr, fpr) in {**DEFAULT, **rates_of}.items():
        if part == "remove" and kind not in ("dfm", "random"):
            continue
        spread = (0,) if kind in ("dfm", "low_pass") else (-0.05, 0.05)
        rows += [(kind, draw, tpr + d, fpr, 0.25 + 0.5 * draw) for draw, d in enumerate(spread)]
    table = pd.DataFrame(rows, columns=["filter", "draw", "tpr", "fpr", "overlap"])
    about = {"class": 0, "neutral": neutral, "part": part, "fill": fill, "images": images, "negatives": negatives}
    return table.assign(**about, positions=4, tpr_low=table["tpr"] - 0.1, tpr_high=1.0)


def slow_margin(map_rates, control, draws, images, negatives):
    """Margin and the ends of its interval, term by term."""
    arms = []
    for tpr, fpr in (map_rates, control):
        low, high = stats.binomtest(round(tpr * images), images).proportion_ci(method="wilson")
        least, most = stats.binomtest(round(fpr * negatives), negatives).proportion_ci(method="wilson")
        arms.append((np.hypot(tpr - low, most - fpr), np.hypot(high - tpr, fpr - least)))
    spread = stats.t.ppf(0.975, len(draws) - 1) * np.std(draws, ddof=1) / np.sqrt(len(draws)) if len(draws) > 1 else 0
    margin = (map_rates[0] - map_rates[1]) - (control[0] - control[1])
    low = margin - np.sqrt(arms[0][0] ** 2 + arms[1][1] ** 2 + spread**2)
    return margin, low, margin + np.sqrt(arms[0][1] ** 2 + arms[1][0] ** 2 + spread**2)


def test_margin_joins_the_errors_of_map_control_and_draws_by_squares():
    for kind, control in (("random", (0.5, 0.1)), ("low_pass", (0.5, 0.1)), ("other", (0.6, 0.05))):
        (row,) = verdicts.verdicts(table_of(**{kind: control})).to_dict("records")
        # The only mask of its kind, or the maps of all other classes: no choice is uncertain.
        draws = [control[0] - control[1] - 0.05, control[0] - control[1] + 0.05] if kind == "random" else [0.0]
        assert row["best_control"] == kind
        expected = slow_margin((0.9, 0.05), control, draws, 100, 300)
        np.testing.assert_allclose((row["margin"], row["margin_low"], row["margin_high"]), expected, rtol=0, atol=1e-12)


def test_the_choice_of_other_classes_counts_by_the_share_that_was_not_drawn():
    """Against the variance of a mean drawn without replacement, over every choice of two of four maps."""
    tpr = np.array([0.1, 0.3, 0.35, 0.8])
    pairs = list(combinations(tpr, 2))
    expected = np.var([np.mean(pair) for pair in pairs])
    table = pd.concat([table_of().assign(**{"class": c}) for c in range(5)], ignore_index=True)
    drawn, errors = table["filter"] == "other", []
    for pair in pairs:
        table.loc[drawn & (table["class"] == 0), "tpr"] = pair
        errors.append(verdicts.verdicts(table)["error_other"][0])
    assert np.mean(np.square(errors)) == pytest.approx(expected)


def test_the_error_of_a_control_is_that_of_tpr_minus_fpr_over_its_draws():
    table = table_of()
    drawn, rates = table["filter"] == "random", np.array([[0.3, 0.1], [0.6, 0.35]])
    table.loc[drawn, ["tpr", "fpr"]] = rates
    (row,) = verdicts.verdicts(table).to_dict("records")
    assert row["error_random"] == pytest.approx(np.std(rates[:, 0] - rates[:, 1], ddof=1) / np.sqrt(2))
    assert (row["draws_random"], row["draws_low_pass"], row["error_low_pass"]) == (2, 1, 0)
    (row,) = verdicts.verdicts(table.assign(fpr=np.nan)).to_dict("records")  # FPR was not measured
    assert row["error_random"] == pytest.approx(np.std(rates[:, 0], ddof=1) / np.sqrt(2))


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "strong"),
        ({"dfm": (0.6, 0.01), "low_pass": (0.02, 0.0)}, "weak"),
        ({"dfm": (1.0, 0.9)}, "none"),  # everything is called so
        ({"low_pass": (0.85, 0.02)}, "none"),
        ({"random": (0.85, 0.02)}, "none"),
        ({"other": (0.85, 0.02)}, "none"),
        ({"images": 4, "negatives": 12}, "none"),
        ({"unfiltered": (0.49, 0.0)}, None),
        ({"unfiltered": (0.5, 0.0)}, "strong"),
    ],
)
def test_verdict_needs_a_high_rate_clearly_above_every_control(changes, verdict):
    small = {"random": (0.1, 0.1), "radial": (0.1, 0.1), "other": (0.1, 0.1)}
    table = table_of(**{**small, **changes})
    # Ten draws instead of two, so that Student's t is narrow.
    drawn = table[table["filter"].isin(["random", "radial", "other"])]
    table = pd.concat([table, *(drawn.assign(draw=drawn["draw"] + 2 * i) for i in range(1, 5))], ignore_index=True)
    (row,) = verdicts.verdicts(table, strong=0.61).to_dict("records")
    assert (row["verdict"] == verdict) if verdict else pd.isna(row["verdict"])


def test_what_is_removed_matters_where_less_is_left_than_without_controls():
    left = {"dfm": (0.2, 0.05), "random": (0.85, 0.02)}
    (row,) = verdicts.verdicts(table_of(part="remove", **left)).to_dict("records")
    margin, low, high = slow_margin((0.2, 0.05), (0.85, 0.02), [0.78, 0.88], 100, 300)
    np.testing.assert_allclose(
        (row["margin"], row["margin_low"], row["margin_high"]), (-margin, -high, -low), rtol=0, atol=1e-12
    )
    for dfm, random, verdict in ((0.2, 0.8, "none"), (0.05, 0.9, "strong")):  # of two draws, t * SD / sqrt(2) is 0.64
        (row,) = verdicts.verdicts(table_of(part="remove", dfm=(dfm, 0.0), random=(random, 0.0))).to_dict("records")
        assert row["verdict"] == verdict, row
    (row,) = verdicts.verdicts(table_of(part="remove", dfm=(0.9, 0.0), random=(0.1, 0.0))).to_dict("records")
    assert row["verdict"] == "none" and row["margin"] < 0


# 1 - 0.8 is less than 0.2.
REMOVED = [(0.41, 0.6, "weak"), (0.4, 0.6, "strong"), (0.59, 0.6, "weak"), (0.2, 0.8, "strong"), (0.21, 0.8, "weak")]


@pytest.mark.parametrize(("tpr", "strong", "verdict"), REMOVED)
def test_a_removal_is_strong_if_at_most_the_rest_to_a_strong_map_is_left(tpr, strong, verdict):
    table = table_of(part="remove", dfm=(tpr, 0.0), random=(0.95, 0.0))
    drawn = table[table["filter"] == "random"]
    table = pd.concat([table, *(drawn.assign(draw=drawn["draw"] + 2 * i) for i in range(1, 5))], ignore_index=True)
    assert verdicts.verdicts(table, strong)["verdict"].tolist() == [verdict]


@pytest.mark.parametrize(("images", "negatives", "control"), [(20, 60, 0.4), (50, 450, 0.4), (8, 20, 0.5)])
def test_smallest_effect_is_the_smallest_that_would_be_above(images, negatives, control):
    """Of 8 images, only a TPR of 1 is enough."""
    (row,) = verdicts.verdicts(table_of(images, negatives, low_pass=(control, 0.1))).to_dict("records")
    assert row["best_control"] == "low_pass"
    found = [slow_margin((k / images, 0.1), (control, 0.1), [0], images, negatives) for k in range(images + 1)]
    assert row["smallest_effect"] == pytest.approx(min(value for value, low, _ in found if low > 0))
    (row,) = verdicts.verdicts(table_of(3, 9, low_pass=(1.0, 0.0))).to_dict("records")
    assert np.isnan(row["smallest_effect"])


def test_the_same_map_of_another_class_is_no_control():
    table = table_of(other=(0.9, 0.05)).assign(overlap=0.95)
    (row,) = verdicts.verdicts(table).to_dict("records")
    assert row["best_control"] != "other" and "tpr_other" not in row
    (row,) = verdicts.verdicts(table.assign(overlap=0.85)).to_dict("records")
    assert row["best_control"] == "other" and row["verdict"] == "none"


def test_a_map_as_good_as_its_control_is_rarely_above_it():
    """Of 4,000 tests in which both have the same true rates, on independent images: at most 2.5 % and three errors."""
    generator = np.random.default_rng(0)
    for tpr, fpr in ((0.5, 0.1), (0.9, 0.05), (0.2, 0.02), (0.97, 0.5)):
        hits = generator.binomial(50, tpr, (2, 4000)) / 50, generator.binomial(450, fpr, (2, 4000)) / 450
        frame = pd.DataFrame(
            {
                "images": 50.0,
                "negatives": 450.0,
                "tpr_low_pass": hits[0][1],
                "fpr_low_pass": hits[1][1],
                "error_low_pass": 0.0,
                "draws_low_pass": 1,
            },
            pd.MultiIndex.from_product([range(4000), ["keep"], ["zeros"]], names=["class", "part", "fill"]),
        )
        _, low, _ = verdicts._Margin(frame, "low_pass").of(hits[0][0], hits[1][0])
        assert np.mean(low > 0) < 0.025 + 3 * np.sqrt(0.025 * 0.975 / 4000)


def test_robust_is_strong_under_every_fill_and_headline_is_what_is_published():
    weak = {"dfm": (0.3, 0.0), "low_pass": (0.0, 0.0)}
    for last, robust in (({}, True), (weak, False)):
        table = pd.concat([table_of(fill="zeros"), table_of(fill="swap"), table_of(fill="noise", **last)])
        found = verdicts.verdicts(pd.concat([table, table_of(part="remove")])).set_index(["part", "fill"])
        assert (found["robust"] == robust).all()
        assert found.index[found["headline"]].tolist() == [("keep", "zeros")]
    few = verdicts.verdicts(pd.concat([table_of(fill="zeros"), table_of(fill="swap")]))
    assert few["robust"].isna().all()
    unjudged = pd.concat([table_of(fill=fill, unfiltered=(0.2, 0.0)) for fill in ("zeros", "swap", "noise")])
    assert verdicts.verdicts(unjudged)["robust"].isna().all()


def test_where_a_set_has_a_neutral_class_the_headline_is_swap_and_nothing_is_robust():
    tables = [table_of(fill=fill).assign(**{"class": 1}) for fill in ("zeros", "swap", "noise")]
    tables += [table_of(fill=fill, neutral=True) for fill in ("zeros", "noise")]
    found = verdicts.verdicts(pd.concat(tables))
    assert found["robust"].isna().all()
    assert found.loc[found["headline"], ["class", "part", "fill"]].to_numpy().tolist() == [[1, "keep", "swap"]]


@pytest.mark.parametrize("images", [3, 20, 50, 100, 500])
def test_a_class_that_is_recognised_from_nothing_has_no_shortcut(images):
    table = table_of(images).assign(tpr=0.0, fpr=0.0)
    table.loc[table["filter"] == "unfiltered", "tpr"] = 1.0
    assert verdicts.verdicts(table)["verdict"].tolist() == ["none"]


def test_verdicts_keep_the_order_of_the_classes():
    names = ["zebra", "10", "ox"]
    table = pd.concat([table_of().assign(**{"class": name}) for name in names])
    assert list(verdicts.verdicts(table)["class"]) == names


def test_over_seeds_is_mean_and_sample_deviation():
    runs = [verdicts.verdicts(table_of(dfm=(d, 0.05))).assign(seed=s) for s, d in enumerate((0.05, 0.8, 0.9))]
    table = pd.concat(runs).assign(dataset="d", network="n", augmentation="a")
    (row,) = verdicts.over_seeds(table).to_dict("records")
    expected = np.mean([0.05, 0.8, 0.9]), np.std([0.05, 0.8, 0.9], ddof=1)
    np.testing.assert_allclose([row["tpr_dfm_mean"], row["tpr_dfm_sd"]], expected, rtol=1e-12)
    np.testing.assert_allclose([row["margin_mean"], row["margin_sd"]], [expected[0] - 0.3, expected[1]], rtol=1e-12)
    assert (row["seeds"], row["strong_seeds"], row["robust_seeds"]) == (3, 2, 0)
    single = verdicts.over_seeds(table[table["seed"] == 0])
    assert single["tpr_dfm_sd"].isna().all()
