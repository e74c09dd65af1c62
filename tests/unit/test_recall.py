"""Recall of every class in several views, against loops over images. Exact unless stated."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from frequency_shortcuts import intervals
from frequency_shortcuts.evaluation import recall
from frequency_shortcuts.networks.predictions import source_for

LABELS = np.array([0, 1, 2, 2, 0, 2, 2, 1, 2, 0, 2, 1])  # unequal, not sorted
ABOUT = pd.DataFrame({"view": ["plain", "turned", "dark"]})


@pytest.fixture
def case(small_network):
    images = torch.randn(len(LABELS), 2, 5, 6, generator=torch.Generator().manual_seed(0))
    return small_network(2, 3), images


def views_of(source):
    def views(some):
        seen = source.take(some)
        yield from (seen, seen.flip(-1), 0.3 * seen)

    return views


def measured(network, images, **options):
    source = source_for(network, images, None, None)
    return recall.recall_by_view(network, source, LABELS, 3, ABOUT, views_of(source), **options)


def test_rates_equal_loops_over_images(case):
    network, images = case
    table = measured(network, images, batch_size=5)
    assert list(table["view"]) == ["plain"] * 3 + ["turned"] * 3 + ["dark"] * 3
    for view, seen in {"plain": images, "turned": images.flip(-1), "dark": 0.3 * images}.items():
        with torch.no_grad():
            called = [int(network.eval()(image[None]).argmax()) for image in seen]
        for row in table[table["view"] == view].itertuples():
            c = table.loc[row.Index, "class"]
            own = np.array([call == c for call, label in zip(called, LABELS, strict=True) if label == c])
            others = [call == c for call, label in zip(called, LABELS, strict=True) if label != c]
            assert row.images == len(own) and row.fpr == np.mean(others)
            assert (row.tpr, row.tpr_low, row.tpr_high) == tuple(intervals.shares(own.sum(), len(own)))
            assert row.accuracy == np.mean(np.array(called) == LABELS)


@pytest.mark.parametrize("batch_size", [1, 7, 12, 500])
def test_batches_do_not_matter(case, batch_size):
    pd.testing.assert_frame_equal(measured(*case, batch_size=batch_size), measured(*case, batch_size=4))


def test_the_network_is_left_as_it_was(case):
    network, images = case
    network.train()
    measured(network, images)
    assert network.training


def test_a_network_of_more_classes_and_a_class_without_images_are_refused(case):
    _, images = case
    source = source_for(nn.Identity(), images, None, None)
    outputs = nn.Sequential(nn.Flatten(), nn.Linear(60, 9))
    nn.init.zeros_(outputs[1].weight)
    outputs[1].bias.data.copy_(torch.arange(9.0))
    with pytest.raises(ValueError, match="calls images by more than the 3 classes"):
        recall.recall_by_view(outputs, source, LABELS, 3, ABOUT, views_of(source))
    with pytest.raises(ValueError, match="class 3"):
        recall.recall_by_view(outputs, source, LABELS, 4, ABOUT, views_of(source))


def test_a_set_of_one_class_has_no_false_positives(small_network):
    images = torch.randn(4, 1, 5, 5)
    source = source_for(small_network(1, 1), images, None, None)
    table = recall.recall_by_view(small_network(1, 1), source, np.zeros(4, int), 1, ABOUT, views_of(source))
    assert table["fpr"].isna().all() and (table["tpr"] == 1).all()
