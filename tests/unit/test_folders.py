"""Folders of image files: their listing, the reading of many pictures, and the decoding of one."""

import io
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from small_stores import saved
from torchvision.transforms import v2

from frequency_shortcuts.images import folders, pictures
from frequency_shortcuts.images.pictures import ImageFiles


def tree(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def shown(root, files):
    return [str(path.relative_to(root)) for path in files]


def test_the_folders_are_the_classes_in_sorted_order(tmp_path):
    root = tree(
        tmp_path,
        "b/2.JPG",
        "b/10.jpeg",
        "b/1.webp",
        "a/x.PNG",
        "a/notes.txt",
        "a/.hidden.png",
        ".git/x.png",
    )
    tree(tmp_path, "stray.png", "a/deeper/x.png")
    files, labels, classes = folders.class_files(root)
    assert shown(root, files) == ["a/x.PNG", "a/deeper/x.png", "b/1.webp", "b/10.jpeg", "b/2.JPG"]
    assert (labels.tolist(), labels.dtype, classes) == ([0, 0, 1, 1, 1], np.int64, ("a", "b"))


def test_classes_are_mapped_to_folders_in_their_own_order(tmp_path):
    root = tree(tmp_path, "n01/1.jpg", "n02/1.jpg", "n02/2.jpg", "n03/1.jpg")
    files, labels, classes = folders.class_files(root, {"zebra": "n02", "ant": "n01"})
    assert shown(root, files) == ["n02/1.jpg", "n02/2.jpg", "n01/1.jpg"]
    assert (labels.tolist(), classes) == ([0, 0, 1], ("zebra", "ant"))


def test_missing_and_empty_folders_are_named(tmp_path):
    """Besides what tests/trials has."""
    with pytest.raises(
        ValueError,
        match=r"without a folder: cat; no such class: none; folders without a class: none$",
    ):
        folders.listing(tmp_path, {"cat": "n01"})
    tree(tmp_path, "dog/x.png", "cat/notes.txt")
    with pytest.raises(
        ValueError, match="folder: cat, cow; no such class: none; folders without a class: cat"
    ):
        folders.listing(tmp_path, {"cat": "n01", "cow": "cow", "dog": "dog"})
    with pytest.raises(
        ValueError, match=r"dog in .* is the folder of several classes"
    ):  # and so of different splits
        folders.listing(tmp_path, {"cat": "dog", "dog": "dog"})


def test_twins_have_the_same_name_and_any_suffix(tmp_path):
    """One of exactly the same name comes first: 1.jpg and 1.png may be two photographs."""
    root = tree(tmp_path / "content", "a/1.jpg", "a/1.png", "a/2.b.JPEG", "b/1.png", "b/deep/1.png")
    style = tree(
        tmp_path / "style", "b/1.webp", "a/2.b.png", "a/1.png", "a/1.jpg", "a/3.png", "b/deep/1.gif"
    )
    files, _, _ = folders.class_files(root)
    expected = ["a/1.jpg", "a/1.png", "a/2.b.png", "b/1.webp", "b/deep/1.gif"]
    assert shown(style, folders.twins(files, root, str(style))) == expected
    assert folders.twins([], root, style) == []


def test_missing_twins_are_named(tmp_path):
    root = tree(tmp_path / "content", *(f"a/{i}.jpg" for i in range(7)), "b/1.jpg")
    files, _, _ = folders.class_files(root)
    with pytest.raises(FileNotFoundError, match=r"/style does not exist: expected a folder with"):
        folders.twins(files, root, tmp_path / "style")
    tree(tmp_path / "style", "a/6.png")
    with pytest.raises(
        ValueError, match=r"/style has no twin of a/0.jpg, .*, a/4\.jpg and 2 more$"
    ):
        folders.twins(files, root, tmp_path / "style")


@pytest.fixture
def many(tmp_path):
    """Fifty files; file i has the tone 5 i."""
    return [
        saved(tmp_path, f"{i:02d}.png", Image.new("RGB", (6, 5), (5 * i,) * 3)) for i in range(50)
    ]


def tones(pixels):
    return (pixels[:, 0, 0, 0] // 5).tolist()


INDICES = [slice(None), slice(7, 20), slice(None, None, -3), slice(40, 99), slice(3, 3), np.array([9, 2, 2, 49, 0]),
           np.array([], int), np.array([-1, -50]), np.arange(50) % 7 == 0]  # fmt: skip


def test_pictures_are_indexed_as_an_array(many):
    pictures = ImageFiles(many, (4, 4), workers=3)
    assert (len(pictures), pictures.shape, pictures.dtype) == (50, (50, 3, 4, 4), np.uint8)
    for index in INDICES:
        found = pictures[index]
        assert found.shape[1:] == (3, 4, 4)
        assert tones(found) == np.arange(50)[index].tolist()


def test_a_subset_keeps_the_settings(many):
    pictures = ImageFiles(many, (4, 6), 1, resize=7, workers=2, on_error="skip")
    some = pictures.subset(np.array([5, 3, 3]))
    assert (some.resize, some.workers, some.on_error, some.shape) == (7, 2, "skip", (3, 1, 4, 6))
    np.testing.assert_array_equal(some[:], pictures[np.array([5, 3, 3])])


def test_a_picture_that_does_not_decode_stops_or_is_skipped(many):
    for i in (0, 7, 8, 49):
        many[i].write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"/00\.png does not decode"):
        list(ImageFiles(many, (4, 4), workers=4).decoded())
    pictures = ImageFiles(many, (4, 4), workers=4, on_error="skip")
    positions = [i for i, _ in pictures.decoded()]
    assert positions == [i for i in range(50) if i not in (0, 7, 8, 49)]
    assert pictures.skipped == [str(many[i]) for i in (0, 7, 8, 49)]
    with pytest.raises(ValueError, match=r"/07\.png does not decode"):  # an array has no holes
        pictures[5:9]
    assert tones(pictures[1:4]) == [1, 2, 3]


def test_files_are_decoded_in_their_order_and_no_more_than_a_few_ahead(many, monkeypatch):
    """Every fifth takes longer. Memory must not grow with the folder when the writer is slow."""
    submitted, submit, decode, found = (
        [],
        pictures.ThreadPoolExecutor.submit,
        ImageFiles._decode,
        [],
    )

    def noting(pool, work, path):
        submitted.append(path)
        return submit(pool, work, path)

    def slow(self, path):
        time.sleep(0.004 * (int(path.stem) % 5 == 0))
        return decode(self, path)

    monkeypatch.setattr(pictures.ThreadPoolExecutor, "submit", noting)
    monkeypatch.setattr(ImageFiles, "_decode", slow)
    for i, pixels in ImageFiles(many, (4, 4), workers=2).decoded():
        assert len(submitted) <= i + 9
        found.append((i, *tones(pixels[None])))
    assert submitted == many and found == [(i, i) for i in range(50)]


RED, BLUE, WHITE, BLACK = (250, 0, 0), (0, 0, 250), (255, 255, 255), (0, 0, 0)


def halves(left, right, side=16):
    pixels = np.empty((side, side, 3), np.uint8)
    pixels[:, : side // 2], pixels[:, side // 2 :] = left, right
    return Image.fromarray(pixels)


def read(path, size=(16, 16), channels=3, **options):
    """The pixels of one file [height, width, channels]."""
    pictures = ImageFiles([path], size, channels, **options)
    pixels = pictures[:]
    assert (pixels.shape, pixels.dtype) == ((1, channels, *size), np.uint8)
    return pixels[0].transpose(1, 2, 0)


@pytest.mark.parametrize(
    ("mode", "channels"),
    [
        *(("RGB", 3), ("RGB", 1), ("L", 3), ("L", 1)),
        *(("P", 3), ("1", 1), ("RGBA", 1), ("LA", 3)),
    ],
)
def test_every_mode_of_png_becomes_its_rgb(tmp_path, mode, channels):
    pixels = read(saved(tmp_path, "x.png", halves(WHITE, BLACK).convert(mode)), channels=channels)
    assert (pixels[:, :8] == 255).all()
    assert (pixels[:, 8:] == 0).all()


def half_clear(mode):
    """A red picture; its right half is transparent above blue."""
    picture = halves(RED, BLUE)
    if mode == "P":
        return picture.quantize(2), {"transparency": picture.quantize(2).getpixel((15, 0))}
    if mode == "RGB":
        return picture, {"transparency": BLUE}
    picture.putalpha(Image.fromarray(np.repeat([[255, 0]], 8, 1).repeat(16, 0).astype(np.uint8)))
    return picture, {}


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [("P", "png"), ("P", "gif"), ("RGB", "png"), ("RGBA", "webp"), ("RGBA", "tif")],
)
def test_what_is_transparent_is_white(tmp_path, mode, suffix):
    picture, options = half_clear(mode)
    pixels = read(saved(tmp_path, f"x.{suffix}", picture, lossless=True, **options))
    assert (pixels[:, :8] == RED).all() and (pixels[:, 8:] == 255).all()


def test_cmyk_jpeg_is_inverted_as_adobe_writes_it(tmp_path):
    """With and without Adobe's marker, since Pillow treats both as Adobe's."""
    cmyk = Image.merge("CMYK", [Image.new("L", (16, 16), tone) for tone in (0, 255, 255, 0)])
    path = saved(tmp_path, "x.jpg", cmyk, quality=100)
    whole = path.read_bytes()
    at = whole.index(b"\xff\xee")
    for content in (whole, whole[:at] + whole[at + 2 + int.from_bytes(whole[at + 2 : at + 4]) :]):
        path.write_bytes(content)
        pixels = read(path)
        np.testing.assert_allclose(pixels, np.broadcast_to((255, 0, 0), (16, 16, 3)), atol=3)


@pytest.mark.parametrize(("suffix", "channels"), [("png", 1), ("tif", 3)])
def test_sixteen_bit_grey_keeps_its_tones(tmp_path, suffix, channels):
    ramp = np.tile(np.arange(16, dtype=np.uint16) * 4369, (16, 1))
    pixels = read(saved(tmp_path, f"x.{suffix}", Image.fromarray(ramp)), channels=channels)
    assert (pixels == (np.arange(16) * 17)[None, :, None]).all()  # 65535 is 255


@pytest.mark.parametrize("suffix", ["gif", "tif"])
def test_of_an_animation_the_first_frame_is_taken(tmp_path, suffix):
    frames = halves(RED, RED), halves(BLUE, BLUE)
    path = saved(tmp_path, f"x.{suffix}", frames[0], save_all=True, append_images=[frames[1]])
    assert (read(path) == RED).all()


TURNED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}  # how a camera stores a scene, by its EXIF orientation


@pytest.mark.parametrize(
    ("orientation", "suffix"), [*((number, "png") for number in TURNED), (6, "jpg")]
)
def test_pictures_are_turned_as_their_exif_says(tmp_path, orientation, suffix):
    """Of JPEG, which is lossy, within 3 levels of 255 on a picture of large even parts."""
    scene = np.zeros((16, 32, 3), np.uint8)
    scene[:8, :8], scene[8:, :8], scene[:8, 8:16] = (
        (250, 250, 250),
        (100, 100, 100),
        (180, 180, 180),
    )
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(TURNED[orientation](scene)))
    pixels = read(saved(tmp_path, f"x.{suffix}", stored, exif=exif, quality=100), (16, 32))
    np.testing.assert_allclose(pixels.astype(int), scene, atol=3 if suffix == "jpg" else 0)


def test_a_picture_of_a_format_that_is_not_promised_is_named(tmp_path):
    halves(RED, BLUE).save(tmp_path / "x.png", "PPM")
    with pytest.raises(
        ValueError,
        match=r"/x\.png does not decode as an image \(it is none of JPEG, .*mend or delete",
    ):
        read(tmp_path / "x.png")


@pytest.mark.parametrize("kind", ["JPEG", "MPO", "PNG", "WEBP", "BMP", "GIF", "TIFF"])
def test_promised_formats_are_read_under_any_of_their_suffixes(tmp_path, kind):
    """ImageNet holds a PNG that is called .JPEG; MPO is the JPEG of cameras with two lenses."""
    halves(RED, BLUE).save(tmp_path / "x.jpeg", kind)
    pixels = read(tmp_path / "x.jpeg")
    assert np.abs(pixels.astype(int) - np.asarray(halves(RED, BLUE))).max() < 80


@pytest.mark.parametrize(("shape", "resize"), [((1, 3000), None), ((3000, 1), 9), ((1, 1), 9)])
def test_the_middle_of_a_long_thin_picture_is_taken(tmp_path, shape, resize):
    long = np.zeros((*shape, 3), np.uint8)
    middle = max(shape) // 2
    reach = slice(max(0, middle - 9), middle + 9)
    long[(slice(None), reach) if shape[1] > shape[0] else reach] = RED
    pixels = read(saved(tmp_path, "x.png", Image.fromarray(long)), (8, 8), resize=resize)
    assert (pixels == RED).all()


lengths, mores = st.integers(1, 90), st.integers(0, 30)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    lengths,
    lengths,
    st.integers(1, 40),
    st.integers(1, 40),
    st.none() | mores | st.tuples(mores, mores),
)
def test_resize_and_crop_are_torchvisions_and_without_resize_pillows_fit(
    height, width, rows, columns, more
):
    """To the pixel, of the short side or of both; from a file in memory, which is faster for many examples."""
    crop = rows, columns
    noise = np.random.default_rng(height * width).integers(0, 256, (height, width, 3), np.uint8)
    picture, file = Image.fromarray(noise), io.BytesIO()
    picture.save(file, "png", compress_level=0)
    if more is None:
        resize, expected = None, ImageOps.fit(picture, (columns, rows), Image.Resampling.BILINEAR)
    else:
        resize = (
            (rows + more[0], columns + more[1]) if isinstance(more, tuple) else max(crop) + more
        )
        expected = v2.Compose([v2.Resize(resize), v2.CenterCrop(crop)])(picture)
    pixels = ImageFiles([], crop, resize=resize)._decode(file)
    np.testing.assert_array_equal(pixels.transpose(1, 2, 0), np.asarray(expected))


def test_a_resize_below_the_longer_side_is_refused():
    with pytest.raises(ValueError, match="resize 11: expected at least the size, 12 pixels"):
        ImageFiles([], (8, 12), resize=11)
