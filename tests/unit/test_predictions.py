"""Predictions, confusion, precision and recall, against loops. Tolerance 1e-12."""

import numpy as np
import pytest
import torch
from torch import nn

from frequency_shortcuts.networks import predictions

TRUE = np.array([0, 0, 1, 2, 2, 2, 2])
CALLED = np.array([0, 1, 1, 0, 2, 2, 2])


def test_confusion_counts_true_by_called():
    slow = np.zeros((4, 4), int)
    for i, j in zip(TRUE, CALLED, strict=True):
        slow[i, j] += 1
    np.testing.assert_array_equal(predictions.confusion(TRUE, torch.from_numpy(CALLED), 4), slow)


def test_precision_recall_and_f1_equal_their_definitions():
    precision, recall, f1 = predictions.precision_recall_f1(predictions.confusion(TRUE, CALLED, 3))
    for c in range(3):
        hits = np.sum((c == TRUE) & (c == CALLED))
        p, r = hits / np.sum(c == CALLED), hits / np.sum(c == TRUE)
        np.testing.assert_allclose([precision[c], recall[c], f1[c]], [p, r, 2 * p * r / (p + r)], rtol=0, atol=1e-12)


def test_a_class_never_called_has_precision_and_f1_of_zero():
    counts = predictions.confusion([0, 1], [0, 0], 3)
    np.testing.assert_allclose(predictions.precision_recall_f1(counts), [[0.5, 0, 0], [1, 0, 0], [2 / 3, 0, 0]])


@pytest.mark.parametrize("batch_size", [4, 100])
def test_predict_is_the_largest_logit_in_evaluation_mode(small_network, batch_size):
    images = (
        torch.randn(10, 2, 8, 8, generator=torch.Generator().manual_seed(0)) + torch.arange(-5, 5)[:, None, None, None]
    )
    network = small_network(2, 5).train()
    called = predictions.predict(network, images, batch_size)
    with torch.no_grad():
        expected = [int(network.eval()(image[None]).argmax()) for image in images]
    assert called.tolist() == expected
    assert called.dtype == torch.int64
    assert len(set(expected)) > 1


def test_predict_leaves_the_images_alone_for_a_network_that_works_in_place():
    network = nn.Sequential(nn.ReLU(inplace=True), nn.Flatten())
    images = torch.randn(4, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    before = images.clone()
    predictions.predict(network, images)
    assert torch.equal(images, before)


def test_evaluating_restores_each_module_own_mode_after_an_error_too(small_network):
    network = small_network(1, 2).train()
    network[1].eval()
    modes = [module.training for module in network.modules()]
    with pytest.raises(KeyError), predictions.evaluating(network):
        assert not any(module.training for module in network.modules())
        raise KeyError
    assert [module.training for module in network.modules()] == modes


@pytest.mark.parametrize(
    ("labels", "called", "message"),
    [
        ([0, 3], [0, 0], "labels 0 to 3"),
        ([-1, 0], [0, 0], "labels -1 to 0"),
        ([0, 1], [0, 3], "output for class 3"),
    ],
)
def test_classes_out_of_range_are_named(labels, called, message):
    with pytest.raises(ValueError, match=message):
        predictions.confusion(labels, called, 3)


def test_confusion_counts_labels_of_small_integer_types():
    labels = np.repeat(np.arange(20, dtype=np.uint8), 3)  # 19 * 20 does not fit into one byte
    assert np.array_equal(predictions.confusion(labels, labels, 20), 3 * np.eye(20, dtype=int))
