"""Mean, std and size from the transforms of torchvision and timm."""

import pytest
import torch
from torchvision import transforms
from torchvision.models import ResNet18_Weights
from torchvision.transforms import v2

from frequency_shortcuts.analysis.transforms import Preprocessing, read_transform

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def compose(module):
    return module.Compose([module.Resize(256), module.CenterCrop(224), module.Normalize(MEAN, STD)])


@pytest.mark.parametrize(
    "transform",
    [
        ResNet18_Weights.DEFAULT.transforms(),
        compose(transforms),
        compose(v2),
        torch.nn.Sequential(transforms.Resize(256), transforms.CenterCrop([224, 224]), transforms.Normalize(MEAN, STD)),
        {"mean": MEAN, "std": STD, "input_size": (3, 224, 224), "crop_pct": 0.875, "interpolation": "bicubic"},
    ],
    ids=["weights", "compose", "v2", "sequential", "timm config"],
)
def test_the_usual_preparation_of_imagenet(transform):
    assert read_transform(transform) == Preprocessing(MEAN, STD, (224, 224), 256)


@pytest.mark.slow
def test_a_transform_that_timm_creates():
    timm = pytest.importorskip("timm")
    made = timm.data.create_transform(input_size=(3, 224, 224), mean=MEAN, std=STD, crop_pct=0.875)
    found = read_transform(made)
    assert found.size == (224, 224) and found.resize == 256 and found.mean == pytest.approx(MEAN)


def test_a_size_of_two_sides_is_that_of_the_images():
    steps = transforms.Compose([transforms.Resize((64, 96)), transforms.Normalize([0.5], [0.2])])
    assert read_transform(steps) == Preprocessing((0.5,), (0.2,), (64, 96), None)


@pytest.mark.parametrize(
    "transform", [transforms.Compose([transforms.ToTensor()]), lambda image: image, {"mean": None}]
)
def test_a_transform_that_does_not_normalise_is_refused(transform):
    with pytest.raises(ValueError, match="names no mean and std: give mean and std"):
        read_transform(transform)
