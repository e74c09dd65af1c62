"""The template of one's own networks and images: mistakes in it, and what it takes."""

import re

import pytest
from test_plan import plan

from study import inputs

SMALL = {"plan": [{"datasets": ["syn_1"], "networks": ["small"], "augmentations": ["none"], "seeds": [0]}]}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"synthesis": {"band_edges": [4, 12, 8]}}, r"datasets\.syn_1: band edges .* increasing"),
        ({"synthesis": {"band_edges": [4, 8, 40]}}, r"datasets\.syn_1: synthesis\.band_edges .* within the spectrum"),
        ({"datasets": {"syn_1": {"control_band": 6}}}, r"datasets\.syn_1: control_band 6: expected 1 to 4"),
        ({"synthesis": {"channels": 2}}, r"datasets\.syn_1: its images have 2 channels, but robustness"),
        ({"adcs": {"channel_weights": "luma"}, "synthesis": {"channels": 1}}, r"datasets\.syn_1: .* luma needs three"),
        ({"robustness": {"cutoffs": [4, 2]}}, r"datasets\.syn_1: cutoffs .* increasing"),
        ({"robustness": {"cutoffs": [25]}}, r"datasets\.syn_1: cutoffs .* none is within"),
        (
            {"training": {"synthetic": {"geometry": {"crop_scale": [1, 0.5]}}}},
            r"training\.synthetic\.geometry: crop_sc",
        ),
    ],
)
def test_what_the_library_does_not_allow_is_found_before_the_first_job(changes, sentence):
    (found,), _ = inputs.check(plan(**SMALL, **changes))
    assert re.match(sentence, found), found
