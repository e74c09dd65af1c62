"""Mean, std, size and interpolation from torchvision, timm and image processors of Hugging Face."""

import pytest
from test_transforms import BICUBIC, MEAN, STD

from frequency_shortcuts.analysis.transforms import read_transform


def test_a_transform_that_timm_creates():
    timm = pytest.importorskip("timm")
    config = {"input_size": (3, 224, 224), "mean": MEAN, "std": STD, "crop_pct": 0.875, "interpolation": "bicubic"}
    for mode in ("center", "squash"):
        found = read_transform(timm.data.create_transform(**config, crop_mode=mode))
        expected = read_transform(config | {"crop_mode": mode})
        assert found.size == (224, 224) and found.resize == expected.resize and found.interpolation == BICUBIC
        assert found.mean == pytest.approx(MEAN)
