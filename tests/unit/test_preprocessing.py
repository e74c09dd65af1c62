"""Transforms of a user, what they normalise with, and the tones of 16-bit pictures and DICOM."""

import pickle
from types import SimpleNamespace

import numpy as np
import pydicom
import pytest
import torch
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless
from small_stores import class_folders
from torchvision import transforms
from torchvision.models import ResNet18_Weights
from torchvision.transforms import v2
from waves_and_network import MEAN, STD, WaveNetwork, images_and_labels

import frequency_shortcuts as fs
from frequency_shortcuts.analysis.chosen_images import Counts, read_images
from frequency_shortcuts.data_check.file_facts import file_facts
from frequency_shortcuts.images import dicom, folders, stores
from frequency_shortcuts.images.labelled import prepared_by, read_labelled
from frequency_shortcuts.images.normalisation import normalise
from frequency_shortcuts.images.pictures import FULL, ImageFiles, black_and_white
from frequency_shortcuts.images.preprocessing import normalisation_of
from study.sources.folder import split_folder

TO_TENSOR, NORMALISE = transforms.ToTensor(), transforms.Normalize([0.5], [0.25])
STEPS = [
    transforms.Resize(20, transforms.InterpolationMode.BICUBIC),
    transforms.CenterCrop((16, 12)),
    TO_TENSOR,
]
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
    images = read_labelled(
        pictures, None, prepared_by(lambda picture: (read.append(1), GREY(picture))[1])
    ).images
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
    given = (
        transform,
        fs.Preprocessing(MEAN, STD, 16),
        lambda picture: transform(picture.convert("L")),
    )
    own, same, unknown = (
        fs.analyse(WaveNetwork(), tmp_path, transform=one, run=fs.Run(progress=False))
        for one in given
    )
    every = np.arange(160)
    images, pixels, others = (
        read_labelled(tmp_path, None, prepared_by(one)).ready(every)[:] for one in given
    )
    assert np.array_equal(images, normalise(torch.from_numpy(pixels), MEAN, STD))
    assert own.exchanges.equals(same.exchanges)
    assert own.about["remark"] == ""
    assert unknown.about["remark"].startswith(
        "the transform does not end with Normalize of pixels from"
    )
    assert np.array_equal(images, others)


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (ResNet18_Weights.DEFAULT.transforms(), ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])),
        (
            transforms.Compose(
                [transforms.Compose(STEPS), v2.Compose([v2.Normalize([0.5], [0.2])])]
            ),
            ([0.5], [0.2]),
        ),
        (fs.Preprocessing(0.5, 0.2), ([0.5], [0.2])),
        (SimpleNamespace(image_mean=[0.5], image_std=[0.2]), ([0.5], [0.2])),
        (SimpleNamespace(image_mean=[0.5], image_std=[0.2], do_normalize=False), None),
        (
            SimpleNamespace(image_mean=[0.5], image_std=[0.5], rescale_factor=2 / 255),
            ([0.25], [0.25]),
        ),
        (
            SimpleNamespace(
                image_mean=[51], image_std=[51], do_rescale=False, rescale_factor=1 / 255
            ),
            ([0.2], [0.2]),
        ),
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
    steps = v2.Compose(
        [v2.PILToTensor(), v2.Resize((9, 7)), v2.ToDtype(torch.float32), v2.Normalize([102], [51])]
    )
    labelled = read_labelled(pictures, None, prepared_by(steps))
    assert labelled.images.shape == (8, 1, 9, 7) and labelled.mean is labelled.std is None
    assert labelled.remark.startswith(
        "the transform does not end with Normalize of pixels from 0 to 1"
    )


def test_a_transform_that_timm_creates():
    timm = pytest.importorskip("timm")
    config = {
        "input_size": (3, 32, 32),
        "mean": (0.5,) * 3,
        "std": (0.2,) * 3,
        "crop_pct": 0.9,
        "crop_mode": "squash",
    }
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
        (
            transforms.Compose([transforms.Resize(20), TO_TENSOR]),
            (),
            r"the transform gives \[3, .*expected one size",
        ),
        (lambda picture: GREY(picture) / 0, (), r"0\.png: it holds numbers that are not finite"),
        (
            lambda picture: 3,
            (),
            r"the transform returns int64 \[\]: expected an image \[channels, H, W\]",
        ),
        (
            GREY,
            ([0.5], [0.2]),
            r"0\.png: mean and std are given twice, as the transform ends with its own: lea",
        ),
        (
            lambda picture: GREY(picture),
            ([0.5], [0.2]),
            "its values go from -1.* to .*, so they are normalised al",
        ),
    ],
)
def test_mistakes_are_one_sentence(pictures, transform, statistics, words):
    with pytest.raises(ValueError, match=words):
        read_labelled(pictures, None, prepared_by(transform, *statistics)).images[:]


def test_pictures_have_their_common_size_or_need_one(pictures):
    prepared = prepared_by(None, [0.5], [0.2])
    with pytest.raises(ValueError, match="have several sizes: give the transform of the network"):
        read_labelled(pictures, None, prepared)
    for path in pictures.glob("*/*.png"):
        Image.new("L", (40, 22)).save(path)
    assert read_labelled(pictures, None, prepared).images.shape[2:] == (22, 40)


def test_a_transform_that_knows_no_mean_is_refused_for_arrays():
    prepared = fs.Preprocessing(transform=lambda picture: picture)
    with pytest.raises(
        ValueError,
        match="images are no pictures, on which alone a transform is called, and it ends",
    ):
        read_labelled(np.zeros((4, 1, 8, 8), np.uint8), np.arange(4), prepared)


TEXT = "16-bit pictures: {}, values 0 to 4,095; 0 is black and 4,095 is white"
PIXELS = np.random.default_rng(0).permutation(4096).reshape(64, 64).astype(np.uint16)


def folder(path, count=2, factor=1):
    """Two classes of 12-bit pictures in files of 16 bits, the second as JPEG, of which the range is not read."""
    for name, kind in (("a", "png"), ("b", "jpg")):
        (path / name).mkdir(parents=True)
        for i in range(count):
            picture = (
                np.roll(PIXELS, 97 * i) * factor
                if kind == "png"
                else np.roll(PIXELS // 16, i).astype(np.uint8)
            )
            Image.fromarray(picture).save(path / name / f"{i:02}.{kind}")
    return path


def write(
    path, pixels, kind="MONOCHROME2", bits=12, slope=1, intercept=0, syntax=ExplicitVRLittleEndian
):
    """A DICOM file of grey or colour pixels."""
    data = pydicom.dcmread(get_testdata_file("CT_small.dcm", download=False))
    data.set_pixel_data(pixels, "RGB" if pixels.ndim > 2 else "MONOCHROME2", bits)
    data.RescaleSlope, data.RescaleIntercept, data.PhotometricInterpretation = (
        slope,
        intercept,
        kind,
    )
    if syntax.is_encapsulated:
        data.PixelData, data.file_meta.TransferSyntaxUID = encapsulate([pixels.tobytes()]), syntax
    data.save_as(path)
    return path


def test_white_is_the_end_of_the_fewest_bits_that_hold_all_values():
    for ends, expected in {
        (0, 65535): FULL, (0, 40000): FULL, (3, 4090): (0, 4095), (0, 4096): (0, 8191), (0, 7): (0, 255),
        (-1000, 3071): (-1024, 3071), (-2048, 4000): (-2048, 6143), (5, 163835): (5, 163835), (0.5, 9): (0.5, 9),
    }.items():  # fmt: skip
        assert black_and_white(*ends) == expected


def test_twelve_bits_keep_256_levels_in_each_reading(monkeypatch, tmp_path, caplog):
    root, later = folder(tmp_path / "first"), folder(tmp_path / "later", factor=2)
    found = fs.differences(folder(tmp_path / "many", 20), progress=False)
    assert f"{TEXT.format(20)}." in found.summary() and caplog.messages == [TEXT.format(20)]
    assert not {"brightness", "contrast"} & {*found.facts.query("own - others > 0.5")["fact"]}
    for i, path in enumerate(sorted((tmp_path / "many/b").iterdir())):
        path.unlink()
        Image.fromarray(np.roll(PIXELS, i) * 16).save(path.with_suffix(".png"))
    black = fs.differences(tmp_path / "many", progress=False).facts.query("fact == 'brightness'")
    assert set(black["own"]) == {1} and set(black["others"]) == {0}
    plain = fs.Preprocessing(0, 1, size=64)
    pixels = read_labelled(root, None, plain).images[np.array([1])]
    np.testing.assert_array_equal(pixels[0, 0], np.roll(PIXELS.astype(int) * 255 // 4095, 97))
    assert len(np.unique(pixels)) == 256
    turned = fs.Preprocessing([0], [1], transform=lambda picture: np.asarray(picture)[None])
    monkeypatch.setattr("frequency_shortcuts.analysis.chosen_images.FEWEST", 1)
    for prepared in (plain, turned):
        both = read_images(
            root,
            None,
            prepared,
            fs.Evaluation(images=later),
            fs.Run(progress=False),
            Counts(2, 2, 2, 2),
        )
        for images, factor in ((both.images, 1), (both.test.images, 2)):
            np.testing.assert_array_equal(
                images[:1][0, 0], factor * PIXELS.astype(int) * 255 // 8191
            )


def test_a_range_belongs_to_the_identity_of_images_and_survives_pickles_and_stores(tmp_path):
    files = sorted(folder(tmp_path / "pictures", 4).glob("*/*"))
    clear = np.where(PIXELS == 9, 65535, PIXELS).astype(np.uint16)
    Image.fromarray(clear).save(files[0], transparency=65535)  # which is no value
    some = pickle.loads(pickle.dumps(ImageFiles(files, (64, 64), 1).subset(np.array([0]))))
    assert some.origin()[3:] == (0, 4095) and ImageFiles(files[4:], (64, 64), 1).origin()[3:] == ()
    settings = {"root": tmp_path / "pictures", "size": [64, 64], "channels": 1, "on_error": "stop", "split_seed": 0,
                "shares": {"train": 0.5, "test": 0.5}}  # fmt: skip
    splits, names, _ = split_folder(settings)
    for listed in (False, True):
        about = {"source": "made here", "created_by": "test"}
        stores.write(tmp_path / "store.h5", splits, classes=names, listed=listed, **about)
        assert len(np.unique(stores.read(tmp_path / "store.h5", "test").images[:1])) == 256
    with pytest.raises(
        ValueError, match=r"a\.jpg .*it has 16 bits, so that its name needs to end with \.png or"
    ):
        ImageFiles([files[0].rename(tmp_path / "a.jpg")], (64, 64), 1)[:]


def test_dicom_is_grey_by_its_values_or_colour(tmp_path, monkeypatch):
    grey = write(tmp_path / "grey.dcm", PIXELS)
    inverted = write(tmp_path / "inverted.dicom", PIXELS, "MONOCHROME1")
    signed = write(tmp_path / "ct.dcm", PIXELS.astype(np.int16) - 2048, slope=2, intercept=1)
    colour = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    values = PIXELS.astype(int)
    pair = ImageFiles([grey, inverted], (64, 64), 1)[:][:, 0]
    np.testing.assert_array_equal(pair, np.array([values, 4095 - values]) * 255 // 4095)
    shifted = (
        2 * (values - 2048) + 1 + 4096
    )  # from -4095 to 4095, so that -4096 is black and 4095 is white
    np.testing.assert_array_equal(ImageFiles([signed], (64, 64), 1)[:][0, 0], shifted * 255 // 8191)
    some = [
        write(tmp_path / f"{slope}.dcm", PIXELS * 16, bits=16, slope=slope)
        for slope in (0.001, 0.002, 5)
    ]
    for files, share in (
        (some[:2], [0.5, 1]),
        (some[2:], [1]),
    ):  # slopes as of PET, and values of more than 16 bits
        expected = [values * 255 / 4095 * part for part in share]
        np.testing.assert_allclose(ImageFiles(files, (64, 64), 1)[:][:, 0], expected, atol=1)
    eight = ImageFiles(
        [write(tmp_path / "8.dcm", (values % 256 - 128).astype(np.int8), bits=8)], (64, 64), 1
    )[:]
    np.testing.assert_array_equal(eight[0, 0], values % 256)
    made = ImageFiles([write(tmp_path / "colour.dcm", colour, "RGB", 8)], (64, 64), 3)[:]
    np.testing.assert_array_equal(made[0], colour.transpose(2, 0, 1))
    assert file_facts(signed)[:6] == ("DICOM", "none", "none", 64, 64, "16 bit grey")
    encoded = write(tmp_path / "encoded.dcm", PIXELS, syntax=JPEGLSLossless)
    palette = write(tmp_path / "palette.dcm", PIXELS, "PALETTE COLOR")
    for path, words in (
        (encoded, "JPEG-LS .* missing dependencies"),
        (palette, "expected grey, or RGB or YBR of 8"),
    ):
        with pytest.raises(
            ValueError, match=rf"{path.name} does not decode as an image \(.*{words}"
        ):
            ImageFiles([path], (64, 64), 1)[:]
    monkeypatch.setattr(dicom, "installed", lambda: False)
    monkeypatch.setattr(folders, "SUFFIXES", (".png", ".jpg"))
    write(folder(tmp_path / "classes") / "b/some.DCM", PIXELS)
    assert folders.listing(tmp_path / "classes").left_out.endswith(
        f"other files: 1 .dcm; {dicom.INSTALL}"
    )
    listed = folders.listing(folders.Files([grey, *(tmp_path / "classes/a").iterdir()], [0, 1, 1]))
    assert listed.problems[dicom.INSTALL] == [str(grey)] and len(listed.files) == 2
