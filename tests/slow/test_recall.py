"""Recall of every class in several views, under filters and under corruptions, against loops over images. Exact."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from linear_networks import LABELS, MEAN, STD, called, few, linear, pixels, sizes
from test_recall import HOW, assert_rates_of_loops

from frequency_shortcuts.data.normalisation import normalise
from frequency_shortcuts.evaluation import recall
from frequency_shortcuts.spectrum.radial import filters


@few
@given(height=sizes, width=sizes, seed=st.integers(0, 5))
def test_filtered_recall_equals_the_full_fft(height, width, seed):
    images, network = pixels(height, width, seed=seed), linear(height, width, seed=seed)
    table = recall.filtered_recall(network, images, LABELS, 3, cutoffs=[1, 2], band_width=2, batch_size=3, **HOW)
    seen = normalise(torch.from_numpy(images), MEAN, STD, torch.float64).numpy()
    views = [("unfiltered", seen)]
    for one in filters(height, width, [1, 2], 2):
        views.append((one.name, np.fft.ifft2(np.fft.fft2(seen) * np.fft.ifftshift(one.mask)).real))
    assert len(table) == 3 * len(views)
    for i, (name, view) in enumerate(views):
        rows = table.iloc[3 * i : 3 * i + 3]
        assert set(rows["filter"]) == {name}
        assert_rates_of_loops(rows, called(network, view))
