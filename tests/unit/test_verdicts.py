"""Verdicts against loops over masks and images. Tolerance 1e-12."""

import numpy as np
import pandas as pd
import pytest
from made_up_hits import hits_of

from frequency_shortcuts.evaluation.hits import rates
from frequency_shortcuts.evaluation.verdicts import over_seeds, verdicts

# 1 - 0.8 is less than 0.2.
REMOVED = [(0.41, 0.6, "weak"), (0.4, 0.6, "strong"), (0.59, 0.6, "weak"), (0.2, 0.8, "strong"), (0.21, 0.8, "weak"),
           (0.95, 0.6, "none"), (1.0, 0.6, "none")]  # fmt: skip


@pytest.mark.parametrize(("tpr", "strong", "verdict"), REMOVED)
def test_a_removal_is_strong_if_at_most_the_rest_to_a_strong_map_is_left(tpr, strong, verdict):
    found = verdicts(hits_of(part="remove", dfm=(tpr, 0.0), random=(0.95, 0.0)), strong)
    assert found["verdict"][0] == verdict and pd.isna(found["low_frequency"][0])


def test_false_positives_of_the_controls_do_not_make_one_image_enough():
    clear = dict.fromkeys(("random", "radial", "other", "low_pass"), (0.0, 1.0))
    found = verdicts(hits_of(1, 10, unfiltered=(1.0, 0.0), dfm=(1.0, 0.0), **clear)).iloc[0]
    assert found["margin_low"] > 0 and found["verdict"] == "too few images"


def test_no_effect_is_enough_of_three_images():
    row = verdicts(hits_of(3, 9, other=(1.0, 0.0))).iloc[0]
    assert row["best_control"] == "other" and np.isnan(row["smallest_effect"])


@pytest.mark.parametrize("images", [3, 50])
def test_a_class_that_is_recognised_from_nothing_has_no_shortcut(images):
    nothing = dict.fromkeys(("dfm", "random", "radial", "low_pass", "other"), (0.0, 0.0))
    assert verdicts(hits_of(images, unfiltered=(1.0, 0.0), **nothing))["verdict"][0] == "none"


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(
        TypeError, match=r"^verdicts compares masks image by image: expected the hits of shortcuts.collec"
    ):
        verdicts(rates(hits_of()))
    with pytest.raises(ValueError, match=r"^4 draws of a random mask: a verdict needs at least 5$"):
        verdicts(hits_of(draws=4))


def test_over_seeds_is_mean_and_sample_deviation():
    about = {"dataset": "d", "network": "n", "augmentation": "a"}
    tpr = np.array([0.05, 0.8, 0.9, 0.8, 0.9])
    runs = [verdicts(hits_of(dfm=(d, 0.05))).iloc[:1].assign(seed=s, **about) for s, d in enumerate(tpr)]
    (row,) = over_seeds(pd.concat(runs)).to_dict("records")
    np.testing.assert_allclose([row["tpr_dfm_mean"], row["tpr_dfm_sd"]], [tpr.mean(), tpr.std(ddof=1)], rtol=1e-12)
    assert (row["seeds"], row["strong_seeds"], row["interval"]) == (5, 4, "networks")
    reach = 2.7764451051977987 * tpr.std(ddof=1) / 5**0.5  # Student's t with four degrees of freedom
    measure = tpr.mean() - 0.05
    np.testing.assert_allclose([row["measure_mean"], row["measure_low"]], [measure, measure - reach], rtol=1e-9)
    assert row["measure_high"] == min(1.0, measure + reach)
    (row,) = over_seeds(pd.concat(runs[1:3])).to_dict("records")
    assert row["interval"] == "these networks" and row["measure_low"] < 0.8 < row["measure_high"]
    assert over_seeds(runs[0])["tpr_dfm_sd"].isna().all()
