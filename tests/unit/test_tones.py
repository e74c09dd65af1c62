"""16-bit pictures that hold fewer bits, and DICOM: black and white are those of the set."""

import pickle

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless

import frequency_shortcuts as fs
from frequency_shortcuts.analysis.classes import Counts
from frequency_shortcuts.analysis.images import read_labelled
from frequency_shortcuts.analysis.subject import read_images
from frequency_shortcuts.data_check.file_facts import file_facts
from frequency_shortcuts.images import dicom, folders, stores
from frequency_shortcuts.images.pictures import FULL, ImageFiles, black_and_white
from study.sources.folder import split_folder

TEXT = "16-bit pictures: {}, values 0 to 4,095; 0 is black and 4,095 is white"
PIXELS = np.random.default_rng(0).permutation(4096).reshape(64, 64).astype(np.uint16)


def folder(path, count=2, factor=1):
    """Two classes of 12-bit pictures in files of 16 bits, the second as JPEG, of which the range is not read."""
    for name, kind in (("a", "png"), ("b", "jpg")):
        (path / name).mkdir(parents=True)
        for i in range(count):
            picture = np.roll(PIXELS, 97 * i) * factor if kind == "png" else np.roll(PIXELS // 16, i).astype(np.uint8)
            Image.fromarray(picture).save(path / name / f"{i:02}.{kind}")
    return path


def write(path, pixels, kind="MONOCHROME2", bits=12, slope=1, intercept=0, syntax=ExplicitVRLittleEndian):
    """A DICOM file of grey or colour pixels."""
    data = pydicom.dcmread(get_testdata_file("CT_small.dcm", download=False))
    data.set_pixel_data(pixels, "RGB" if pixels.ndim > 2 else "MONOCHROME2", bits)
    data.RescaleSlope, data.RescaleIntercept, data.PhotometricInterpretation = slope, intercept, kind
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


def test_twelve_bits_keep_256_levels_in_each_reading(tmp_path, caplog):
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
    pixels = read_labelled(root, None, plain).take(np.array([1]))[:]
    np.testing.assert_array_equal(pixels[0, 0], np.roll(PIXELS.astype(int) * 255 // 4095, 97))
    assert len(np.unique(pixels)) == 256
    turned = fs.Preprocessing([0], [1], transform=lambda picture: np.asarray(picture)[None])
    for prepared in (plain, turned):
        both = read_images(root, None, prepared, fs.Test(images=later), fs.Run(progress=False), Counts(2, 2, 2, 2), 1)
        for images, factor in ((both.images, 1), (both.test.images, 2)):
            np.testing.assert_array_equal(images[:1][0, 0], factor * PIXELS.astype(int) * 255 // 8191)


def test_a_range_belongs_to_the_identity_of_images_and_survives_pickles_and_stores(tmp_path):
    files = sorted(folder(tmp_path / "pictures", 4).glob("*/*"))
    clear = np.where(PIXELS == 9, 65535, PIXELS).astype(np.uint16)
    Image.fromarray(clear).save(files[0], transparency=65535)  # which is no value
    some = pickle.loads(pickle.dumps(ImageFiles(files, (64, 64), 1).subset(np.array([0]))))
    assert some.origin()[3:] == (0, 4095) and ImageFiles(files[4:], (64, 64), 1).origin()[3:] == ()
    settings = {"root": tmp_path / "pictures", "size": [64, 64], "channels": 1, "on_error": "stop", "split_seed": 0,
                "shares": {"train": 0.5, "test": 0.5}}  # fmt: skip
    splits, names, _ = split_folder(settings)
    for write_store in (stores.write, stores.write_files):
        write_store(tmp_path / "store.h5", splits, classes=names, source="made here", created_by="test")
        assert len(np.unique(stores.read(tmp_path / "store.h5", "test").images[:1])) == 256
    with pytest.raises(ValueError, match=r"a\.jpg .*it has 16 bits, so that its name needs to end with \.png or"):
        ImageFiles([files[0].rename(tmp_path / "a.jpg")], (64, 64), 1)[:]


def test_dicom_is_grey_by_its_values_or_colour(tmp_path, monkeypatch):
    grey = write(tmp_path / "grey.dcm", PIXELS)
    inverted = write(tmp_path / "inverted.dicom", PIXELS, "MONOCHROME1")
    signed = write(tmp_path / "ct.dcm", PIXELS.astype(np.int16) - 2048, slope=2, intercept=1)
    colour = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    values = PIXELS.astype(int)
    pair = ImageFiles([grey, inverted], (64, 64), 1)[:][:, 0]
    np.testing.assert_array_equal(pair, np.array([values, 4095 - values]) * 255 // 4095)
    shifted = 2 * (values - 2048) + 1 + 4096  # from -4095 to 4095, so that -4096 is black and 4095 is white
    np.testing.assert_array_equal(ImageFiles([signed], (64, 64), 1)[:][0, 0], shifted * 255 // 8191)
    some = [write(tmp_path / f"{slope}.dcm", PIXELS * 16, bits=16, slope=slope) for slope in (0.001, 0.002, 5)]
    for files, share in ((some[:2], [0.5, 1]), (some[2:], [1])):  # slopes as of PET, and values of more than 16 bits
        expected = [values * 255 / 4095 * part for part in share]
        np.testing.assert_allclose(ImageFiles(files, (64, 64), 1)[:][:, 0], expected, atol=1)
    eight = ImageFiles([write(tmp_path / "8.dcm", (values % 256 - 128).astype(np.int8), bits=8)], (64, 64), 1)[:]
    np.testing.assert_array_equal(eight[0, 0], values % 256)
    made = ImageFiles([write(tmp_path / "colour.dcm", colour, "RGB", 8)], (64, 64), 3)[:]
    np.testing.assert_array_equal(made[0], colour.transpose(2, 0, 1))
    assert file_facts(signed)[:6] == ("DICOM", "none", "none", 64, 64, "16 bit grey")
    encoded = write(tmp_path / "encoded.dcm", PIXELS, syntax=JPEGLSLossless)
    palette = write(tmp_path / "palette.dcm", PIXELS, "PALETTE COLOR")
    for path, words in ((encoded, "JPEG-LS .* missing dependencies"), (palette, "expected grey, or RGB or YBR of 8")):
        with pytest.raises(ValueError, match=rf"{path.name} does not decode as an image \(.*{words}"):
            ImageFiles([path], (64, 64), 1)[:]
    monkeypatch.setattr(dicom, "installed", lambda: False)
    monkeypatch.setattr(folders, "SUFFIXES", (".png", ".jpg"))
    write(folder(tmp_path / "classes") / "b/some.DCM", PIXELS)
    assert folders.listing(tmp_path / "classes").left_out.endswith(f"other files: 1 .dcm; {dicom.INSTALL}")
    listed = folders.listing(folders.Files([grey, *(tmp_path / "classes/a").iterdir()], [0, 1, 1]))
    assert listed.problems[dicom.INSTALL] == [str(grey)] and len(listed.files) == 2
