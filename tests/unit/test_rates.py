"""Rates against scipy's distributions and intervals, and the verdicts on them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from frequency_shortcuts import rates


@pytest.mark.parametrize("hits", [1, 7, 20, 33, 40])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_share_is_the_percentile_bootstrap(hits, confidence):
    """scipy with 20,000 resamples; tolerance 1/40, one step of the share of 40 images."""
    values = np.arange(40) < hits
    share, low, high = rates.share(values, confidence)
    assert share == hits / 40
    if hits == 40:
        assert (low, high) == (1, 1)
        return
    interval = stats.bootstrap(
        (values,), np.mean, method="percentile", confidence_level=confidence, n_resamples=20_000, batch=2000, rng=0
    ).confidence_interval
    np.testing.assert_allclose((low, high), interval, rtol=0, atol=1 / 40 + 1e-12)


def test_share_of_nothing_is_missing_and_of_none_is_zero():
    assert np.isnan(rates.share(np.zeros(0, bool))).all()
    assert rates.share(np.zeros(5, bool)) == (0, 0, 0)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_shares_of_every_count_have_the_quantiles_of_the_binomial_distribution(confidence):
    for n in (*range(1, 130), 1000, 20_011):
        hits = np.unique(np.r_[:30, np.linspace(0, n, 300).astype(int), n - 30 : n + 1].clip(0, n))
        found = rates.shares(hits, n, confidence)
        ends = [stats.binom.ppf((1 + sign * confidence) / 2, n, hits / n) / n for sign in (-1, 1)]
        np.testing.assert_array_equal(found, [hits / n, *ends])


def test_shares_are_those_of_share_one_by_one():
    count = np.array([1, 3, 20])
    hits = np.array([[0, 1, 13], [1, 3, 20]])
    found = rates.shares(hits, count)
    for place in np.ndindex(2, 3):
        assert tuple(found[:, *place]) == rates.share(np.arange(count[place[1]]) < hits[place])


@pytest.mark.parametrize("images", [1, 2, 9, 100, 1000])
def test_a_verdict_is_weighed_by_the_lower_end_of_wilsons_interval(images):
    found = rates._wilson_low(np.arange(images + 1), images)
    expected = [stats.binomtest(k, images).proportion_ci(method="wilson").low for k in range(images + 1)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)
    assert found[0] == 0


def table_of(dfm, low, random, radial, other, images=100):
    """A table as of `shortcuts.measure` for one class, two draws a control that average to what is given."""
    rows = [("unfiltered", 0, 0.9, 0.8, np.nan), ("dfm", 0, dfm, low, 1.0)]
    for kind, tpr in (("random", random), ("radial", radial), ("other", other)):
        rows += [(kind, 0, tpr - 0.05, 0, 0.25), (kind, 1, tpr + 0.05, 0, 0.75)]
    table = pd.DataFrame(rows, columns=["filter", "draw", "tpr", "tpr_low", "overlap"])
    return table.assign(**{"class": 0, "positions": 4, "images": images, "tpr_high": 1.0, "fpr": 0.1})


@pytest.mark.parametrize(
    ("tpr", "verdict"),
    [
        ((0.9, 0.8, 0.1, 0.2, 0.3), "strong"),
        ((0.6, 0.5, 0.1, 0.2, 0.3), "strong"),
        ((0.59, 0.5, 0.1, 0.2, 0.3), "weak"),
        ((0.9, 0.8, 0.83, 0.2, 0.3), "none"),
        ((0.9, 0.8, 0.1, 0.83, 0.3), "none"),
        ((0.9, 0.8, 0.1, 0.2, 0.83), "none"),
    ],
)
def test_verdict_needs_a_high_rate_clearly_above_every_control(tpr, verdict):
    (row,) = rates.verdicts(table_of(*tpr)).itertuples()
    assert row.verdict == verdict
    found = (row.tpr_unfiltered, row.tpr_dfm, row.tpr_dfm_low, row.tpr_random, row.tpr_radial, row.tpr_other)
    np.testing.assert_allclose(found, (0.9, *tpr), rtol=0, atol=1e-12)
    assert row.overlap_radial == 0.5
    assert row.images == 100


@pytest.mark.parametrize(("images", "verdict"), [(6, "none"), (9, "strong")])  # Wilson: 6 / (6 + 1.96^2) = 0.61
def test_verdict_is_not_sure_of_a_few_images_that_are_all_right(images, verdict):
    (row,) = rates.verdicts(table_of(1.0, 1.0, 0.1, 0.65, 0.3, images)).itertuples()
    assert row.verdict == verdict


@pytest.mark.parametrize("images", [3, 20, 50, 100, 500])
def test_a_class_that_is_recognised_from_nothing_has_no_shortcut(images):
    table = table_of(0.0, 0.0, 0.0, 0.0, 0.0, images).assign(tpr=0.0)
    assert rates.verdicts(table)["verdict"].tolist() == ["none"]


def test_verdicts_keep_the_order_of_the_classes():
    names = ["zebra", "10", "ox"]
    table = pd.concat([table_of(0.9, 0.8, 0.1, 0.2, 0.3).assign(**{"class": name}) for name in names])
    assert list(rates.verdicts(table)["class"]) == names


def test_over_seeds_is_mean_and_sample_deviation():
    runs = [rates.verdicts(table_of(d, d - 0.1, 0.1, 0.2, 0.3)).assign(seed=s) for s, d in enumerate((0.5, 0.8, 0.9))]
    table = pd.concat(runs).assign(dataset="d", network="n", augmentation="a")
    (row,) = rates.over_seeds(table).itertuples()
    np.testing.assert_allclose(
        [row.tpr_dfm_mean, row.tpr_dfm_sd], [np.mean([0.5, 0.8, 0.9]), np.std([0.5, 0.8, 0.9], ddof=1)], rtol=1e-12
    )
    assert (row.seeds, row.strong_seeds) == (3, 2)
    single = rates.over_seeds(table[table["seed"] == 0])
    assert single["tpr_dfm_sd"].isna().all()
