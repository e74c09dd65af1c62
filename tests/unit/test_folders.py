"""Folders of image files: their listing, the reading of pictures, and the errors for those that cannot be read."""

import io
import re
import struct
import subprocess
import sys
import threading
import time
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from torchvision.transforms import v2

from frequency_shortcuts.data import folders
from frequency_shortcuts.data.folders import ImageFiles

RED, BLUE, WHITE, BLACK = (250, 0, 0), (0, 0, 250), (255, 255, 255), (0, 0, 0)


def halves(left, right, side=16):
    """A square picture, one colour on the left and one on the right."""
    pixels = np.empty((side, side, 3), np.uint8)
    pixels[:, : side // 2], pixels[:, side // 2 :] = left, right
    return Image.fromarray(pixels)


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def saved(folder, name, picture, **options):
    folder.mkdir(parents=True, exist_ok=True)
    picture.save(folder / name, **options)
    return folder / name


def read(path, size=(16, 16), channels=3, **options):
    """The pixels of one file [height, width, channels], and what had to be converted."""
    pictures = ImageFiles([path], size, channels, **options)
    pixels = pictures[:]
    assert (pixels.shape, pixels.dtype) == ((1, channels, *size), np.uint8)
    return pixels[0].transpose(1, 2, 0), dict(pictures.converted)


# Which files there are


def tree(root, *names):
    """A folder with these files, empty ones."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def shown(root, files):
    return [str(path.relative_to(root)) for path in files]


def test_the_folders_are_the_classes_in_sorted_order(tmp_path):
    root = tree(tmp_path, "b/2.JPG", "b/10.jpeg", "b/1.webp", "a/x.PNG", "a/notes.txt", "a/.hidden.png", ".git/x.png")
    tree(tmp_path, "stray.png", "a/deeper/x.png")
    files, labels, classes = folders.listing(root)
    assert shown(root, files) == ["a/x.PNG", "b/1.webp", "b/10.jpeg", "b/2.JPG"]
    assert (labels.tolist(), labels.dtype, classes) == ([0, 1, 1, 1], np.int64, ("a", "b"))


@pytest.mark.parametrize("suffix", folders.SUFFIXES)
def test_every_suffix_is_taken_in_any_case(tmp_path, suffix):
    tree(tmp_path, f"a/1{suffix}", f"a/2{suffix.upper()}", "a/3.txt", "a/jpg")
    assert len(folders.listing(str(tmp_path))[0]) == 2


def test_classes_are_mapped_to_folders_in_their_own_order(tmp_path):
    root = tree(tmp_path, "n01/1.jpg", "n02/1.jpg", "n02/2.jpg", "n03/1.jpg")
    files, labels, classes = folders.listing(root, {"zebra": "n02", "ant": "n01"})
    assert shown(root, files) == ["n02/1.jpg", "n02/2.jpg", "n01/1.jpg"]
    assert (labels.tolist(), classes) == ([0, 0, 1], ("zebra", "ant"))


def test_a_folder_may_be_a_link(tmp_path):
    tree(tmp_path / "there", "1.jpg")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "a").symlink_to(tmp_path / "there")
    assert shown(tmp_path / "root", folders.listing(tmp_path / "root")[0]) == ["a/1.jpg"]


def test_missing_and_empty_folders_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*/nowhere: expected class folders with image files"):
        folders.listing(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"holds no images: expected .*/<class>/\*\.jpg or \*\.png"):
        folders.listing(tmp_path)
    with pytest.raises(ValueError, match=r"has no n01 \(cat\); it holds no folders$"):
        folders.listing(tmp_path, {"cat": "n01"})
    tree(tmp_path, "dog/x.png", "cat/notes.txt")
    with pytest.raises(ValueError, match=r"^no image files in .*/cat: expected \.jpg"):
        folders.listing(tmp_path)
    with pytest.raises(ValueError, match=r"has no n01 \(cat\), cow; it holds cat, dog$"):
        folders.listing(tmp_path, {"cat": "n01", "cow": "cow", "dog": "dog"})
    with pytest.raises(FileNotFoundError, match=r"no folder .*x\.png"):
        folders.listing(tmp_path / "dog" / "x.png")


@pytest.mark.slow
def test_of_many_that_are_missing_a_few_are_named(tmp_path):
    tree(tmp_path, *(f"{i:04d}/notes.txt" for i in range(1000)))
    with pytest.raises(ValueError, match=r"^no image files in .*/0000, .*/0004 and 995 more: expected"):
        folders.listing(tmp_path)
    with pytest.raises(ValueError, match=r"has no 1, 2, 3, 4, 5 and 2 more; it holds 0000, .*, 0004 and 995 more$"):
        folders.listing(tmp_path, {str(i): str(i) for i in range(1, 8)})


def test_two_classes_of_one_folder_are_refused(tmp_path):
    """Its images would be in both classes, and in different splits."""
    tree(tmp_path, "n01/1.jpg")
    with pytest.raises(ValueError, match="n01"):
        folders.listing(tmp_path, {"cat": "n01", "dog": "n01"})


def test_twins_have_the_same_name_and_any_suffix(tmp_path):
    root = tree(tmp_path / "content", "a/1.jpg", "a/2.b.JPEG", "b/1.png")
    tree(tmp_path / "style", "b/1.webp", "a/2.b.png", "a/1.png", "a/3.png", "c/1.png")
    files, _, _ = folders.listing(root)
    assert shown(tmp_path / "style", folders.twins(files, root, str(tmp_path / "style"))) == [
        "a/1.png", "a/2.b.png", "b/1.webp",
    ]  # fmt: skip
    assert folders.twins([], root, tmp_path / "style") == []


def test_missing_twins_are_named(tmp_path):
    root = tree(tmp_path / "content", *(f"a/{i}.jpg" for i in range(7)), "b/1.jpg")
    files, _, _ = folders.listing(root)
    with pytest.raises(
        FileNotFoundError, match=r"no folder .*/style: expected the same class folders .* as in .*content"
    ):
        folders.twins(files, root, tmp_path / "style")
    tree(tmp_path / "style", *(f"a/{i}.png" for i in range(6)))
    with pytest.raises(ValueError, match=r"/style has no twin of a/6\.jpg, b/1\.jpg$"):
        folders.twins(files, root, tmp_path / "style")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"/empty has no twin of a/0.jpg, .*, a/4\.jpg and 3 more$"):
        folders.twins(files, root, tmp_path / "empty")


def test_a_twin_of_the_very_same_name_goes_first(tmp_path):
    """1.jpg and 1.png may be two photographs."""
    root, style = tree(tmp_path / "content", "a/1.jpg", "a/1.png"), tree(tmp_path / "style", "a/1.jpg", "a/1.png")
    files, _, _ = folders.listing(root)
    assert shown(style, folders.twins(files, root, style)) == ["a/1.jpg", "a/1.png"]


# Every kind of picture


@pytest.mark.parametrize(
    ("mode", "words"),
    [("RGB", {}), ("L", {}), ("P", {"indexed colours": 1}), ("1", {"black and white": 1}),
     ("RGBA", {"transparency": 1}), ("LA", {"transparency": 1})],
)  # fmt: skip
@pytest.mark.parametrize("channels", [1, 3])
def test_every_mode_of_png_becomes_its_rgb(tmp_path, mode, words, channels):
    path = saved(tmp_path, "x.png", halves(WHITE, BLACK).convert(mode))
    pixels, converted = read(path, channels=channels)
    assert (pixels[:, :8] == 255).all()
    assert (pixels[:, 8:] == 0).all()
    assert converted == words


def test_a_palette_of_colours_is_looked_up(tmp_path):
    pixels, converted = read(saved(tmp_path, "x.png", halves(RED, BLUE).quantize(2)))
    assert (pixels[:, :8] == RED).all() and (pixels[:, 8:] == BLUE).all()
    assert converted == {"indexed colours": 1}


def half_clear(mode):
    """Red, of which the right half is transparent with blue under it."""
    picture = halves(RED, BLUE)
    if mode == "P":
        return picture.quantize(2), {"transparency": picture.quantize(2).getpixel((15, 0))}
    if mode == "RGB":
        return picture, {"transparency": BLUE}
    picture.putalpha(Image.fromarray(np.repeat([[255, 0]], 8, 1).repeat(16, 0).astype(np.uint8)))
    return picture, {}


@pytest.mark.parametrize("mode", ["P", "RGB", "RGBA"])
@pytest.mark.parametrize("suffix", ["png", "gif", "webp", "tif"])
def test_what_is_transparent_is_white(tmp_path, mode, suffix):
    picture, options = half_clear(mode)
    if (options and suffix in ("tif", "webp")) or (mode == "RGB" and suffix == "gif"):
        picture, options = half_clear("RGBA")
    if suffix == "webp":
        options["lossless"] = True
    pixels, converted = read(saved(tmp_path, f"x.{suffix}", picture, **options))
    assert (pixels[:, :8] == RED).all() and (pixels[:, 8:] == 255).all()
    assert converted["transparency"] == 1


def test_half_transparent_is_half_white(tmp_path):
    picture = halves(BLACK, BLACK)
    picture.putalpha(100)
    pixels, _ = read(saved(tmp_path, "x.png", picture))
    np.testing.assert_array_equal(pixels, 155)


@pytest.mark.parametrize("marked", [True, False])
def test_cmyk_jpeg_is_inverted_as_adobe_writes_it(tmp_path, marked):
    """With Adobe's mark, and without it, for Pillow takes all of them for Adobe's."""
    cmyk = Image.merge("CMYK", [Image.new("L", (16, 16), tone) for tone in (0, 255, 255, 0)])
    path = saved(tmp_path, "x.jpg", cmyk, quality=100)
    whole = path.read_bytes()
    at = whole.index(b"\xff\xee")
    if not marked:
        path.write_bytes(whole[:at] + whole[at + 2 + int.from_bytes(whole[at + 2 : at + 4]) :])
    pixels, converted = read(path)
    np.testing.assert_allclose(pixels, np.broadcast_to((255, 0, 0), (16, 16, 3)), atol=3)
    assert converted == {"CMYK": 1}


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bit_grey_keeps_its_tones(tmp_path, suffix, channels):
    ramp = np.tile(np.arange(16, dtype=np.uint16) * 4369, (16, 1))
    pixels, converted = read(saved(tmp_path, f"x.{suffix}", Image.fromarray(ramp)), channels=channels)
    assert (pixels == (np.arange(16) * 17)[None, :, None]).all()  # 65535 is 255
    assert converted == {"16 bit": 1}


def png(depth, colour, rows, side=4, extra=b""):
    """A PNG file by hand, for what Pillow does not write."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, depth, colour, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    return b"\x89PNG\r\n\x1a\n" + header + extra + data + chunk(b"IEND", b"")


def transparent_tone(tone):
    content = struct.pack(">H", tone)
    return struct.pack(">I", 2) + b"tRNS" + content + struct.pack(">I", zlib.crc32(b"tRNS" + content))


@pytest.mark.parametrize("depth", [8, 16])
def test_a_transparent_tone_of_grey_is_white(tmp_path, depth):
    tones = np.array([0, 1, 2, 3]) * (1 if depth == 8 else 257)
    row = tones.astype(">u1" if depth == 8 else ">u2").tobytes()
    (tmp_path / "x.png").write_bytes(png(depth, 0, [row] * 4, extra=transparent_tone(0)))
    pixels, converted = read(tmp_path / "x.png", (4, 4))
    assert converted["transparency"] == 1
    np.testing.assert_array_equal(pixels[0, :, 0], [255, 1, 2, 3])


def test_sixteen_bit_colour_and_alpha(tmp_path):
    (tmp_path / "rgb.png").write_bytes(png(16, 2, [struct.pack(">3H", 0, 257 * 100, 65535) * 4] * 4))
    (tmp_path / "la.png").write_bytes(png(16, 4, [struct.pack(">2H", 257 * 100, 65535) * 4] * 4))
    assert (read(tmp_path / "rgb.png", (4, 4))[0] == (0, 100, 255)).all()
    assert (read(tmp_path / "la.png", (4, 4))[0] == 100).all()


@pytest.mark.parametrize("greatest", [65535, 65536, -1])
def test_integers_of_32_bit_are_read_as_16_or_refused(tmp_path, greatest):
    path = saved(tmp_path, "x.tif", Image.fromarray(np.full((16, 16), greatest, np.int32)))
    if greatest == 65535:
        assert (read(path)[0] == 255).all()
    else:
        with pytest.raises(
            ValueError, match=r"/x\.tif does not decode as an image \(pixels of more than 16 bit\): mend"
        ):
            read(path)


def test_floating_point_numbers_are_refused(tmp_path):
    path = saved(tmp_path, "x.tif", Image.fromarray(np.ones((16, 16), np.float32)))
    with pytest.raises(ValueError, match=r"/x\.tif does not decode .*\(pixels are floating-point numbers\): mend or"):
        read(path)


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "tif"])
def test_of_an_animation_the_first_frame_is_taken(tmp_path, suffix):
    frames = halves(RED, RED), halves(BLUE, BLUE)
    options = {"lossless": True} if suffix == "webp" else {}
    path = saved(tmp_path, f"x.{suffix}", frames[0], save_all=True, append_images=[frames[1]], **options)
    pixels, converted = read(path)
    assert (pixels == RED).all()
    assert converted["animation or pages"] == 1


TURNED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}  # what a camera stores of a scene, by the orientation that it notes


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("suffix", ["png", "webp", "tif", "jpg"])
def test_pictures_are_turned_as_their_exif_says(tmp_path, orientation, suffix):
    """Of JPEG, which is lossy, within 3 levels of 255 on a picture of large even parts."""
    scene = np.zeros((16, 32, 3), np.uint8)
    scene[:8, :8], scene[8:, :8], scene[:8, 8:16] = (250, 250, 250), (100, 100, 100), (180, 180, 180)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(TURNED[orientation](scene)))
    options = {"png": {}, "tif": {}, "webp": {"lossless": True}, "jpg": {"quality": 100}}[suffix]
    pixels, converted = read(saved(tmp_path, f"x.{suffix}", stored, exif=exif, **options), (16, 32))
    np.testing.assert_allclose(pixels.astype(int), scene, atol=3 if suffix == "jpg" else 0)
    assert converted == ({} if orientation == 1 else {"turned by EXIF": 1})


def with_exif(path, tag, kind, content):
    """A JPEG file that is to be turned by 180 degrees, with one more tag, of four bytes."""
    entries = struct.pack(">HHIHH", 0x0112, 3, 1, 3, 0) + struct.pack(">HHI4s", tag, kind, len(content), content)
    exif = b"Exif\0\0MM\0\x2a" + struct.pack(">IH", 8, 2) + entries + bytes(4)
    halves(WHITE, BLACK).save(path, exif=exif, quality=100)
    return path


@pytest.mark.parametrize(("tag", "kind"), [(0x011A, 2), (0x011A, 7), (0x0153, 2)])
def test_a_wrong_tag_beside_the_orientation_does_no_harm(tmp_path, tag, kind):
    """A resolution, or a format of samples, that is text: the picture itself is whole."""
    pixels, _ = read(with_exif(tmp_path / "x.jpg", tag, kind, b"abc\0"))
    np.testing.assert_allclose(pixels[:, 8:].astype(int), 255, atol=3)
    np.testing.assert_allclose(pixels[:, :8], 0, atol=3)


def encoded(suffix):
    """Of a picture with EXIF that turns it, and of two frames where the format knows them."""
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112], exif[0x010E] = 6, "noise"
    options = {"save_all": True, "append_images": [halves(RED, BLUE)]} if suffix in ("gif", "webp") else {}
    options |= {} if suffix in ("gif", "bmp") else {"exif": exif}
    Image.fromarray(noise(16, 16)).save(file, {"jpg": "jpeg", "tif": "tiff"}.get(suffix, suffix), **options)
    return file.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tif", "gif"])
@pytest.mark.filterwarnings("ignore")
def test_a_file_that_is_cut_anywhere_is_read_or_named(tmp_path, suffix):
    whole, path = encoded(suffix), tmp_path / f"x.{suffix}"
    for length in np.unique(np.linspace(0, len(whole) - 1, 150).astype(int)):
        path.write_bytes(whole[:length])
        try:
            read(path, (8, 8))
        except ValueError as error:
            assert re.search(r"/x\.\w+ does not decode as an image \(.*\): mend or delete", str(error), re.DOTALL), (
                length
            )


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tif", "gif"])
@pytest.mark.filterwarnings("ignore")
def test_a_file_with_wrong_bytes_is_read_or_named(tmp_path, suffix):
    """Every byte of the headers in turn is set to 0 or 255."""
    whole, path = encoded(suffix), tmp_path / f"x.{suffix}"
    for at in range(8, 100):
        for byte in (0, 255):
            path.write_bytes(whole[:at] + bytes([byte]) + whole[at + 1 :])
            try:
                read(path, (8, 8))
            except ValueError as error:
                assert "does not decode as an image" in str(error), (at, byte)


def truncated(path):
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


SPOILT = {
    "truncated.jpg": truncated,
    "truncated.png": truncated,
    "empty.jpg": lambda path: path.write_bytes(b""),
    "text.png": lambda path: path.write_text("no picture at all"),
    "page.jpg": lambda path: path.write_text("<html>404</html>"),
    "folder.jpg": lambda path: (path.unlink(), path.mkdir()),
    "nowhere.jpg": lambda path: (path.unlink(), path.symlink_to("missing")),
}


@pytest.mark.parametrize("name", SPOILT)
def test_what_is_no_picture_is_named_in_one_sentence(tmp_path, name):
    path = saved(tmp_path, name, Image.fromarray(noise(64, 64)))
    SPOILT[name](path)
    with pytest.raises(
        ValueError, match=rf"/{name} does not decode as an image \(.+\): mend or delete it, or set on_error"
    ):
        read(path)


def test_a_picture_too_large_to_decode_is_named(tmp_path, monkeypatch):
    """Twice Pillow's limit, against files that are small and inflate to gigabytes."""
    path = saved(tmp_path, "huge.png", halves(RED, BLUE))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ValueError, match=r"/huge\.png does not decode as an image"):
        read(path)


# One size


@pytest.mark.parametrize("resize", [None, 16])
def test_one_pixel_fills_the_picture(tmp_path, resize):
    path = saved(tmp_path, "x.png", Image.new("RGB", (1, 1), RED))
    assert (read(path, resize=resize)[0] == RED).all()


@pytest.mark.parametrize("shape", [(1, 3000), (3000, 1), (2, 1999)])
@pytest.mark.parametrize("resize", [None, 9])
def test_the_middle_of_a_long_thin_picture_is_taken(tmp_path, shape, resize):
    long = np.zeros((*shape, 3), np.uint8)
    middle = max(shape) // 2
    long[(slice(None), slice(middle - 9, middle + 9)) if shape[1] > shape[0] else slice(middle - 9, middle + 9)] = RED
    pixels, _ = read(saved(tmp_path, "x.png", Image.fromarray(long)), (8, 8), resize=resize)
    assert (pixels == RED).all()


MEMORY = """
import resource, sys
from frequency_shortcuts.data.folders import ImageFiles
ImageFiles([sys.argv[1]], (8, 8))[:]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
ImageFiles([sys.argv[1]], (224, 224), resize=256)[:]
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs the unit of ru_maxrss that Linux has")
def test_a_long_thin_picture_takes_no_more_memory_than_others(tmp_path):
    """A line of 8,000 pixels, scaled as a whole before it is cropped, would be 256 x 2,048,000: two gigabytes."""
    path = saved(tmp_path, "x.png", Image.new("RGB", (1, 8000), RED))
    done = subprocess.run([sys.executable, "-c", MEMORY, path], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 300  # MiB


def test_the_centre_is_cropped_from_the_short_side(tmp_path):
    wide = np.zeros((8, 24, 3), np.uint8)
    wide[:, 8:16] = 200
    path = saved(tmp_path, "x.png", Image.fromarray(wide))
    assert (read(path, (8, 8), channels=1)[0] == 200).all()
    assert (read(path, (8, 8), resize=8)[0] == 200).all()


lengths = st.integers(1, 90)
quick = settings(max_examples=80, deadline=None, derandomize=True)


@pytest.mark.slow
@quick
@given(lengths, lengths, st.integers(1, 40), st.integers(1, 40), st.integers(0, 30))
def test_resize_and_crop_are_torchvisions(height, width, crop_height, crop_width, more):
    """To the pixel."""
    picture = Image.fromarray(noise(height, width, height * width))
    resize = max(crop_height, crop_width) + more
    expected = v2.Compose([v2.Resize(resize), v2.CenterCrop((crop_height, crop_width))])(picture)
    file = io.BytesIO()
    picture.save(file, "png")
    file.seek(0)
    pixels, _ = read_open(file, (crop_height, crop_width), resize)
    np.testing.assert_array_equal(pixels, np.asarray(expected))


@quick
@given(lengths, lengths, st.integers(1, 40), st.integers(1, 40))
def test_without_resize_the_largest_part_of_the_right_shape_is_taken(height, width, crop_height, crop_width):
    """That is what ImageOps.fit does."""
    picture = Image.fromarray(noise(height, width, height * width))
    file = io.BytesIO()
    picture.save(file, "png")
    file.seek(0)
    pixels, _ = read_open(file, (crop_height, crop_width), None)
    expected = ImageOps.fit(picture, (crop_width, crop_height), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(pixels, np.asarray(expected))


def read_open(file, size, resize):
    """As `read`, of a file in memory, which Pillow opens just as well: hypothesis asks often."""
    pictures = ImageFiles([], size, resize=resize)
    return pictures._decode(file).transpose(1, 2, 0), pictures.converted


def test_sizes_and_channels_that_do_not_work_are_refused():
    with pytest.raises(ValueError, match="channels 4: expected 3 or 1"):
        ImageFiles([], (8, 8), 4)
    with pytest.raises(ValueError, match="resize 11: expected at least the size, 12 pixels"):
        ImageFiles([], (8, 12), resize=11)
    assert ImageFiles([], (8, 12), resize=12).shape == (0, 3, 8, 12)


# Many of them


@pytest.fixture
def many(tmp_path):
    """Fifty files of which file i has the tone 5 i."""
    return [saved(tmp_path, f"{i:02d}.png", Image.new("RGB", (6, 5), (5 * i,) * 3)) for i in range(50)]


def tones(pixels):
    return (pixels[:, 0, 0, 0] // 5).tolist()


INDICES = [slice(None), slice(7, 20), slice(None, None, -3), slice(40, 99), slice(3, 3), np.array([9, 2, 2, 49, 0]),
           np.arange(50)[::-1], np.array([], int), np.array([-1, -50]), np.arange(50) % 7 == 0]  # fmt: skip


@pytest.mark.parametrize("workers", [1, 3, 8])
@pytest.mark.parametrize("index", INDICES, ids=str)
def test_pictures_are_indexed_as_an_array(many, workers, index):
    pictures = ImageFiles(many, (4, 4), workers=workers)
    assert (len(pictures), pictures.shape, pictures.dtype) == (50, (50, 3, 4, 4), np.uint8)
    found = pictures[index]
    assert found.shape[1:] == (3, 4, 4)
    assert tones(found) == np.arange(50)[index].tolist()


@pytest.mark.parametrize("workers", [1, 3, 8])
def test_decoding_keeps_the_order_whoever_is_done_first(many, workers, monkeypatch):
    decode = ImageFiles._decode

    def slow(self, path):
        time.sleep(0.004 * (int(path.stem) % 5 == 0))
        return decode(self, path)

    monkeypatch.setattr(ImageFiles, "_decode", slow)
    found = list(ImageFiles(many, (4, 4), workers=workers).decoded())
    assert [i for i, _ in found] == list(range(50))
    assert tones(np.stack([pixels for _, pixels in found])) == list(range(50))


def test_a_subset_keeps_the_settings(many):
    pictures = ImageFiles(many, (4, 6), 1, resize=7, workers=2, on_error="skip")
    some = pictures.subset(np.array([5, 3, 3]))
    assert (some.resize, some.workers, some.on_error, some.shape) == (7, 2, "skip", (3, 1, 4, 6))
    assert tones(some[:]) == [5, 3, 3]
    np.testing.assert_array_equal(some[:], pictures[np.array([5, 3, 3])])


@pytest.mark.parametrize("workers", [1, 4])
def test_a_picture_that_does_not_decode_stops_or_is_skipped(many, workers):
    for i in (0, 7, 8, 49):
        many[i].write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"/00\.png does not decode"):
        list(ImageFiles(many, (4, 4), workers=workers).decoded())
    pictures = ImageFiles(many, (4, 4), workers=workers, on_error="skip")
    positions = [i for i, _ in pictures.decoded()]
    assert positions == [i for i in range(50) if i not in (0, 7, 8, 49)]
    assert pictures.skipped == [str(many[i]) for i in (0, 7, 8, 49)]
    with pytest.raises(ValueError, match=r"/07\.png does not decode"):  # an array has no holes
        pictures[5:9]
    assert tones(pictures[1:4]) == [1, 2, 3]


def test_all_before_the_one_that_stops_are_given(many):
    many[30].write_bytes(b"broken")
    found = []
    with pytest.raises(ValueError, match=r"/30\.png"):
        found.extend(i for i, _ in ImageFiles(many, (4, 4), workers=3).decoded())
    assert found == list(range(30))


def test_all_that_is_converted_is_counted(many):
    for i in range(0, 50, 2):
        Image.open(many[i]).convert("P").save(many[i])
    pictures = ImageFiles(many, (4, 4), workers=4)
    pictures[:]
    assert pictures.converted == {"indexed colours": 25}


@pytest.mark.parametrize("workers", [1, 3])
def test_who_stops_early_waits_for_no_more_than_is_under_way(many, workers, monkeypatch):
    asked = []
    decode = ImageFiles._decode

    def noted(self, path):
        asked.append(path)
        time.sleep(0.01)
        return decode(self, path)

    monkeypatch.setattr(ImageFiles, "_decode", noted)
    before = threading.active_count()
    decoded = ImageFiles(many, (4, 4), workers=workers).decoded()
    next(decoded)
    next(decoded)
    decoded.close()
    assert threading.active_count() == before
    assert len(asked) <= 2 + 2 * workers


def test_no_more_than_a_few_are_decoded_ahead(many, monkeypatch):
    """Memory must not grow with the folder when who writes is slow."""
    asked = []
    decode = ImageFiles._decode
    monkeypatch.setattr(ImageFiles, "_decode", lambda self, path: (asked.append(path), decode(self, path))[1])
    decoded = ImageFiles(many, (4, 4), workers=2).decoded()
    next(decoded)
    time.sleep(0.3)
    assert len(asked) <= 9
    decoded.close()
