"""Mean, std, size and interpolation from torchvision, timm and image processors of Hugging Face."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms
from torchvision.models import ResNet18_Weights
from torchvision.transforms import v2

from frequency_shortcuts.analysis.images import read_labelled
from frequency_shortcuts.analysis.transforms import Preprocessing, read_transform

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BILINEAR, BICUBIC, NEAREST, LANCZOS = (
    getattr(Image.Resampling, name) for name in ("BILINEAR", "BICUBIC", "NEAREST", "LANCZOS")
)


def compose(module):
    return module.Compose([module.Resize(256), module.CenterCrop(224), module.Normalize(MEAN, STD)])


def processor(**given):
    """What the tests read of an image processor of Hugging Face: by default as CLIP's."""
    usual = {
        "do_resize": True, "size": {"shortest_edge": 256}, "resample": 3, "do_center_crop": True,
        "crop_size": {"height": 224, "width": 224}, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
        "image_mean": MEAN, "image_std": STD,
    }  # fmt: skip
    return usual | given


@pytest.mark.parametrize(
    "transform",
    [
        ResNet18_Weights.DEFAULT.transforms(),
        compose(transforms),
        compose(v2),
        torch.nn.Sequential(transforms.Resize(256), transforms.CenterCrop([224, 224]), transforms.Normalize(MEAN, STD)),
        {"mean": MEAN, "std": STD, "input_size": (3, 224, 224), "crop_pct": 0.875, "interpolation": "bicubic"},
        processor(),
    ],
    ids=["weights", "compose", "v2", "sequential", "timm config", "processor"],
)
def test_the_usual_preparation_of_imagenet(transform):
    interpolation = BICUBIC if isinstance(transform, dict) else BILINEAR
    assert read_transform(transform) == Preprocessing(MEAN, STD, (224, 224), 256, interpolation)


NORMALISE = [transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.25] * 3)]
HALF = {"image_mean": [0.5] * 3, "image_std": [0.25] * 3}
SQUASHED = {"mean": [0.5] * 3, "std": [0.25] * 3, "input_size": (3, 32, 32), "crop_pct": 0.9, "crop_mode": "squash"}
MODES = transforms.InterpolationMode


@pytest.mark.parametrize(
    ("transform", "steps"),
    [
        (None, [v2.Resize(36, MODES.LANCZOS), v2.CenterCrop(32)]),
        (None, [transforms.Resize((36, 40)), transforms.CenterCrop((32, 30))]),
        (None, [transforms.Resize((32, 24), MODES.NEAREST)]),
        (
            SQUASHED | {"interpolation": "bicubic"},
            [transforms.Resize((35, 35), MODES.BICUBIC), transforms.CenterCrop(32)],
        ),
        (
            processor(**HALF, size={"shortest_edge": 36}, crop_size={"height": 32, "width": 30}),
            [transforms.Resize(36, MODES.BICUBIC), transforms.CenterCrop((32, 30))],
        ),
        (
            processor(**HALF, size={"height": 32, "width": 24}, resample=1, do_center_crop=None),
            [transforms.Resize((32, 24), MODES.LANCZOS)],
        ),
    ],
    ids=["short side, lanczos", "both sides and crop", "nearest", "timm squash", "processor", "processor squash"],
)
def test_pictures_are_those_that_the_transform_gives(transform, steps, tmp_path):
    """Whatever shape the pictures have."""
    applied = transforms.Compose([*steps, *NORMALISE])
    for i, size in enumerate([(40, 60), (61, 37), (50, 50), (44, 120)]):
        (tmp_path / "ab"[i % 2]).mkdir(exist_ok=True)
        ramp = np.linspace(0, 255, size[0] * size[1] * 3).reshape(*size, 3).astype(np.uint8)
        Image.fromarray(ramp).save(tmp_path / "ab"[i % 2] / f"{i}.png")
    read = read_transform(transform or applied)
    images = read_labelled(tmp_path, None, read).images
    for file, found in zip(sorted(tmp_path.glob("*/*.png")), images[:], strict=True):
        with Image.open(file) as picture:
            expected = (applied(picture) * 0.25 + 0.5) * 255
        assert np.abs(expected.numpy() - found).max() < 1e-3


CROPPED_BY_SHARE = {"do_center_crop": None, "crop_pct": 0.875}  # as the processors of ConvNeXT and ResNet


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"size": {"height": 32, "width": 24}}, Preprocessing(MEAN, STD, (224, 224), (32, 24), BICUBIC)),
        ({"do_normalize": False}, Preprocessing((0,) * 3, (1,) * 3, (224, 224), 256, BICUBIC)),
        ({"crop_size": 200, "resample": 0}, Preprocessing(MEAN, STD, (200, 200), 256, NEAREST)),
        ({"do_resize": False, "do_center_crop": False}, Preprocessing(MEAN, STD)),
        ({"do_center_crop": False}, Preprocessing(MEAN, STD, None, 256, BICUBIC)),
        (CROPPED_BY_SHARE | {"size": {"shortest_edge": 224}}, Preprocessing(MEAN, STD, (224, 224), 256, BICUBIC)),
        (
            CROPPED_BY_SHARE | {"size": {"shortest_edge": 384}},
            Preprocessing(MEAN, STD, (384, 384), (384, 384), BICUBIC),
        ),
    ],
)
def test_image_processors_of_hugging_face(given, expected):
    as_dict = processor(**given)
    sides = SimpleNamespace(**{"height": None, "width": None, "shortest_edge": None, **as_dict["size"]})
    assert read_transform(as_dict) == read_transform(SimpleNamespace(**as_dict | {"size": sides})) == expected


@pytest.mark.parametrize("given", [{"do_rescale": False}, {"rescale_factor": 1 / 127.5}, {"do_normalize": False}])
def test_the_factor_of_a_processor_is_part_of_mean_and_std(given):
    """(factor * pixels - mean) / std, as the processor computes it, of pixels from 0 to 255."""
    found, given = read_transform(processor(**given)), processor(**given)
    pixels = np.random.default_rng(0).uniform(0, 255, (5, 3))
    expected = pixels * (given["rescale_factor"] if given["do_rescale"] else 1)
    if given["do_normalize"]:
        expected = (expected - MEAN) / STD
    assert np.allclose((pixels / 255 - found.mean) / found.std, expected)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"size": {"longest_edge": 224}}, "expected height and width, or shortest_edge; give mean, std and size"),
        ({"crop_pct": 0.9}, "cannot be followed: expected height and width"),
        ({"resample": None}, "names no resample"),
        ({"do_resize": False}, "do_center_crop without do_resize of the dict cannot be followed"),
        ({"include_top": True}, "include_top of the image processor dict cannot be followed: give mean, std and size"),
        ({"image_processor_type": "LevitImageProcessor"}, "Levit of the image processor LevitImageProcessor cannot"),
    ],
)
def test_a_processor_that_cannot_be_followed_is_refused(given, words):
    with pytest.raises(ValueError, match=words):
        read_transform(processor(**given))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"crop_mode": "border"}, "crop_mode border at 32 x 32 pixels cannot be followed: expected squash, or center"),
        ({"interpolation": "random"}, "interpolation random: expected one of nearest, "),
    ],
)
def test_a_configuration_of_timm_that_cannot_be_followed_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        read_transform(SQUASHED | change)


def test_tensors_are_resized_with_antialias_only():
    def steps(antialias):
        resize = v2.Resize(36, antialias=antialias)
        return v2.Compose([v2.PILToTensor(), resize, v2.CenterCrop(32), v2.Normalize([0.5], [0.2])])

    assert read_transform(steps(True)) == Preprocessing((0.5,), (0.2,), (32, 32), 36)
    with pytest.raises(ValueError, match="Resize of tensors without antialias of the Compose cannot be followed"):
        read_transform(steps(False))


@pytest.mark.parametrize(
    "transform", [transforms.Compose([transforms.ToTensor()]), lambda image: image, {"mean": None}]
)
def test_a_transform_that_does_not_normalise_is_refused(transform):
    with pytest.raises(ValueError, match="names no mean and std: give mean and std"):
        read_transform(transform)


CROPPED = [transforms.Resize(36), transforms.CenterCrop(32), *NORMALISE]
NEAREST = [transforms.Resize(36, transforms.InterpolationMode.NEAREST), *CROPPED[1:]]
AROUND = {"a second Resize": CROPPED, "nearest resizing of tensors": NEAREST}


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (transforms.GaussianBlur(5), "GaussianBlur"),
        (transforms.Resize(36, max_size=40), "Resize"),
        (transforms.Compose([transforms.Pad(4)]), "Pad"),
        (transforms.Resize(40), "a second Resize"),
        (transforms.RandomApply([transforms.Pad(4)]), "RandomApply"),
        (v2.Compose([v2.PILToTensor(), v2.ToDtype(torch.float32)]), "ToDtype of integers without scale"),
        (transforms.ToTensor(), "nearest resizing of tensors"),
    ],
)
def test_a_step_that_would_be_left_out_is_refused(step, kind):
    with pytest.raises(ValueError, match=f"{kind} of the Compose cannot be followed: expected Resize, CenterCrop and"):
        read_transform(transforms.Compose([step, *AROUND.get(kind, NORMALISE)]))


def test_a_size_instead_of_that_of_the_transform():
    squashed = read_transform(SQUASHED, size=64, resize=(64, 64))
    assert squashed.shape == squashed.resize == (64, 64) and squashed.mean == (0.5,) * 3
    assert read_transform(SQUASHED, size=(64, 48)).resize is None
    assert read_transform(SQUASHED, resize=40).shape == (32, 32)
    assert read_transform(Preprocessing(size=8)) == Preprocessing(size=8)


def test_steps_within_steps_are_read():
    inner = transforms.Compose([transforms.Grayscale(), transforms.Resize(36), transforms.CenterCrop(32)])
    steps = transforms.Compose([inner, transforms.ToTensor(), transforms.Normalize([0.5], [0.2])])
    assert read_transform(steps) == Preprocessing((0.5,), (0.2,), (32, 32), 36)


def test_a_transform_that_timm_creates():
    timm = pytest.importorskip("timm")
    config = {"input_size": (3, 224, 224), "mean": MEAN, "std": STD, "crop_pct": 0.875, "interpolation": "bicubic"}
    for mode in ("center", "squash"):
        found = read_transform(timm.data.create_transform(**config, crop_mode=mode))
        expected = read_transform(config | {"crop_mode": mode})
        assert found.size == (224, 224) and found.resize == expected.resize and found.interpolation == BICUBIC
        assert found.mean == pytest.approx(MEAN)
