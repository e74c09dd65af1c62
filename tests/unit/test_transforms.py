"""Mean, std and size from the transforms of torchvision and timm."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms
from torchvision.models import ResNet18_Weights
from torchvision.transforms import v2

from frequency_shortcuts.analysis.images import Pictures, collect
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


NORMALISE = [transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.25] * 3)]
SQUASHED = {"mean": [0.5] * 3, "std": [0.25] * 3, "input_size": (3, 32, 32), "crop_pct": 0.9, "crop_mode": "squash"}


@pytest.mark.parametrize(
    ("transform", "steps"),
    [
        (None, [transforms.Resize(36), transforms.CenterCrop(32)]),
        (None, [transforms.Resize((32, 24))]),
        (None, [transforms.Resize((36, 40)), transforms.CenterCrop((32, 30))]),
        (SQUASHED, [transforms.Resize((35, 35)), transforms.CenterCrop(32)]),
    ],
    ids=["short side", "both sides", "both sides and crop", "timm squash"],
)
def test_pictures_are_those_that_the_transform_gives(transform, steps, tmp_path):
    """Whatever shape the pictures have."""
    applied = transforms.Compose([*steps, *NORMALISE])
    for i, size in enumerate([(40, 60), (61, 37), (50, 50), (44, 120)]):
        (tmp_path / "ab"[i % 2]).mkdir(exist_ok=True)
        ramp = np.linspace(0, 255, size[0] * size[1] * 3).reshape(*size, 3).astype(np.uint8)
        Image.fromarray(ramp).save(tmp_path / "ab"[i % 2] / f"{i}.png")
    read = read_transform(transform or applied)
    images = collect(tmp_path, None, Pictures(read.size, read.resize)).images
    for file, found in zip(sorted(tmp_path.glob("*/*.png")), images[:], strict=True):
        with Image.open(file) as picture:
            expected = (applied(picture) * 0.25 + 0.5) * 255
        assert np.abs(expected.numpy() - found).max() < 1e-3


def test_a_size_of_two_sides_is_that_of_the_images():
    steps = transforms.Compose([transforms.Resize((64, 96)), transforms.Normalize([0.5], [0.2])])
    assert read_transform(steps) == Preprocessing((0.5,), (0.2,), (64, 96), (64, 96))


@pytest.mark.parametrize(
    "transform", [transforms.Compose([transforms.ToTensor()]), lambda image: image, "imagenet", {"mean": None}]
)
def test_a_transform_that_does_not_normalise_is_refused(transform):
    with pytest.raises(ValueError, match="names no mean and std: give mean and std"):
        read_transform(transform)


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (transforms.GaussianBlur(5), "GaussianBlur"),
        (transforms.Grayscale(3), "Grayscale"),
        (transforms.RandomResizedCrop(32), "RandomResizedCrop"),
        (transforms.Resize(36, max_size=40), "Resize"),
        (transforms.CenterCrop(32), "CenterCrop"),
        (transforms.Compose([transforms.Pad(4)]), "Pad"),
    ],
)
def test_a_step_that_would_be_left_out_is_refused(step, kind):
    with pytest.raises(ValueError, match=f"{kind} of the Compose cannot be followed: expected Resize, CenterCrop and"):
        read_transform(transforms.Compose([step, *NORMALISE]))


def test_steps_within_steps_are_read():
    inner = transforms.Compose([transforms.Grayscale(), transforms.Resize(36), transforms.CenterCrop(32)])
    steps = transforms.Compose([inner, transforms.ToTensor(), transforms.Normalize([0.5], [0.2])])
    assert read_transform(steps) == Preprocessing((0.5,), (0.2,), (32, 32), 36)
