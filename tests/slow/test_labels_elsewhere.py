"""Labels may be a tensor on a GPU, which NumPy does not take."""

import numpy as np
import pandas as pd
import pytest
import torch
from culled_images import LABELS, batch

from frequency_shortcuts import adcs, culling, shortcuts
from frequency_shortcuts.data import splits
from frequency_shortcuts.evaluation import comparison, phase, recall, sensitivity
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import find
from frequency_shortcuts.networks import predictions
from frequency_shortcuts.spectrum import fills, masks


class OnGPU(torch.Tensor):
    """Refuses to become an array, as a tensor on a GPU does, until it is on the CPU."""

    def __array__(self, *_, **__):
        raise TypeError("can't convert cuda:0 device type tensor to numpy")

    def cpu(self):
        return self.as_subclass(torch.Tensor)


IMAGES = batch((6, 6), dtype=torch.float32)
MAPS = np.stack([masks.low_pass(6, 6, cutoff) for cutoff in (1, 2, 3)])
BANDS = masks.bands(6, 6, (1, 2))
FUNCTIONS = {
    "accuracy": lambda network, labels: predictions.accuracy(network, IMAGES, labels),
    "adcs": lambda _, labels: adcs.mean_amplitude(IMAGES, labels, 3),
    "band_stop": lambda network, labels: shortcuts.band_stop(network, IMAGES, labels, BANDS, 3),
    "compare": lambda network, labels: comparison.compare_methods(
        network, IMAGES, labels, {"m": {20: MAPS}}, controls=1
    ),
    "cull": lambda network, labels: culling.cull(network, IMAGES, labels, 3, "exact").score,
    "donors": lambda _, labels: fills.donors(labels),
    "find": lambda network, labels: find(registry.load("gradient"), network, IMAGES, labels, 3).score,
    "halves": lambda _, labels: np.concatenate(splits.halves(labels)),
    "measure": lambda network, labels: shortcuts.measure(network, IMAGES, labels, MAPS, controls=1),
    "phase": lambda network, labels: phase.measure(network, IMAGES, labels, MAPS),
    "recall": lambda network, labels: recall.recall_by_view(
        network, predictions.source_for(network, IMAGES, None, None), labels, 3, pd.DataFrame({"view": [0]}),
        lambda chosen: [IMAGES[chosen]],
    ),
    "sensitivity": lambda network, labels: sensitivity.fourier_sensitivity(network, IMAGES, labels, 3, norm=1).error,
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_labels_on_a_gpu_give_what_an_array_gives(name, small_network):
    network, labels = small_network(2, 3).eval(), torch.from_numpy(LABELS)
    elsewhere = labels.as_subclass(OnGPU)
    with pytest.raises(TypeError, match="cuda:0"):
        np.asarray(elsewhere)
    expected, found = (FUNCTIONS[name](network, given) for given in (LABELS, elsewhere))
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected)
    else:
        np.testing.assert_array_equal(found, expected)
