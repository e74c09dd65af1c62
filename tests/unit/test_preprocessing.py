"""Transforms of a user are called on each picture; what they normalise with is known, or said not to be."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from small_stores import class_folders
from torchvision import transforms
from torchvision.models import ResNet18_Weights
from torchvision.transforms import v2
from waves_and_network import MEAN, STD, WaveNetwork, images_and_labels

import frequency_shortcuts as fs
from frequency_shortcuts.analysis.images import prepared_by, read_labelled
from frequency_shortcuts.images.normalisation import normalise
from frequency_shortcuts.images.preprocessing import normalisation_of

TO_TENSOR, NORMALISE = transforms.ToTensor(), transforms.Normalize([0.5], [0.25])
STEPS = [transforms.Resize(20, transforms.InterpolationMode.BICUBIC), transforms.CenterCrop((16, 12)), TO_TENSOR]
FLOAT = [v2.Resize((9, 7), antialias=False), v2.ToDtype(torch.float32, scale=True)]
GREY = transforms.Compose([*STEPS, NORMALISE])


def processor(picture, **_):
    """As an image processor of Hugging Face."""
    return {"pixel_values": [transforms.Compose(STEPS)(picture).numpy()]}


@pytest.fixture
def pictures(tmp_path):
    """Eight pictures of two classes, each of another shape."""
    generator = np.random.default_rng(0)
    for i in range(8):
        (tmp_path / "ab"[i % 2]).mkdir(exist_ok=True)
        pixels = generator.integers(0, 256, (22 + i, 40 - 2 * i, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "ab"[i % 2] / f"{i}.png")
    return tmp_path


def opened(folder, mode):
    for file in sorted(folder.glob("*/*.png")):
        with Image.open(file) as picture:
            yield picture.convert(mode)


@pytest.mark.parametrize(
    ("transform", "mode"),
    [
        (GREY, "L"),
        (torch.nn.Sequential(v2.PILToTensor(), *FLOAT, v2.Normalize(MEAN, STD)), "L"),
        (v2.Compose([v2.PILToTensor(), *FLOAT]), "RGB"),
        (lambda picture: GREY(picture)[None], "RGB"),  # as kornia
        (lambda picture: np.asarray(picture.resize((5, 6)), np.float32) / 255, "RGB"),  # as albumentations
        (lambda picture: {"image": np.asarray(picture.resize((5, 6)))}, "RGB"),
        (lambda picture: picture.resize((5, 6)).convert("L"), "RGB"),
        (lambda picture: transforms.ToTensor()(picture.resize((5, 6))).half(), "RGB"),
        (processor, "RGB"),
    ],
    ids=["compose", "sequential", "opaque v2", "batch", "channels last", "dict", "picture", "half", "processor"],
)  # fmt: skip
def test_images_are_what_the_transform_returns(pictures, transform, mode):
    images = read_labelled(pictures, None, prepared_by(transform)).images
    for picture, found in zip(opened(pictures, mode), images[:], strict=True):
        expected = transform(picture)
        if isinstance(expected, dict):
            expected = expected["image"] if "image" in expected else expected["pixel_values"][0]
        expected = np.asarray(expected).squeeze()
        expected = expected.transpose(2, 0, 1) if expected.shape[-1] == 3 else expected
        assert np.array_equal(found, expected if expected.ndim == 3 else expected[None])
    assert images.dtype in (np.uint8, np.float32)


def test_it_is_called_when_an_image_is_needed_and_once_if_images_fit_into_memory(pictures):
    read = []
    images = read_labelled(pictures, None, prepared_by(lambda picture: (read.append(1), GREY(picture))[1])).images
    assert len(read) == 1
    part = images.subset(np.array([5, 2]))
    assert np.array_equal(part[:], images[np.array([5, 2])]) and len(read) == 5
    images.kept = {}
    part = images.subset(np.array([5, 2]))
    for _ in range(2):
        assert np.array_equal(part[:], images[np.array([5, 2])])
    assert len(read) == 7 and part.origin() != images.origin()


def test_a_transform_gives_the_results_of_the_same_preprocessing(tmp_path):
    """To the bit: the pixels before Normalize are known, for the moves and the causes."""
    class_folders(tmp_path, *images_and_labels(160))
    transform = transforms.Compose([TO_TENSOR, transforms.Normalize(MEAN, STD)])
    own, same, unknown = (
        fs.analyse(WaveNetwork(), tmp_path, transform=one, quick=True, run=fs.Run(progress=False))
        for one in (transform, fs.Preprocessing(MEAN, STD, 16), lambda picture: transform(picture.convert("L")))
    )
    for split, other in ((own.ranking, same.ranking), (own.test, same.test)):
        assert np.array_equal(split.images[:], normalise(torch.from_numpy(other.images[:]), MEAN, STD))
    assert own.flips.equals(same.flips)
    assert own.about["remark"] == ""
    assert unknown.about["remark"].startswith("the transform does not end with Normalize of pixels from")
    assert np.array_equal(own.test.images[:], unknown.test.images[:])


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (ResNet18_Weights.DEFAULT.transforms(), ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])),
        (transforms.Compose([transforms.Compose(STEPS), v2.Compose([v2.Normalize([0.5], [0.2])])]), ([0.5], [0.2])),
        (fs.Preprocessing(0.5, 0.2), ([0.5], [0.2])),
        (SimpleNamespace(image_mean=[0.5], image_std=[0.2]), ([0.5], [0.2])),
        (SimpleNamespace(image_mean=[0.5], image_std=[0.2], do_normalize=False), None),
        (SimpleNamespace(image_mean=[0.5], image_std=[0.5], rescale_factor=2 / 255), ([0.25], [0.25])),
        (SimpleNamespace(image_mean=[51], image_std=[51], do_rescale=False, rescale_factor=1 / 255), ([0.2], [0.2])),
        (SimpleNamespace(image_mean=[0.5], image_std=[0.5], rescale_offset=True), None),
        (SimpleNamespace(image_mean=[0.5], image_std=[0.5], do_flip_channel_order=True), None),
        (transforms.Compose([NORMALISE, transforms.RandomErasing()]), None),
        (transforms.Compose([]), None),
        (len, None),
    ],
)
def test_what_a_transform_ends_with(transform, expected):
    mean, std = normalisation_of(transform)
    assert (mean is std is None) if expected is None else (mean.tolist(), std.tolist()) == expected


def test_a_normalisation_of_pixels_to_255_is_not_known(pictures):
    steps = v2.Compose([v2.PILToTensor(), v2.Resize((9, 7)), v2.ToDtype(torch.float32), v2.Normalize([102], [51])])
    labelled = read_labelled(pictures, None, prepared_by(steps))
    assert labelled.images.shape == (8, 1, 9, 7) and labelled.mean is labelled.std is None
    assert labelled.remark.startswith("the transform does not end with Normalize of pixels from 0 to 1")


def test_a_transform_that_timm_creates():
    timm = pytest.importorskip("timm")
    config = {"input_size": (3, 32, 32), "mean": (0.5,) * 3, "std": (0.2,) * 3, "crop_pct": 0.9, "crop_mode": "squash"}
    assert normalisation_of(timm.data.create_transform(**config))[1] == pytest.approx([0.2] * 3)


def test_mean_and_std_of_the_call_normalise_what_the_transform_does_not(pictures):
    plain = transforms.Compose(STEPS)
    labelled = read_labelled(pictures, None, prepared_by(plain, [0.5] * 3, [0.25] * 3))
    expected = np.stack([(plain(picture) - 0.5) / 0.25 for picture in opened(pictures, "RGB")])
    assert np.array_equal(labelled.images[:], expected) and labelled.mean == [0.5] * 3
    arrays = read_labelled(np.zeros((4, 1, 8, 8), np.uint8), np.arange(4) % 2, prepared_by(GREY))
    assert arrays.mean.tolist() == [0.5] and arrays.std.tolist() == [0.25]


def broken(picture):
    raise RuntimeError("no\nway")


@pytest.mark.parametrize(
    ("transform", "statistics", "words"),
    [
        (broken, (), r"0\.png: the transform fails \(RuntimeError: no\)$"),
        (transforms.Compose([transforms.Resize(20), TO_TENSOR]), (), r"the transform gives \[3, .*expected one size"),
        (lambda picture: GREY(picture) / 0, (), r"0\.png: it holds numbers that are not finite"),
        (lambda picture: 3, (), r"the transform returns int64 \[\]: expected an image \[channels, H, W\]"),
        (GREY, ([0.5], [0.2]), r"0\.png: mean and std are given twice, as the transform ends with its own: lea"),
        (lambda picture: GREY(picture), ([0.5], [0.2]), "its values go from -1.* to .*, so they are normalised al"),
        (None, ([0.5], [0.2]), "may have any size: give the transform of the network, or Preprocessing with a size"),
    ],
)
def test_mistakes_are_one_sentence(pictures, transform, statistics, words):
    with pytest.raises(ValueError, match=words):
        read_labelled(pictures, None, prepared_by(transform, *statistics)).images[:]


def test_a_transform_that_knows_no_mean_is_refused_for_arrays():
    with pytest.raises(ValueError, match="images are no pictures, on which alone a transform is called, and it ends"):
        read_labelled(
            np.zeros((4, 1, 8, 8), np.uint8), np.arange(4), fs.Preprocessing(transform=lambda picture: picture)
        )
